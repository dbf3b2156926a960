/* The task definitions that tasks are of. A revision never changes, so each is fetched once. One
 * that cannot be fetched now is warned about and tried again later; the others do not wait for it.
 */
#ifndef MIRAGE_AWS_DEFINITION_CACHE_H
#define MIRAGE_AWS_DEFINITION_CACHE_H

#include <jansson.h>

#include "arena.h"
#include "err.h"

#include "ecs.h"

struct definitions {
    json_t *known;  /* ARN → TaskDefinition, or null when ECS will never give it */
    json_t *failed; /* ARN → when it is tried again (monotonic ms) */
};

void definitions_open(struct definitions *d);
void definitions_free(struct definitions *d);

/* Fetches those of these tasks (of DescribeTasks) that are not known yet. */
void definitions_fetch(struct definitions *d, const struct ecs *ecs, const json_t *const *tasks,
                       size_t n, struct arena *a);

/* The definition of a task; JSON's null when ECS will never give it, NULL when it is not known yet.
 */
const json_t *definitions_of(const struct definitions *d, const json_t *task)
    __attribute__((warn_unused_result));

/* Before `n` more are kept: what revisions of long ago were like is not kept for ever. */
void definitions_bound(struct definitions *d, size_t n);

/* Keeps a definition that was just fetched. Returns its ARN, for definitions_kept(). */
const char *definitions_keep(struct definitions *d, json_t *definition, struct arena *a)
    __attribute__((warn_unused_result));
const json_t *definitions_kept(const struct definitions *d, const char *arn)
    __attribute__((warn_unused_result));

/* The definition called `family:revision`, fetched unless it is known. NULL with *e. */
const json_t *definitions_by_name(struct definitions *d, const struct ecs *ecs, const char *name,
                                  struct arena *a, struct err *e)
    __attribute__((warn_unused_result));

#endif
