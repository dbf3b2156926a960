/* Amazon CloudWatch Logs: GetLogEvents (Amazon CloudWatch Logs API Reference). */
#ifndef MIRAGE_AWS_CLOUDWATCH_LOGS_H
#define MIRAGE_AWS_CLOUDWATCH_LOGS_H

#include "client.h"
#include "runner.h"

#define LOGS_LINES_MAX 100000 /* at most, of one stream */

struct log_stream {
    const char *region; /* NULL: the client's */
    const char *group;
    const char *stream;
    const char *container; /* every line names it */
};

/* Appends the newest lines of a stream that the query asks for, oldest first. A group or stream
 * that does not exist has no lines: its container has not written anything yet. */
int logs_read(struct aws_client *client, const struct log_stream *stream,
              const struct log_query *query, struct arena *a, struct log_lines *lines,
              struct err *e) __attribute__((warn_unused_result));

#endif
