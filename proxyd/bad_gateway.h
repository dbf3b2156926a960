/* What a failed task costs: a line in the log, and a 502 when nothing of an answer went out yet. */
#ifndef MIRAGE_PROXYD_BAD_GATEWAY_H
#define MIRAGE_PROXYD_BAD_GATEWAY_H

struct conn;

/* The environment, or "the web API", for people. */
const char *bad_gateway_name(const struct conn *c) __attribute__((warn_unused_result));

/* Logs what went wrong with the exchange. */
void bad_gateway_warn(struct conn *c, const char *reason);

/* Nothing of an answer went to the client yet, and none will come: 502 and the reason. */
void bad_gateway_reply(struct conn *c, const char *reason);

#endif
