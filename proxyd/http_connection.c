/* The field Connection (RFC 9110, 7.6.1): which fields it takes off, and which it cannot. */
#include "http_internal.h"

#include "client_field.h"

#define CONNECTION_OPTIONS_MAX 64

/* Fields that are meant for every recipient; those with a hyphen at the end: all that begin so. */
static const char *const end_to_end[] = {
    "accept",           "accept-", "access-control-", "authorization", "cache-control", "content-",
    "cookie",           "date",    "expect",          "from",          "host",          "if-",
    "origin",           "range",   "referer",         "sec-",          "user-agent",    "x-csrf-",
    "x-requested-with", "x-xsrf-",
};

/* Connection must not name a field that is meant for every recipient (RFC 9110, 7.6.1). Otherwise a
 * client could take away what a task's own access checks rest on: where it comes from, the site
 * that sent it, its credentials, a condition. */
static bool may_be_nominated(const char *buf, const struct http_field *f)
{
    const char *name = buf + f->name.at;
    bool exact;

    for (size_t i = 0; i < sizeof end_to_end / sizeof *end_to_end; i++) {
        size_t len = strlen(end_to_end[i]);
        bool prefix = end_to_end[i][len - 1] == '-';
        if (f->name.len >= len && (prefix || f->name.len == len) &&
            http_name_is_like(name, end_to_end[i], len, &exact))
            return false;
    }
    return !client_field_is(name, f->name.len, &exact);
}

static void nominate(const char *buf, struct http_slice option, struct http_fields *fields)
{
    for (size_t i = 0; i < fields->len; i++) {
        struct http_field *f = &fields->items[i];
        if (f->name.len != option.len || f->hop_by_hop)
            continue;
        const char *a = buf + f->name.at, *b = buf + option.at;
        size_t n = 0;
        while (n < option.len && (a[n] == b[n] || ((a[n] ^ b[n]) == 0x20 && (a[n] | 0x20) >= 'a' &&
                                                   (a[n] | 0x20) <= 'z')))
            n++;
        if (n == option.len && may_be_nominated(buf, f))
            f->hop_by_hop = true;
    }
}

static void take_option(const char *buf, struct http_slice option, struct http_fields *fields,
                        struct http_connection *c)
{
    const char *text = buf + option.at;
    if (http_name_is(text, option.len, "close"))
        c->close = true;
    else if (http_name_is(text, option.len, "keep-alive"))
        c->keep_alive = true;
    else if (http_name_is(text, option.len, "upgrade"))
        c->upgrade = true;
    else
        nominate(buf, option, fields);
}

/* #connection-option: tokens between commas, empty elements allowed (RFC 9110, 5.6.1.2). */
static int parse_connection(const char *buf, struct http_slice value, struct http_fields *fields,
                            struct http_connection *c, size_t *options)
{
    size_t at = value.at, end = (size_t)value.at + value.len;
    while (at < end) {
        size_t start = at;
        while (at < end && http_byte_is(buf[at], HTTP_BYTE_TOKEN))
            at++;
        if (at > start) {
            if (++*options > CONNECTION_OPTIONS_MAX)
                return 400;
            take_option(buf, http_slice_of(start, at), fields, c);
        }
        while (at < end && (buf[at] == ' ' || buf[at] == '\t'))
            at++;
        if (at == end)
            break;
        if (buf[at] != ',')
            return 400;
        at++;
        while (at < end && (buf[at] == ' ' || buf[at] == '\t'))
            at++;
    }
    return 0;
}

int http_fields_connection(const char *buf, struct http_fields *fields, struct http_connection *c)
{
    size_t options = 0;
    *c = (struct http_connection){0};
    for (size_t i = 0; i < fields->len; i++) {
        struct http_field *f = &fields->items[i];
        if (f->id == HTTP_FIELD_CONNECTION &&
            parse_connection(buf, f->value, fields, c, &options) != 0)
            return http_fault(fields, 400, "Connection is no list of names, or names more than 64");
    }
    return 0;
}
