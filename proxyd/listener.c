#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target.h"

#define BACKLOG 4096

/* Who listens, for messages. */
struct place {
    const char *where;       /* "0.0.0.0 port 80" */
    const char *port_key;    /* what to change for another port */
    const char *address_key; /* and for another address */
};

static int refuse(const struct place *p, int error, struct err *e)
{
    const char *why = strerror(error);

    switch (error) {
    case EADDRINUSE:
        return err_set(e, ERR_INVALID,
                       "cannot listen on %s: %s; another program has this port: stop it, or change "
                       "%s",
                       p->where, why, p->port_key);
    case EACCES:
        return err_set(e, ERR_INVALID,
                       "cannot listen on %s: %s; ports below 1024 need root or "
                       "CAP_NET_BIND_SERVICE",
                       p->where, why);
    case EADDRNOTAVAIL:
        return err_set(e, ERR_INVALID, "cannot listen on %s: %s; %s is no address of this machine",
                       p->where, why, p->address_key);
    default:
        return err_set(e, ERR_INVALID, "cannot listen on %s: %s", p->where, why);
    }
}

static int open_one(struct listener *l, const struct target *t, const struct place *p,
                    struct err *e)
{
    const int on = 1;

    l->fd = socket(t->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return err_system(e, errno, "cannot make a socket");
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    target_set_options(l->fd); /* accepted sockets inherit them: no system call a connection */
    if (bind(l->fd, &t->address.any, t->len) == 0 && listen(l->fd, BACKLOG) == 0)
        return 0;
    refuse(p, errno, e);
    close(l->fd);
    l->fd = -1;
    return -1;
}

static int open_http(struct listener *l, const struct config *config, size_t i, struct err *e)
{
    const char *address = config->listen.foreign_address;
    const long port = config->listen.http[i].listen;
    char where[128];
    const struct place place = {where, "listen.http (or -default-port)", "listen.foreign_address"};
    struct target t;

    if (!target_set_ip(&t, address, (int)port))
        return err_set(e, ERR_INVALID, "listen.foreign_address %s is no address", address);
    snprintf(where, sizeof where, "%s port %ld", address, port);
    return open_one(l, &t, &place, e);
}

static int open_metrics(struct listener *l, const struct config *config, struct err *e)
{
    const struct place place = {config->listen.metrics, "listen.metrics", "listen.metrics"};
    struct target t;

    if (!target_parse(&t, config->listen.metrics))
        return err_set(e, ERR_INVALID, "listen.metrics %s is no address and port",
                       config->listen.metrics);
    return open_one(l, &t, &place, e);
}

size_t listener_count(const struct config *config)
{
    return config->listen.n_http + (config->listen.metrics ? 1 : 0);
}

int listener_open_all(struct listener *listeners, const struct config *config, struct err *e)
{
    for (size_t i = 0; i < listener_count(config); i++) {
        listeners[i] = (struct listener){.tag = TAG_LISTENER, .index = i};
        if ((i < config->listen.n_http ? open_http(&listeners[i], config, i, e)
                                       : open_metrics(&listeners[i], config, e)) < 0) {
            listener_close_all(listeners, i);
            return -1;
        }
    }
    return 0;
}

void listener_close_all(struct listener *listeners, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (listeners[i].fd >= 0) {
            close(listeners[i].fd);
            listeners[i].fd = -1;
        }
}
