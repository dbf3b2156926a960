/* When a request goes to a task a second time. */
#ifndef MIRAGE_PROXYD_RETRY_H
#define MIRAGE_PROXYD_RETRY_H

#include <stdbool.h>

#include "http.h"

struct conn;

/* Whether a request may go twice: the method is idempotent (RFC 9110, 9.2.2). */
bool retry_is_safe(enum http_method method) __attribute__((warn_unused_result));

/* The task's connection ended or broke before a byte of an answer: whether the request goes once
 * more, on a new connection. One that had served before may have been closed while idle. Nothing of
 * a body can be sent again: head_len is 0 once some of it has gone. */
bool retry_is_due(const struct conn *c) __attribute__((warn_unused_result));

#endif
