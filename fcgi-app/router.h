/* From a request to its handler. The columns of the table are preconditions: a handler runs only
 * when they hold, and so starts from valid input. */
#ifndef MIRAGE_ROUTER_H
#define MIRAGE_ROUTER_H

#include "arena.h"
#include "config/config.h"
#include "err.h"
#include "limit.h"
#include "runner.h"
#include "store/db.h"

#include "list_cache.h"
#include "request.h"
#include "respond.h"
#include "template.h"
#include "waiting_cache.h"

/* What a thread works with. db, runner, aws, lists and waiting are its own; everything else is
 * shared by the threads, and constant. */
struct services {
    const struct config *config;
    const struct templates *templates;
    const struct zone *zone; /* sleep.timezone */
    struct db *db;
    struct runner *runner;
    struct aws_client *aws;   /* NULL: tasks are local */
    struct oidc *oidc;        /* shared; NULL: not configured */
    struct list_cache *lists; /* NULL: nothing is remembered */
    struct waiting_cache *waiting;
    const struct limit *limit; /* of the request that is answered; NULL: none */
};

/* One request on its way. */
struct call {
    const struct services *with;
    const struct request *request;
    const char *rest;    /* what follows the route's path; "" */
    struct arena *arena; /* ends with the request */
    struct response *response;
};

/* Makes the answer, or returns -1 with the error that router_answer() reports and logs. */
typedef int (*route_handler)(struct call *c, struct err *e);

/* Which requests may ask AWS, or wait for mirage-sync to ask it. The others need the database only,
 * and are answered however slow AWS is. */
enum route_asks {
    ASKS_NEVER,
    ASKS_WITH_QUERY, /* GET with a query string */
    ASKS_POST,
    ASKS_ALWAYS,
};

struct route {
    const char *path;  /* if it ends with a slash (and is not "/"), something must follow */
    unsigned methods;  /* of enum request_method */
    unsigned bodies;   /* of enum request_body: what a POST may carry */
    bool json_if_new;  /* with compat_v1 off, POST takes JSON only */
    const char *allow; /* for 405 */
    enum route_asks asks;
    route_handler handler;
};

/* The route of a path, whatever the method; NULL when there is none. Sets *rest. */
const struct route *router_find(const char *path, const char **rest)
    __attribute__((warn_unused_result));

/* Whether the answer to a request may take as long as AWS takes. */
bool router_asks_aws(const struct request_io *io) __attribute__((warn_unused_result));

/* Answers a request, whatever it is. Logs what failed on our side. */
void router_answer(const struct services *with, const struct request_io *io,
                   struct response *response, bool *is_head);

#endif
