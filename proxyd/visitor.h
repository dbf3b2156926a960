/* Who a request is from: a person in a browser, a program, or one that use.ignore names, whose
 * visits are no use of an environment. No I/O. */
#ifndef MIRAGE_PROXYD_VISITOR_H
#define MIRAGE_PROXYD_VISITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "err.h"

#include "http.h"

enum visitor {
    VISITOR_IGNORED, /* use.ignore names it */
    VISITOR_BROWSER, /* asks for a page to show: GET or HEAD that accepts HTML, and navigates */
    VISITOR_CLIENT,  /* whatever else, what a browser's page asks for included */
};

/* use.ignore, compiled. Threads may share it. */
struct visitor_rules;

/* The config must live as long. It is compiled to machine code, so before confine(). Returns -1
 * with *e when memory runs out. */
int visitor_rules_new(struct visitor_rules **rules, const struct config *config, struct err *e)
    __attribute__((warn_unused_result));
void visitor_rules_free(struct visitor_rules *rules); /* NULL is fine */

/* What a worker remembers of user agents that it has looked at: few send most of the requests.
 * Zeroed at first. */
#define VISITOR_MEMORY      256
#define VISITOR_MEMORY_TEXT 252

struct visitor_memory {
    struct visitor_agent {
        uint16_t len; /* 0: none */
        bool ignored;
        char text[VISITOR_MEMORY_TEXT];
    } agents[VISITOR_MEMORY];
};

/* A request's head, parsed, and who sent it. */
struct visitor_request {
    const char *head; /* what r was parsed from */
    const struct http_request *r;
    const char *peer;
    bool peer_trusted; /* network.trusted_proxies */
};

/* Whether use.ignore names it. Looks at no field where use.ignore names nobody. */
bool visitor_is_ignored(const struct visitor_rules *rules, struct visitor_memory *memory,
                        const struct visitor_request *v) __attribute__((warn_unused_result));

enum visitor visitor_of(const struct visitor_rules *rules, struct visitor_memory *memory,
                        const struct visitor_request *v) __attribute__((warn_unused_result));

/* Whether a visit of this one wakes what sleeps: wake.visitors. */
bool visitor_wakes(const struct config *config, enum visitor visitor)
    __attribute__((warn_unused_result));

/* Whether an Accept names text/html, and not with a weight of 0 (RFC 9110, 12.5.1). A wildcard does
 * not count: what asks for anything shows no page. */
bool visitor_accepts_html(const char *head, const struct http_request *r)
    __attribute__((warn_unused_result));

#endif
