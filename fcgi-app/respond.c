/* Answers: JSON, pages, redirects. None of them may be cached, and each says so. */
#include "respond.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "http_reason.h"

#include "encode.h"

/* Pages load nothing from elsewhere, run no inline script, and stand in nobody's frame. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "                \
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri " \
    "'none'"

void response_free(struct response *r)
{
    free(r->cookie);
    buf_free(&r->body);
}

void respond_set_cookie(struct response *r, const char *name, const char *value, const char *domain,
                        int seconds)
{
    struct buf text = {0};

    buf_printf(&text, "%s=%s; Path=/; Domain=%s; Max-Age=%d; HttpOnly; Secure; SameSite=Lax", name,
               value, domain, seconds);
    if (text.failed)
        abort();
    free(r->cookie);
    r->cookie = text.data;
}

static void start(struct response *r, int status, const char *content_type)
{
    struct response before = *r;

    buf_clear(&before.body);
    *r = (struct response){.status = status,
                           .content_type = content_type,
                           .allow = before.allow,
                           .retry_after = before.retry_after,
                           .ask_password = before.ask_password,
                           .cookie = before.cookie,
                           .body = before.body};
}

void respond_json(struct response *r, int status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    start(r, text ? status : 500, "application/json; charset=UTF-8");
    buf_str(&r->body, text ? text : "{\"result\":\"out of memory\"}");
    buf_char(&r->body, '\n');
    free(text);
    json_decref(json);
}

void respond_json_ready(struct response *r, int status, const struct buf *text)
{
    start(r, status, "application/json; charset=UTF-8");
    buf_add(&r->body, text->data, text->len);
}

void respond_json_result(struct response *r, int status, json_t *result)
{
    respond_json(r, status, json_pack("{s:o}", "result", result));
}

void respond_json_text(struct response *r, int status, const char *key, const char *text)
{
    respond_json(r, status, json_pack("{s:o}", key, utf8_json(text, strlen(text))));
}

void respond_plain(struct response *r, int status)
{
    start(r, status, "text/plain; charset=UTF-8");
}

void respond_waiting_page(struct response *r, const char *nonce, const struct buf *text)
{
    start(r, 503, "text/html; charset=UTF-8");
    snprintf(r->nonce, sizeof(r->nonce), "%s", nonce);
    buf_add(&r->body, text->data, text->len);
}

void respond_redirect(struct response *r, const char *location)
{
    respond_page(r, 303);
    r->location = location;
}

void respond_redirect_to(struct response *r, const char *location, const char *target)
{
    respond_redirect(r, location);
    if (strlen(target) < sizeof(r->target))
        strcpy(r->target, target);
}

void respond_download(struct response *r, const char *name, const char *suffix)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    start(r, 200, "text/plain; charset=UTF-8");
    snprintf(r->download, sizeof(r->download), "%.64s", name);
    for (char *p = r->download; *p; p++)
        if (!strchr(plain, *p))
            *p = '_';
    strncat(r->download, suffix, sizeof(r->download) - strlen(r->download) - 1);
}

/* The web server may have put "-gzip" before the closing quote of what it passed on. */
void respond_if_changed(struct response *r, const char *known)
{
    char opening[20];

    /* It tells one text from the next, and nobody gains by a collision. */
    snprintf(opening, sizeof(opening), "\"%016llx",
             (unsigned long long)hash_bytes64(r->body.data, r->body.len));
    snprintf(r->etag, sizeof(r->etag), "%s\"", opening);
    if (strstr(known, opening))
        r->status = 304;
}

void respond_page(struct response *r, int status)
{
    start(r, status, "text/html; charset=UTF-8");
    r->is_page = true;
}

int respond_status(enum err_kind kind)
{
    switch (kind) {
    case ERR_INVALID:
        return 400;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_BUSY:
        return 503;
    case ERR_REFUSED:
    case ERR_INTERNAL:
        break;
    }
    return 500;
}

static void write_special_headers(const struct response *r, struct buf *out)
{
    if (r->allow)
        buf_printf(out, "Allow: %s\r\n", r->allow);
    if (r->location)
        buf_printf(out, "Location: %s%s\r\n", r->location, r->target);
    if (r->retry_after > 0)
        buf_printf(out, "Retry-After: %d\r\n", r->retry_after);
    if (r->ask_password)
        buf_str(out, "WWW-Authenticate: Basic realm=\"Restricted\"\r\n");
    if (r->cookie)
        buf_printf(out, "Set-Cookie: %s\r\n", r->cookie);
    if (*r->etag)
        buf_printf(out, "ETag: %s\r\n", r->etag);
    if (*r->download)
        buf_printf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n", r->download);
    if (r->waiting)
        buf_printf(out, "Mirage-State: %s\r\n", r->waiting);
    if (*r->nonce)
        buf_printf(
            out,
            "Content-Security-Policy: default-src 'none'; img-src data:; connect-src 'self'; "
            "style-src 'nonce-%s'; script-src 'nonce-%s'; form-action 'none'; base-uri "
            "'none'\r\nReferrer-Policy: same-origin\r\n",
            r->nonce, r->nonce);
    if (r->is_page)
        buf_str(out, "Content-Security-Policy: " PAGE_POLICY "\r\n"
                     "X-Frame-Options: DENY\r\nReferrer-Policy: same-origin\r\n"
                     "Cross-Origin-Opener-Policy: same-origin\r\n"
                     "Cross-Origin-Resource-Policy: same-origin\r\n");
}

void response_write(const struct response *r, bool is_head, struct buf *out)
{
    const bool has_body = r->status != 304;

    buf_printf(out, "Status: %d %s\r\n", r->status, http_reason(r->status));
    if (has_body)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->content_type,
                   r->body.len);
    buf_str(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    write_special_headers(r, out);
    buf_str(out, "\r\n");
    if (has_body && !is_head)
        buf_add(out, r->body.data, r->body.len);
}
