/* A local task's output, a line a line with its time, in `log`; what is older in `log.1`. */
#ifndef MIRAGE_LOCAL_TASK_LOG_FILE_H
#define MIRAGE_LOCAL_TASK_LOG_FILE_H

#include <stddef.h>

#define LOG_LINE_MAX 16384 /* a longer one is broken up */

struct log_file {
    const char *dir;
    int fd;
    size_t size;
    char line[LOG_LINE_MAX]; /* the beginning of a line whose end did not come yet */
    size_t len;
};

/* Takes the task's output as it comes. Bytes that are not UTF-8 become `?`, so that every line can
 * be shown in JSON. A disk that is full loses lines, not the task. */
void log_file_add(struct log_file *log, const char *bytes, size_t len);

/* Writes what is left without a newline. */
void log_file_end(struct log_file *log);

#endif
