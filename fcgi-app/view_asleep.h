/* Sleep, as the list and the API show it: of an environment that sleeps, and of one that may. */
#ifndef MIRAGE_VIEW_ASLEEP_H
#define MIRAGE_VIEW_ASLEEP_H

#include <stdbool.h>

#include <jansson.h>

#include "config/config.h"
#include "purge_decision.h"
#include "sleep_outlook.h"
#include "store/store_asleep.h"

struct call;

/* {"at","by","reason","error","taskdef","branch","parameters"}: since when and why, why the last
 * wake failed, and what a wake launches. */
json_t *view_asleep(struct call *c, const struct asleep_row *row)
    __attribute__((warn_unused_result));

/* The rules of sleep.after, where it is set: true, and purge_rules_free() frees them. */
bool view_sleep_rules(const struct config *config, struct purge_rules *rules)
    __attribute__((warn_unused_result));

/* What is ahead of an environment with these live tasks; rules: NULL where nothing falls asleep by
 * itself. What cannot be read now is left out. */
struct sleep_outlook view_sleep_outlook(struct call *c, const struct purge_rules *rules,
                                        struct task *tasks, size_t n)
    __attribute__((warn_unused_result));

#endif
