/* Tasks as JSON: for the API's answers, and for templates. */
#ifndef MIRAGE_VIEW_H
#define MIRAGE_VIEW_H

#include <stdint.h>

#include <jansson.h>

#include "task.h"

struct call;

/* A text of ours or from ECS, as a JSON string; NULL counts as "". */
json_t *view_text(const char *text) __attribute__((warn_unused_result));

/* `{"text":"2026-01-02 15:04:05","iso":"2026-01-02T15:04:05.000Z"}`; null for 0. */
json_t *view_time(int64_t ms) __attribute__((warn_unused_result));

/* A task as /api/list answers it. */
json_t *view_task_api(const struct task *t) __attribute__((warn_unused_result));

/* A task as the pages show it. */
json_t *view_task_page(struct call *c, const struct task *t) __attribute__((warn_unused_result));

#endif
