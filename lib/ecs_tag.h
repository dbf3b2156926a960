/* The text of ECS's tags (Amazon ECS API Reference, "Tag"). */
#ifndef MIRAGE_ECS_TAG_H
#define MIRAGE_ECS_TAG_H

#include <stddef.h>

#include "arena.h"

#define ECS_TAG_PARAMETERS_MAX 46 /* 50 in all, and four are our own */

/* A tag's text may have letters, numbers, blanks and _.:/=+-@; a branch's name may have more. What
 * is not allowed becomes `_`, as does the colon of `aws:` at the beginning; the environment has it
 * as it is. */
char *ecs_tag_text(const char *text, struct arena *a) __attribute__((warn_unused_result));

/* Why a parameter of this name can have no tag, as the rest of a sentence that begins with the
 * name; NULL when it can. */
const char *ecs_tag_key_problem(const char *name) __attribute__((warn_unused_result));

#endif
