/* Patterns of subdomains, matched as Go's path.Match does: `*` any run of characters without `/`,
 * `?` one character other than `/`, `[a-z]`, `[^a-z]`, `\x` the character itself. Text is UTF-8. */
#ifndef MIRAGE_PATTERN_H
#define MIRAGE_PATTERN_H

#include <stdbool.h>

enum pattern_result { PATTERN_NO_MATCH, PATTERN_MATCH, PATTERN_BAD };

/* PATTERN_BAD when the part of the pattern that had to be read is malformed, as in Go. If the name
 * does not get that far, a malformed rest may go unnoticed: validate with pattern_is_valid(). */
enum pattern_result pattern_match(const char *pattern, const char *name)
    __attribute__((warn_unused_result));

/* Whether all of the pattern is well formed. */
bool pattern_is_valid(const char *pattern) __attribute__((warn_unused_result));

/* Whether it can stand before the suffix of a host, as launched by us or by the Go mirage-ecs. */
bool pattern_is_subdomain(const char *text) __attribute__((warn_unused_result));

/* Whether it has any of the characters `* ? [ \`. False means that it matches only itself. */
bool pattern_has_meta(const char *pattern) __attribute__((warn_unused_result));

#endif
