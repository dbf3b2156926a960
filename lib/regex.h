/* A parameter's rule: a regular expression that may match anywhere in the value. The work is
 * limited for each character at which a match could begin, so that it is bounded for short values.
 */
#ifndef MIRAGE_REGEX_H
#define MIRAGE_REGEX_H

#include <stddef.h>

#include "err.h"

struct regex;

/* Compiles a pattern (UTF-8). The error says where the pattern is wrong. regex_free() frees. */
int regex_compile(struct regex **re, const char *pattern, struct err *e)
    __attribute__((warn_unused_result));
/* Compiles a search for any of n texts, ASCII letters in either case; other bytes are compared as
 * they are. n is at least 1, and no text is empty. It is made machine code where that is allowed.
 */
int regex_compile_texts(struct regex **re, const char *const *texts, size_t n, struct err *e)
    __attribute__((warn_unused_result));
void regex_free(struct regex *re); /* NULL is fine */

/* 1: it matches, 0: it does not, -1: the match took more work than allowed. Safe from any thread.
 */
int regex_match(const struct regex *re, const char *text) __attribute__((warn_unused_result));

/* The same of len bytes. */
int regex_match_bytes(const struct regex *re, const char *bytes, size_t len)
    __attribute__((warn_unused_result));

#endif
