#include "credentials.h"

#include <string.h>

#include "auth_cookie.h"
#include "cgi_name.h"
#include "client_field.h"

/* Whether a field other than Cookie stays behind. */
static bool stays_behind(const struct config *config, const char *name, size_t len, bool to_task,
                         bool peer_trusted)
{
    const char *token = config->auth.token.present && to_task ? config->auth.token.header : NULL;
    bool exact;

    if (token && strlen(token) == len && cgi_name_begins(name, len, token, &exact))
        return true;
    if (!client_field_is(name, len, &exact))
        return false;
    if (!peer_trusted || !exact)
        return true;
    /* Nothing is appended to Forwarded (RFC 7239) here: it would end before this proxy. */
    if (http_name_is(name, len, "forwarded") || http_name_is(name, len, "proxy"))
        return true;
    return to_task && config->auth.amzn_oidc.present &&
           cgi_name_begins(name, len, "x-amzn-oidc-", &exact);
}

static void take_off_cookie(char *head, struct http_field *f)
{
    char *value = head + f->value.at;
    size_t len = auth_cookie_remove(value, f->value.len);

    memset(value + len, ' ', f->value.len - len); /* so that the head can be read again */
    f->value.len = (uint32_t)len;
    f->hop_by_hop = len == 0; /* also when it was emptied on an earlier reading */
}

void credentials_take_off(const struct config *config, char *head, struct http_request *r,
                          bool to_task, bool peer_trusted)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_COOKIE)
            take_off_cookie(head, f);
        else if (stays_behind(config, head + f->name.at, f->name.len, to_task, peer_trusted)) {
            f->hop_by_hop = true;
            f->id = HTTP_FIELD_OTHER;
        }
    }
}

void credentials_guard(const char *head, struct http_response *r)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_CLEAR_SITE_DATA ||
            (f->id == HTTP_FIELD_SET_COOKIE &&
             auth_cookie_is_set_by(head + f->value.at, f->value.len)))
            f->hop_by_hop = true;
    }
}
