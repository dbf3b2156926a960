/* A lock of this machine's that needs no folder, and that no crash leaves behind: a socket bound to
 * an abstract name (unix(7)), which one process at a time can have. */
#ifndef MIRAGE_NAME_LOCK_H
#define MIRAGE_NAME_LOCK_H

/* Takes the name that the format makes, of which 107 bytes count. A descriptor that holds it until
 * it is closed, or its process ends; -1 with errno, which is EADDRINUSE when somebody has it. */
int name_lock(const char *format, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

#endif
