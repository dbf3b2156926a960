/* What each worker counts of the requests that it has answered, for listen.metrics. A worker alone
 * adds to its own; whoever shows them reads those of all. docs/METRICS.md says what each is. */
#ifndef MIRAGE_PROXYD_TALLY_H
#define MIRAGE_PROXYD_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

struct conn;

/* What decided the answer. */
enum tally_by {
    TALLY_TASK,
    TALLY_WEB,   /* the web server: API and pages */
    TALLY_PAGE,  /* the page on which visitors wait */
    TALLY_PROXY, /* mirage-proxyd itself: no such name, no credentials, no answer … */
    TALLY_HEALTH,
    TALLY_BYS,
};

/* The word for it. */
static inline const char *tally_by_word(enum tally_by by)
{
    static const char *const words[TALLY_BYS] = {"task", "web", "page", "proxy", "health"};

    return words[by];
}

/* Why a task, or the web server, gave no answer. */
enum tally_error {
    TALLY_NO_CONNECTION,
    TALLY_CONNECT_TIMEOUT,
    TALLY_NO_ANSWER, /* it ended the connection before */
    TALLY_ANSWER_TIMEOUT,
    TALLY_MALFORMED,
    TALLY_BROKEN_OFF, /* amid its answer */
    TALLY_ERRORS,
};

/* 1xx to 5xx, and 0: the client left before there was a status. */
#define TALLY_CLASSES 6

/* In ms: upper bounds of how long requests take that a task answers. */
#define TALLY_BOUNDS                                                                               \
    {                                                                                              \
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000                         \
    }
#define TALLY_BUCKETS 15 /* and those beyond */

typedef _Atomic uint64_t tally_count;

struct tally {
    tally_count requests[TALLY_BYS][TALLY_CLASSES];
    tally_count buckets[TALLY_BUCKETS], us; /* of this bound, and of none before it; their sum */
    tally_count request_bytes, response_bytes;
    tally_count connections, open, tunnels, open_tunnels;
    tally_count retries, errors[TALLY_ERRORS];
    tally_count lines, lines_lost; /* of the access log */
} __attribute__((aligned(64)));

/* One thread adds: no locked instruction is needed. */
static inline void tally_add(tally_count *count, uint64_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* A request has come, and is counted when it ends. */
void tally_begin(struct conn *c);

/* It ends with the status and the decider that are noted in the connection. Does nothing where none
 * has come. */
void tally_end(struct conn *c);

/* Its task, or the web server, gave no answer. */
void tally_fail(struct conn *c, enum tally_error error);

#endif
