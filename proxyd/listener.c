#include "listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target.h"

#define BACKLOG            4096
#define KEEPALIVE_IDLE_S   60
#define KEEPALIVE_COUNT    4
#define KEEPALIVE_INTVAL_S 15

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* Accepted sockets inherit these: no system call a connection, and a client that vanished is
 * noticed even where no timeout runs. */
static void set_options(int fd)
{
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

static const char *advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another program has this port: stop it, or change listen.http (or -default-port)";
    case EACCES:
        return "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
        return "; listen.foreign_address is no address of this machine";
    default:
        return "";
    }
}

static int open_one(struct listener *l, const char *address, int port, struct err *e)
{
    struct target t;

    if (!target_set_ip(&t, address, port))
        return err_set(e, ERR_INVALID, "listen.foreign_address %s is no address", address);
    l->fd = socket(t.address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return err_system(e, errno, "cannot make a socket");
    set_options(l->fd);
    if (bind(l->fd, &t.address.any, t.len) == 0 && listen(l->fd, BACKLOG) == 0)
        return 0;
    err_set(e, ERR_INVALID, "cannot listen on %s port %d: %s%s", address, port, strerror(errno),
            advice(errno));
    close(l->fd);
    l->fd = -1;
    return -1;
}

int listener_open_all(struct listener *listeners, const struct config *config, struct err *e)
{
    for (size_t i = 0; i < config->listen.n_http; i++) {
        listeners[i] = (struct listener){.tag = TAG_LISTENER, .index = i};
        if (open_one(&listeners[i], config->listen.foreign_address,
                     (int)config->listen.http[i].listen, e) < 0) {
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
