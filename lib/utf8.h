/* UTF-8 (RFC 3629). */
#ifndef MIRAGE_UTF8_H
#define MIRAGE_UTF8_H

#include <stddef.h>

/* The length of the character at s (1 to 4 bytes); 0 when s[0..len) does not begin with a complete,
 * well-formed character. Overlong forms, surrogates and anything over U+10FFFF are not well formed.
 * len is at least 1. */
size_t utf8_character(const char *s, size_t len) __attribute__((warn_unused_result));

/* How many bytes at the beginning of s[0..len) are well formed; len when all are. */
size_t utf8_valid(const char *s, size_t len) __attribute__((warn_unused_result));

#endif
