/* A small HTTP/1.1 server: a thread for each connection, and one answer on each connection. */
#include "page.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "buf.h"

#define HEAD_MAX 65536

extern char **environ;

static struct buf body; /* made once; the environment does not change */

static void add_html(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '<':
            buf_str(out, "&lt;");
            break;
        case '>':
            buf_str(out, "&gt;");
            break;
        case '&':
            buf_str(out, "&amp;");
            break;
        case '"':
            buf_str(out, "&quot;");
            break;
        default:
            buf_char(out, text[i]);
        }
    }
}

static void make_body(const char *subdomain, const char *taskdef)
{
    buf_str(&body, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    add_html(&body, subdomain, strlen(subdomain));
    buf_str(&body,
            "</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:3em auto;"
            "max-width:50em;padding:0 1em;color-scheme:light dark}td{padding:.2em 1em .2em 0;"
            "vertical-align:top}code{overflow-wrap:anywhere}</style></head>\n<body><h1>");
    add_html(&body, subdomain, strlen(subdomain));
    buf_str(&body, "</h1>\n<p>This is a local task of <b>");
    add_html(&body, taskdef, strlen(taskdef));
    buf_str(&body, "</b>, which has no command of its own: it shows its environment.</p>\n"
                   "<table>\n");
    for (char **e = environ; *e; e++) {
        size_t name = strcspn(*e, "=");
        buf_str(&body, "<tr><td><code>");
        add_html(&body, *e, name);
        buf_str(&body, "</code></td><td><code>");
        if ((*e)[name])
            add_html(&body, *e + name + 1, strlen(*e + name + 1));
        buf_str(&body, "</code></td></tr>\n");
    }
    buf_str(&body, "</table></body></html>\n");
    if (body.failed)
        abort();
}

/* Reads to the end of the request's head. Its length, or 0 when there is none. */
static size_t read_head(int fd, char *head)
{
    size_t len = 0;
    ssize_t n;

    while (len < HEAD_MAX - 1 && (n = recv(fd, head + len, HEAD_MAX - 1 - len, 0)) > 0) {
        len += (size_t)n;
        head[len] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return len;
    }
    return 0;
}

static void send_all(int fd, const char *bytes, size_t len)
{
    ssize_t n;

    for (; len > 0 && (n = send(fd, bytes, len, MSG_NOSIGNAL)) > 0; len -= (size_t)n)
        bytes += n;
}

static void *serve_connection(void *arg)
{
    int fd = (int)(intptr_t)arg;
    struct timeval limit = {.tv_sec = 30};
    char *head = malloc(HEAD_MAX), answer[256];
    bool is_head;
    int n;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (head && read_head(fd, head) > 0) {
        is_head = !strncmp(head, "HEAD ", 5);
        head[strcspn(head, "\r\n")] = '\0';
        printf("%s\n", head);
        n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                     body.len);
        send_all(fd, answer, (size_t)n);
        if (!is_head)
            send_all(fd, body.data, body.len);
        shutdown(fd, SHUT_WR);
        while (recv(fd, head, HEAD_MAX, 0) >
               0) /* a body that nobody reads would reset the answer */
            ;
    }
    free(head);
    close(fd);
    return NULL;
}

/* Answers what comes in on this listening socket. */
static void *serve_port(void *arg)
{
    int listener = (int)(intptr_t)arg;
    pthread_attr_t detached;
    pthread_t thread;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, 256 * 1024);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            usleep(10000); /* out of descriptors, or a client that went away */
        else if (pthread_create(&thread, &detached, serve_connection, (void *)(intptr_t)fd) != 0)
            close(fd);
    }
    return NULL;
}

void page_serve(const int *listeners, size_t n, const char *subdomain, const char *taskdef)
{
    pthread_t thread;

    make_body(subdomain, taskdef);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("serving the built-in page on port %s\n", getenv("PORT"));
    for (size_t i = 1; i < n; i++)
        if (pthread_create(&thread, NULL, serve_port, (void *)(intptr_t)listeners[i]) != 0)
            close(listeners[i]);
    serve_port((void *)(intptr_t)listeners[0]);
    abort(); /* it does not return */
}
