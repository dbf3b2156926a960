/* As Go works on runes, `?` and a class match one UTF-8 character. Other text is compared byte by
 * byte.
 *
 * Go's path.Match splits the pattern at its stars into chunks. It reports a malformed chunk when it
 * has to read it, even where the name has ended. Therefore match_chunk() goes on reading the
 * pattern after a mismatch. */
#include "pattern.h"

#include <stdint.h>
#include <stddef.h>
#include <string.h>

#define SUBDOMAIN_MAX 63

#include "utf8.h"

#define RUNE_ERROR 0xfffd /* what a byte that is not UTF-8 counts as */

/* Decodes one character. Returns its length; 1 and RUNE_ERROR for a byte that begins none. */
static size_t decode(const char *s, const char *end, uint32_t *c)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = utf8_character(s, (size_t)(end - s));

    if (n == 0) {
        *c = RUNE_ERROR;
        return 1;
    }
    *c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | (p[i] & 0x3fu);
    return n;
}

/* Reads one character of a class, perhaps escaped. false when the class is malformed there. */
static bool class_character(const char **p, const char *end, uint32_t *c)
{
    size_t n;

    if (*p == end || **p == '-' || **p == ']')
        return false;
    if (**p == '\\' && ++*p == end)
        return false;
    n = decode(*p, end, c);
    if (*c == RUNE_ERROR && n == 1)
        return false;
    *p += n;
    return *p < end; /* the closing bracket is still to come */
}

/* Reads the class behind `[`. Sets *in to whether c is in it (negation applied). */
static bool read_class(const char **p, const char *end, uint32_t c, bool *in)
{
    bool negated = false, found = false;
    int ranges = 0;

    if (*p < end && **p == '^') {
        negated = true;
        (*p)++;
    }
    for (;;) {
        uint32_t low, high;
        if (*p < end && **p == ']' && ranges > 0) {
            (*p)++;
            break;
        }
        if (!class_character(p, end, &low))
            return false;
        high = low;
        if (**p == '-') {
            (*p)++;
            if (!class_character(p, end, &high))
                return false;
        }
        if (low <= c && c <= high)
            found = true;
        ranges++;
    }
    *in = found != negated;
    return true;
}

/* Matches a chunk (no star) against the beginning of the name. On a match *rest is what is left. */
static enum pattern_result match_chunk(const char *p, const char *end, const char *name,
                                       const char *name_end, const char **rest)
{
    bool failed = false;

    while (p < end) {
        uint32_t c = 0;
        size_t n = 0;
        bool in = false;

        failed = failed || name == name_end;
        if (!failed)
            n = decode(name, name_end, &c);
        switch (*p) {
        case '[':
            p++;
            if (!read_class(&p, end, c, &in))
                return PATTERN_BAD;
            failed = failed || !in;
            break;
        case '?':
            p++;
            failed = failed || c == '/';
            break;
        case '\\':
            if (++p == end)
                return PATTERN_BAD;
            __attribute__((fallthrough));
        default:
            failed = failed || *name != *p;
            p++;
            n = 1;
        }
        if (!failed)
            name += n;
    }
    *rest = name;
    return failed ? PATTERN_NO_MATCH : PATTERN_MATCH;
}

/* The end of the chunk that begins at p: the next star outside a class and not escaped. */
static const char *chunk_end(const char *p)
{
    bool in_class = false;

    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '[')
            in_class = true;
        else if (*p == ']')
            in_class = false;
        else if (*p == '*' && !in_class)
            break;
    }
    return p;
}

/* Whether every chunk from p on is well formed: PATTERN_BAD, or PATTERN_NO_MATCH. */
static enum pattern_result check_rest(const char *p)
{
    const char *unused;

    while (*p) {
        const char *end = chunk_end(p);
        if (match_chunk(p, end, "", "", &unused) == PATTERN_BAD)
            return PATTERN_BAD;
        for (p = end; *p == '*'; p++)
            ;
    }
    return PATTERN_NO_MATCH;
}

/* Finds the chunk p..end behind a star: at any place, the last chunk at the name's very end. */
static enum pattern_result match_behind_star(const char *p, const char *end, const char **name,
                                             const char *name_end)
{
    const char *rest;

    for (const char *at = *name;; at++) {
        enum pattern_result r = match_chunk(p, end, at, name_end, &rest);
        if (r == PATTERN_BAD)
            return r;
        if (r == PATTERN_MATCH && (*end || rest == name_end)) {
            *name = rest;
            return PATTERN_MATCH;
        }
        if (at == name_end || *at == '/')
            return PATTERN_NO_MATCH;
    }
}

enum pattern_result pattern_match(const char *pattern, const char *name)
{
    const char *name_end = name + strlen(name);
    const char *rest;

    while (*pattern) {
        const char *end;
        bool star = false;
        enum pattern_result r;

        for (; *pattern == '*'; pattern++)
            star = true;
        if (!*pattern)
            return strchr(name, '/') ? PATTERN_NO_MATCH : PATTERN_MATCH;
        end = chunk_end(pattern);
        if (star)
            r = match_behind_star(pattern, end, &name, name_end);
        else {
            r = match_chunk(pattern, end, name, name_end, &rest);
            if (r == PATTERN_MATCH && !*end && rest != name_end)
                r = PATTERN_NO_MATCH;
            if (r == PATTERN_MATCH)
                name = rest;
        }
        if (r == PATTERN_BAD)
            return r;
        if (r == PATTERN_NO_MATCH)
            return check_rest(end);
        pattern = end;
    }
    return name == name_end ? PATTERN_MATCH : PATTERN_NO_MATCH;
}

bool pattern_is_valid(const char *pattern)
{
    while (*pattern == '*')
        pattern++;
    return check_rest(pattern) != PATTERN_BAD;
}

bool pattern_has_meta(const char *pattern)
{
    return strpbrk(pattern, "*?[\\");
}

bool pattern_is_subdomain(const char *text)
{
    return *text && strlen(text) <= SUBDOMAIN_MAX && pattern_is_valid(text) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-*?[]^") == strlen(text);
}
