/* The page of a local task whose task definition has no command. It shows the task's environment.
 */
#ifndef MIRAGE_LOCAL_TASK_PAGE_H
#define MIRAGE_LOCAL_TASK_PAGE_H

#include <stddef.h>

/* Serves HTTP on the n listening sockets (at least one) until the process is ended. */
void page_serve(const int *listeners, size_t n, const char *subdomain, const char *taskdef)
    __attribute__((noreturn));

#endif
