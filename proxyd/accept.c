#include "accept.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "log.h"

#include "conn.h"
#include "crowd.h"
#include "listener.h"
#include "worker.h"

#define ACCEPTS_MAX  4     /* a listener's event: so that all workers get some */
#define MUTE_MS      100   /* after running out of descriptors */
#define MUTE_TELL_MS 60000 /* who keeps us full writes no line ten times a second */

void accept_watch(struct worker *w, bool watch)
{
    for (size_t i = 0; i < w->shared->n_listeners; i++) {
        struct listener *l = &w->shared->listeners[i];
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = l};
        if (epoll_ctl(w->epoll, watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, l->fd, &event) < 0)
            log_error("cannot %s a listening socket: %s", watch ? "watch" : "leave",
                      strerror(errno));
    }
}

static void mute(struct worker *w, const char *reason)
{
    if (w->muted)
        return;
    if (!w->mute_told_at || w->now - w->mute_told_at >= MUTE_TELL_MS) {
        log_warn("accepting no connections for a moment: %s", reason);
        w->mute_told_at = w->now;
    }
    accept_watch(w, false);
    w->muted = true;
    w->unmute_at = w->now + MUTE_MS;
}

/* Whether a client waits at a listener. */
static bool somebody_waits(const struct listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static bool anybody_waits(const struct worker *w)
{
    for (size_t i = 0; i < w->shared->n_listeners; i++)
        if (somebody_waits(&w->shared->listeners[i]))
            return true;
    return false;
}

void accept_unmute_when_due(struct worker *w)
{
    if (!w->muted || w->now < w->unmute_at || w->draining)
        return;
    if (w->n_conns >= w->conns_max && !(anybody_waits(w) && crowd_make_room(w))) {
        w->unmute_at = w->now + MUTE_MS;
        return;
    }
    w->muted = false;
    accept_watch(w, true);
}

static const char *peer_text(const struct sockaddr_storage *peer, char text[CONN_PEER_MAX])
{
    const void *address = peer->ss_family == AF_INET
                              ? (const void *)&((const struct sockaddr_in *)peer)->sin_addr
                              : (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr;

    if (!inet_ntop(peer->ss_family, address, text, CONN_PEER_MAX))
        return "unknown";
    return !strncmp(text, "::ffff:", 7) && strchr(text, '.') ? text + 7 : text;
}

bool accept_one(struct worker *w, const struct listener *l)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char text[CONN_PEER_MAX];
    int fd;

    /* Each client needs a second descriptor for its task: conns_max keeps one for it. */
    if (w->n_conns >= w->conns_max) {
        if (!somebody_waits(l))
            return false;
        if (!crowd_make_room(w)) {
            mute(w, "too many are open");
            return false;
        }
    }
    fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        struct conn *c = conn_open(w, fd, l->index, peer_text(&peer, text));
        if (c)
            crowd_bound_strangers(c);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        mute(w, strerror(errno));
    return fd >= 0 || errno == EINTR || errno == ECONNABORTED;
}

void accept_some(struct worker *w, const struct listener *l)
{
    for (int i = 0; i < ACCEPTS_MAX && !w->draining && accept_one(w, l); i++)
        ;
}
