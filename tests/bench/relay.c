/* About the least that a proxy can cost: bytes from one socket to another, a connection to the task
 * for each of the clients', and nothing of HTTP. Usage: relay PORT TARGET-PORT. A receive and a
 * send each way and a share of an epoll_wait; epoll is asked for nothing else on the way. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE 65536

struct side {
    int fd;
    int closed;
    struct side *other;
    char *kept; /* bytes of the other side that this socket does not take */
    size_t start, end;
    struct side *next_dead;
};

static char bytes[SIZE];
static int epoll;
static struct side *dead; /* freed after the pass, whose events may still name them */

static void watch(struct side *s, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = s};

    epoll_ctl(epoll, operation, s->fd, &event);
}

static void close_both(struct side *s)
{
    for (int i = 0; i < 2; i++, s = s->other)
        if (!s->closed) {
            s->closed = 1;
            close(s->fd);
            s->next_dead = dead;
            dead = s;
        }
}

/* Keeps what the socket did not take, and reads nothing more until it has. */
static void keep(struct side *to, size_t from, size_t len)
{
    if (!to->kept && !(to->kept = malloc(SIZE)))
        exit(1);
    memcpy(to->kept, bytes + from, len - from);
    to->start = 0;
    to->end = len - from;
    watch(to, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    watch(to->other, EPOLL_CTL_MOD, to->other->end > to->other->start ? EPOLLOUT : 0);
}

static void read_from(struct side *s)
{
    ssize_t n = recv(s->fd, bytes, SIZE, 0), sent;

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        close_both(s);
        return;
    }
    sent = send(s->other->fd, bytes, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        close_both(s);
    else if (sent < n)
        keep(s->other, sent < 0 ? 0 : (size_t)sent, (size_t)n);
}

static void write_to(struct side *s)
{
    ssize_t n = send(s->fd, s->kept + s->start, s->end - s->start, MSG_NOSIGNAL);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        close_both(s);
        return;
    }
    s->start += (size_t)n;
    if (s->start < s->end)
        return;
    watch(s, EPOLL_CTL_MOD, s->other->end > s->other->start ? 0 : EPOLLIN);
    watch(s->other, EPOLL_CTL_MOD, EPOLLIN | (s->other->end > s->other->start ? EPOLLOUT : 0));
}

static void accept_all(int listener, const struct sockaddr_in *target)
{
    int fd, on = 1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct side *client = calloc(1, sizeof *client), *task = calloc(1, sizeof *task);
        if (!client || !task)
            exit(1);
        client->fd = fd;
        task->fd = socket(AF_INET, SOCK_STREAM, 0);
        client->other = task;
        task->other = client;
        setsockopt(task->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(task->fd, (const struct sockaddr *)target, sizeof *target) < 0) {
            close_both(client);
            continue;
        }
        watch(client, EPOLL_CTL_ADD, EPOLLIN);
        watch(task, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void run_pass(int listener, const struct sockaddr_in *target)
{
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, -1);

    for (int i = 0; i < n; i++) {
        struct side *s = events[i].data.ptr;
        if (!s) {
            accept_all(listener, target);
            continue;
        }
        if (!s->closed && events[i].events & EPOLLOUT && s->end > s->start)
            write_to(s);
        if (!s->closed && events[i].events & ~(unsigned)EPOLLOUT) {
            if (s->other->end > s->other->start) /* it reset while nothing was asked of it */
                close_both(s);
            else
                read_from(s);
        }
    }
    while (dead) {
        struct side *s = dead;
        dead = s->next_dead;
        free(s->kept);
        free(s);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET}, target;
    struct epoll_event event = {.events = EPOLLIN};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (argc != 3)
        return 2;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    target = address;
    target.sin_port = htons((unsigned short)atoi(argv[2]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 4096) < 0) {
        perror("relay");
        return 1;
    }
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;)
        run_pass(listener, &target);
}
