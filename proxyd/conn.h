/* A client's connection: its socket, its state, and what was received and not sent yet.
 * conn_life.h says what becomes of it. */
#ifndef MIRAGE_PROXYD_CONN_H
#define MIRAGE_PROXYD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "block.h"
#include "body.h"
#include "host.h"
#include "http.h"
#include "io.h"
#include "outbuf.h"
#include "tag.h"
#include "tally.h"
#include "timer.h"

struct access_note;
struct page_slot;
struct upstream;
struct worker;

/* What sockets are registered for, once and for all. */
#define CONN_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* Readings of one side in a row; then the worker's other connections have their turn. */
#define CONN_TURN     2

#define CONN_PEER_MAX 46 /* the text of an IPv6 address */

/* In the order lived. */
enum conn_state {
    CONN_FRESH,   /* accepted; nothing of its first request is there */
    CONN_IDLE,    /* between requests: nothing of the next one is there */
    CONN_HEAD,    /* a part of a request's head is there */
    CONN_HELD,    /* the request waits for its environment to be ready (wake.hold) */
    CONN_JOINED,  /* the request waits for the page that another one has asked for */
    CONN_CONNECT, /* the request waits for a connection to a task */
    CONN_ANSWER,  /* the request goes to the task; nothing of its answer came yet */
    CONN_BODY,    /* the answer's head went to the client */
    CONN_TUNNEL,  /* both sides have left HTTP */
    CONN_REPLY,   /* the last of an answer is on its way to the client */
    CONN_LINGER,  /* it went; what the client still sends is thrown away */
    CONN_CLOSED,
};

LIST_HEAD(conn_list, conn);

/* Clients whose request is not whole cost a descriptor and memory, and nobody knows yet whether one
 * will come. So their memory is bounded, and so is the part of them that one address may have.
 * Addresses that share a bucket share a part. */
#define STRANGER_BUCKETS 1024
#define HEAD_BYTES_MAX   (8 << 20) /* a worker's */

struct strangers {
    TAILQ_HEAD(strangers_list, conn) conns; /* the one that has waited longest is the first */
    size_t n;
};

struct conn {
    enum tag tag; /* TAG_CONN */
    enum conn_state state;
    int fd;
    struct worker *worker;
    LIST_ENTRY(conn) link;      /* in worker->conns, then in worker->dead_conns */
    struct timer timer;         /* the state's */
    struct timer tick;          /* an exchange's minute; or what the page of waiting may take */
    TAILQ_ENTRY(conn) stranger; /* in worker->strangers[address], in CONN_FRESH and CONN_HEAD */
    unsigned address;           /* its bucket there; STRANGER_BUCKETS: a trusted proxy's, in none */
    bool awaited;               /* it is in that list */
    size_t head_bytes;          /* of worker->head_bytes */
    size_t listen;              /* which listen.http entry it came in by */
    char peer[CONN_PEER_MAX];   /* the client's address */
    bool peer_trusted;          /* a proxy that is believed: network.trusted_proxies */

    struct block *in;  /* received and not used yet: bytes[start .. end) */
    size_t scanned;    /* of a head: http_head_end() */
    struct outbuf out; /* to the client */
    bool can_read;
    bool hung_up;    /* the client's end of stream is there, behind what can be read */
    bool keep_alive; /* another request may follow this one */
    bool said_last;  /* the client said that this request is its last, and it has no body */

    /* the request */
    struct upstream *upstream;
    size_t head_at, head_len; /* in->bytes, kept until the answer begins; head_len 0: not kept */
    enum http_method method;
    int minor;
    bool upgrade;
    bool waiting;           /* it is answered by mirage-api's page on which a visitor waits */
    bool failed;            /* that says why nothing is there: without the page, it is not found */
    bool asleep;            /* it sleeps, and this visit does not wake it */
    struct page_slot *page; /* which it asks for in the name of all who ask alike; NULL */
    bool bodiless;          /* its answer goes on without a body: a preflight without credentials */
    bool replayable;        /* may be sent again as it is: idempotent, all of it is in the block */
    uint32_t counter;       /* its environment's, while `tick` runs */
    bool ignored;           /* it is counted apart (use.ignore) */
    unsigned turn;          /* which of the targets is its first */
    unsigned tries;         /* targets that refused */
    bool starved;           /* what is in the block is too little to go on with */
    char subdomain[HOST_SUBDOMAIN_MAX]; /* "" for the web API */
    struct body request;
    struct body response;
    int64_t asked_us;         /* monotonic us; when it came; 0: none is to be counted (tally.h) */
    int status;               /* of the answer; 0: there is none yet */
    enum tally_by by;         /* what decided it */
    uint64_t counted;         /* of out.written */
    struct access_note *note; /* of the request, for the access log; NULL */
    bool tunnel_closed[2];    /* by the client, by the task: its end of stream was passed on */
};

/* A connection that was just accepted. Owns fd from now on, also when it fails (no memory): NULL.
 */
struct conn *conn_open(struct worker *w, int fd, size_t listen, const char *peer);

/* Closes both sides. It is freed at the end of the worker's pass. */
void conn_close(struct conn *c, const char *reason);

/* Closes both sides by a reset, so that the client does not take what it got for the whole
 * answer. */
void conn_abort(struct conn *c, const char *reason);

/* Closes the connection to the task, if there is one. */
void conn_drop_upstream(struct conn *c);

/* Goes from its state to one that may follow it (asserted), and starts that state's timer. */
void conn_set_state(struct conn *c, enum conn_state state);

/* Whom an exchange, or the rest of an answer, waits for. */
enum conn_wait {
    CONN_WAIT_CLIENT, /* to send or to take something: network.idle_timeout, anew at each call */
    CONN_WAIT_ANSWER, /* the task's, to the whole request: network.proxy_timeout, once */
    CONN_WAIT_TASK,   /* as long as it takes */
};

/* Sets the timer of a state in which it changes whom it waits for. */
void conn_wait_for(struct conn *c, enum conn_wait whom);

/* Accounts for the memory of a head that is not whole yet. */
void conn_count_head(struct conn *c);

/* The exchange is over: waits for the next request, or ends. */
void conn_next(struct conn *c);

/* The request's head in the connection's block; only while c->head_len is not 0. */
static inline const char *conn_head(const struct conn *c)
{
    return c->in->bytes + c->head_at;
}

/* Drops the request's head from the block; what lies behind it stays. */
void conn_drop_head(struct conn *c);

/* Ends the turn of a socket that has more to read: epoll reports it again on the next pass.
 * tagged: the struct conn or struct upstream that owns the socket. */
void conn_rearm(struct worker *w, int fd, void *tagged);

/* Reads up to `size` bytes; *n: how many came. Clears *can_read when an event will tell of more. */
enum io_read conn_receive(int fd, char *bytes, size_t size, bool *can_read, bool hung_up, size_t *n)
    __attribute__((warn_unused_result));

#endif
