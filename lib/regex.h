/* A parameter's rule: a regular expression that may match anywhere in the value, with work that
 * is bounded for short values: it is limited for each character that a match could begin at. */
#ifndef MIRAGE_REGEX_H
#define MIRAGE_REGEX_H

#include "err.h"

struct regex;

/* Compiles a pattern (UTF-8). The error says where it is wrong. regex_free() frees. */
int regex_compile(struct regex **re, const char *pattern, struct err *e)
    __attribute__((warn_unused_result));
void regex_free(struct regex *re); /* NULL is fine */

/* 1 it matches, 0 it does not, -1 the match took more work than allowed. Safe from any thread. */
int regex_match(const struct regex *re, const char *text) __attribute__((warn_unused_result));

#endif
