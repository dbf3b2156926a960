/* The task of the measurements: answers every request as fast as it can, so that the proxy in front
 * of it is what is measured. `GET /N` has a body of N bytes; what is posted is read and answered
 * with 100 bytes. Usage: origin PORT. Reads no more HTTP than proxies write: heads in one piece or
 * several, Content-Length, no chunks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MAX  (16u << 20)
#define HEAD_MAX  8192
#define READ_SIZE 262144

struct client {
    int fd;
    size_t head_len;  /* what there is of a head */
    size_t body_left; /* of the request, to be thrown away */
    size_t answer;    /* the size of the answer's body, once the request's was read */
    size_t left;      /* of the answer, which the socket does not take */
    int close;
    char head[HEAD_MAX];
};

static char body[BODY_MAX], input[READ_SIZE];
static int epoll;

static void watch(struct client *c, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    epoll_ctl(epoll, operation, c->fd, &event);
}

static void end(struct client *c)
{
    close(c->fd);
    free(c);
}

/* Sends what is left of the answer's body. 0 when the connection ended. */
static int send_rest(struct client *c)
{
    while (c->left > 0) {
        ssize_t n = send(c->fd, body, c->left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, EPOLL_CTL_MOD, EPOLLOUT);
            return 1;
        }
        if (n <= 0)
            return 0;
        c->left -= (size_t)n;
    }
    return !c->close;
}

static int answer(struct client *c)
{
    char text[HEAD_MAX];
    size_t small = c->answer <= 1024 ? c->answer : 0;
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                     "Content-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n",
                     c->answer, c->close ? "Connection: close\r\n" : "");

    memcpy(text + n, body, small);
    if (send(c->fd, text, (size_t)n + small, MSG_NOSIGNAL | (small < c->answer ? MSG_MORE : 0)) < 0)
        return 0;
    c->left = c->answer - small;
    return send_rest(c);
}

/* The head is whole. 0 when the connection ended. */
static int take_head(struct client *c)
{
    const char *length;

    c->head[c->head_len] = '\0';
    c->close = !!strcasestr(c->head, "\r\nconnection: close");
    length = strcasestr(c->head, "\r\ncontent-length:");
    c->body_left = length ? strtoul(length + 17, NULL, 10) : 0;
    c->answer = strncmp(c->head, "GET /", 5) ? 100 : strtoul(c->head + 5, NULL, 10);
    if (c->answer > BODY_MAX)
        return 0;
    c->head_len = 0;
    return 1;
}

/* Takes in bytes; one request at a time, as a proxy sends them. 0 when the connection ended. */
static int take(struct client *c, const char *bytes, size_t len)
{
    if (c->body_left == 0) {
        const char *found;
        size_t before = c->head_len, more = len;
        if (more > HEAD_MAX - 1 - before)
            more = HEAD_MAX - 1 - before;
        memcpy(c->head + before, bytes, more);
        found = memmem(c->head, before + more, "\r\n\r\n", 4);
        if (!found) {
            c->head_len += more;
            return c->head_len < HEAD_MAX - 1;
        }
        c->head_len = (size_t)(found - c->head) + 4;
        bytes += c->head_len - before;
        len -= c->head_len - before;
        if (!take_head(c))
            return 0;
    }
    if (len > c->body_left)
        return 0;
    c->body_left -= len;
    return c->body_left > 0 ? 1 : answer(c);
}

static void ready(struct client *c, unsigned events)
{
    ssize_t n;

    if (events & EPOLLOUT) {
        if (!send_rest(c)) {
            end(c);
            return;
        }
        if (c->left == 0)
            watch(c, EPOLL_CTL_MOD, EPOLLIN);
        return;
    }
    n = recv(c->fd, input, sizeof input, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 || !take(c, input, (size_t)n))
        end(c);
}

static void accept_all(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct client *c = calloc(1, sizeof *c);
        if (!c)
            exit(1);
        c->fd = fd;
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event events[256], event = {.events = EPOLLIN};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (argc != 2)
        return 2;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 4096) < 0) {
        perror("origin");
        return 1;
    }
    memset(body, 'x', sizeof body);
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                ready(events[i].data.ptr, events[i].events);
            else
                accept_all(listener);
        }
    }
}
