/* Which region is meant where the configuration names none: AWS_REGION, AWS_DEFAULT_REGION, the
 * profile, the ECS task that this program runs in, the instance. */
#ifndef MIRAGE_AWS_REGION_H
#define MIRAGE_AWS_REGION_H

#include "arena.h"

/* Without asking anybody. task_arn: of the task that this program runs in; NULL: it is not known.
 * NULL when nothing names one. */
const char *region_near(const char *task_arn, struct arena *a) __attribute__((warn_unused_result));

/* Where the task is not known; the instance is asked last. NULL when nothing names one. */
const char *region_find(struct arena *a) __attribute__((warn_unused_result));

#endif
