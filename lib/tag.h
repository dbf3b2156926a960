/* The text of ECS's tags (Amazon ECS API Reference, "Tag"). */
#ifndef MIRAGE_TAG_H
#define MIRAGE_TAG_H

#include <jansson.h>

/* A tag's text may have letters, numbers, blanks and _.:/=+-@; a branch's name may have more. What
 * is not allowed becomes `_`; the environment has it as it is. */
json_t *tag_text(const char *text) __attribute__((warn_unused_result));

#endif
