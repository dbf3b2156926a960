#include "name_lock.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int name_lock(const char *format, ...)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX}; /* its path begins with a NUL */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;
    socklen_t len;
    va_list args;

    va_start(args, format);
    vsnprintf(name.sun_path + 1, sizeof name.sun_path - 1, format, args);
    va_end(args);
    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name.sun_path + 1));
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}
