/* Reason phrases (RFC 9110, 15; RFC 6585). */
#ifndef MIRAGE_HTTP_REASON_H
#define MIRAGE_HTTP_REASON_H

/* Of the statuses that mirage answers with; "Unknown" for another. */
const char *http_reason(int status) __attribute__((warn_unused_result));

#endif
