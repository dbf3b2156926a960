/* Who a visitor is: rules in tables, and the heads of tests/unit/data/visitors.jsonl, a request a
 * line, each with its class and where it is known from. */
#include "proxyd/visitor.h"

#include <jansson.h>

#include "config_fixture.h"
#include "proxyd/client_address.h"

#define FEWEST_HEADS          1000
#define WRONG_AT_MOST_PERCENT 1

static const char *const words[] = {"ignored", "browser", "client"};

static struct config *config;
static struct visitor_rules *rules;
static struct visitor_memory memory;

static void use(const char *text)
{
    config = loaded(text);
    memset(&memory, 0, sizeof memory);
    if (visitor_rules_new(&rules, config, &e) < 0)
        fail_msg("%s", e.text);
}

static void end_use(void)
{
    visitor_rules_free(rules);
    config_free(config);
    rules = NULL;
    config = NULL;
}

static enum visitor who(const char *head, const char *peer, bool peer_trusted)
{
    static struct http_request r;
    const struct visitor_request v = {head, &r, peer, peer_trusted};
    enum visitor first;

    if (http_parse_request(head, strlen(head), &r) != 0)
        fail_msg("not a request: %s", head);
    first = visitor_of(rules, &memory, &v);
    assert_int_equal(visitor_of(rules, &memory, &v), first); /* by what is remembered */
    return first;
}

/* --- the labelled heads ----------------------------------------------------------------------- */

static void add_fields(struct buf *head, const json_t *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)fields, name, value)
        buf_printf(head, "%s: %s\r\n", name, json_string_value(value));
}

/* Whether a line's head is of its class; says so where it is not. */
static bool is_right(const char *line, size_t number)
{
    json_t *entry = json_loads(line, 0, NULL);
    const char *class = json_string_value(json_object_get(entry, "class"));
    const char *request = json_string_value(json_object_get(entry, "request"));
    const char *source = json_string_value(json_object_get(entry, "source"));
    struct buf head = {0};
    enum visitor is;
    bool right;

    if (!class || !request || !source || !*source)
        fail_msg("line %zu lacks its class, request or source: %s", number, line);
    buf_printf(&head, "%s HTTP/1.1\r\nHost: pr-1.dev.example.net\r\n", request);
    add_fields(&head, json_object_get(entry, "fields"));
    buf_str(&head, "\r\n");
    is = who(buf_text(&head), "192.0.2.7", false);
    right = !strcmp(words[is], class);
    if (!right)
        print_message("line %zu: %s, taken for %s: %s", number, class, words[is], line);
    buf_free(&head);
    json_decref(entry);
    return right;
}

static void heads_of_the_world_are_known(void **state)
{
    FILE *file = fopen(MIRAGE_TESTS "/unit/data/visitors.jsonl", "re");
    size_t n = 0, wrong = 0, cap = 0;
    char *line = NULL;

    (void)state;
    assert_non_null(file);
    use("{}");
    while (getline(&line, &cap, file) > 0)
        wrong += !is_right(line, ++n);
    print_message("%zu heads, %zu of them taken for what they are not\n", n, wrong);
    assert_true(n >= FEWEST_HEADS);
    assert_true(wrong * 100 <= n * WRONG_AT_MOST_PERCENT);
    free(line);
    fclose(file);
    end_use();
}

/* --- rules ------------------------------------------------------------------------------------ */

#define HOST      "Host: a.example\r\n"
#define HTML      "Accept: text/html,*/*;q=0.8\r\n"
#define END       "\r\n"
#define GET       "GET / HTTP/1.1\r\n" HOST
#define NAVIGATES "Sec-Fetch-Mode: navigate\r\n"

static const struct {
    const char *head;
    enum visitor is;
} visits[] = {
    {GET HTML END, VISITOR_BROWSER},
    {"HEAD / HTTP/1.1\r\n" HOST HTML END, VISITOR_BROWSER},
    {"GET / HTTP/1.0\r\n" HTML END, VISITOR_BROWSER},
    {GET HTML NAVIGATES END, VISITOR_BROWSER},
    {GET HTML "Sec-Fetch-Mode: Navigate\r\n" END, VISITOR_BROWSER},
    {GET HTML "X-Requested-With: com.example.app\r\n" END, VISITOR_BROWSER},
    {GET HTML "Upgrade-Insecure-Requests: 1\r\n" END, VISITOR_BROWSER},
    {GET "Accept: */*\r\nAccept: Text/HTML\r\n" END, VISITOR_BROWSER},
    {GET "Accept: image/png, text/html ;q=0.1\r\n" END, VISITOR_BROWSER},
    {GET "Accept: text/html;level=1;q=0.01\r\n" END, VISITOR_BROWSER},
    {GET END, VISITOR_CLIENT},
    {GET "Accept: */*\r\n" END, VISITOR_CLIENT},
    {GET "Accept: text/*\r\n" END, VISITOR_CLIENT},
    {GET "Accept: text/html-sandboxed\r\n" END, VISITOR_CLIENT},
    {GET "Accept: x-text/html\r\n" END, VISITOR_CLIENT},
    {GET "Accept: text/html;q=0, */*\r\n" END, VISITOR_CLIENT},
    {GET "Accept: text/html; q=0.000, */*\r\n" END, VISITOR_CLIENT},
    {GET "Accept: ,\r\n" END, VISITOR_CLIENT},
    {"POST / HTTP/1.1\r\n" HOST HTML NAVIGATES END, VISITOR_CLIENT},
    {"OPTIONS / HTTP/1.1\r\n" HOST HTML END, VISITOR_CLIENT},
    {GET HTML "Sec-Fetch-Mode: cors\r\n" END, VISITOR_CLIENT},
    {GET HTML "Sec-Fetch-Mode: \r\n" END, VISITOR_CLIENT},
    {GET HTML NAVIGATES "Sec-Fetch-Mode: no-cors\r\n" END, VISITOR_CLIENT},
    {GET HTML NAVIGATES "Sec-Purpose: prefetch;prerender\r\n" END, VISITOR_CLIENT},
    {GET HTML "Purpose: prefetch\r\n" END, VISITOR_CLIENT},
    {GET HTML "X-Purpose: preview\r\n" END, VISITOR_CLIENT},
    {GET HTML "X-Moz: prefetch\r\n" END, VISITOR_CLIENT},
    {GET HTML "X-Requested-With: XMLHttpRequest\r\n" END, VISITOR_CLIENT},
    {GET HTML "Connection: upgrade\r\nUpgrade: websocket\r\n" END, VISITOR_CLIENT},
    {GET HTML NAVIGATES "User-Agent: x Googlebot/2.1\r\n" END, VISITOR_IGNORED},
    {GET "user-agent: KUBE-PROBE/1.31\r\n" END, VISITOR_IGNORED},
    {GET "User-Agent: curl/8\r\nUser-Agent: kube-probe/1.31\r\n" END, VISITOR_IGNORED},
    {GET HTML "User-Agent: \r\n" END, VISITOR_BROWSER},
    {GET HTML "User-Agent: kube\xc3\xa4-probe \xff\r\n" END, VISITOR_BROWSER},
};

static void browsers_and_others(void **state)
{
    (void)state;
    use("{}");
    for (size_t i = 0; i < COUNT(visits); i++)
        if (who(visits[i].head, "192.0.2.7", false) != visits[i].is)
            fail_msg("not %s: %s", words[visits[i].is], visits[i].head);
    end_use();
}

static void an_empty_list_ignores_nobody(void **state)
{
    (void)state;
    use("use: {ignore: {user_agents: []}}");
    assert_int_equal(who(GET "User-Agent: kube-probe/1.31\r\n" END, "192.0.2.7", false),
                     VISITOR_CLIENT);
    end_use();
}

static void a_list_takes_the_place_of_the_default(void **state)
{
    (void)state;
    use("use: {ignore: {user_agents: ['our (own|.) \\d+', x.y]}}");
    assert_int_equal(who(GET "User-Agent: kube-probe/1.31\r\n" END, "192.0.2.7", false),
                     VISITOR_CLIENT);
    assert_int_equal(who(GET "User-Agent: Our (Own|.) \\D+ 1\r\n" END, "192.0.2.7", false),
                     VISITOR_IGNORED); /* a text, not an expression */
    assert_int_equal(who(GET "User-Agent: our own 1\r\n" END, "192.0.2.7", false), VISITOR_CLIENT);
    assert_int_equal(who(GET "User-Agent: xay\r\n" END, "192.0.2.7", false), VISITOR_CLIENT);
    end_use();
}

static void paths_are_ignored(void **state)
{
    static const struct {
        const char *target;
        bool ignored;
    } cases[] = {
        {"/health", true},
        {"/health?full=1", true},
        {"/healthz", false},
        {"/health/", false},
        {"/Health", false},
        {"/status/", true},
        {"/status/live", true},
        {"/status", false},
        {"/", false},
        {"/?p=/health", false},
        {"http://a.example/health", true},
    };
    char head[256];

    (void)state;
    use("use: {ignore: {paths: [/health, /status/*]}}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(head, sizeof head, "GET %s HTTP/1.1\r\n" HOST END, cases[i].target);
        if ((who(head, "192.0.2.7", false) == VISITOR_IGNORED) != cases[i].ignored)
            fail_msg("%s", cases[i].target);
    }
    end_use();
    use("use: {ignore: {paths: [/]}}");
    assert_int_equal(who("GET http://a.example HTTP/1.1\r\n" HOST END, "192.0.2.7", false),
                     VISITOR_IGNORED);
    end_use();
}

#define FOR(list) GET "X-Forwarded-For: " list "\r\n" END

static void networks_are_ignored(void **state)
{
    static const struct {
        const char *head, *peer;
        bool trusted, ignored;
    } cases[] = {
        {GET END, "198.51.100.9", false, true},
        {GET END, "198.51.101.9", false, false},
        {GET END, "2001:db8::7", false, true},
        {FOR("198.51.100.9"), "10.0.0.1", true, true},
        {FOR("198.51.100.9"), "203.0.113.1", false, false}, /* it is not believed */
        {FOR("198.51.100.9, 203.0.113.5"), "10.0.0.1", true, false},
        {FOR("203.0.113.5, 198.51.100.9"), "10.0.0.1", true, true},
        {FOR("203.0.113.5,198.51.100.9 ,\t10.1.2.3"), "10.0.0.1", true, true},
        {FOR("198.51.100.9\r\nX-Forwarded-For: 10.1.2.3"), "10.0.0.1", true, true},
        {FOR("198.51.100.9, unknown"), "10.0.0.1", true, false},
        {FOR("198.51.100.9,"), "10.0.0.1", true, false},
        {FOR("2001:db8::1"), "10.0.0.1", true, true},
        {FOR("198.51.100.9:4711"), "10.0.0.1", true, false}, /* no address */
    };

    (void)state;
    use("network: {trusted_proxies: [10.0.0.0/8]}\n"
        "use: {ignore: {networks: [198.51.100.0/24, '2001:db8::/32']}}");
    for (size_t i = 0; i < COUNT(cases); i++)
        if ((who(cases[i].head, cases[i].peer, cases[i].trusted) == VISITOR_IGNORED) !=
            cases[i].ignored)
            fail_msg("%s\nfrom %s", cases[i].head, cases[i].peer);
    end_use();
}

/* The first address of a list where all are trusted; the peer's where nothing is said. */
static void addresses_of_clients(void **state)
{
    static const char *const heads[][2] = {
        {FOR("10.7.7.7, 10.1.2.3"), "10.7.7.7"},
        {FOR(""), "10.0.0.1"},
        {GET END, "10.0.0.1"},
        {FOR("nobody, 192.0.2.3"), "192.0.2.3"},
        {FOR("nobody, 10.1.2.3"), "10.1.2.3"},
    };
    char text[CLIENT_ADDRESS_SIZE];
    struct http_request r;

    (void)state;
    use("network: {trusted_proxies: [10.0.0.0/8]}");
    for (size_t i = 0; i < COUNT(heads); i++) {
        assert_int_equal(http_parse_request(heads[i][0], strlen(heads[i][0]), &r), 0);
        assert_string_equal(client_address(config, heads[i][0], &r, "10.0.0.1", true, text),
                            heads[i][1]);
    }
    end_use();
}

/* More agents than are remembered, and longer ones, in turns. */
static void memory_of_agents_never_mixes_them_up(void **state)
{
    static char head[4096], filler[1500];

    (void)state;
    use("{}");
    memset(filler, 'x', sizeof filler - 1);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++) {
            bool bot = i % 3 == round % 3;
            snprintf(head, sizeof head, GET "User-Agent: agent-%d %.*s %s\r\n" END, i, i % 7 * 40,
                     filler, bot ? "bot/1" : "run/1");
            assert_int_equal(who(head, "192.0.2.7", false), bot ? VISITOR_IGNORED : VISITOR_CLIENT);
        }
    snprintf(head, sizeof head, GET "User-Agent: %.1400s kube-probe/1\r\n" END, filler);
    assert_int_equal(who(head, "192.0.2.7", false), VISITOR_CLIENT); /* behind what is looked at */
    snprintf(head, sizeof head, GET "User-Agent: %.900s kube-probe/1\r\n" END, filler);
    assert_int_equal(who(head, "192.0.2.7", false), VISITOR_IGNORED);
    end_use();
}

static void who_wakes(void **state)
{
    static const struct {
        const char *text;
        bool wakes[3]; /* in the order of enum visitor */
    } cases[] = {
        {"{}", {false, true, false}},
        {"wake: {visitors: browsers}", {false, true, false}},
        {"wake: {visitors: all}", {false, true, true}},
        {"wake: {visitors: none}", {false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *c = loaded(cases[i].text);
        for (enum visitor v = VISITOR_IGNORED; v <= VISITOR_CLIENT; v++)
            assert_int_equal(visitor_wakes(c, v), cases[i].wakes[v]);
        config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(heads_of_the_world_are_known),
        TEST(browsers_and_others),
        TEST(an_empty_list_ignores_nobody),
        TEST(a_list_takes_the_place_of_the_default),
        TEST(paths_are_ignored),
        TEST(networks_are_ignored),
        TEST(addresses_of_clients),
        TEST(memory_of_agents_never_mixes_them_up),
        TEST(who_wakes),
    };
    return cmocka_run_group_tests_name("visitor", tests, make_folder, remove_folder);
}
