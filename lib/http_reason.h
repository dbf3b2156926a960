/* Reason phrases (RFC 9110, 15; RFC 6585). */
#ifndef MIRAGE_HTTP_REASON_H
#define MIRAGE_HTTP_REASON_H

/* The phrase of a status that mirage-ecs answers with; "Unknown" for any other. */
const char *http_reason(int status) __attribute__((warn_unused_result));

#endif
