/* Answers of the proxy itself. */
#ifndef MIRAGE_PROXYD_REPLY_H
#define MIRAGE_PROXYD_REPLY_H

struct buf;
struct conn;

/* Answers the current request with a line of text and goes on to the next, if the request's body is
 * not in the way; else the connection ends once the answer went. The format makes the text. */
void reply_text(struct conn *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a body of this Content-Type. */
void reply_bytes(struct conn *c, int status, const char *type, const struct buf *body);

/* Answers a message that was not understood, and ends the connection: what follows it cannot be
 * trusted to be what it looks like. why: the rule that it broke, for people. Nothing is sent when
 * the answer has begun already. */
void reply_refuse(struct conn *c, int status, const char *why);

enum reply_type {
    REPLY_TEXT,
    REPLY_HTML,
    REPLY_JSON,
};

/* 503: the environment is known and no task of it is ready; or it sleeps, and the visit does not
 * wake it (conn.asleep). The page reloads itself. host has only the characters of a host name. */
void reply_not_ready(struct conn *c, const char *host, enum reply_type type);

#endif
