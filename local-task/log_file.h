/* A local task's output in the file `log`, each line with its time. Older output is in `log.1`. */
#ifndef MIRAGE_LOCAL_TASK_LOG_FILE_H
#define MIRAGE_LOCAL_TASK_LOG_FILE_H

#include <stddef.h>

#define LOG_LINE_MAX 16384 /* bytes; a longer line is broken up */
#define LOG_LAST_MAX 400   /* of the last line that is not empty, what is kept */

struct log_file {
    const char *dir;
    int fd;
    size_t size;
    char line[LOG_LINE_MAX]; /* the beginning of a line that has not ended yet */
    size_t len;
    char last[LOG_LAST_MAX + 1];
};

/* Takes the task's output as it comes. Bytes that are not UTF-8 become `?`, so that JSON can have
 * every line. When the disk is full, lines are lost, but the task goes on. */
void log_file_add(struct log_file *log, const char *bytes, size_t len);

/* Writes a last line that has no newline. */
void log_file_end(struct log_file *log);

#endif
