#include "free_port.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "name_lock.h"

#define PORT_FIRST 20000 /* below the kernel's range for outgoing connections */
#define PORT_COUNT 12000

/* Claims a port among all local tasks of this machine, also before the task has bound it. The
 * descriptor stays open; -1: taken. */
static int claim_port(int port)
{
    return name_lock("mirage-local-task:%d", port);
}

/* A socket that listens on this port of 127.0.0.1; -1 when the port is not free. */
static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

int free_port_take(int *port)
{
    uint16_t random;

    for (int tries = 0; tries < 1000; tries++) {
        int claim, fd;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            break;
        *port = PORT_FIRST + random % PORT_COUNT;
        claim = claim_port(*port);
        if (claim < 0)
            continue;
        fd = listen_on(*port);
        if (fd >= 0)
            return fd;
        close(claim);
    }
    return -1;
}
