/* What a client brings along to be let in: no text opens a door unless it was made with the secret,
 * and nothing of ours is left when it was taken off.
 *
 * The first byte says what the rest is: a Cookie field's value; a token's header and payload, to be
 * signed with the secret here, so that what lies behind the signature is read as well; an
 * Authorization field; a token as such; a whole request's head; an Origin. */
#include "fuzz_check.h"

#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fcgi-app/cross_site.h"
#include "fcgi-app/request.h"
#include "lib/auth.h"
#include "lib/auth_cookie.h"
#include "lib/buf.h"
#include "lib/cgi_name.h"
#include "lib/client_field.h"
#include "lib/jws.h"
#include "proxyd/admit.h"
#include "proxyd/credentials.h"
#include "proxyd/forward.h"

#define SECRET "only known to who has made it..."
#define NOW    1700000000

static const char *items[] = {SECRET};
static const struct config_strings secrets = {items, 1};
static struct http_request request, again;
static struct forward composed;

static void try_cookie(const char *text, size_t len)
{
    char *copy = exact_copy(text, len);
    size_t left = auth_cookie_remove(copy, len);

    CHECK(!auth_cookie_opens(text, len, &secrets, NOW)); /* nobody can sign */
    CHECK(left <= len);
    CHECK(auth_cookie_remove(copy, left) == left);
    free_copy(copy, len);
}

static void add_base64url(struct buf *out, const void *bytes, size_t len)
{
    unsigned char text[8192];
    int n = EVP_EncodeBlock(text, bytes, (int)len);

    for (int i = 0; i < n && text[i] != '='; i++)
        buf_char(out, text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i]);
}

/* header NUL payload. */
static void try_signed(const char *text, size_t len)
{
    const char *payload = memchr(text, '\0', len);
    size_t header_len = payload ? (size_t)(payload - text) : len;
    unsigned char mac[32];
    unsigned n = 0;
    struct buf token = {0};

    if (len > 4096)
        return;
    add_base64url(&token, text, header_len);
    buf_char(&token, '.');
    add_base64url(&token, payload ? payload + 1 : "", payload ? len - header_len - 1 : 0);
    HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (unsigned char *)token.data, token.len, mac, &n);
    buf_char(&token, '.');
    add_base64url(&token, mac, n);
    if (auth_cookie_is_valid(token.data, token.len, &secrets, NOW)) {
        CHECK(payload);
        CHECK(!auth_cookie_is_valid(token.data, token.len - 1, &secrets, NOW));
    }
    buf_free(&token);
}

static void try_token(const char *text, size_t len)
{
    char *out = malloc(len + 4);
    struct jws j;

    CHECK(out);
    for (int padding = JWS_UNPADDED; padding <= JWS_MAY_PADDED; padding++)
        if (jws_split(&j, text, len, (enum jws_padding)padding)) {
            const struct jws_part *parts[] = {&j.header, &j.payload, &j.signature};
            for (int i = 0; i < 3; i++) {
                struct buf back = {0};
                size_t n = jws_decode(parts[i], out, len + 4);
                CHECK(n > 0 && n <= parts[i]->len);
                if (n > 4096)
                    continue;
                add_base64url(&back, out, n); /* it had only this form */
                CHECK(back.len == parts[i]->len && !memcmp(back.data, parts[i]->at, back.len));
                buf_free(&back);
            }
        }
    free(out);
}

static void try_authorization(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    CHECK(copy);
    memcpy(copy, text, len);
    copy[len] = '\0';
    CHECK(!auth_basic_is(copy, "user", SECRET));
    free(copy);
}

static bool is_like(const char *buf, const struct http_field *f, const char *prefix)
{
    bool exact;

    return cgi_name_begins(buf + f->name.at, f->name.len, prefix, &exact);
}

/* What goes on is read again: nothing of ours, nothing that a stranger may not say. */
static void check_forwarded(const struct config *config, bool to_task, bool trusted)
{
    struct buf out = {0};
    bool exact;

    for (int i = 0; i < composed.n; i++)
        buf_add(&out, composed.iov[i].iov_base, composed.iov[i].iov_len);
    CHECK(!out.failed);
    if (request.fields.len + 4 > HTTP_FIELDS_MAX) { /* with ours, too many for a reader like us */
        buf_free(&out);
        return;
    }
    CHECK(http_parse_request(out.data, out.len, &again) == 0);
    for (size_t i = 0; i < again.fields.len; i++) {
        const struct http_field *f = &again.fields.items[i];
        if (f->id == HTTP_FIELD_COOKIE) {
            char *copy = exact_copy(out.data + f->value.at, f->value.len);
            CHECK(f->value.len > 0 && auth_cookie_remove(copy, f->value.len) == f->value.len);
            free_copy(copy, f->value.len);
        }
        CHECK(!to_task || f->name.len != strlen(config->auth.token.header) ||
              !is_like(out.data, f, config->auth.token.header));
        CHECK((trusted && !to_task) || !is_like(out.data, f, "x-amzn-oidc-"));
        CHECK(trusted || !client_field_is(out.data + f->name.at, f->name.len, &exact) ||
              f->id == HTTP_FIELD_X_FORWARDED_FOR || f->id == HTTP_FIELD_X_FORWARDED_HOST ||
              f->id == HTTP_FIELD_X_FORWARDED_PROTO); /* our own */
    }
    buf_free(&out);
}

static void try_head(const char *text, size_t len, bool to_task, bool trusted)
{
    struct config config = {.auth.token = {.present = true, .header = "x-token", .token = "t"},
                            .auth.amzn_oidc.present = true,
                            .auth.cookie_secret = {items, 1}};
    const struct config_listen entry = {.require_auth_cookie = true};
    size_t scanned = 0;
    char *head = exact_copy(text, len);

    if (http_head_end(head, len, true, &scanned) == (long)len &&
        http_parse_request(head, len, &request) == 0 &&
        request.host.len > 0) { /* else it is a health check */
        enum admit c = admit_request(&config, &entry, head, &request);
        CHECK(c == ADMIT_NOT ||
              (c == ADMIT_PREFLIGHT && request.method == HTTP_METHOD_OPTIONS && !request.upgrade &&
               request.content_length == 0 && request.body != HTTP_BODY_CHUNKED));
        credentials_take_off(&config, head, &request, to_task, trusted);
        forward_request(&composed, head, &request, "192.0.2.1");
        check_forwarded(&config, to_task, trusted);
        CHECK(http_parse_request(head, len, &request) == 0); /* once more, as after a retry */
        credentials_take_off(&config, head, &request, to_task, trusted);
        forward_request(&composed, head, &request, "192.0.2.1");
        check_forwarded(&config, to_task, trusted);
    }
    free_copy(head, len);
}

static const char *variable(void *ctx, const char *name)
{
    if (!strcmp(name, "HTTP_ORIGIN"))
        return ctx;
    return !strcmp(name, "HTTP_HOST") ? "Mirage.test:8080" : NULL;
}

/* The texts that name the web API's own pages, by Host's port or by that of a proxy in front; no
 * other does. */
static void try_origin(const char *text, size_t len)
{
    char *origin = strndup(text, len);
    const struct request_io io = {variable, NULL, origin};
    const struct request r = {.io = &io};

    CHECK(origin);
    CHECK(cross_site_request(&r, "mirage.test", "mirage.test:8443") ==
          (strcasecmp(origin, "http://mirage.test:8080") != 0 &&
           strcasecmp(origin, "https://mirage.test:8080") != 0 &&
           strcasecmp(origin, "http://mirage.test:8443") != 0 &&
           strcasecmp(origin, "https://mirage.test:8443") != 0));
    CHECK(cross_site_request(&r, "mirage.example", "mirage.test:8443"));
    free(origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = exact_copy(data + 1, size - 1);
    if (data[0] & 8)
        try_origin(text, size - 1);
    else
        switch (data[0] & 7) {
        case 0:
            try_cookie(text, size - 1);
            break;
        case 1:
            try_signed(text, size - 1);
            break;
        case 2:
            try_token(text, size - 1);
            break;
        case 3:
            try_authorization(text, size - 1);
            break;
        default:
            try_head(text, size - 1, data[0] & 1, data[0] & 2);
        }
    free_copy(text, size - 1);
    return 0;
}
