/* The client of the measurements. Keeps a number of connections busy, or (with a rate) sends
 * requests at their times whether or not earlier ones were answered, and counts their latency from
 * when they were due: what a queue costs is seen. One thread. Prints one line of JSON.
 *
 * load PORT [-c CONNECTIONS] [-d SECONDS] [-r REQUESTS-A-SECOND] [-p PATH] [-b BODY-BYTES]
 *      [-H HOST] [-n HOSTS] [-i IDLE-CONNECTIONS] [-s STATUS] [-x]
 * HOST may have one %u, a number below HOSTS, another for each request. -x: a connection for each
 * request. -i: connections beside the busy ones, which make one request each and then are silent;
 * `ready` is printed when they are, a line on standard input begins the measurement, and another
 * ends it: all connections stay open until then. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX  4096
#define READ_SIZE 262144
#define SOURCES   64 /* addresses 127.0.1.x to connect from: each has its own range of ports */

struct options {
    int port, connections, idle, fresh;
    int status; /* that answers are to have */
    double seconds, rate;
    size_t body;
    unsigned hosts;
    const char *path, *host;
};

struct client {
    int fd, busy, connecting, idle;
    int64_t due; /* ns: when its request was to be sent */
    size_t head_len, left;
    int in_body;
    size_t sent, to_send; /* of head and body of the request */
    size_t request_head;
    struct client *next_free;
    char head[HEAD_MAX], request[HEAD_MAX];
};

static struct options o = {.connections = 64,
                           .seconds = 3,
                           .path = "/100",
                           .host = "app.bench.test",
                           .hosts = 1,
                           .status = 200};
static int epoll;
static char input[READ_SIZE], *body;
static struct client *free_clients;
static unsigned sequence, n_idle_ready;
static uint64_t n_sent, n_done, n_errors;
static uint32_t *latencies; /* in tenths of a microsecond */
static size_t n_latencies, latencies_cap;
static int64_t begun, ends;

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void record(int64_t due)
{
    if (n_latencies == latencies_cap) {
        latencies_cap = latencies_cap ? latencies_cap * 2 : 1 << 16;
        latencies = realloc(latencies, latencies_cap * sizeof *latencies);
        if (!latencies)
            exit(1);
    }
    latencies[n_latencies++] = (uint32_t)((now_ns() - due) / 100);
}

static void open_socket(struct client *c)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    static unsigned source;
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    from.sin_addr.s_addr = htonl(0x7f000101u + source++ % SOURCES);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((unsigned short)o.port);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
        perror("load: connect");
        exit(1);
    }
    c->connecting = 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void send_more(struct client *c)
{
    while (c->sent < c->to_send) {
        ssize_t n;
        if (c->sent < c->request_head)
            n = send(c->fd, c->request + c->sent, c->request_head - c->sent,
                     MSG_NOSIGNAL | (o.body ? MSG_MORE : 0));
        else
            n = send(c->fd, body, c->to_send - c->sent, MSG_NOSIGNAL);
        if (n < 0)
            return; /* EAGAIN; what is broken shows when it is read */
        c->sent += (size_t)n;
    }
}

static void begin(struct client *c, int64_t due)
{
    char host[128];

    /* A step that is prime to the number of hosts: all of them, in no order that caches like. */
    sequence += 7919;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(host, sizeof host, o.host, sequence % o.hosts);
#pragma GCC diagnostic pop
    c->request_head =
        (size_t)snprintf(c->request, sizeof c->request, "%s %s HTTP/1.1\r\nHost: %s\r\n",
                         o.body ? "POST" : "GET", o.path, host);
    if (o.body)
        c->request_head +=
            (size_t)snprintf(c->request + c->request_head, 64, "Content-Length: %zu\r\n", o.body);
    c->request_head += (size_t)snprintf(c->request + c->request_head, 64, "%s\r\n",
                                        o.fresh ? "Connection: close\r\n" : "");
    c->to_send = c->request_head + o.body;
    c->sent = c->head_len = 0;
    c->in_body = 0;
    c->busy = 1;
    c->due = due;
    n_sent++;
    if (c->fd < 0)
        open_socket(c);
    if (!c->connecting)
        send_more(c);
}

static void put_free(struct client *c)
{
    c->next_free = free_clients;
    free_clients = c;
}

static void lose(struct client *c)
{
    n_errors++;
    close(c->fd);
    c->fd = -1;
    c->busy = c->connecting = 0;
}

/* The answer is whole. */
static void done(struct client *c)
{
    c->busy = 0;
    if (c->idle) {
        n_idle_ready++;
        return;
    }
    n_done++;
    record(c->due);
    if (o.fresh) {
        close(c->fd);
        c->fd = -1;
    }
    if (o.rate > 0)
        put_free(c);
    else if (now_ns() < ends)
        begin(c, now_ns());
}

static void take_head(struct client *c, const char *bytes, size_t len)
{
    size_t before = c->head_len, more = len;
    const char *end, *length;

    if (more > HEAD_MAX - 1 - before)
        more = HEAD_MAX - 1 - before;
    memcpy(c->head + before, bytes, more);
    end = memmem(c->head, before + more, "\r\n\r\n", 4);
    if (!end) {
        c->head_len += more;
        if (c->head_len >= HEAD_MAX - 1)
            lose(c);
        return;
    }
    c->head_len = (size_t)(end - c->head) + 4;
    c->head[c->head_len - 1] = '\0';
    length = strcasestr(c->head, "\r\ncontent-length:");
    if (!length || atoi(c->head + 9) != o.status) {
        lose(c);
        return;
    }
    c->in_body = 1;
    c->left = strtoul(length + 17, NULL, 10) - (len - (c->head_len - before));
}

static void receive(struct client *c)
{
    while (c->busy) {
        ssize_t n = recv(c->fd, input, sizeof input, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            lose(c);
            return;
        }
        if (c->in_body)
            c->left -= (size_t)n;
        else
            take_head(c, input, (size_t)n);
        if (c->busy && c->in_body && c->left == 0) {
            done(c);
            return; /* a new request's answer comes with a new event */
        }
        if ((size_t)n < sizeof input)
            return;
    }
}

static void ready(struct client *c, unsigned events)
{
    if (c->fd < 0)
        return;
    if (c->connecting && events & EPOLLOUT)
        c->connecting = 0;
    if (c->busy && events & EPOLLOUT)
        send_more(c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(c);
}

static void run_pass(int64_t until)
{
    struct epoll_event events[256];
    int64_t wait = until - now_ns();
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    int n;

    if (wait < 0)
        timeout = (struct timespec){0};
    n = epoll_pwait2(epoll, events, 256, &timeout, NULL);
    for (int i = 0; i < n; i++)
        ready(events[i].data.ptr, events[i].events);
}

static struct client *new_client(int idle)
{
    struct client *c = calloc(1, sizeof *c);

    if (!c)
        exit(1);
    c->fd = -1;
    c->idle = idle;
    return c;
}

/* Opens those that will be silent, some at a time. */
static void open_idle(void)
{
    char line[8];

    for (unsigned i = 0; i < (unsigned)o.idle; i++) {
        begin(new_client(1), 0);
        while (i > n_idle_ready + 64 && n_errors == 0)
            run_pass(now_ns() + 1000000000);
    }
    while (n_idle_ready < (unsigned)o.idle && n_errors == 0)
        run_pass(now_ns() + 1000000000);
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        exit(1);
}

static void run_closed(void)
{
    for (int i = 0; i < o.connections; i++)
        begin(new_client(0), now_ns());
    while (now_ns() < ends)
        run_pass(ends);
}

/* Sends what is due; a request for which no connection is free waits for one, and is late. */
static void run_open(void)
{
    uint64_t due = 0;
    int64_t gap = (int64_t)(1e9 / o.rate), now;

    for (int i = 0; i < o.connections; i++)
        put_free(new_client(0));
    while ((now = now_ns()) < ends) {
        int64_t next = begun + (int64_t)due * gap;
        while (next <= now && free_clients) {
            struct client *c = free_clients;
            free_clients = c->next_free;
            begin(c, next);
            next = begun + (int64_t)++due * gap;
        }
        run_pass(free_clients ? next : ends);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double percentile(double p)
{
    return n_latencies ? latencies[(size_t)((double)(n_latencies - 1) * p)] / 10.0 : 0;
}

static void report(void)
{
    double seconds = (double)(now_ns() - begun) / 1e9;

    qsort(latencies, n_latencies, sizeof *latencies, compare);
    printf("{\"requests\": %llu, \"errors\": %llu, \"rate\": %.1f, \"p50_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
           (unsigned long long)n_done, (unsigned long long)n_errors, (double)n_done / seconds,
           percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
}

static int read_options(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "c:d:r:p:b:H:n:i:s:x")) != -1)
        switch (option) {
        case 'c':
            o.connections = atoi(optarg);
            break;
        case 'd':
            o.seconds = atof(optarg);
            break;
        case 'r':
            o.rate = atof(optarg);
            break;
        case 'p':
            o.path = optarg;
            break;
        case 'b':
            o.body = strtoul(optarg, NULL, 10);
            break;
        case 'H':
            o.host = optarg;
            break;
        case 'n':
            o.hosts = (unsigned)atoi(optarg);
            break;
        case 'i':
            o.idle = atoi(optarg);
            break;
        case 's':
            o.status = atoi(optarg);
            break;
        case 'x':
            o.fresh = 1;
            break;
        default:
            return -1;
        }
    if (optind != argc - 1)
        return -1;
    o.port = atoi(argv[optind]);
    return o.connections > 0 && o.hosts > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    char line[8];

    if (read_options(argc, argv) < 0) {
        fprintf(stderr, "usage: load PORT [options], see load.c\n");
        return 2;
    }
    epoll = epoll_create1(0);
    body = calloc(1, o.body + 1);
    if (epoll < 0 || !body)
        return 1;
    if (o.idle > 0)
        open_idle();
    begun = now_ns();
    ends = begun + (int64_t)(o.seconds * 1e9);
    if (o.rate > 0)
        run_open();
    else
        run_closed();
    report();
    fflush(stdout);
    if (o.idle > 0 && !fgets(line, sizeof line, stdin)) /* closing them costs the proxy, too */
        return 1;
    return 0;
}
