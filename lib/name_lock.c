#include "name_lock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HOLDER_TRIES    50
#define HOLDER_PAUSE_MS 20

/* The address of a name, which begins with a NUL. */
static socklen_t name_address(struct sockaddr_un *name, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static socklen_t name_address(struct sockaddr_un *name, const char *format, va_list args)
{
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    vsnprintf(name->sun_path + 1, sizeof name->sun_path - 1, format, args);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name->sun_path + 1));
}

int name_lock(const char *format, ...)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;
    struct sockaddr_un name;
    socklen_t len;
    va_list args;

    va_start(args, format);
    len = name_address(&name, format, args);
    va_end(args);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int name_lock_tell(int lock)
{
    return listen(lock, SOMAXCONN);
}

/* The kernel tells a connected socket as whom the other side called listen() (SO_PEERCRED). */
int name_lock_holder(uid_t *uid, const char *format, ...)
{
    struct ucred peer;
    socklen_t len, peer_len = sizeof peer;
    struct sockaddr_un name;
    va_list args;
    int rc = -1;

    va_start(args, format);
    len = name_address(&name, format, args);
    va_end(args);
    for (int tries = 0; rc < 0 && tries < HOLDER_TRIES; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (tries > 0)
            poll(NULL, 0, HOLDER_PAUSE_MS);
        if (fd < 0)
            return -1;
        if (connect(fd, (struct sockaddr *)&name, len) == 0 &&
            getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0) {
            *uid = peer.uid;
            rc = 0;
        }
        close(fd);
    }
    return rc;
}
