/* Questions to Jansson's values that are asked in more than one place. */
#ifndef MIRAGE_JSON_H
#define MIRAGE_JSON_H

#include <jansson.h>

#include "arena.h"

/* The value as JSON text, without blanks. Aborts when memory runs out, or value is NULL. */
char *json_to_text(const json_t *value, struct arena *a) __attribute__((warn_unused_result));

/* The text of an object's member; "" when it has none. Valid as long as the object. */
const char *json_member(const json_t *object, const char *key) __attribute__((warn_unused_result));

/* The same, as a text of the arena. */
const char *json_text(const json_t *object, const char *key, struct arena *a)
    __attribute__((warn_unused_result));

/* The first object of a list whose member `key` is `text`; NULL when there is none. */
const json_t *json_find(const json_t *list, const char *key, const char *text)
    __attribute__((warn_unused_result));

#endif
