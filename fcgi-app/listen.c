/* Opens or takes over the listening socket. Accepting never blocks: threads wait in poll(2), where
 * the end of the program can wake them. */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* 0 when the path is free, or was a socket that nobody answers on. */
static int make_room(const struct sockaddr_un *address, struct err *e)
{
    const char *path = address->sun_path;
    struct stat st;
    int fd;
    int rc;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_system(e, errno, "cannot look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, ERR_INVALID, "%s exists and is no socket", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_system(e, errno, "cannot make a socket");
    rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    if (rc == 0 || errno == EAGAIN)
        rc = err_set(e, ERR_INVALID, "another process answers on the socket %s", path);
    else if (errno != ECONNREFUSED)
        rc = err_system(e, errno, "cannot tell whether %s is in use", path);
    else if (unlink(path) < 0 && errno != ENOENT)
        rc = err_system(e, errno, "cannot remove the stale socket %s", path);
    else
        rc = 0;
    close(fd);
    return rc;
}

static int set_nonblocking(int fd, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return err_system(e, errno, "cannot change the listening socket");
    return 0;
}

int listen_open(const char *path, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd = -1;
    int rc;

    if (!*path)
        return err_set(e, ERR_INVALID, "the path of the socket is empty");
    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(e, ERR_INVALID, "the path of the socket is too long (at most %zu bytes): %s",
                       sizeof(address.sun_path) - 1, path);
    strcpy(address.sun_path, path);
    if (make_room(&address, e) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_system(e, errno, "cannot make a socket");
    mask = umask(0177);
    rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (rc < 0) {
        err_system(e, errno, "cannot make the socket %s", path);
        goto fail;
    }
    if (listen(fd, BACKLOG) < 0) {
        err_system(e, errno, "cannot listen on %s", path);
        goto fail;
    }
    if (set_nonblocking(fd, e) < 0)
        goto fail;
    return fd;
fail:
    close(fd);
    return -1;
}

int listen_inherited(struct err *e)
{
    int is_listening = 0;
    socklen_t len = sizeof(is_listening);

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) < 0 ||
        !is_listening)
        return err_set(e, ERR_INVALID,
                       "descriptor 0 is no listening socket: let a web server start this program, "
                       "or give -socket PATH");
    return set_nonblocking(STDIN_FILENO, e) < 0 ? -1 : STDIN_FILENO;
}
