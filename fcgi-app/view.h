/* Tasks as JSON: for the API's answers, and for templates. */
#ifndef MIRAGE_VIEW_H
#define MIRAGE_VIEW_H

#include <stdint.h>

#include <jansson.h>

#include "arena.h"
#include "config/config.h"
#include "task.h"

struct call;

/* A text, of ours or from ECS, as a JSON string. NULL counts as "". */
json_t *view_text(const char *text) __attribute__((warn_unused_result));

/* `{"text":"2026-01-02 15:04:05","iso":"2026-01-02T15:04:05.000Z","ago":"2 h ago"}`; null for 0. */
json_t *view_time(int64_t ms) __attribute__((warn_unused_result));

/* A duration: "340 ms", "3.2 s", "2 min 5 s", "3 h 12 min", "4 d 3 h". A negative one counts as 0.
 */
const char *view_duration(struct arena *a, int64_t ms) __attribute__((warn_unused_result));

/* `before` and the escaped name, for example a link below "/logs/". */
json_t *view_url(struct arena *a, const char *before, const char *name)
    __attribute__((warn_unused_result));

/* The environment's URL; null for a pattern, which has many. */
json_t *view_environment_url(struct call *c, const char *subdomain)
    __attribute__((warn_unused_result));

/* A task as in the answer of /api/list. */
json_t *view_task_api(const struct task *t) __attribute__((warn_unused_result));

/* The state of a task, in the order lived. Of several tasks the first in this order is that of all:
 * what others need, but no request reaches, does not keep them from being ready. Each has a word
 * for people, which is also a class for the style sheet. */
enum view_state {
    VIEW_PROVISIONING,
    VIEW_PENDING,
    VIEW_STARTING,
    VIEW_READY,
    VIEW_RUNNING, /* no request reaches it: it has no port that listen.http sends one to */
    VIEW_STOPPING,
    VIEW_STOPPED,
    VIEW_FAILED, /* it stopped without having been told to */
};

enum view_state view_state(const struct config *config, const struct task *t)
    __attribute__((warn_unused_result));
const char *view_state_word(enum view_state state) __attribute__((warn_unused_result));

/* The configured parameters that the task was launched with, without the branch: an array of
 * {"name","value"}. */
json_t *view_parameters(const struct config *config, const struct task *t)
    __attribute__((warn_unused_result));

/* A task as the pages show it. */
json_t *view_task_page(struct call *c, const struct task *t) __attribute__((warn_unused_result));

#endif
