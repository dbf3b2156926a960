/* The log lines of a subdomain: what the API and the page share. */
#ifndef MIRAGE_TASK_LOGS_H
#define MIRAGE_TASK_LOGS_H

#include "err.h"
#include "runner.h"

struct call;

/* Reads the output of the tasks that run under `subdomain` or, when none runs, of those that
 * stopped lately. since and tail are as the client gave them; NULL or "" means all lines, and the
 * last `default_tail` lines (-1: all). ERR_NOT_FOUND when there never was such a task. */
int task_logs(struct call *c, const char *subdomain, const char *since, const char *tail,
              long default_tail, struct log_lines *lines, struct err *e)
    __attribute__((warn_unused_result));

#endif
