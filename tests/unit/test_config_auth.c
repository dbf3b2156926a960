/* The section `auth` and what belongs to it: read, printed with and without its secrets, and
 * refused with a sentence that names the key and never the secret. */
#include "config_fixture.h"

#include <sys/stat.h>

static struct config *load(const char *text)
{
    struct config *c;

    return load_with((struct options){.compat_v1 = true, .local = true}, &c, text, strlen(text)) ==
                   0
               ? c
               : NULL;
}

static const struct {
    const char *text;
    int line;
    const char *error;
} mistakes[] = {
    {"auth:\n  token: {}", 2, "auth.token: lacks the key 'header'"},
    {"auth:\n  token: {header: x-t}", 2, "auth.token: lacks the key 'token'"},
    {"auth:\n  token: {header: 'x t', token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'x t'"},
    {"auth:\n  token: {header: x_t, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'x_t'"},
    {"auth:\n  token: {header: Host, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Host'"},
    {"auth:\n  token: {header: X-Cluster-Client-IP, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'X-Cluster-Client-IP'"},
    {"auth:\n  token: {header: Fastly-Client-IP, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Fastly-Client-IP'"},
    {"auth:\n  token: {header: x-remote-user, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'x-remote-user'"},
    {"auth:\n  token: {header: X-Real-IP, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'X-Real-IP'"},
    {"auth:\n  token: {header: host, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'host'"},
    {"auth:\n  token: {header: Connection, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Connection'"},
    {"auth:\n  token: {header: Cookie, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Cookie'"},
    {"auth:\n  token: {header: Content-Length, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Content-Length'"},
    {"auth:\n  token: {header: Content-Type, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Content-Type'"},
    {"auth:\n  token: {header: Transfer-Encoding, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Transfer-Encoding'"},
    {"auth:\n  token: {header: Upgrade, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Upgrade'"},
    {"auth:\n  token: {header: User-Agent, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'User-Agent'"},
    {"auth:\n  token: {header: Accept, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Accept'"},
    {"auth:\n  token: {header: Accept-Language, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Accept-Language'"},
    {"auth:\n  token: {header: Origin, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Origin'"},
    {"auth:\n  token: {header: X-Forwarded-For, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'X-Forwarded-For'"},
    {"auth:\n  token: {header: x-amzn-oidc-data, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'x-amzn-oidc-data'"},
    {"auth:\n  token: {header: Sec-Fetch-Site, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Sec-Fetch-Site'"},
    {"auth:\n  token: {header: Forwarded, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'Forwarded'"},
    {"auth:\n  token: {header: X-Real-IP, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'X-Real-IP'"},
    {"auth:\n  token: {header: If-None-Match, token: planted}", 2,
     "auth.token.header: expected a header such as x-mirage-token, got 'If-None-Match'"},
    {"auth:\n  token: {header: x-t, token: ''}", 2,
     "auth.token.token: is empty: give it a value, or remove the key"},
    {"auth:\n  token: {header: x-t, token: [planted]}", 2,
     "auth.token.token: expected a text, got a list"},
    {"auth: {cookie_secret: x}", 1,
     "auth has none of token, amzn_oidc and basic: nobody could get in"},
    {"auth:", 1, "auth: is empty: fill it in, or remove the key"},
    {"a: b\nauth:\n# basic: {username: u, password: planted}", 2, "auth: is empty"},
    {"auth:\n  basic: {username: u, password: planted}\n  token:", 3, "auth.token: is empty"},
    {"auth: {}", 1, "auth has none of token, amzn_oidc and basic: nobody could get in"},
    {"auth:\n  cookie_secret: ''", 2, "auth.cookie_secret: is empty"},
    {"auth:\n  cookie_secret: [a, b, c]", 2, "auth.cookie_secret: expected at most 2 entries"},
    {"auth:\n  cookie_secret: [a, '']", 2, "auth.cookie_secret[1]: is empty"},
    {"auth:\n  basic: {username: u}", 2, "auth.basic: lacks the key 'password'"},
    {"auth:\n  basic: {username: '', password: planted}", 2,
     "auth.basic.username: expected a name without a colon"},
    {"auth:\n  basic: {username: 'a:b', password: planted}", 2,
     "auth.basic.username: expected a name without a colon"},
    {"auth:\n  amzn_oidc: {claim: email}", 2, "auth.amzn_oidc: lacks the key 'matchers'"},
    {"auth:\n  amzn_oidc: {matchers: [{exact: a}]}", 2, "auth.amzn_oidc: lacks the key 'claim'"},
    {"auth:\n  amzn_oidc: {claim: email, matchers: []}", 2,
     "auth.amzn_oidc.matchers: expected at least one entry"},
    {"auth:\n  amzn_oidc: {claim: email, matcher: []}", 2,
     "auth.amzn_oidc.matcher: expected at least one entry"},
    {"auth:\n  amzn_oidc:\n    claim: email\n    matchers:\n    - {}", 5,
     "auth.amzn_oidc.matchers[0]: expected either 'exact' or 'suffix', not empty"},
    {"auth:\n  amzn_oidc:\n    claim: email\n    matchers:\n    - {exact: a, suffix: b}", 5,
     "auth.amzn_oidc.matchers[0]: expected either 'exact' or 'suffix', not empty"},
    {"auth:\n  amzn_oidc:\n    claim: email\n    matchers:\n    - {suffix: ''}", 5,
     "auth.amzn_oidc.matchers[0]: expected either 'exact' or 'suffix', not empty"},
    {"auth:\n  amzn_oidc:\n    claim: email\n    matchers: [{exact: a}]\n"
     "    matcher: [{exact: b}]",
     5, "auth.amzn_oidc.matcher: is given twice"},
    {"auth:\n  amzn_oidc: {claim: '', matchers: [{exact: a}]}", 2,
     "auth.amzn_oidc.claim is empty; email is the usual one"},
    {"auth:\n  amzn_oidc: {claim: e, matchers: [{exact: a}], public_key_url: 'http://a.b/'}", 2,
     "auth.amzn_oidc.public_key_url: expected https://HOST/…/ (http:// only to 127.0.0.1), got "
     "'http://a.b/'"},
    {"auth:\n  amzn_oidc: {claim: e, matchers: [{exact: a}], public_key_url: 'https://a.b'}", 2,
     "auth.amzn_oidc.public_key_url: expected https://HOST/…/"},
    {"network:\n  trusted_proxies: [10.0.0.0/8, x]", 2,
     "network.trusted_proxies[1]: expected an address or a network such as 10.0.0.0/8, got "
     "'x'"},
    {"network:\n  trusted_proxies: [10.0.0.1/8]", 2,
     "network.trusted_proxies[0]: expected an address or a network"},
    {"network:\n  trusted_proxies: 10.0.0.0/8", 2,
     "network.trusted_proxies: expected a list, got a value"},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct config *c = load(mistakes[i].text);
        char start[PATH_MAX + 32];
        if (c)
            fail_msg("accepted: %s", mistakes[i].text);
        snprintf(start, sizeof start, "%s:%d: ", path, mistakes[i].line);
        if (strncmp(e.text, start, strlen(start)) != 0 || !strstr(e.text, mistakes[i].error))
            fail_msg("%s\n  but expected %s%s", e.text, start, mistakes[i].error);
        assert_null(strstr(e.text, "planted"));
    }
}

/* {{ env "NAME" }} stands for NAME itself when that is not set: no secret. */
static void a_variable_that_is_not_set_is_no_secret(void **state)
{
    static const char *const keys[][2] = {
        {"auth.token.token", "auth: {token: {header: x-t, token: '{{ env `TEST_AUTH_NONE` }}'}}"},
        {"auth.basic.password",
         "auth: {basic: {username: u, password: '{{ env `TEST_AUTH_NONE` }}'}}"},
        {"auth.cookie_secret", "auth: {cookie_secret: ['{{ env `TEST_AUTH_NONE` }}'], basic: "
                               "{username: u, password: p}}"},
    };
    char start[PATH_MAX + 32];
    struct config *c;

    (void)state;
    unsetenv("TEST_AUTH_NONE");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_null(load(keys[i][1]));
        snprintf(start, sizeof start, "%s:1: %s: ", path, keys[i][0]);
        assert_ptr_equal(strstr(e.text, start), e.text);
        assert_non_null(strstr(e.text, "the environment variable TEST_AUTH_NONE is not set"));
    }
    setenv("TEST_AUTH_NONE", "a value", 1);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        c = load(keys[i][1]);
        assert_non_null(c);
        config_free(c);
    }
    unsetenv("TEST_AUTH_NONE");
    c = load("auth: {token: {header: x-t, token: '{{ env `TEST_AUTH_NONE` `default` }}'}}");
    assert_non_null(c);
    assert_string_equal(c->auth.token.token, "default");
    config_free(c);
}

/* Without the section; with null for it; a single secret, a single matcher, its older name. */
static void short_forms(void **state)
{
    struct config *c = load("htmldir: /x");

    (void)state;
    assert_non_null(c);
    assert_false(c->auth.present);
    assert_true(network_list_has(c->network.trusted, c->network.n_trusted, "10.1.2.3"));
    assert_true(network_list_has(c->network.trusted, c->network.n_trusted, "::1"));
    assert_false(network_list_has(c->network.trusted, c->network.n_trusted, "8.8.8.8"));
    assert_false(network_list_has(c->network.trusted, c->network.n_trusted, "169.254.169.254"));
    config_free(c);
    c = load("network: {trusted_proxies: []}\n"
             "auth: {cookie_secret: only, amzn_oidc: {claim: email, matcher: {exact: a@b}}}");
    assert_non_null(c);
    assert_int_equal(c->network.n_trusted, 0);
    assert_int_equal(c->auth.cookie_secret.len, 1);
    assert_string_equal(c->auth.cookie_secret.items[0], "only");
    assert_int_equal(c->auth.amzn_oidc.matchers.len, 1);
    assert_string_equal(c->auth.amzn_oidc.matchers.items[0].exact, "a@b");
    assert_false(c->auth.token.present || c->auth.basic.present);
    config_free(c);
}

static void secrets_are_masked(void **state)
{
    static const char text[] = "auth:\n"
                               "  cookie_secret: [planted-1, planted-2]\n"
                               "  token: {header: x-t, token: planted-3}\n"
                               "  basic: {username: u, password: planted-4}\n";
    struct config *c = load(text), *again;
    char *masked, *revealed, *second;

    (void)state;
    assert_non_null(c);
    masked = config_dump(c, CONFIG_MASKED);
    revealed = config_dump(c, CONFIG_REVEALED);
    assert_null(strstr(masked, "planted"));
    assert_non_null(strstr(masked, "cookie_secret: [\"********\", \"********\"]"));
    assert_non_null(strstr(masked, "token: \"********\""));
    assert_non_null(strstr(masked, "password: \"********\""));
    again = load(revealed);
    assert_non_null(again);
    second = config_dump(again, CONFIG_REVEALED);
    assert_string_equal(revealed, second);
    assert_string_equal(again->auth.cookie_secret.items[1], "planted-2");
    free(masked);
    free(revealed);
    free(second);
    config_free(c);
    config_free(again);
}

static void what_is_weak_is_warned_about(void **state)
{
    struct config *c = load("auth: {cookie_secret: planted, basic: {username: u, password: p}}");

    (void)state;
    assert_non_null(c);
    assert_non_null(strstr(buf_text(&warnings), "auth.cookie_secret: shorter than 32 bytes"));
    assert_null(strstr(buf_text(&warnings), "planted"));
    config_free(c);
    c = load("parameters: [{name: x, env: X, rule: '^a$', default: a}, "
             "{name: y, env: Y, rule: '^a$', default: b}]");
    assert_non_null(c);
    assert_null(strstr(buf_text(&warnings), "the default of 'x'"));
    assert_non_null(strstr(buf_text(&warnings), "the default of 'y' does not match its rule"));
    config_free(c);
    c = load("auth: {cookie_secret: 0123456789abcdef0123456789abcdef, amzn_oidc: {claim: email, "
             "matchers: [{suffix: '@a.example'}]}}");
    assert_non_null(c);
    assert_null(strstr(buf_text(&warnings), "cookie_secret"));
    assert_non_null(strstr(buf_text(&warnings), "auth.amzn_oidc.signer is not set"));
    config_free(c);
}

static void secrets_that_everybody_can_read_are_warned_about(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        bool warned;
    } cases[] = {
        {"auth: {token: {header: x-t, token: planted}}", 0644, true},
        {"auth: {basic: {username: u, password: planted}}", 0604, true},
        {"auth: {cookie_secret: [planted-1, planted-2], basic: {username: u, password: p}}", 0644,
         true},
        {"auth: {token: {header: x-t, token: planted}}", 0640, false},
        {"auth: {token: {header: x-t, token: '{{ must_env \"PLANTED\" }}'}}", 0644, false},
        {"auth: {token: {header: x-t, token: '{{ must_env \"SHORT\" }}'}}", 0644, false},
    };

    (void)state;
    setenv("PLANTED", "from the environment", 1);
    setenv("SHORT", "tok", 1); /* a part of another word in the file */
    assert_int_equal(chmod(folder, 0755), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options o = {.conf = path, .compat_v1 = true, .local = true};
        struct config *c = load(cases[i].text);

        assert_non_null(c);
        config_free(c);
        assert_int_equal(chmod(path, cases[i].mode), 0);
        buf_clear(&warnings);
        assert_int_equal(config_load(&c, &o, &no_source, warn, &e), 0);
        assert_int_equal(!!strstr(buf_text(&warnings), "every user of this machine"),
                         cases[i].warned);
        assert_null(strstr(buf_text(&warnings), "planted"));
        config_free(c);
    }
}

static void in_a_folder_of_ones_own_nobody_reads_them(void **state)
{
    struct options o = {.conf = path, .compat_v1 = true, .local = true};
    struct config *c = load("auth: {token: {header: x-t, token: planted}}");

    (void)state;
    assert_non_null(c);
    config_free(c);
    assert_int_equal(chmod(path, 0644), 0);
    for (int open = 0; open < 2; open++) {
        assert_int_equal(chmod(folder, open ? 0755 : 0750), 0);
        buf_clear(&warnings);
        assert_int_equal(config_load(&c, &o, &no_source, warn, &e), 0);
        assert_int_equal(!!strstr(buf_text(&warnings), "every user of this machine"), open);
        config_free(c);
    }
}

/* A script that knows the Go mirage-ecs may send it so. */
static void authorization_may_be_the_token(void **state)
{
    (void)state;
    config_free(loaded("auth:\n  token: {header: Authorization, token: planted}"));
    config_free(loaded("auth:\n  token: {header: Hosted, token: planted}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(authorization_may_be_the_token),
        TEST(mistakes_are_named),
        TEST(a_variable_that_is_not_set_is_no_secret),
        TEST(short_forms),
        TEST(secrets_are_masked),
        TEST(what_is_weak_is_warned_about),
        TEST(secrets_that_everybody_can_read_are_warned_about),
        TEST(in_a_folder_of_ones_own_nobody_reads_them),
    };
    return cmocka_run_group_tests_name("config auth", tests, make_folder, remove_folder);
}
