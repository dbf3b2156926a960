/* A lock on this machine that needs no folder, and that no crash leaves behind: a socket bound to
 * an abstract name (unix(7)), which one process at a time can have. Any user can take any name:
 * name_lock_holder() says who has it. */
#ifndef MIRAGE_NAME_LOCK_H
#define MIRAGE_NAME_LOCK_H

#include <sys/types.h>

/* Takes the name that the format makes; its first 107 bytes count. Returns a descriptor that holds
 * the name until it is closed or its process ends; or -1 with errno, which is EADDRINUSE when
 * somebody else has the name. */
int name_lock(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

/* Lets others ask who has the name. 0, or -1 with errno. */
int name_lock_tell(int lock) __attribute__((warn_unused_result));

/* The user whose process has the name. Waits up to a second for one that has only just taken it.
 * -1: nobody has it, or whoever has it does not tell. */
int name_lock_holder(uid_t *uid, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));

#endif
