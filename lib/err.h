/* An error on its way to the edge that reports it: one kind, one sentence.
 *
 * Functions that can fail return 0 or -1 and fill a caller-owned `struct err`. Nothing in lib/ logs
 * an error that it returns; the handler, main() or the connection's close does, once. */
#ifndef MIRAGE_ERR_H
#define MIRAGE_ERR_H

#include <stdarg.h>

enum err_kind {
    ERR_INTERNAL,  /* ours, or the system's */
    ERR_INVALID,   /* what the caller gave must change */
    ERR_NOT_FOUND, /* what the caller named does not exist */
    ERR_BUSY,      /* trying again later helps */
    ERR_REFUSED,   /* what runs the tasks refused */
};

struct err {
    enum err_kind kind;
    char text[1024]; /* cut, never overrun, when a sentence is longer */
};

/* Sets kind and sentence. Always returns -1, so that a function can `return err_set(...)`. */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<what>: " before the sentence that is there. Always returns -1. */
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* err_set(ERR_INTERNAL) with ": <strerror(number)>" behind. Always returns -1. */
int err_system(struct err *e, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
