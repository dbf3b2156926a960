/* Many patterns, in an order. Of those that match a name, the first is found. The literal
 * beginning and end of a pattern have two lengths: its shape. A name is looked up once a shape, in
 * a table of beginnings and ends; only what is found there is matched. However many patterns there
 * are, they have few shapes. */
#ifndef MIRAGE_PROXYD_PATTERN_SET_H
#define MIRAGE_PROXYD_PATTERN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pattern_set;

struct pattern_entry {
    const char *pattern; /* well formed; stays where it is as long as the set */
    uint32_t value;
};

/* Of patterns in their order. NULL when memory runs out. */
struct pattern_set *pattern_set_new(const struct pattern_entry *entries, size_t n)
    __attribute__((warn_unused_result));
void pattern_set_free(struct pattern_set *s); /* NULL is fine */

/* Sets *value to that of the first pattern that matches the name (at most 255 bytes). */
bool pattern_set_find(const struct pattern_set *s, const char *name, uint32_t *value)
    __attribute__((warn_unused_result));

#endif
