#include "queue.h"

void queue_init(struct queue *q)
{
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    STAILQ_INIT(&q->visits);
    q->len = 0;
    q->closed = false;
}

void queue_free(struct queue *q)
{
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
}

bool queue_add(struct queue *q, struct visit *v)
{
    bool room;

    pthread_mutex_lock(&q->lock);
    room = q->len < QUEUE_MAX && !q->closed;
    if (room) {
        STAILQ_INSERT_TAIL(&q->visits, v, next);
        q->len++;
        pthread_cond_signal(&q->changed);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

struct visit *queue_take(struct queue *q)
{
    struct visit *v;

    pthread_mutex_lock(&q->lock);
    while (STAILQ_EMPTY(&q->visits) && !q->closed)
        pthread_cond_wait(&q->changed, &q->lock);
    v = STAILQ_FIRST(&q->visits);
    if (v) {
        STAILQ_REMOVE_HEAD(&q->visits, next);
        q->len--;
    }
    pthread_mutex_unlock(&q->lock);
    return v;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}
