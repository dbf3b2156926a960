/* For a program that refuses to serve as root, as Apache does, when mirage-ecs was started by root.
 */
#ifndef MIRAGE_DEPLOY_PRIVILEGES_H
#define MIRAGE_DEPLOY_PRIVILEGES_H

#include "err.h"

/* Makes this process another user's, www-data's or nobody's, that keeps what the program needs of
 * root's: to open the sockets in the state folder, which is root's alone, and ports below 1024.
 * Nothing changes for who is not root. For a process that is about to execve(). */
int privileges_reduce(struct err *e) __attribute__((warn_unused_result));

#endif
