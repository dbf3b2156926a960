/* A request as a handler sees it: method, decoded path, parameters. This file knows CGI's
 * variables, but not where they come from, so that tests can give their own. */
#ifndef MIRAGE_REQUEST_H
#define MIRAGE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"

#include "params.h"

/* Where a request comes from. */
struct request_io {
    const char *(*variable)(void *ctx, const char *name); /* NULL: not set */
    /* Reads up to len bytes of the body; fewer only where it ends. */
    size_t (*read)(void *ctx, char *bytes, size_t len);
    void *ctx;
};

/* Bits: a route can name several. */
enum request_method {
    METHOD_GET = 1, /* HEAD as well */
    METHOD_POST = 2,
    METHOD_OTHER = 4,
};

/* What a POST may carry. */
enum request_body {
    BODY_FORM = 1, /* of either encoding, with the query string */
    BODY_JSON = 2,
};

#define REQUEST_BODY_LIMIT ((size_t)1 << 20)

struct request {
    const struct request_io *io;
    enum request_method method;
    bool is_head;
    const char *method_name;
    const char *path; /* decoded; "/" at least */
    struct params params;
};

/* Reads method and path. Sets method_name and path on failure too, for the log. */
int request_read_head(struct request *r, const struct request_io *io, struct arena *a,
                      struct err *e) __attribute__((warn_unused_result));

/* Reads the parameters: for METHOD_GET from the query string, else from the body, whose type must
 * be one of `bodies`, and then from the query string what the body does not have. Returns 0, or the
 * HTTP status for the client with the sentence in *e. request_free() frees in both cases. */
int request_read_params(struct request *r, unsigned bodies, struct arena *a, struct err *e)
    __attribute__((warn_unused_result));
void request_free(struct request *r);

/* A variable such as HTTP_HOST; "" when it is not set. */
const char *request_variable(const struct request *r, const char *name)
    __attribute__((warn_unused_result));

/* Whether the client asks for plain text rather than for a page: by Accept, or because it is curl,
 * which says that it takes anything. */
bool request_wants_text(const struct request *r) __attribute__((warn_unused_result));

/* Whether a path is the API's: it gets JSON, and no page. */
bool request_is_api(const char *path) __attribute__((warn_unused_result));

#endif
