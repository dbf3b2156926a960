/* An answer while it is made, and its way to the web server as CGI output (RFC 3875, 6). */
#ifndef MIRAGE_RESPOND_H
#define MIRAGE_RESPOND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "buf.h"
#include "err.h"

/* `struct response r = {0};` is an answer nobody has made yet. */
struct response {
    int status;
    const char *content_type; /* a literal */
    const char *allow;        /* a literal; NULL: no such header */
    const char *location;     /* a literal; NULL: no such header */
    char target[3 * 63 + 32]; /* what is behind location; "" for nothing */
    char etag[24];            /* "": no such header */
    char download[80];        /* the file name that a browser is to save it as; "": none */
    int retry_after;          /* seconds; 0: no such header */
    bool ask_password;        /* WWW-Authenticate: Basic */
    char *cookie;             /* Set-Cookie's value; NULL: no such header */
    bool is_page;             /* gets the headers that keep pages safe in a browser */
    struct buf body;
};

void response_free(struct response *r);

/* Sets a cookie for a domain and all below it, that neither scripts nor plain HTTP nor other sites'
 * requests see (RFC 6265). Whatever answer is made later keeps it. */
void respond_set_cookie(struct response *r, const char *name, const char *value, const char *domain,
                        int seconds);

/* Each of these makes the whole answer, forgetting what was there. The respond_json* ones own
 * `json` from the call on; NULL (out of memory) becomes a 500. */
void respond_json(struct response *r, int status, json_t *json);
void respond_json_ready(struct response *r, int status, const struct buf *text); /* as it was */
void respond_json_result(struct response *r, int status, json_t *result); /* {"result":…} */
void respond_json_text(struct response *r, int status, const char *key, const char *text);
void respond_redirect(struct response *r, const char *location); /* 303; a literal */

/* The same with something behind it, which must be escaped for a URL already. What is too long for
 * any subdomain is left out. */
void respond_redirect_to(struct response *r, const char *location, const char *target);

/* Starts an HTML answer, whose text the caller adds to r->body. */
void respond_page(struct response *r, int status);

/* Starts an answer that a browser saves as a file; the caller adds its text. What is no letter,
 * digit or hyphen in the name becomes an underscore. */
void respond_download(struct response *r, const char *name, const char *suffix);

/* Gives a 200 whose text is made an ETag, and makes it a 304 when that is among `known`, the
 * request's If-None-Match. */
void respond_if_changed(struct response *r, const char *known);

/* The status for an error that a handler returned. */
int respond_status(enum err_kind kind) __attribute__((warn_unused_result));

/* Head and body as the web server wants them; no body for HEAD. */
void response_write(const struct response *r, bool is_head, struct buf *out);

#endif
