#include "admit.h"

#include <time.h>

#include "auth_cookie.h"

static bool has_field(const char *head, const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->value.len > 0 && http_name_is(head + f->name.at, f->name.len, name))
            return true;
    }
    return false;
}

/* What a browser asks before it sends a request of one site to another (Fetch Standard, 4.8), which
 * many applications answer without looking at the method. */
static bool is_preflight(const char *head, const struct http_request *r)
{
    return r->method == HTTP_METHOD_OPTIONS && !r->upgrade &&
           (r->body == HTTP_BODY_NONE || (r->body == HTTP_BODY_LENGTH && r->content_length == 0)) &&
           has_field(head, r, "origin") && has_field(head, r, "access-control-request-method");
}

enum admit admit_request(const struct config *config, const struct config_listen *entry,
                         const char *head, const struct http_request *r)
{
    int64_t now;

    if (!entry->require_auth_cookie)
        return ADMIT_USER;
    now = (int64_t)time(NULL);
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_COOKIE &&
            auth_cookie_opens(head + f->value.at, f->value.len, &config->auth.cookie_secret, now))
            return ADMIT_USER;
    }
    return is_preflight(head, r) ? ADMIT_PREFLIGHT : ADMIT_NOT;
}
