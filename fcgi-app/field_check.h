/* Which header fields a request to the pages and the API may have, all together. */
#ifndef MIRAGE_FIELD_CHECK_H
#define MIRAGE_FIELD_CHECK_H

/* Why a request with these CGI variables (NAME=value, the last is NULL) is refused, or NULL. A web
 * server may pass X_Name beside X-Name, which CGI calls the same: who is in front of it has seen to
 * one of them only. */
const char *field_problem(const char *const *variables) __attribute__((warn_unused_result));

#endif
