/* Amazon CloudWatch Logs: GetLogEvents (Amazon CloudWatch Logs API Reference). */
#ifndef MIRAGE_AWS_CLOUDWATCH_LOGS_H
#define MIRAGE_AWS_CLOUDWATCH_LOGS_H

#include "client.h"
#include "runner.h"

#define LOGS_LINES_MAX 100000 /* of one stream, whatever was asked for */

struct log_stream {
    const char *region; /* NULL: the client's */
    const char *group;
    const char *stream;
    const char *container; /* goes with every line */
};

/* Appends the newest lines of a stream that the query asks for, oldest first. A group or stream
 * that does not exist has none: a container that has not written yet. */
int logs_read(struct aws_client *client, const struct log_stream *stream,
              const struct log_query *query, struct arena *a, struct log_lines *lines,
              struct err *e) __attribute__((warn_unused_result));

#endif
