/* Amazon CloudWatch Logs: GetLogEvents (Amazon CloudWatch Logs API Reference). */
#ifndef MIRAGE_AWS_CLOUDWATCH_LOGS_H
#define MIRAGE_AWS_CLOUDWATCH_LOGS_H

#include "client.h"
#include "runner.h"

#define LOGS_LINES_MAX 100000                     /* of one stream */
#define LOGS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of all streams that are read at once */
#define LOGS_PAGES_MAX 150                        /* of one stream */
#define LOGS_EMPTY_MAX 20                         /* pages without a line in a row */
#define LOGS_CALL_MS   8000                       /* so that one that hangs leaves others time */

struct log_stream {
    const char *region; /* NULL: the client's */
    const char *group;
    const char *stream;
    const char *container; /* every line names it */
};

/* Appends the newest lines of the streams that the query asks for: stream by stream, each oldest
 * first. A group or stream that does not exist has no lines: its container has not written anything
 * yet. notes[i] becomes why stream i could not be read, or not as far back as was asked; NULL when
 * it could. Returns how many streams could not be read at all. */
size_t logs_read(struct aws_client *client, const struct log_stream *streams, size_t n,
                 const struct log_query *query, struct arena *a, struct log_lines *lines,
                 const char **notes) __attribute__((warn_unused_result));

#endif
