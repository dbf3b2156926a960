#include "err.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* A sentence that was too long ends with a whole character. */
static void trim(struct err *e)
{
    size_t len = strlen(e->text);

    if (len == sizeof e->text - 1)
        e->text[utf8_valid(e->text, len)] = '\0';
}

int err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
    va_list args;

    e->kind = kind;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    trim(e);
    return -1;
}

int err_prefix(struct err *e, const char *format, ...)
{
    char old[sizeof e->text];
    va_list args;
    int n;

    memcpy(old, e->text, sizeof old);
    va_start(args, format);
    n = vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof e->text)
        snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", old);
    trim(e);
    return -1;
}

int err_system(struct err *e, int number, const char *format, ...)
{
    va_list args;
    char reason[128];
    int n;

    e->kind = ERR_INTERNAL;
    va_start(args, format);
    n = vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof e->text)
        snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s",
                 strerror_r(number, reason, sizeof reason));
    return -1;
}
