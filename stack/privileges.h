/* How not to be root: for the whole stack, when root started mirage-ecs with -user; and for a
 * program that refuses to serve as root, as Apache does, when root started mirage-ecs without it.
 */
#ifndef MIRAGE_STACK_PRIVILEGES_H
#define MIRAGE_STACK_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/* The number of that user, and whether this process may become him. */
int privileges_uid(const char *user, uid_t *uid, struct err *e) __attribute__((warn_unused_result));

/* Turns this process, which is root's, into one of that user, for good. If the state folder was
 * root's alone, the user becomes its owner, and the owner of root's files in it. The process keeps
 * one right of root: to listen on ports below 1024. privileges_pass_ports() passes this right to a
 * child. */
int privileges_become(const char *user, const char *state_folder, struct err *e)
    __attribute__((warn_unused_result));

/* For a child that is about to execve(): whether it may listen on ports below 1024, if this process
 * may. */
void privileges_pass_ports(bool may_listen);

/* Turns this process into one of another user, www-data or nobody. It keeps the rights of root that
 * the program needs: to open the sockets in the state folder, which is root's alone, and to listen
 * on ports below 1024. Does nothing in a process that is not root's. For a process that is about to
 * execve(). */
int privileges_reduce(struct err *e) __attribute__((warn_unused_result));

#endif
