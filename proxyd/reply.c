#include "reply.h"

#include <stdarg.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "http_reason.h"

#include "conn.h"
#include "worker.h"

/* Sends the answer. No cache may keep it: it is true of this moment. The upstream connection, if
 * there is one, is of no use any more. */
static void reply(struct conn *c, int status, const char *type, const char *fields,
                  const struct buf *body)
{
    char date[CLOCK_TEXT_SIZE];
    struct buf head = {0};
    struct iovec iov[2];

    conn_drop_upstream(c);
    c->status = status;
    if (!c->request.done || c->worker->draining)
        c->keep_alive = false;
    buf_printf(&head,
               "HTTP/1.1 %d %s\r\nDate: %s\r\n%sCache-Control: no-store\r\nContent-Type: %s\r\n"
               "X-Content-Type-Options: nosniff\r\nContent-Length: %zu\r\n%s\r\n",
               status, http_reason(status), clock_imf_fixdate(clock_now_ms(), date), fields, type,
               body->len,
               !c->keep_alive  ? "Connection: close\r\n"
               : c->minor == 0 ? "Connection: keep-alive\r\n"
                               : "");
    if (head.failed || body->failed) {
        conn_close(c, "out of memory");
        goto out;
    }
    conn_drop_head(c);
    iov[0] = (struct iovec){.iov_base = head.data, .iov_len = head.len};
    iov[1] = (struct iovec){.iov_base = body->data,
                            .iov_len = c->method == HTTP_METHOD_HEAD ? 0 : body->len};
    if (outbuf_write(&c->out, c->fd, iov, 2) == OUTBUF_FAILED) {
        conn_close(c, "the client left");
        goto out;
    }
    conn_set_state(c, CONN_REPLY);
out:
    buf_free(&head);
}

void reply_text(struct conn *c, int status, const char *format, ...)
{
    struct buf body = {0};
    va_list args;

    va_start(args, format);
    buf_vprintf(&body, format, args);
    va_end(args);
    buf_char(&body, '\n');
    reply(c, status, "text/plain; charset=utf-8", "", &body);
    buf_free(&body);
}

void reply_bytes(struct conn *c, int status, const char *type, const struct buf *body)
{
    reply(c, status, type, "", body);
}

void reply_refuse(struct conn *c, int status, const char *why)
{
    c->keep_alive = false;
    reply_text(c, status, "%d %s: %s", status, http_reason(status), why);
}

void reply_not_ready(struct conn *c, const char *host, enum reply_type type)
{
    static const char *const types[] = {
        [REPLY_TEXT] = "text/plain; charset=utf-8",
        [REPLY_HTML] = "text/html; charset=utf-8",
        [REPLY_JSON] = "application/json; charset=utf-8",
    };
    const char *state = c->asleep ? "asleep" : "starting";
    struct buf body = {0}, fields = {0};

    if (type == REPLY_HTML) /* of the characters of a host name none needs escaping */
        buf_printf(&body,
                   "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta http-equiv=\"refresh\" content=\"2\">"
                   "<meta name=\"viewport\" content=\"width=device-width\">"
                   "<title>%s is %s</title>"
                   "<style>body{font:1.2em/1.5 system-ui,sans-serif;margin:20vh auto;"
                   "text-align:center;color-scheme:light dark}</style></head>\n"
                   "<body><p>%s is %s</p>"
                   "<p><small>This page looks again every two seconds.</small></p></body></html>\n",
                   host, state, host, state);
    else if (type == REPLY_JSON)
        buf_printf(&body,
                   "{\"result\":\"starting\",\"state\":\"%s\",\"step\":null,"
                   "\"eta_seconds\":null}\n",
                   state);
    else
        buf_printf(&body, "%s is %s\n", host, state);
    buf_printf(&fields, "Retry-After: %d\r\nMirage-State: %s\r\n", c->asleep ? 15 : 2, state);
    reply(c, 503, types[type], buf_text(&fields), &body);
    buf_free(&fields);
    buf_free(&body);
}
