/* Where a request comes from: its Host, the port that the client knows, and other sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/cross_site.h"
#include "fcgi-app/request.h"

struct fake {
    const char *const *variables; /* names and values, NULL at the end */
};

static const char *fake_variable(void *ctx, const char *name)
{
    const struct fake *fake = ctx;

    for (size_t i = 0; fake->variables[i]; i += 2)
        if (!strcmp(fake->variables[i], name))
            return fake->variables[i + 1];
    return NULL;
}

static size_t fake_read(void *ctx, char *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return 0;
}

static const struct {
    const char *host;
    const char *origin; /* NULL: no such header */
    const char *fetch_site;
    bool cross;
} sites[] = {
    {"mirage.local", NULL, NULL, false},
    {"mirage.local", "http://mirage.local", NULL, false},
    {"mirage.local", "https://mirage.local", "same-origin", false},
    {"mirage.local", "https://mirage.local", "cross-site", true}, /* of http://, say */
    {"mirage.local:8080", "http://MIRAGE.local:8080", NULL, false},
    {"mirage.local:80", "http://mirage.local", NULL, false},
    {"mirage.local", "https://mirage.local:443", NULL, false},
    {"mirage.local", "http://mirage.local:443", NULL, true},
    {"mirage.local:8080", "http://mirage.local", NULL, true},
    {"mirage.local", "http://mirage.local:8080", NULL, true},
    {"mirage.local:8080", "http://mirage.local:8080:80", NULL, true},
    {"mirage.local:8080:80", "http://mirage.local:8080", NULL, true},
    {"mirage.local", "http://foo.local", "same-origin", true},
    {"mirage.local", "http://mirage.local.evil.example", NULL, true},
    {"mirage.local", "http://evil-mirage.local", NULL, true},
    {"mirage.local", "null", NULL, true},
    {"mirage.local", "", NULL, true},
    {"mirage.local", "http://", NULL, true},
    {"", "http://", NULL, true},
    {"mirage.local", "ftp://mirage.local", NULL, true},
    {"mirage.local", NULL, "same-origin", false},
    {"mirage.local", NULL, "none", false},
    {"mirage.local", NULL, "same-site", true},
    {"mirage.local", NULL, "cross-site", true},
    {"rebound.example", "http://rebound.example", "same-origin", true},
    /* a proxy has taken the port off Host, and the browser has compared it */
    {"mirage.local", "http://mirage.local:8080", "same-origin", false},
    {"mirage.local", "http://mirage.local:8080", "none", true},
    {"rebound.example", "http://mirage.local:8080", "same-origin", true},
    {"mirage.local", "http://mirage.local.evil.example:8080", "same-origin", true},
};

static void other_sites_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        const char *variables[7] = {"HTTP_HOST", sites[i].host};
        struct fake fake = {.variables = variables};
        const struct request_io io = {fake_variable, fake_read, &fake};
        const struct request r = {.io = &io};
        size_t n = 2;

        if (sites[i].origin) {
            variables[n++] = "HTTP_ORIGIN";
            variables[n++] = sites[i].origin;
        }
        if (sites[i].fetch_site) {
            variables[n++] = "HTTP_SEC_FETCH_SITE";
            variables[n++] = sites[i].fetch_site;
        }
        if (cross_site_request(&r, "mirage.local", sites[i].host) != sites[i].cross)
            fail_msg("case %zu: host %s", i, sites[i].host);
    }
}

/* The port that a proxy in front has taken off Host. */
static void authority_is_the_clients(void **state)
{
    static const struct {
        const char *host, *forwarded, *port, *proto, *trusted, *stranger;
    } cases[] = {
        {"mirage.local", NULL, NULL, NULL, "mirage.local", "mirage.local"},
        {"mirage.local", "mirage.local:8443", NULL, "https", "mirage.local:8443", "mirage.local"},
        {"mirage.local", "MIRAGE.local:8443, x", NULL, NULL, "MIRAGE.local:8443", "mirage.local"},
        {"mirage.local", "mirage.local", "8443", "https", "mirage.local:8443", "mirage.local"},
        {"mirage.local", NULL, "8080", NULL, "mirage.local:8080", "mirage.local"},
        {"mirage.local", NULL, "443", "https", "mirage.local", "mirage.local"},
        {"mirage.local", NULL, "80", "http", "mirage.local", "mirage.local"},
        {"mirage.local", NULL, "443", "http", "mirage.local:443", "mirage.local"},
        {"mirage.local", NULL, "8080, 80", NULL, "mirage.local", "mirage.local"},
        {"mirage.local", NULL, "808080", NULL, "mirage.local", "mirage.local"},
        {"mirage.local:80", "mirage.local:8443", "9", NULL, "mirage.local:80", "mirage.local:80"},
        {"mirage.local", "evil.example:8443", NULL, NULL, "mirage.local", "mirage.local"},
        {"mirage.local", "mirage.local.evil:8443", NULL, NULL, "mirage.local", "mirage.local"},
        {"[::1]", "[::1]:8443", NULL, NULL, "[::1]:8443", "[::1]"},
        {"", "mirage.local:8443", "8443", NULL, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *given[] = {cases[i].host, cases[i].forwarded, cases[i].port, cases[i].proto};
        static const char *const names[] = {"HTTP_HOST", "HTTP_X_FORWARDED_HOST",
                                            "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PROTO"};
        const char *variables[9] = {0};
        struct fake fake = {.variables = variables};
        const struct request_io io = {fake_variable, fake_read, &fake};
        const struct request r = {.io = &io};
        struct arena a = {0};

        for (size_t k = 0, n = 0; k < 4; k++)
            if (given[k]) {
                variables[n++] = names[k];
                variables[n++] = given[k];
            }
        assert_string_equal(cross_site_authority(&r, &a, true), cases[i].trusted);
        assert_string_equal(cross_site_authority(&r, &a, false), cases[i].stranger);
        arena_free(&a);
    }
}

static void host_is_ours_or_not(void **state)
{
    static const struct {
        const char *host;
        bool ours;
    } cases[] = {
        {"mirage.local", true},
        {"MIRAGE.local:8080", true},
        {"mirage.local.", true},
        {"mirage.local.:80", true},
        {"", false},
        {".", false},
        {"mirage.local.evil", false},
        {"xmirage.local", false},
        {"127.0.0.1:8090", false},
        {"[::1]:8090", false},
        {"mirage.locals", false},
        {"mirage", false},
        {"mirage.local..", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *variables[] = {"HTTP_HOST", cases[i].host, NULL};
        struct fake fake = {.variables = variables};
        const struct request_io io = {fake_variable, fake_read, &fake};
        const struct request r = {.io = &io};

        if (cross_site_host_is_ours(&r, "mirage.local") != cases[i].ours)
            fail_msg("host '%s'", cases[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_sites_are_known),
        cmocka_unit_test(authority_is_the_clients),
        cmocka_unit_test(host_is_ours_or_not),
    };

    return cmocka_run_group_tests_name("request_host", tests, NULL, NULL);
}
