/* The output of local tasks, read from their log files. */
#ifndef MIRAGE_LOCAL_LOGS_H
#define MIRAGE_LOCAL_LOGS_H

#include "arena.h"
#include "err.h"
#include "runner.h"

/* As runner_logs(); `dir` is the folder of the tasks' folders. */
int local_logs(const char *dir, const struct task_list *tasks, const struct log_query *query,
               struct arena *a, struct log_lines *lines, struct err *e)
    __attribute__((warn_unused_result));

#endif
