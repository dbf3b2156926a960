/* Finds out whether the stack answers, in the way in which its clients ask. */
#ifndef MIRAGE_STACK_ANSWERS_H
#define MIRAGE_STACK_ANSWERS_H

#include "config/config.h"

enum answers {
    ANSWERS_NOT,
    ANSWERS_API, /* the web API lists its tasks, through the first listen port */
    ANSWERS_ALL, /* and the health check at that port says that a listing has succeeded */
};

/* Takes at most two seconds. */
enum answers answers(const struct config *config) __attribute__((warn_unused_result));

#endif
