/* Requests that wait for a thread which may call AWS. */
#ifndef MIRAGE_QUEUE_H
#define MIRAGE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <fcgiapp.h>

enum { QUEUE_MAX = 256 }; /* each is a connection of the web server */

/* A request and the connection that it came by. */
struct visit {
    FCGX_Request request;
    int64_t came_at; /* monotonic ms */
    STAILQ_ENTRY(visit) next;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    STAILQ_HEAD(queue_head, visit) visits; /* the one that waits longest first */
    size_t len;
    bool closed;
};

void queue_init(struct queue *q);
void queue_free(struct queue *q); /* it is empty */

/* False when it is full: the visit stays the caller's. */
bool queue_add(struct queue *q, struct visit *v) __attribute__((warn_unused_result));

/* Waits for a visit, which becomes the caller's. NULL once the queue is closed and empty. */
struct visit *queue_take(struct queue *q) __attribute__((warn_unused_result));

/* Nothing is added any more. */
void queue_close(struct queue *q);

#endif
