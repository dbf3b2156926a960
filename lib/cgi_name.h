/* Names of header fields as CGI sees them (RFC 3875, 4.1.18): every byte but a letter or a digit is
 * the same there, so X_Forwarded.For may be read as X-Forwarded-For. */
#ifndef MIRAGE_CGI_NAME_H
#define MIRAGE_CGI_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* A byte of a name: a small letter, a digit, or a hyphen. */
static inline char cgi_name_byte(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Whether the name begins with `prefix` (small letters, digits and hyphens). *exact: the name has
 * no other byte but hyphens. */
static inline bool cgi_name_begins(const char *name, size_t len, const char *prefix, bool *exact)
{
    *exact = true;
    for (size_t i = 0; i < len; i++) {
        char c = cgi_name_byte(name[i]);
        if (*prefix && c != *prefix++)
            return false;
        *exact = *exact && (c != '-' || name[i] == '-');
    }
    return !*prefix;
}

#endif
