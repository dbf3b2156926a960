/* An error on its way to the edge that reports it: a kind and a sentence.
 *
 * A function that can fail returns 0 or -1 and fills its caller's `struct err`. Nothing in lib/
 * logs an error that it returns. The edge does, once: a handler, main(), or the close of a
 * connection. */
#ifndef MIRAGE_ERR_H
#define MIRAGE_ERR_H

#include <stdarg.h>

enum err_kind {
    ERR_INTERNAL,  /* ours, or the system's */
    ERR_INVALID,   /* the caller must change what it gave */
    ERR_NOT_FOUND, /* what the caller named does not exist */
    ERR_BUSY,      /* it may succeed later */
    ERR_REFUSED,   /* what runs the tasks, or another service, refused */
};

struct err {
    enum err_kind kind;
    char text[1024]; /* cut, never overrun, when a sentence is longer */
};

/* Sets kind and sentence. Always returns -1, so that a function can `return err_set(...)`. */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<what>: " before the sentence that *e has. Always returns -1. */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As err_set(ERR_INTERNAL), with ": <strerror(number)>" appended. Always returns -1. */
int err_system(struct err *e, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
