/* The configuration: defaults, every key read and printed, and every kind of mistake named with
 * file, line and key. */
#include "config.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "clock.h"
#include "config_schema.h"
#include "options.h"
#include "regex.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[PATH_MAX - 64], path[PATH_MAX];
static int fetch_nothing(const char *url, struct buf *text, struct err *why)
{
    (void)text;
    return err_set(why, ERR_REFUSED, "%s: nothing is there", url);
}

static int fetch_a_host(const char *url, struct buf *text, struct err *why)
{
    (void)why;
    assert_string_equal(url, "s3://bucket/config.yaml");
    buf_str(text, "host: {webapi: '{{ env \"TEST_CONFIG_NONE\" \"from.s3\" }}'}\n");
    return 0;
}

static const struct config_source no_source = {.fetch = fetch_nothing};
static struct err e;
static struct buf warnings; /* what was warned about, a line each */

static int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-config.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    buf_free(&warnings);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void warn(const char *text)
{
    buf_printf(&warnings, "%s\n", text);
}

/* Loads this text as a file. 0 or -1 and `e`. */
static int load_bytes(struct config **c, const char *text, size_t len)
{
    struct options o = {.conf = path, .compat_v1 = true};
    struct buf b = {0};

    buf_clear(&warnings);
    e = (struct err){0};
    buf_add(&b, text, len);
    assert_int_equal(buf_write_file(&b, path), 0);
    buf_free(&b);
    return config_load(c, &o, &no_source, warn, &e);
}

static struct config *loaded(const char *text)
{
    struct config *c;

    if (load_bytes(&c, text, strlen(text)) != 0)
        fail_msg("%s\n%s", e.text, text);
    return c;
}

/* --- defaults --------------------------------------------------------------------------------- */

static struct config *defaults(struct options o)
{
    struct config *c;

    assert_int_equal(config_load(&c, &o, &no_source, warn, &e), 0);
    assert_string_equal(buf_text(&warnings), "");
    return c;
}

static void defaults_without_a_file(void **state)
{
    struct config *c = defaults((struct options){.compat_v1 = true});

    (void)state;
    assert_null(c->path);
    assert_false(c->local);
    assert_true(c->compat_v1);
    assert_string_equal(c->host.webapi, "mirage.local");
    assert_string_equal(c->host.reverse_proxy_suffix, ".local");
    assert_string_equal(c->listen.foreign_address, "0.0.0.0");
    assert_string_equal(c->web.server, "lighttpd");
    assert_null(c->web.listen);
    assert_int_equal(c->listen.n_http, 1);
    assert_int_equal(c->listen.http[0].listen, 80);
    assert_int_equal(c->listen.http[0].target, 80);
    assert_false(c->listen.http[0].require_auth_cookie);
    assert_int_equal(c->network.proxy_timeout_ms, 0);
    assert_int_equal(c->network.connect_timeout_ms, 5000);
    assert_int_equal(c->network.header_timeout_ms, 30000);
    assert_int_equal(c->network.idle_timeout_ms, 75000);
    assert_int_equal(c->network.workers, 0);
    assert_int_equal(c->n_parameters, 1);
    assert_string_equal(c->parameters[0].name, "branch");
    assert_string_equal(c->parameters[0].env, "GIT_BRANCH");
    assert_string_equal(c->parameters[0].rule, "");
    assert_string_equal(c->parameters[0].default_value, "");
    assert_string_equal(c->parameters[0].description, "");
    assert_true(c->parameters[0].required);
    assert_null(c->parameters[0].compiled);
    assert_int_equal(c->parameters[0].n_options, 0);
    assert_string_equal(c->ecs.launch_type, "FARGATE");
    assert_true(c->ecs.enable_execute_command);
    assert_null(c->ecs.cluster);
    assert_null(c->ecs.default_task_definition);
    assert_int_equal(c->local_tasks.n_taskdefs, 0);
    assert_non_null(c->htmldir);
    config_free(c);
    config_free(NULL);
}

static void defaults_of_local_mode(void **state)
{
    struct config *c = defaults((struct options){.local = true});

    (void)state;
    assert_true(c->local);
    assert_false(c->compat_v1);
    assert_string_equal(c->host.webapi, "mirage.localhost");
    assert_string_equal(c->host.reverse_proxy_suffix, ".localhost");
    assert_string_equal(c->listen.foreign_address, "127.0.0.1");
    assert_int_equal(c->listen.http[0].listen, 8080);
    config_free(c);
}

static void options_change_the_defaults(void **state)
{
    struct config *c = defaults((struct options){.domain = ".dev.example.net", .default_port = 81});

    (void)state;
    assert_string_equal(c->host.webapi, "mirage.dev.example.net");
    assert_string_equal(c->host.reverse_proxy_suffix, ".dev.example.net");
    assert_int_equal(c->listen.http[0].listen, 81);
    assert_int_equal(c->listen.http[0].target, 81);
    config_free(c);
    c = defaults((struct options){.local = true, .domain = ".test", .default_port = 9000});
    assert_string_equal(c->host.webapi, "mirage.test");
    assert_int_equal(c->listen.http[0].listen, 9000);
    config_free(c);
}

/* Requests' hosts are compared in lower case. */
static void domain_becomes_lower_case(void **state)
{
    struct config *c = defaults((struct options){.domain = ".Dev.Example.NET"});

    (void)state;
    assert_string_equal(c->host.webapi, "mirage.dev.example.net");
    assert_string_equal(c->host.reverse_proxy_suffix, ".dev.example.net");
    config_free(c);
}

static void files_that_say_nothing(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "# nothing\n",
                                        "---\n",
                                        "--- ~\n...",
                                        "{}",
                                        "null",
                                        "host:\n",
                                        "host: ~",
                                        "parameters: ~",
                                        "host: {}\nlisten: {}\n"
                                        "network: {}\necs: {}\n"
                                        "local: {}\nparameters: []",
                                        "host: {webapi: ~}\nlisten: {http: ~}"};
    struct config *plain = defaults((struct options){.compat_v1 = true});
    char *expected = config_dump(plain, CONFIG_REVEALED);

    (void)state;
    config_free(plain);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct config *c = loaded(texts[i]);
        char *text = config_dump(c, CONFIG_REVEALED);
        assert_string_equal(text, expected);
        assert_string_equal(buf_text(&warnings), "");
        free(text);
        config_free(c);
    }
    free(expected);
}

/* --- every key -------------------------------------------------------------------------------- */

static const char everything[] =
    "host:\n"
    "  webapi: Mirage.Dev.Example.net\n"
    "  reverse_proxy_suffix: Dev.Example.net\n"
    "listen:\n"
    "  foreign_address: 127.0.0.2\n"
    "  http:\n"
    "    - {listen: 8080, target: 80, require_auth_cookie: true}\n"
    "    - {listen: 65535, target: 1}\n"
    "network:\n"
    "  proxy_timeout: 1m30s\n"
    "  connect_timeout: 500ms\n"
    "  header_timeout: 1.5s\n"
    "  idle_timeout: 1h\n"
    "  workers: 3\n"
    "  trusted_proxies: [192.0.2.7, '2001:db8::/32']\n"
    "web:\n"
    "  server: apache\n"
    "  listen: '[::1]:8090'\n"
    "htmldir: /srv/html\n"
    "parameters:\n"
    "  - name: nick\n"
    "    env: NICK_1\n"
    "    rule: \"^[a-z]+$\"\n"
    "    default: bob\n"
    "    description: 'a \"name\"'\n"
    "    required: true\n"
    "    options:\n"
    "      - {label: Bob, value: bob}\n"
    "      - value: eve\n"
    "  - {name: branch, env: BRANCH}\n"
    "ecs:\n"
    "  region: ap-northeast-1\n"
    "  cluster: dev\n"
    "  capacity_provider_strategy:\n"
    "    - {capacity_provider: FARGATE_SPOT, weight: 2, base: 1}\n"
    "    - {capacity_provider: FARGATE}\n"
    "  launch_type: EC2\n"
    "  network_configuration:\n"
    "    awsvpc_configuration:\n"
    "      subnets: [subnet-a, subnet-b]\n"
    "      security_groups: [sg-1]\n"
    "      assign_public_ip: ENABLED\n"
    "  default_task_definition: app\n"
    "  enable_execute_command: no\n"
    "link:\n"
    "  hosted_zone_id: Z0123456789ABC\n"
    "  default_task_definitions: [front, back]\n"
    "  exclude_containers: [side*]\n"
    "purge:\n"
    "  schedule: '*/5 3 ? * MON-FRI *'\n"
    "  request:\n"
    "    duration: \"86400\"\n"
    "    excludes: [main, foo-*]\n"
    "    exclude_tags: ['branch:a:b']\n"
    "    exclude_regexp: '^keep'\n"
    "auth:\n"
    "  cookie_secret: [a-new-secret-of-thirty-two-bytes, the-old-secret-of-thirty-two-byte]\n"
    "  token: {header: X-Mirage-Token, token: \"t\\\"k\"}\n"
    "  amzn_oidc:\n"
    "    claim: email\n"
    "    matchers:\n"
    "      - {suffix: '@example.com'}\n"
    "      - {exact: a@example.net}\n"
    "    signer: arn:aws:x\n"
    "    public_key_url: https://keys.example/\n"
    "  basic: {username: u, password: p}\n"
    "local:\n"
    "  taskdefs:\n"
    "    app:\n"
    "      command: [python3, -m, http.server]\n"
    "      ports: [80, 3000]\n"
    "      env: {A: b, C: \"\"}\n"
    "    page:\n";

static void check_everything(const struct config *c)
{
    const struct config_parameter *p = c->parameters;
    const struct config_taskdef *t = c->local_tasks.taskdefs;

    assert_string_equal(c->host.webapi, "mirage.dev.example.net");
    assert_string_equal(c->host.reverse_proxy_suffix, ".dev.example.net");
    assert_string_equal(c->listen.foreign_address, "127.0.0.2");
    assert_int_equal(c->listen.n_http, 2);
    assert_int_equal(c->listen.http[0].listen, 8080);
    assert_int_equal(c->listen.http[0].target, 80);
    assert_int_equal(c->listen.http[1].listen, 65535);
    assert_int_equal(c->listen.http[1].target, 1);
    assert_int_equal(c->network.proxy_timeout_ms, 90000);
    assert_int_equal(c->network.connect_timeout_ms, 500);
    assert_int_equal(c->network.header_timeout_ms, 1500);
    assert_int_equal(c->network.idle_timeout_ms, 3600000);
    assert_int_equal(c->network.workers, 3);
    assert_int_equal(c->network.n_trusted, 2);
    assert_true(network_list_has(c->network.trusted, 2, "2001:db8::9"));
    assert_false(network_list_has(c->network.trusted, 2, "192.0.2.8"));
    assert_true(c->auth.present && c->auth.token.present && c->auth.basic.present);
    assert_int_equal(c->auth.cookie_secret.len, 2);
    assert_string_equal(c->auth.cookie_secret.items[1], "the-old-secret-of-thirty-two-byte");
    assert_string_equal(c->auth.token.header, "X-Mirage-Token");
    assert_string_equal(c->auth.token.token, "t\"k");
    assert_string_equal(c->auth.amzn_oidc.claim, "email");
    assert_int_equal(c->auth.amzn_oidc.matchers.len, 2);
    assert_string_equal(c->auth.amzn_oidc.matchers.items[0].suffix, "@example.com");
    assert_string_equal(c->auth.amzn_oidc.matchers.items[1].exact, "a@example.net");
    assert_string_equal(c->auth.amzn_oidc.signer, "arn:aws:x");
    assert_string_equal(c->auth.amzn_oidc.public_key_url, "https://keys.example/");
    assert_string_equal(c->auth.basic.username, "u");
    assert_string_equal(c->auth.basic.password, "p");
    assert_string_equal(c->web.server, "apache");
    assert_string_equal(c->web.listen, "[::1]:8090");
    assert_string_equal(c->htmldir, "/srv/html");
    assert_int_equal(c->n_parameters, 2); /* branch is defined: none is added */
    assert_string_equal(p[0].name, "nick");
    assert_string_equal(p[0].env, "NICK_1");
    assert_string_equal(p[0].rule, "^[a-z]+$");
    assert_string_equal(p[0].default_value, "bob");
    assert_string_equal(p[0].description, "a \"name\"");
    assert_true(p[0].required);
    assert_non_null(p[0].compiled);
    assert_int_equal(regex_match(p[0].compiled, "bob"), 1);
    assert_int_equal(p[0].n_options, 2);
    assert_string_equal(p[0].options[0].label, "Bob");
    assert_string_equal(p[0].options[0].value, "bob");
    assert_string_equal(p[0].options[1].label, "eve"); /* its value */
    assert_string_equal(p[0].options[1].value, "eve");
    assert_string_equal(p[1].name, "branch");
    assert_string_equal(p[1].env, "BRANCH");
    assert_false(p[1].required);
    assert_string_equal(c->ecs.region, "ap-northeast-1");
    assert_string_equal(c->ecs.cluster, "dev");
    assert_int_equal(c->ecs.n_capacity_provider_strategy, 2);
    assert_string_equal(c->ecs.capacity_provider_strategy[0].capacity_provider, "FARGATE_SPOT");
    assert_int_equal(c->ecs.capacity_provider_strategy[0].weight, 2);
    assert_int_equal(c->ecs.capacity_provider_strategy[0].base, 1);
    assert_int_equal(c->ecs.capacity_provider_strategy[1].weight, 0);
    assert_string_equal(c->ecs.launch_type, "EC2");
    assert_int_equal(c->ecs.network_configuration.awsvpc_configuration.subnets.len, 2);
    assert_string_equal(c->ecs.network_configuration.awsvpc_configuration.subnets.items[1],
                        "subnet-b");
    assert_int_equal(c->ecs.network_configuration.awsvpc_configuration.security_groups.len, 1);
    assert_string_equal(c->ecs.network_configuration.awsvpc_configuration.assign_public_ip,
                        "ENABLED");
    assert_string_equal(c->ecs.default_task_definition, "app");
    assert_string_equal(c->link.hosted_zone_id, "Z0123456789ABC");
    assert_int_equal(c->link.default_task_definitions.len, 2);
    assert_string_equal(c->link.default_task_definitions.items[1], "back");
    assert_int_equal(c->link.exclude_containers.len, 1);
    assert_string_equal(c->link.exclude_containers.items[0], "side*");
    assert_string_equal(c->purge.schedule, "*/5 3 ? * MON-FRI *");
    assert_string_equal(c->purge.request.duration, "86400");
    assert_int_equal(c->purge.request.n_excludes, 2);
    assert_string_equal(c->purge.request.excludes[1], "foo-*");
    assert_int_equal(c->purge.request.n_exclude_tags, 1);
    assert_string_equal(c->purge.request.exclude_regexp, "^keep");
    assert_false(c->ecs.enable_execute_command);
    assert_int_equal(c->local_tasks.n_taskdefs, 2);
    assert_string_equal(t[0].name, "app");
    assert_int_equal(t[0].command.len, 3);
    assert_string_equal(t[0].command.items[2], "http.server");
    assert_int_equal(t[0].n_ports, 2);
    assert_int_equal(t[0].ports[1], 3000);
    assert_int_equal(t[0].n_env, 2);
    assert_string_equal(t[0].env[0].name, "A");
    assert_string_equal(t[0].env[0].value, "b");
    assert_string_equal(t[0].env[1].value, "");
    assert_string_equal(t[1].name, "page");
    assert_int_equal(t[1].command.len, 0);
    assert_int_equal(t[1].n_ports, 0);
    assert_ptr_equal(config_local_taskdef(c, "app"), &t[0]);
    assert_ptr_equal(config_local_taskdef(c, "app:7"), &t[0]);
    assert_ptr_equal(config_local_taskdef(c, "page"), &t[1]);
    assert_null(config_local_taskdef(c, "ap"));
    assert_null(config_local_taskdef(c, "apps"));
    assert_null(config_local_taskdef(c, ""));
}

/* Whether the text has a line `key:` for each field, those of its sections included. */
static void has_keys(const char *text, const struct config_field *fields)
{
    char line[64];

    for (; fields->key; fields++) {
        snprintf(line, sizeof line, "%s:", fields->key);
        if (!strstr(text, line))
            fail_msg("%s is missing in\n%s", line, text);
        if (fields->sub)
            has_keys(text, fields->sub);
    }
}

static void every_key_is_read_and_printed(void **state)
{
    struct config *c = loaded(everything);
    char *first, *second;

    (void)state;
    has_keys(everything, config_schema); /* so that a new key is not forgotten here */
    assert_string_equal(buf_text(&warnings), "");
    check_everything(c);
    first = config_dump(c, CONFIG_REVEALED);
    has_keys(first, config_schema);
    config_free(c);
    c = loaded(first);
    assert_string_equal(buf_text(&warnings), "");
    check_everything(c);
    second = config_dump(c, CONFIG_REVEALED);
    assert_string_equal(first, second);
    config_free(c);
    free(first);
    free(second);
}

/* Texts that are hard to write in YAML come back from what is printed. */
static void dump_of_odd_texts_loads_again(void **state)
{
    static const char *const texts[] = {
        "\"\"",
        "'~'",
        "'null'",
        "\"tab\\t, line\\n, cr\\r, nul\\x01\\x1f\\x7f, quote\\\", backslash\\\\\"",
        "'# no comment'",
        "'a: b'",
        "'- x'",
        "' blanks '",
        "'{{ env `TEST_CONFIG_NONE` `{{ x }}` }}'",
        "\"\\u65e5\\u672c \\U0001f600\"",
        "\"ends with a backslash\\\\\"",
        "'%TAG'",
        "|\n    several\n    lines\n",
        "\"\\x85 next line\"",
        "\"\\u2028 line, \\u2029 paragraph\"",
        "\"\\ufeff byte order mark\"",
        "\"\\x80\\x9f\"",
    };
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf text = {0};
        struct config *c, *again;
        char *first, *second;

        buf_printf(&text, "parameters:\n- name: x\n  env: X\n  description: %s\n", texts[i]);
        c = loaded(text.data);
        first = config_dump(c, CONFIG_REVEALED);
        if (load_bytes(&again, first, strlen(first)) != 0) {
            print_error("%s: %s\n", texts[i], e.text);
            wrong++;
        } else {
            second = config_dump(again, CONFIG_REVEALED);
            if (strcmp(first, second) != 0) {
                print_error("%s became another text\n", texts[i]);
                wrong++;
            }
            assert_int_equal(again->n_parameters, 2);
            free(second);
            config_free(again);
        }
        free(first);
        config_free(c);
        buf_free(&text);
    }
    assert_int_equal(wrong, 0);
}

static void branch_is_added(void **state)
{
    struct config *c = loaded("parameters:\n- {name: a, env: A}\n- {name: b, env: B}\n");

    (void)state;
    assert_int_equal(c->n_parameters, 3);
    assert_string_equal(c->parameters[0].name, "branch");
    assert_true(c->parameters[0].required);
    assert_string_equal(c->parameters[1].name, "a");
    assert_string_equal(c->parameters[2].name, "b");
    config_free(c);
    c = loaded("parameters:\n- {name: a, env: A}\n- {name: branch, env: B, default: main}\n");
    assert_int_equal(c->n_parameters, 2);
    assert_string_equal(c->parameters[1].default_value, "main");
    assert_false(c->parameters[1].required);
    config_free(c);
}

static void launch_type_unless_a_strategy(void **state)
{
    struct config *c =
        loaded("ecs: {capacity_provider_strategy: [{capacity_provider: FARGATE_SPOT}]}");

    (void)state;
    assert_null(c->ecs.launch_type);
    config_free(c);
}

static void booleans(void **state)
{
    static const struct {
        const char *text;
        bool value;
    } cases[] = {{"true", true}, {"True", true},   {"TRUE", true},   {"yes", true}, {"on", true},
                 {"Yes", true},  {"ON", true},     {"y", true},      {"N", false},  {"Off", false},
                 {"no", false},  {"false", false}, {"False", false}, {"off", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct config *c;
        snprintf(text, sizeof text, "ecs: {enable_execute_command: %s}", cases[i].text);
        c = loaded(text);
        assert_int_equal(c->ecs.enable_execute_command, cases[i].value);
        config_free(c);
    }
}

static void addresses(void **state)
{
    static const char *const good[] = {"127.0.0.1", "'::'", "'::1'", "fd00::1", "0.0.0.0"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[64];
        snprintf(text, sizeof text, "listen: {foreign_address: %s}", good[i]);
        config_free(loaded(text));
    }
}

/* --- durations -------------------------------------------------------------------------------- */

struct duration {
    const char *text;
    int64_t ms;
};

static void durations_are(const struct duration *list, size_t n)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++) {
        char text[128];
        struct config *c;
        snprintf(text, sizeof text, "network:\n  proxy_timeout: %s\n", list[i].text);
        if (load_bytes(&c, text, strlen(text)) != 0) {
            print_error("%s\n", e.text);
            wrong++;
            continue;
        }
        if (c->network.proxy_timeout_ms != list[i].ms) {
            print_error("%s is %lld ms\n", list[i].text, (long long)c->network.proxy_timeout_ms);
            wrong++;
        }
        config_free(c);
    }
    assert_int_equal(wrong, 0);
}

static void durations(void **state)
{
    static const struct duration list[] = {
        {"0", 0},
        {"0s", 0},
        {"0h0m0s", 0},
        {"'500ms'", 500},
        {"30s", 30000},
        {"1m30s", 90000},
        {"1h2m3s4ms", 3723004},
        {"1.5s", 1500},
        {".5s", 500},
        {"1.s", 1000},
        {"2.25h", 8100000},
        {"90m", 5400000},
        {"1s1s", 2000},
        {"1s1m", 61000},
        {"1500us", 2}, /* what is left of a millisecond is one */
        {"1000us", 1},
        {"1000\xc2\xb5s", 1}, /* U+00B5 */
        {"1ns", 1},
        {"1000000ns", 1},
        {"0.001s", 1},
        {"0.1s", 100},
        {"0.3s", 300},
        {"8760h", INT64_C(31536000000)},
        {"007s", 7000},
    };

    (void)state;
    durations_are(list, COUNT(list));
}

/* Go's time.ParseDuration takes a sign, and both of Unicode's micros. */
static void durations_that_go_takes_too(void **state)
{
    static const struct duration list[] = {
        {"+30s", 30000}, {"+0", 0}, {"-0s", 0}, {"1000\xce\xbcs", 1}}; /* U+03BC */

    (void)state;
    durations_are(list, COUNT(list));
}

static void bad_durations(void **state)
{
    static const char *const bad[] = {"30",
                                      "1",
                                      "-5s",
                                      "s",
                                      "ms",
                                      ".",
                                      ".s",
                                      "1..5s",
                                      "1.5.5s",
                                      "1 s",
                                      "1S",
                                      "1d",
                                      "1w",
                                      "30sec",
                                      "1e3s",
                                      "0x10s",
                                      "1m30",
                                      "1m 30s",
                                      "five",
                                      "1s,",
                                      "'1s '",
                                      "' 1s'",
                                      "inf",
                                      "nan",
                                      "1_0s",
                                      "infs",
                                      "''",
                                      "'-'",
                                      "'+'",
                                      "10m-5s",
                                      "99999999999999999999h",
                                      "true"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[128], start[PATH_MAX + 64];
        struct config *c;
        snprintf(text, sizeof text, "network:\n  idle_timeout: %s\n", bad[i]);
        if (load_bytes(&c, text, strlen(text)) == 0)
            fail_msg("accepted: %s", bad[i]);
        snprintf(start, sizeof start, "%s:2: network.idle_timeout: expected a duration", path);
        assert_ptr_equal(strstr(e.text, start), e.text);
    }
}

/* --- mistakes --------------------------------------------------------------------------------- */

struct mistake {
    const char *text;
    int line;
    const char *error; /* what stands behind `file:line: ` */
};

static size_t count_wrong(const struct mistake *list, size_t n)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++) {
        char start[PATH_MAX + 512];
        struct config *c = (struct config *)&c;
        if (load_bytes(&c, list[i].text, strlen(list[i].text)) == 0) {
            print_error("accepted: %s\n", list[i].text);
            config_free(c);
            wrong++;
            continue;
        }
        assert_null(c);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_null(strchr(e.text, '\n'));
        snprintf(start, sizeof start, "%s:%d: %s", path, list[i].line, list[i].error);
        if (strncmp(e.text, start, strlen(start)) != 0) {
            print_error("%s\n  is what is said of: %s\n  expected line %d: %s\n", e.text,
                        list[i].text, list[i].line, list[i].error);
            wrong++;
        }
    }
    return wrong;
}

static void mistakes(void **state)
{
    static const struct mistake list[] = {
        /* wrong kinds */
        {"just text", 1, "expected a mapping, got a value"},
        {"- a\n- b", 1, "expected a mapping, got a list"},
        {"host: text", 1, "host: expected a mapping, got a value"},
        {"\nhost: []", 2, "host: expected a mapping, got a list"},
        {"listen: 80", 1, "listen: expected a mapping, got a value"},
        {"listen:\n  http: {listen: 80, target: 80}", 2,
         "listen.http: expected a list, got a mapping"},
        {"listen:\n  http: 80", 2, "listen.http: expected a list, got a value"},
        {"listen:\n  http:\n  - 80", 3, "listen.http[0]: expected a mapping, got a value"},
        {"listen:\n  http:\n  - {listen: 1, target: 2}\n  - [1, 2]", 4,
         "listen.http[1]: expected a mapping, got a list"},
        {"parameters: {name: a, env: A}", 1, "parameters: expected a list, got a mapping"},
        {"htmldir: [a]", 1, "htmldir: expected a text, got a list"},
        {"htmldir:\n  a: b", 2, "htmldir: expected a text, got a mapping"},
        {"ecs:\n  network_configuration: x", 2,
         "ecs.network_configuration: expected a mapping, got a value"},
        {"ecs:\n  network_configuration:\n    awsvpc_configuration:\n      subnets: a", 4,
         "ecs.network_configuration.awsvpc_configuration.subnets: expected a list, got a value"},
        {"ecs:\n  network_configuration:\n    awsvpc_configuration:\n      subnets:\n      - a\n"
         "      - [b]",
         6,
         "ecs.network_configuration.awsvpc_configuration.subnets[1]: expected a text, got a list"},
        {"local:\n  taskdefs: [a]", 2, "local.taskdefs: expected a mapping, got a list"},
        {"local:\n  taskdefs:\n    app: x", 3,
         "local.taskdefs.app: expected a mapping, got a value"},
        {"local:\n  taskdefs:\n    app:\n      command: python3 x", 4,
         "local.taskdefs.app.command: expected a list, got a value"},
        {"local:\n  taskdefs:\n    app:\n      env: [A]", 4,
         "local.taskdefs.app.env: expected a mapping, got a list"},
        {"local:\n  taskdefs:\n    app:\n      env:\n        A: [b]", 5,
         "local.taskdefs.app.env.A: expected a text, got a list"},
        {"local:\n  taskdefs:\n    app: {ports: 80}", 3,
         "local.taskdefs.app.ports: expected a list, got a value"},
        {"local:\n  taskdefs:\n    [a]: {}", 3, "local.taskdefs: expected a name, got a list"},
        {"[a]: b", 1, "expected a key, got a list"},
        {"host:\n  ? {a: b}\n  : c", 2, "host: expected a key, got a mapping"},

        /* numbers and ports */
        {"listen:\n  http:\n  - {listen: 0, target: 80}", 3,
         "listen.http[0].listen: expected a number from 1 to 65535, got '0'"},
        {"listen:\n  http:\n  - listen: 80\n    target: 65536", 4,
         "listen.http[0].target: expected a number from 1 to 65535, got '65536'"},
        {"listen:\n  http:\n  - {listen: -1, target: 80}", 3,
         "listen.http[0].listen: expected a number"},
        {"listen:\n  http:\n  - {listen: http, target: 80}", 3,
         "listen.http[0].listen: expected a number from 1 to 65535, got 'http'"},
        {"listen:\n  http:\n  - {listen: 8x, target: 80}", 3, "listen.http[0].listen: expected"},
        {"listen:\n  http:\n  - {listen: 80.5, target: 80}", 3, "listen.http[0].listen: expected"},
        {"listen:\n  http:\n  - {listen: 0x50, target: 80}", 3, "listen.http[0].listen: expected"},
        {"listen:\n  http:\n  - {listen: '', target: 80}", 3,
         "listen.http[0].listen: expected a number from 1 to 65535, got ''"},
        {"listen:\n  http:\n  - {listen: 99999999999999999999, target: 80}", 3,
         "listen.http[0].listen: expected a number"},
        {"listen:\n  http:\n  - {listen: [80], target: 80}", 3,
         "listen.http[0].listen: expected a number, got a list"},
        {"network:\n  workers: 257", 2, "network.workers: expected a number from 0 to 256"},
        {"network:\n  workers: all", 2, "network.workers: expected a number from 0 to 256"},
        {"local: {taskdefs: {app: {ports: [80, 0]}}}", 1,
         "local.taskdefs.app.ports[1]: expected a number from 1 to 65535, got '0'"},
        {"ecs:\n  capacity_provider_strategy:\n  - {capacity_provider: F, weight: -1}", 3,
         "ecs.capacity_provider_strategy[0].weight: expected a number"},

        /* booleans, choices, durations */
        {"ecs:\n  enable_execute_command: maybe", 2,
         "ecs.enable_execute_command: expected true or false, got 'maybe'"},
        {"ecs:\n  enable_execute_command: 1", 2, "ecs.enable_execute_command: expected true"},
        {"ecs:\n  enable_execute_command: {}", 2,
         "ecs.enable_execute_command: expected true or false, got a mapping"},
        {"ecs:\n  launch_type: fargate", 2,
         "ecs.launch_type: expected one of FARGATE EC2 EXTERNAL, got 'fargate'"},
        {"ecs:\n  launch_type: EC", 2, "ecs.launch_type: expected one of"},
        {"ecs:\n  launch_type: FARGATE EC2", 2, "ecs.launch_type: expected one of"},
        {"ecs:\n  launch_type: ''", 2, "ecs.launch_type: expected one of"},
        {"ecs:\n  network_configuration:\n    awsvpc_configuration: {assign_public_ip: true}", 3,
         "ecs.network_configuration.awsvpc_configuration.assign_public_ip: expected one of "
         "ENABLED DISABLED, got 'true'"},
        {"network:\n  connect_timeout: 0", 2,
         "network.connect_timeout: expected a duration longer than 0, got '0'"},
        {"network:\n  header_timeout: 0s", 2, "network.header_timeout: expected a duration longer"},
        {"network:\n  idle_timeout: 0s", 2, "network.idle_timeout: expected a duration longer"},
        {"network:\n  proxy_timeout: 30", 2,
         "network.proxy_timeout: expected a duration such as 500ms, 30s or 1m30s, got '30'"},
        {"network:\n  proxy_timeout: [1s]", 2,
         "network.proxy_timeout: expected a duration, got a list"},

        /* hosts, addresses, names, rules */
        {"host:\n  webapi: http://mirage.local", 2, "host.webapi: expected a host name such as"},
        {"host:\n  webapi: mirage.local:80", 2, "host.webapi: expected a host name such as"},
        {"host:\n  webapi: .local", 2, "host.webapi: expected a host name such as"},
        {"host:\n  webapi: ''", 2, "host.webapi: expected a host name such as"},
        {"host:\n  webapi: a..b", 2, "host.webapi: expected a host name such as"},
        {"host:\n  webapi: a_b.c", 2, "host.webapi: expected a host name such as"},
        {"host:\n  reverse_proxy_suffix: .", 2,
         "host.reverse_proxy_suffix: expected a domain such as .dev.example.net, got '.'"},
        {"host:\n  reverse_proxy_suffix: ''", 2, "host.reverse_proxy_suffix: expected a domain"},
        {"host:\n  reverse_proxy_suffix: '*.local'", 2,
         "host.reverse_proxy_suffix: expected a domain"},
        {"listen:\n  foreign_address: localhost", 2,
         "listen.foreign_address: expected an IP address, got 'localhost'"},
        {"listen:\n  foreign_address: 127.0.0.1:80", 2, "listen.foreign_address: expected an IP"},
        {"web:\n  server: nginx", 2, "web.server: expected one of lighttpd apache, got 'nginx'"},
        {"web:\n  listen: 8090", 2,
         "web.listen: expected ADDRESS:PORT such as 0.0.0.0:8090 or [::]:8090, got '8090'"},
        {"web:\n  listen: localhost:8090", 2, "web.listen: expected ADDRESS:PORT"},
        {"web: apache", 1, "web: expected a mapping, got a value"},
        {"listen:\n  foreign_address: ''", 2, "listen.foreign_address: expected an IP address"},
        {"parameters:\n- name: a\n  env: 1A", 3,
         "parameters[0].env: expected a name for an environment variable, got '1A'"},
        {"parameters:\n- {name: a, env: A-B}", 2, "parameters[0].env: expected a name"},
        {"parameters:\n- {name: a, env: ''}", 2, "parameters[0].env: expected a name"},
        {"parameters:\n- {name: a, env: 'A=B'}", 2, "parameters[0].env: expected a name"},
        {"parameters:\n- name: a\n  env: A\n  rule: '['", 4,
         "parameters[0].rule: bad regular expression at character 2: "},
        {"parameters:\n- name: a\n  env: A\n  rule: '(?<x'", 4, "parameters[0].rule: bad regular"},

        /* what is there twice, or not at all */
        {"host: {}\nhost: {}", 2, "host: is given twice"},
        {"host:\n  webapi: a\n  webapi: b", 3, "host.webapi: is given twice"},
        {"parameters:\n- name: a\n  env: A\n  name: b", 4, "parameters[0].name: is given twice"},
        {"unknown: 1\nunknown: 2", 2, "unknown: is given twice"},
        {"listen:\n  http:\n  - target: 80", 3, "listen.http[0]: lacks the key 'listen'"},
        {"listen:\n  http:\n  - listen: 80", 3, "listen.http[0]: lacks the key 'target'"},
        {"listen:\n  http:\n  - {listen: 80, target: ~}", 3,
         "listen.http[0]: lacks the key 'target'"},
        {"parameters:\n- env: A", 2, "parameters[0]: lacks the key 'name'"},
        {"parameters:\n- {name: a, env: A}\n- name: b", 3, "parameters[1]: lacks the key 'env'"},
        {"parameters:\n- name: a\n  env: A\n  options:\n  - label: x", 5,
         "parameters[0].options[0]: lacks the key 'value'"},
        {"ecs:\n  capacity_provider_strategy:\n  - weight: 1", 3,
         "ecs.capacity_provider_strategy[0]: lacks the key 'capacity_provider'"},

        {"link:\n  exclude_containers: [a, '[']", 2,
         "link.exclude_containers[1]: '[' is a malformed pattern"},
        {"purge: {schedule: x}", 1, "purge.schedule: expected six fields"},
        {"purge:\n  schedule: 0 3 * * * *", 2,
         "purge.schedule: one of day of month and day of week must be ?"},
        {"purge:\n  schedule: 0 24 * * ? *", 2, "purge.schedule: hours: '24' is not understood"},
        {"purge:\n  request:\n    duration: 299", 3,
         "purge.request.duration: expected seconds, at least 300, got '299'"},
        {"purge:\n  request:\n    duration: 1d", 3, "purge.request.duration: expected seconds"},
        {"purge:\n  request: {duration: 300, exclude_regexp: '('}", 2,
         "purge.request.exclude_regexp: "},

        /* not YAML */
        {"host:\n\twebapi: a", 2, "not valid YAML: "},
        {"a: 'open\nb: c\n", 3, "not valid YAML: "},
        {"a: \"open\n", 2, "not valid YAML: "},
        {"a: [1, 2\n", 2, "not valid YAML: "},
        {"a: {b: c\n", 2, "not valid YAML: "},
        {"a: b: c", 1, "not valid YAML: "},
        {"a: b\n  c: d", 2, "not valid YAML: "},
        {"a: @b", 1, "not valid YAML: "},
        {"a: \"\\z\"", 1, "not valid YAML: "},
        {"a: *nowhere", 1, "not valid YAML: "},
        {"a: !<tag b", 1, "not valid YAML: "},
        {"htmldir: \"a\\0b\"", 1, "htmldir: contains a NUL character"},
        {"\"a\\0b\": c", 1, "contains a NUL character"},

        /* templates */
        {"a: b\nc: {{ must_env \"TEST_CONFIG_NONE\" }}", 2,
         "environment variable TEST_CONFIG_NONE is not set (must_env)"},
        {"a: b\n\nc: {{ enf \"X\" }}", 3, "expected {{ env"},
        {"a: {{ env \"X\"", 1, "{{ is not closed"},
    };

    (void)state;
    assert_true(COUNT(list) >= 60);
    assert_int_equal(count_wrong(list, COUNT(list)), 0);
}

/* Mistakes that only the whole tells: they too stand in a line. */
static void mistakes_of_the_whole(void **state)
{
    static const struct mistake list[] = {
        {"listen:\n  http:\n  - {listen: 80, target: 80}\n  - {listen: 80, target: 81}", 4,
         "listen.http[1].listen: port 80 is used twice"},
        {"web: {listen: '127.0.0.1:80'}\nlisten:\n  http:\n  - {listen: 80, target: 80}", 4,
         "web.listen: port 80 is mirage-proxyd's (listen.http[0].listen); name another"},
        {"listen:\n  http: []", 2, "listen.http: expected at least one entry"},
        {"listen:\n  http:\n  - {listen: 80, target: 80, require_auth_cookie: true}", 3,
         "listen.http[0].require_auth_cookie needs auth.cookie_secret"},
        {"parameters:\n- {name: a, env: A}\n- {name: a, env: B}", 3, "parameters"},
        {"parameters:\n- {name: a, env: A}\n- {name: b, env: A}", 3, "parameters"},
        {"parameters:\n- {name: branch, env: A}\n- {name: branch, env: B}", 3, "parameters"},
        {"parameters:\n- {name: a, env: GIT_BRANCH}", 2, "parameters"},
        {"parameters:\n- {name: subdomain, env: A}", 2, "parameters"},
        {"parameters:\n- {name: taskdef, env: A}", 2, "parameters"},
        {"parameters:\n- {name: parameters, env: A}", 2, "parameters"},
        {"parameters:\n- {name: '', env: A}", 2, "parameters"},
        {"purge:\n  schedule: 0 3 * * ? *", 2, "purge.request lacks the key 'duration'"},
        {"purge:\n  schedule: 0 3 * * ? *\n  request:\n    excludes: [a]", 4,
         "purge.request lacks the key 'duration'"},
        {"purge:\n  request: {duration: 300, exclude_tags: [x]}", 2,
         "purge.request: invalid exclude_tags format x"},
    };

    (void)state;
    assert_int_equal(count_wrong(list, COUNT(list)), 0);
}

/* Those mistakes again, for what is said of them. */
static void mistakes_of_the_whole_are_refused(void **state)
{
    static const struct {
        const char *text, *error;
    } list[] = {
        {"listen: {http: [{listen: 80, target: 80}, {listen: 80, target: 81}]}",
         "listen.http[1].listen: port 80 is used twice"},
        {"listen: {http: []}", "listen.http: expected at least one entry"},
        {"purge: {schedule: 0 3 * * ? *}", "purge.request lacks the key 'duration'"},
        {"purge: {request: {excludes: [a]}}", "purge.request lacks the key 'duration'"},
        {"purge: {request: {duration: 300, exclude_tags: [x]}}",
         "purge.request: invalid exclude_tags format x"},
        {"listen: {http: [{listen: 80, target: 80, require_auth_cookie: true}]}",
         "listen.http[0].require_auth_cookie needs auth.cookie_secret"},
        {"parameters: [{name: a, env: A}, {name: a, env: B}]", "'a' is defined twice"},
        {"parameters: [{name: a, env: A}, {name: b, env: A}]", "'a' and 'b' have the same env A"},
        {"parameters: [{name: a, env: GIT_BRANCH}]", "have the same env GIT_BRANCH"},
        {"parameters: [{name: subdomain, env: A}]", "'subdomain' cannot name a parameter"},
        {"parameters: [{name: taskdef, env: A}]", "'taskdef' cannot name a parameter"},
        {"parameters: [{name: parameters, env: A}]", "'parameters' cannot name a parameter"},
        {"parameters: [{name: '', env: A}]", "a name is empty"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct config *c;
        if (load_bytes(&c, list[i].text, strlen(list[i].text)) == 0)
            fail_msg("accepted: %s", list[i].text);
        assert_ptr_equal(strstr(e.text, path), e.text);
        if (!strstr(e.text, list[i].error))
            fail_msg("%s", e.text);
    }
}

/* Names of taskdefs and variables are keys as others are. */
static void names_are_given_once(void **state)
{
    static const struct mistake list[] = {
        {"local:\n  taskdefs:\n    app: {ports: [1]}\n    app: {ports: [2]}", 4,
         "local.taskdefs.app: is given twice"},
        {"local:\n  taskdefs:\n    app:\n      env:\n        A: 1\n        A: 2", 6,
         "local.taskdefs.app.env.A: is given twice"},
    };

    (void)state;
    assert_int_equal(count_wrong(list, COUNT(list)), 0);
}

/* A template that ends in another line than it begins takes none away from those behind it. */
static void lines_are_the_files_own(void **state)
{
    static const struct mistake list[] = {
        {"htmldir: {{ env\n  \"TEST_CONFIG_NONE\"\n  \"x\" }}\nhost: text", 4,
         "host: expected a mapping"},
    };

    (void)state;
    assert_int_equal(count_wrong(list, COUNT(list)), 0);
}

static void bytes_that_are_no_text(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        int line;
    } cases[] = {
        {"a: b\nc: \0d", 10, 2}, {"a: \xff\xfe", 5, 1}, {"a: b\n\x01: c", 9, 2},
        {"a: \xc3", 4, 1},       {"\0\0\0\0", 4, 1},    {"a: \xed\xa0\x80", 6, 1},
    };
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *c;
        char start[PATH_MAX + 64];
        if (load_bytes(&c, cases[i].text, cases[i].len) == 0)
            fail_msg("case %zu was accepted", i);
        assert_non_null(strstr(e.text, "not valid YAML: "));
        snprintf(start, sizeof start, "%s:%d: ", path, cases[i].line);
        if (strncmp(e.text, start, strlen(start)) != 0) {
            print_error("%s\n  but it is in line %d\n", e.text, cases[i].line);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* libyaml tells no line of a byte that it cannot read: the file's name and its offset have to do.
 */

static void unknown_keys_only_warn(void **state)
{
    struct config *c = loaded("nothing: 1\n"
                              "host:\n"
                              "  webapi: mirage.example\n"
                              "  weapi: x\n"
                              "listen:\n"
                              "  http:\n"
                              "  - listen: 80\n"
                              "    target: 80\n"
                              "    tls: {a: [b]}\n"
                              "parameters:\n"
                              "- {name: a, env: A,\n"
                              "   help: x}\n");
    struct buf expected = {0};

    (void)state;
    assert_string_equal(c->host.webapi, "mirage.example");
    buf_printf(&expected, "%s:1: nothing: unknown key, ignored\n", path);
    buf_printf(&expected, "%s:4: host.weapi: unknown key, ignored\n", path);
    buf_printf(&expected, "%s:9: listen.http[0].tls: unknown key, ignored\n", path);
    buf_printf(&expected, "%s:12: parameters[0].help: unknown key, ignored\n", path);
    assert_string_equal(buf_text(&warnings), expected.data);
    buf_free(&expected);
    config_free(c);
}

static void long_keys_do_no_harm(void **state)
{
    struct buf text = {0};
    struct config *c;

    (void)state;
    buf_str(&text, "local: {taskdefs: {\"");
    for (int i = 0; i < 200; i++)
        buf_str(&text, "long");
    buf_str(&text, "\": {env: {A: [x]}}}}");
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    assert_non_null(strstr(e.text, "local.taskdefs.longlong"));
    buf_free(&text);
}

/* --- files ------------------------------------------------------------------------------------ */

static void template_inside(void **state)
{
    struct config *c;

    (void)state;
    setenv("TEST_CONFIG_CLUSTER", "dev", 1);
    unsetenv("TEST_CONFIG_NONE");
    c = loaded("ecs:\n"
               "  cluster: {{ must_env \"TEST_CONFIG_CLUSTER\" }}\n"
               "  region: {{ env `TEST_CONFIG_NONE` `eu-west-1` }}\n"
               "network: {workers: {{ env \"TEST_CONFIG_NONE\" \"7\" }} }\n");
    assert_string_equal(c->ecs.cluster, "dev");
    assert_string_equal(c->ecs.region, "eu-west-1");
    assert_int_equal(c->network.workers, 7);
    config_free(c);
}

static int load_path(const char *file)
{
    struct options o = {.conf = file};
    struct config *c = (struct config *)&c;
    int rc = config_load(&c, &o, &no_source, warn, &e);

    if (rc < 0)
        assert_null(c);
    else
        config_free(c);
    return rc;
}

static void files_that_cannot_be_read(void **state)
{
    char missing[PATH_MAX + 16];

    (void)state;
    snprintf(missing, sizeof missing, "%s/missing.yaml", folder);
    assert_int_equal(load_path(missing), -1);
    assert_ptr_equal(strstr(e.text, missing), e.text);
    assert_non_null(strstr(e.text, "No such file"));
    assert_int_equal(load_path(folder), -1);
    assert_ptr_equal(strstr(e.text, folder), e.text);
    assert_non_null(strstr(e.text, "directory"));
    assert_int_equal(load_path("s3://bucket/config.yaml"), -1);
    assert_string_equal(e.text, "s3://bucket/config.yaml: nothing is there");
}

static void file_from_s3(void **state)
{
    static const struct config_source source = {.fetch = fetch_a_host};
    struct options o = {.conf = "s3://bucket/config.yaml", .compat_v1 = true};
    struct config *c;

    (void)state;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_string_equal(c->host.webapi, "from.s3");
    config_free(c);
}

static int fill_in_region(struct config *c, struct err *why)
{
    (void)why;
    c->ecs.region = "from-where-it-runs";
    return 0;
}

static void only_tasks_elsewhere_are_filled_in(void **state)
{
    static const struct config_source source = {.fetch = fetch_nothing, .fill_in = fill_in_region};
    struct options o = {.compat_v1 = true};
    struct config *c;

    (void)state;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_string_equal(c->ecs.region, "from-where-it-runs");
    config_free(c);
    o.local = true;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_null(c->ecs.region);
    config_free(c);
}

static void file_without_permission(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip();
    config_free(loaded("{}"));
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(load_path(path), -1);
    assert_non_null(strstr(e.text, "Permission denied"));
}

static void file_of_one_mebibyte(void **state)
{
    struct buf text = {0};
    struct config *c;

    (void)state;
    while (text.len < 1024 * 1024)
        buf_str(&text, "# a comment of thirty-two bytes\n");
    assert_int_equal(text.len, 1024 * 1024);
    assert_int_equal(load_bytes(&c, text.data, text.len), 0);
    config_free(c);
    buf_char(&text, '\n');
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    assert_ptr_equal(strstr(e.text, path), e.text);
    assert_non_null(strstr(e.text, "too large"));
    buf_free(&text);
}

/* --- anchors and aliases ---------------------------------------------------------------------- */

static void aliases(void **state)
{
    struct config *c = loaded("parameters:\n"
                              "- &first {name: a, env: A, options: &o [{value: x}]}\n"
                              "- {name: b, env: B, options: *o}\n"
                              "local:\n"
                              "  taskdefs:\n"
                              "    one: &t {ports: [80]}\n"
                              "    two: *t\n");

    (void)state;
    assert_int_equal(c->n_parameters, 3);
    assert_string_equal(c->parameters[2].options[0].value, "x");
    assert_int_equal(c->local_tasks.taskdefs[1].ports[0], 80);
    config_free(c);
}

/* What refers to itself, or is much more than it seems, ends in a result, soon. */
static void aliases_that_mean_harm(void **state)
{
    static const char *const texts[] = {
        "&a [*a]",
        "&a {host: *a}",
        "&a {*a : *a}",
        "&a\nhost: *a\nlisten: *a\n",
        "host: &a {webapi: *a}",
        "listen: &l {http: [*l]}",
        "listen: {http: &h [*h, *h]}",
        "parameters: &p [{name: a, env: A, options: *p}]",
        "local: &l {taskdefs: *l}",
        "local: &l {taskdefs: {app: *l}}",
        "local: {taskdefs: &t {a: *t, b: *t}}",
        "local: {taskdefs: {app: &a {command: *a, ports: *a, env: *a}}}",
        "local: {taskdefs: {app: {env: &e {A: *e}}}}",
        "unknown: &u {u: *u, v: [*u, *u]}",
    };
    struct buf text = {0};
    int64_t begin = clock_monotonic_ms();
    struct config *c;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (load_bytes(&c, texts[i], strlen(texts[i])) == 0)
            config_free(c);
        else
            assert_ptr_equal(strstr(e.text, path), e.text);
    }
    buf_str(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"); /* a billion of them */
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        buf_str(&text, "]\n");
    }
    buf_str(&text, "ecs: {network_configuration: {awsvpc_configuration: {subnets: *a9}}}\n");
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    assert_non_null(strstr(e.text, "subnets[0]: expected a text, got a list"));
    buf_free(&text);
    assert_true(clock_monotonic_ms() - begin < 10000);
}

static void deep_nesting(void **state)
{
    struct buf text = {0};
    int64_t begin = clock_monotonic_ms();
    struct config *c;

    (void)state;
    buf_str(&text, "unknown: ");
    for (int i = 0; i < 10000; i++)
        buf_char(&text, '[');
    if (load_bytes(&c, text.data, text.len) == 0)
        fail_msg("accepted");
    assert_ptr_equal(strstr(e.text, path), e.text);
    for (int i = 0; i < 10000; i++)
        buf_char(&text, ']');
    if (load_bytes(&c, text.data, text.len) == 0)
        config_free(c);
    buf_clear(&text);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%*sa:\n", i, "");
    if (load_bytes(&c, text.data, text.len) == 0)
        config_free(c);
    buf_free(&text);
    assert_true(clock_monotonic_ms() - begin < 20000);
}

/* Every beginning of a good file ends in a result, too. */
static void cut_files(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof everything; n++) {
        struct config *c;
        if (load_bytes(&c, everything, n) == 0)
            config_free(c);
        else
            assert_ptr_equal(strstr(e.text, path), e.text);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_without_a_file),
        TEST(defaults_of_local_mode),
        TEST(options_change_the_defaults),
        TEST(domain_becomes_lower_case),
        TEST(files_that_say_nothing),
        TEST(every_key_is_read_and_printed),
        TEST(dump_of_odd_texts_loads_again),
        TEST(branch_is_added),
        TEST(launch_type_unless_a_strategy),
        TEST(booleans),
        TEST(addresses),
        TEST(durations),
        TEST(durations_that_go_takes_too),
        TEST(bad_durations),
        TEST(mistakes),
        TEST(mistakes_of_the_whole),
        TEST(mistakes_of_the_whole_are_refused),
        TEST(names_are_given_once),
        TEST(lines_are_the_files_own),
        TEST(bytes_that_are_no_text),
        TEST(unknown_keys_only_warn),
        TEST(long_keys_do_no_harm),
        TEST(template_inside),
        TEST(files_that_cannot_be_read),
        TEST(file_from_s3),
        TEST(only_tasks_elsewhere_are_filled_in),
        TEST(file_without_permission),
        TEST(file_of_one_mebibyte),
        TEST(aliases),
        TEST(aliases_that_mean_harm),
        TEST(deep_nesting),
        TEST(cut_files),
    };
    return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
