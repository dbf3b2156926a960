/* Who a visitor is: whatever the head says, what is remembered of a user agent changes no answer,
 * and the client's address is one. */
#include "fuzz_check.h"

#include <arpa/inet.h>

#include "config/config_agents.h"
#include "proxyd/client_address.h"
#include "proxyd/visitor.h"

static struct http_request r;
static struct network networks[2], ignored[1];
static const char *paths[] = {"/health", "/status/*"};
static struct config config = {.use.ignore.paths = {paths, 2}, .wake.visitors = "browsers"};
static struct visitor_rules *rules;
static struct visitor_memory kept;

static void make_rules(void)
{
    struct err e;

    if (rules)
        return;
    CHECK(network_parse(&networks[0], "10.0.0.0/8") && network_parse(&networks[1], "fc00::/7"));
    CHECK(network_parse(&ignored[0], "198.51.100.0/24"));
    config.network.trusted = networks;
    config.network.n_trusted = 2;
    config.use.ignore.networks = ignored;
    config.use.ignore.n_networks = 1;
    config.use.ignore.user_agents = config_agents_default(&config.arena);
    CHECK(visitor_rules_new(&rules, &config, &e) == 0);
}

static void check_visitor(const char *head, bool trusted)
{
    static struct visitor_memory fresh;
    const struct visitor_request v = {head, &r, "10.0.0.1", trusted};
    enum visitor first = visitor_of(rules, &kept, &v);
    char text[CLIENT_ADDRESS_SIZE];
    unsigned char unused[16];

    CHECK(visitor_of(rules, &kept, &v) == first);
    memset(&fresh, 0, sizeof fresh);
    CHECK(visitor_of(rules, &fresh, &v) == first);
    CHECK((first == VISITOR_IGNORED) == visitor_is_ignored(rules, &kept, &v));
    CHECK(first != VISITOR_BROWSER || visitor_accepts_html(head, &r));
    CHECK(visitor_wakes(&config, first) == (first == VISITOR_BROWSER));
    client_address(&config, head, &r, "10.0.0.1", trusted, text);
    CHECK(inet_pton(AF_INET, text, unused) == 1 || inet_pton(AF_INET6, text, unused) == 1);
    CHECK(trusted || !strcmp(text, "10.0.0.1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *buf = exact_copy(data, size);
    size_t scanned = 0;
    long end = http_head_end(buf, size, true, &scanned);

    make_rules();
    if (end > 0 && http_parse_request(buf, (size_t)end, &r) == 0) {
        check_visitor(buf, true);
        check_visitor(buf, false);
    }
    free_copy(buf, size);
    return 0;
}
