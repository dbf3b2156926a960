/* The page that a local task shows when its task definition has no command: its environment. */
#ifndef MIRAGE_LOCAL_TASK_PAGE_H
#define MIRAGE_LOCAL_TASK_PAGE_H

/* Serves HTTP on the listening socket until the process is ended. */
void page_serve(int listener, const char *subdomain, const char *taskdef) __attribute__((noreturn));

#endif
