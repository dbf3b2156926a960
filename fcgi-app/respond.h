/* An answer while it is being made, and how it goes to the web server as CGI output (RFC 3875, 6).
 */
#ifndef MIRAGE_RESPOND_H
#define MIRAGE_RESPOND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "buf.h"
#include "err.h"

/* `struct response r = {0};` is an answer without anything in it yet. */
struct response {
    int status;
    const char *content_type; /* a literal */
    const char *allow;        /* a literal; NULL: no such header */
    const char *location;     /* a literal; NULL: no such header */
    char target[3 * 63 + 32]; /* what is appended to location; "" for nothing */
    char etag[24];            /* "": no such header */
    char download[80];        /* the file name under which a browser saves it; "": none */
    int retry_after;          /* seconds; 0: no such header */
    bool ask_password;        /* WWW-Authenticate: Basic */
    char *cookie;             /* Set-Cookie's value; NULL: no such header */
    bool is_page;             /* gets the headers that keep pages safe in a browser */
    const char *waiting;      /* a literal, for Mirage-State; NULL: no such header */
    char nonce[25];           /* of a page with a style and a script of its own; "": it has none */
    struct buf body;
};

void response_free(struct response *r);

/* Sets a cookie for a domain and everything below it. Scripts, plain HTTP and requests from other
 * sites do not get it (RFC 6265). An answer that is made later keeps it. */
void respond_set_cookie(struct response *r, const char *name, const char *value, const char *domain,
                        int seconds);

/* Each of these makes the whole answer, and discards what was there. The respond_json* functions
 * take over `json`; NULL (out of memory) becomes a 500. */
void respond_json(struct response *r, int status, json_t *json);
void respond_json_ready(struct response *r, int status, const struct buf *text); /* as it was */
void respond_json_result(struct response *r, int status, json_t *result); /* {"result":…} */
void respond_json_text(struct response *r, int status, const char *key, const char *text);
void respond_redirect(struct response *r, const char *location); /* 303; a literal */

/* The same with `target` appended, which must already be escaped for a URL. A target that is too
 * long for any subdomain is left out. */
void respond_redirect_to(struct response *r, const char *location, const char *target);

/* Begins an answer of plain text. The caller adds it to r->body. */
/* A page of an environment's host, on which a visitor waits: 503. It may run the one script, and
 * have the one style, with this nonce (Content Security Policy 3, 2.3.1), and may stand in a frame
 * as what comes after it may. */
void respond_waiting_page(struct response *r, const char *nonce, const struct buf *text);
void respond_plain(struct response *r, int status);

/* Begins an HTML answer. The caller adds its text to r->body. */
void respond_page(struct response *r, int status);

/* Begins an answer that a browser saves as a file. The caller adds its text. In the name,
 * everything but letters, digits and hyphens becomes an underscore. */
void respond_download(struct response *r, const char *name, const char *suffix);

/* Gives an ETag to a 200 whose text is complete. If `known`, the request's If-None-Match, has that
 * ETag, the answer becomes a 304. */
void respond_if_changed(struct response *r, const char *known);

/* The status for an error that a handler returned. */
int respond_status(enum err_kind kind) __attribute__((warn_unused_result));

/* Writes head and body in the form that the web server expects; no body for HEAD. */
void response_write(const struct response *r, bool is_head, struct buf *out);

#endif
