/* What a client would rather have: Accept (RFC 9110, 12.5.1) and Accept-Language (12.5.4). Pure. */
#ifndef MIRAGE_ACCEPT_H
#define MIRAGE_ACCEPT_H

#include <stdbool.h>

#include "stop_cause.h"

/* Whether JSON is preferred to HTML by this field value. Where both are alike, it is not. */
bool accept_prefers_json(const char *accept) __attribute__((warn_unused_result));

/* The language that is preferred. English, where the client takes none of ours or names none. */
enum language accept_language(const char *accept_language) __attribute__((warn_unused_result));

#endif
