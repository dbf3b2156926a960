#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target.h"

#define BACKLOG 4096

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
    const int on = 1;

    if (!target_set_ip(&t, address, port))
        return err_set(e, ERR_INVALID, "listen.foreign_address %s is no address", address);
    l->fd = socket(t.address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return err_system(e, errno, "cannot make a socket");
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    target_set_options(l->fd); /* accepted sockets inherit them: no system call a connection */
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
