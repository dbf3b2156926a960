/* The state of a task in one word: starting, ready, stopped, failed and so on. */
#ifndef MIRAGE_VIEW_STATE_H
#define MIRAGE_VIEW_STATE_H

#include "config/config.h"
#include "task.h"

/* The state of a task, in the order lived. Of several tasks the first in this order is that of all:
 * what others need, but no request reaches, does not keep them from being ready. Each has a word
 * for people, which is also a class for the style sheet. */
enum view_state {
    VIEW_ASLEEP, /* of an environment: its tasks are stopped, and a visit wakes it */
    VIEW_LOST,   /* of an environment: it has lost its tasks */
    VIEW_PROVISIONING,
    VIEW_PENDING,
    VIEW_STARTING,
    VIEW_UNHEALTHY, /* it was ready, and is out of order; requests still reach it */
    VIEW_READY,
    VIEW_RUNNING, /* no request reaches it: it has no port that listen.http sends one to */
    VIEW_STOPPING,
    VIEW_STOPPED,
    VIEW_FAILED, /* it stopped without having been told to */
};

enum view_state view_state(const struct config *config, const struct task *t)
    __attribute__((warn_unused_result));
const char *view_state_word(enum view_state state) __attribute__((warn_unused_result));

#endif
