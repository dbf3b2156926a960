/* Not to be root: for the whole stack, when mirage-ecs was started by root with -user; and for a
 * program that refuses to serve as root, as Apache does, when it was started without. */
#ifndef MIRAGE_STACK_PRIVILEGES_H
#define MIRAGE_STACK_PRIVILEGES_H

#include <stdbool.h>

#include "err.h"

/* Makes this process, root's, that user's for good. The state folder becomes the user's as well,
 * with what is root's in it, if it was root's alone. What is left of root is the right to listen on
 * ports below 1024, which privileges_pass_ports() hands to a child. */
int privileges_become(const char *user, const char *state_folder, struct err *e)
    __attribute__((warn_unused_result));

/* In a child that is about to execve(): whether it may listen on ports below 1024, if we may. */
void privileges_pass_ports(bool may_listen);

/* Makes this process another user's, www-data's or nobody's, that keeps what the program needs of
 * root's: to open the sockets in the state folder, which is root's alone, and ports below 1024.
 * Nothing changes for who is not root. For a process that is about to execve(). */
int privileges_reduce(struct err *e) __attribute__((warn_unused_result));

#endif
