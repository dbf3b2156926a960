/* Who is let in: the cookie, the token, basic, and what is no token at all. */
#include "auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth_cookie.h"
#include "buf.h"
#include "jws.h"
#include "secret.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET       "the first secret, of 32 bytes..."
#define OLD          "the second one, which is retired"
#define NOW          1700000000

static const char *items[] = {SECRET, OLD};
static const struct config_strings both = {items, 2}, first = {items, 1};

/* --- tokens made by hand ------------------------------------------------------------------------
 */

static void add_base64url(struct buf *out, const void *bytes, size_t len, bool pad)
{
    unsigned char text[4096];
    int n = EVP_EncodeBlock(text, bytes, (int)len);

    for (int i = 0; i < n; i++)
        if (text[i] != '=' || pad)
            buf_char(out, text[i] == '+' ? '-' : text[i] == '/' ? '_' : (char)text[i]);
}

/* Signs by hand, whatever the header says. The caller frees. */
static char *make(const char *header, const char *payload, const char *secret, const EVP_MD *md)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf out = {0};

    add_base64url(&out, header, strlen(header), false);
    buf_char(&out, '.');
    add_base64url(&out, payload, strlen(payload), false);
    HMAC(md, secret, (int)strlen(secret), (const unsigned char *)out.data, out.len, mac, &n);
    buf_char(&out, '.');
    add_base64url(&out, mac, n, false);
    return out.data;
}

#define HEADER  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define PAYLOAD "{\"expire_at\":1700000100}"

static bool valid(const char *token)
{
    return auth_cookie_is_valid(token, strlen(token), &both, NOW);
}

static void cookies_that_are_ours(void **state)
{
    static const struct {
        const char *header, *payload, *secret;
    } cases[] = {
        {HEADER, PAYLOAD, SECRET},
        {HEADER, PAYLOAD, OLD},
        {"{\"typ\":\"JWT\",\"alg\":\"HS256\"}", PAYLOAD, SECRET},
        {"{\"alg\": \"HS256\", \"typ\": \"JWT\"}", "{\"expire_at\": 1700000001}", SECRET},
        {"{\"alg\":\"HS256\"}", "{\"expire_at\":1700000100,\"iat\":1700000000}", SECRET},
    };
    char *made = auth_cookie_make(SECRET, NOW + 1);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *token = make(cases[i].header, cases[i].payload, cases[i].secret, EVP_sha256());
        if (!valid(token))
            fail_msg("refused: %s %s", cases[i].header, cases[i].payload);
        free(token);
    }
    assert_true(valid(made));
    assert_true(auth_cookie_is_valid(made, strlen(made), &first, NOW));
    assert_false(auth_cookie_is_valid(made, strlen(made), &both, NOW + 1));
    free(made);
    made = auth_cookie_make(OLD, NOW + 1);
    assert_false(auth_cookie_is_valid(made, strlen(made), &first, NOW)); /* revoked */
    free(made);
}

/* Signed with the right secret or not: each says something that is not believed. */
static void cookies_that_claim_too_much(void **state)
{
    static const struct {
        const char *header, *payload, *secret;
    } cases[] = {
        {HEADER, PAYLOAD, "another secret"},
        {HEADER, PAYLOAD, ""},
        {HEADER, PAYLOAD, "the first secret, of 32 bytes.."},
        {HEADER, "{\"expire_at\":1700000000}", SECRET}, /* now */
        {HEADER, "{\"expire_at\":1699999999}", SECRET},
        {HEADER, "{\"expire_at\":0}", SECRET},
        {HEADER, "{\"expire_at\":-1}", SECRET},
        {HEADER, "{}", SECRET},
        {HEADER, "{\"exp\":1700000100}", SECRET},
        {HEADER, "{\"expire_at\":\"1700000100\"}", SECRET},
        {HEADER, "{\"expire_at\":true}", SECRET},
        {HEADER, "{\"expire_at\":null}", SECRET},
        {HEADER, "{\"expire_at\":[1700000100]}", SECRET},
        {HEADER, "{\"expire_at\":{\"expire_at\":1700000100}}", SECRET},
        {HEADER, "{\"Expire_at\":1700000100}", SECRET},
        {HEADER, "[1700000100]", SECRET},
        {HEADER, "1700000100", SECRET},
        {HEADER, "\"expire_at\"", SECRET},
        {HEADER, "{\"expire_at\":1700000100", SECRET},
        {HEADER, "not json", SECRET},
        {HEADER, "{\"expire_at\":99999999999999999999}", SECRET},
        {"{\"alg\":\"none\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"None\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":null,\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":256,\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":[\"HS256\"],\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"HS384\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"HS512\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"RS256\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{\"alg\":\"HS256\",\"typ\":\"JWE\"}", PAYLOAD, SECRET},
        {"{\"typ\":\"JWT\"}", PAYLOAD, SECRET},
        {"{}", PAYLOAD, SECRET},
        {"[]", PAYLOAD, SECRET},
        {"x", PAYLOAD, SECRET},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *token = make(cases[i].header, cases[i].payload, cases[i].secret, EVP_sha256());
        if (valid(token))
            fail_msg("accepted: %s %s", cases[i].header, cases[i].payload);
        free(token);
    }
}

static void right_secret_wrong_digest(void **state)
{
    static const char *const headers[] = {HEADER, "{\"alg\":\"HS384\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"HS512\",\"typ\":\"JWT\"}"};
    const EVP_MD *const digests[] = {EVP_sha384(), EVP_sha512(), EVP_sha1()};

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++)
        for (size_t k = 0; k < COUNT(digests); k++) {
            char *token = make(headers[i], PAYLOAD, SECRET, digests[k]);
            assert_false(valid(token));
            free(token);
        }
}

/* Every way to write a good token differently: cut, prolonged, changed, re-encoded. */
static void cookies_that_were_tampered_with(void **state)
{
    char *good = make(HEADER, PAYLOAD, SECRET, EVP_sha256());
    size_t len = strlen(good);

    (void)state;
    assert_true(valid(good));
    for (size_t i = 0; i < len; i++) /* cut anywhere */
        assert_false(auth_cookie_is_valid(good, i, &both, NOW));
    for (size_t i = 0; i < len; i++) { /* another byte anywhere */
        static const char others[] = "AZaz09-_.=+/ \"%\t;,\\";
        char was = good[i];
        for (const char *o = others; *o; o++) {
            good[i] = *o;
            if (*o != was && auth_cookie_is_valid(good, len, &both, NOW))
                fail_msg("byte %zu may be '%c'", i, *o);
        }
        good[i] = '\0';
        assert_false(auth_cookie_is_valid(good, len, &both, NOW));
        good[i] = was;
    }
    for (int c = 0; c < 256; c++) { /* one byte more, at the end or the beginning */
        char more[512];
        snprintf(more, sizeof more, "%s%c", good, c);
        assert_false(auth_cookie_is_valid(more, len + 1, &both, NOW));
        snprintf(more, sizeof more, "%c%s", c, good);
        assert_false(auth_cookie_is_valid(more, len + 1, &both, NOW));
    }
    free(good);
}

static void the_shape_of_a_token(void **state)
{
    static const struct {
        const char *text;
        bool plain, padded;
    } cases[] = {
        {"QQ.QQ.QQ", true, true},
        {"QUI.QQ.QUJD", true, true},
        {"", false, false},
        {".", false, false},
        {"..", false, false},
        {"QQ.QQ", false, false},
        {"QQ.QQ.", false, false},
        {".QQ.QQ", false, false},
        {"QQ..QQ", false, false},
        {"QQ.QQ.QQ.QQ", false, false},
        {"QQ.QQ.QQ.", false, false},
        {"Q.QQ.QQ", false, false},
        {"QUJDR.QQ.QQ", false, false},
        {"QR.QQ.QQ", false, false},  /* bits that stand for no byte */
        {"QQ.QQ.QUJ", false, false}, /* the same */
        {"QQ==.QQ.QQ", false, true},
        {"QQ==.QUI=.QQ==", false, true},
        {"QQ=.QQ.QQ", false, false},
        {"QQ===.QQ.QQ", false, false},
        {"QUJD=.QQ.QQ", false, false},
        {"QUJD====.QQ.QQ", false, false},
        {"=.QQ.QQ", false, false},
        {"Q=Q.QQ.QQ", false, false},
        {"QQ.QQ.QQ=", false, false},
        {"QQ.QQ.QQ==", false, true},
        {"QQ.QQ.QQ==x", false, false},
        {"Q+.QQ.QQ", false, false},
        {"Q/.QQ.QQ", false, false},
        {" QQ.QQ.QQ", false, false},
        {"QQ.QQ.QQ ", false, false},
        {"QQ.QQ .QQ", false, false},
        {"QQ.QQ\n.QQ", false, false},
        {"\xc3\xa4QQ.QQ.QQ", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jws j;
        size_t len = strlen(cases[i].text);
        if (jws_split(&j, cases[i].text, len, JWS_UNPADDED) != cases[i].plain ||
            jws_split(&j, cases[i].text, len, JWS_MAY_PADDED) != cases[i].padded)
            fail_msg("%s", cases[i].text);
    }
}

static void parts_are_decoded(void **state)
{
    char out[8];
    struct jws j;

    (void)state;
    assert_true(jws_split(&j, "QQ.QUI.QUJD", 11, JWS_UNPADDED));
    assert_int_equal(jws_decode(&j.header, out, sizeof out), 1);
    assert_memory_equal(out, "A", 1);
    assert_int_equal(jws_decode(&j.payload, out, sizeof out), 2);
    assert_memory_equal(out, "AB", 2);
    assert_int_equal(jws_decode(&j.signature, out, sizeof out), 3);
    assert_memory_equal(out, "ABC", 3);
    assert_int_equal(jws_decode(&j.signature, out, 2), 0);
    assert_true(jws_split(&j, "-_-_.QQ.QQ", 10, JWS_UNPADDED));
    assert_int_equal(jws_decode(&j.header, out, sizeof out), 3);
    assert_memory_equal(out, "\xfb\xff\xbf", 3);
}

/* --- Cookie fields ------------------------------------------------------------------------------
 */

static void cookies_are_found_among_others(void **state)
{
    char *good = make(HEADER, PAYLOAD, SECRET, EVP_sha256());
    static const struct {
        const char *format; /* %s: the token */
        bool opens;
    } cases[] = {
        {"mirage-ecs-auth=%s", true},
        {"a=b; mirage-ecs-auth=%s", true},
        {"a=b; mirage-ecs-auth=%s; c=d", true},
        {"a=b;mirage-ecs-auth=%s;c=d", true},
        {"  mirage-ecs-auth=%s  ", true},
        {"mirage-ecs-auth=; mirage-ecs-auth=%s", true},
        {"mirage-ecs-auth=forged; mirage-ecs-auth=%s", true},
        {"x=\"; mirage-ecs-auth=%s", true},
        {"mirage-ecs-auth=1; mirage-ecs-auth=2; mirage-ecs-auth=3; mirage-ecs-auth=%s", true},
        {"mirage-ecs-auth=1; mirage-ecs-auth=2; mirage-ecs-auth=3; mirage-ecs-auth=4; "
         "mirage-ecs-auth=%s",
         true},
        {"mirage-ecs-auth=\"%s\"", false},
        {"Mirage-Ecs-Auth=%s", false},
        {"mirage-ecs-auth2=%s", false},
        {"xmirage-ecs-auth=%s", false},
        {"a=mirage-ecs-auth=%s", false},
        {"a=b, mirage-ecs-auth=%s", false},
        {"mirage-ecs-auth %s", false},
        {"mirage-ecs-auth=%s=", false},
        {"%s", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf value = {0};
        const char *token = strstr(cases[i].format, "%s");
        buf_printf(&value, "%.*s%s%s", (int)(token - cases[i].format), cases[i].format, good,
                   token + 2);
        if (auth_cookie_opens(value.data, value.len, &both, NOW) != cases[i].opens)
            fail_msg("%s", cases[i].format);
        assert_false(auth_cookie_opens(value.data, value.len, &both, NOW + 1000));
        buf_free(&value);
    }
    free(good);
}

static void who_sets_our_cookie(void **state)
{
    static const struct {
        const char *value;
        bool sets;
    } cases[] = {
        {"mirage-ecs-auth=x", true},
        {"mirage-ecs-auth=x; Domain=.example; Path=/", true},
        {" \tmirage-ecs-auth =x", true},
        {"mirage-ecs-auth=", true},
        {"mirage-ecs-auth", true},    /* nameless: sent back as its value */
        {"=mirage-ecs-auth=x", true}, /* likewise */
        {"mirage-ecs-auth; Max-Age=0", true},
        {"mirage-ecs-auth2=x", false},
        {"Mirage-Ecs-Auth=x", false},
        {"a=mirage-ecs-auth=x", false},
        {"a=b; mirage-ecs-auth=x", false}, /* no attribute */
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (auth_cookie_is_set_by(cases[i].value, strlen(cases[i].value)) != cases[i].sets)
            fail_msg("%s", cases[i].value);
}

static void our_cookie_is_taken_out(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"a=b", "a=b"},
        {"mirage-ecs-auth=x", ""},
        {"mirage-ecs-auth=", ""},
        {"mirage-ecs-auth", ""},
        {" mirage-ecs-auth = x ", ""},
        {"mirage-ecs-auth=x;", ""},
        {"mirage-ecs-auth=x; a=b", "a=b"},
        {"a=b; mirage-ecs-auth=x", "a=b"},
        {"a=b; mirage-ecs-auth=x; c=d", "a=b; c=d"},
        {"a=b;mirage-ecs-auth=x;c=d", "a=b;c=d"},
        {"mirage-ecs-auth=x; mirage-ecs-auth=y", ""},
        {"mirage-ecs-auth=x; a=b; mirage-ecs-auth=y; c=d; mirage-ecs-auth", "a=b; c=d"},
        {"a=\"; mirage-ecs-auth=x; b=\"", "a=\"; b=\""},
        {"mirage-ecs-auth=x=y=z; a=b", "a=b"},
        {"mirage-ecs-auth2=x; a=b", "mirage-ecs-auth2=x; a=b"},
        {"xmirage-ecs-auth=x", "xmirage-ecs-auth=x"},
        {"a=mirage-ecs-auth", "a=mirage-ecs-auth"},
        {";;mirage-ecs-auth=x;;", ""},
        {"a=b;;c=d", "a=b;;c=d"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *value = strdup(cases[i][0]);
        size_t len = auth_cookie_remove(value, strlen(value));
        if (len != strlen(cases[i][1]) || memcmp(value, cases[i][1], len) != 0)
            fail_msg("%s became %.*s", cases[i][0], (int)len, value);
        assert_int_equal(auth_cookie_remove(value, len), len); /* twice is once */
        free(value);
    }
}

/* --- basic, claims, the order -------------------------------------------------------------------
 */

static void basic_is_compared(void **state)
{
    static const struct {
        const char *authorization;
        bool is;
    } cases[] = {
        {"Basic bWlyYWdlOnNlY3JldDp4", true}, /* mirage:secret:x */
        {"basic bWlyYWdlOnNlY3JldDp4", true},
        {"BASIC  bWlyYWdlOnNlY3JldDp4", true},
        {"Basic bWlyYWdlOnNlY3JldDp5", false},
        {"Basic bWlyYWdlOnNlY3JldDp4=", false},
        {"Basic bWlyYWdlOnNlY3JldDp4 ", false},
        {"Basic bWlyYWdlOnNlY3Jl", false},
        {"Basic bWlyYWdlOg==", false},
        {"Basic ", false},
        {"Basic", false},
        {"", false},
        {"Bearer bWlyYWdlOnNlY3JldDp4", false},
        {"bWlyYWdlOnNlY3JldDp4", false},
        {"Basic mirage:secret:x", false},
        {"Basic\tbWlyYWdlOnNlY3JldDp4", false},
        {"Basic bWlyYWdlOnNlY3JldDp4, Basic bWlyYWdlOnNlY3JldDp4", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (auth_basic_is(cases[i].authorization, "mirage", "secret:x") != cases[i].is)
            fail_msg("%s", cases[i].authorization);
}

static void claims_are_matched(void **state)
{
    struct config_matcher list[] = {{.exact = "a@example.net"}, {.suffix = "@example.com"}};
    const struct config_matchers matchers = {list, 2};
    static const struct {
        const char *value;
        bool matches;
    } cases[] = {
        {"a@example.net", true},    {"b@example.com", true},     {"@example.com", true},
        {"A@example.net", false},   {"a@example.net ", false},   {"xa@example.net", false},
        {"b@example.com.x", false}, {"b@Example.com", false},    {"", false},
        {"example.com", false},     {"b@notexample.com", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (auth_claim_matches(&matchers, cases[i].value) != cases[i].matches)
            fail_msg("%s", cases[i].value);
}

static int verified;

static int verify(void *ctx, const char *data, struct err *e)
{
    (void)ctx;
    verified++;
    return !strcmp(data, "good") ? 0 : err_set(e, ERR_INVALID, "it is no token");
}

/* token, then OIDC, then basic; the API takes the token only; the cookie is none of them. */
static void the_order_of_entrances(void **state)
{
#define TOKEN "planted-token"
#define BASIC "Basic dTpwbGFudGVk" /* u:planted */
    static const struct {
        unsigned configured; /* 1 token, 2 OIDC, 4 basic */
        struct auth_request given;
        bool page, api;
        int verified; /* how often OIDC was asked for the page */
    } cases[] = {
        {1, {.token = TOKEN}, true, true, 0},
        {1, {.token = "wrong"}, false, false, 0},
        {1, {.token = ""}, false, false, 0},
        {1, {0}, false, false, 0},
        {1, {.oidc_data = "good", .authorization = BASIC}, false, false, 0},
        {2, {.oidc_data = "good"}, true, false, 1},
        {2, {.oidc_data = "bad"}, false, false, 1},
        {2, {.token = TOKEN, .authorization = BASIC}, false, false, 0},
        {4, {.authorization = BASIC}, true, false, 0},
        {4, {.authorization = "Basic dTpwbGFudGVl"}, false, false, 0},
        {4, {.token = TOKEN, .oidc_data = "good"}, false, false, 0},
        {7, {.token = TOKEN, .oidc_data = "bad", .authorization = "x"}, true, true, 0},
        {7, {.token = "wrong", .oidc_data = "good", .authorization = "x"}, true, false, 1},
        {7, {.token = "wrong", .oidc_data = "bad", .authorization = BASIC}, true, false, 1},
        {7, {.token = "wrong", .oidc_data = "bad", .authorization = "x"}, false, false, 1},
        {7, {0}, false, false, 0},
    };
    const struct auth_oidc oidc = {verify, NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config c = {.auth.present = true,
                           .auth.token = {.present = cases[i].configured & 1,
                                          .header = "x-mirage-token",
                                          .token = TOKEN},
                           .auth.amzn_oidc.present = cases[i].configured & 2,
                           .auth.basic = {.present = cases[i].configured & 4,
                                          .username = "u",
                                          .password = "planted"}};
        struct err e = {0};
        bool page, api;
        verified = 0;
        page = auth_lets_in(&c, AUTH_PAGES, &cases[i].given, &oidc, &e);
        assert_int_equal(verified, cases[i].verified);
        assert_null(strstr(e.text, "planted"));
        assert_true(page || *e.text);
        api = auth_lets_in(&c, AUTH_API, &cases[i].given, &oidc, &e);
        assert_int_equal(verified, cases[i].verified);
        if (page != cases[i].page || api != cases[i].api)
            fail_msg("case %zu: page %d, API %d", i, page, api);
    }
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    assert_true(secret_equal("", ""));
    assert_true(secret_equal("abc", "abc"));
    assert_false(secret_equal("abc", "abcd"));
    assert_false(secret_equal("abcd", "abc"));
    assert_false(secret_equal("abc", "abd"));
    assert_false(secret_equal("", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_that_are_ours),
        cmocka_unit_test(cookies_that_claim_too_much),
        cmocka_unit_test(right_secret_wrong_digest),
        cmocka_unit_test(cookies_that_were_tampered_with),
        cmocka_unit_test(the_shape_of_a_token),
        cmocka_unit_test(parts_are_decoded),
        cmocka_unit_test(cookies_are_found_among_others),
        cmocka_unit_test(who_sets_our_cookie),
        cmocka_unit_test(our_cookie_is_taken_out),
        cmocka_unit_test(basic_is_compared),
        cmocka_unit_test(claims_are_matched),
        cmocka_unit_test(the_order_of_entrances),
        cmocka_unit_test(secrets_are_compared_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
