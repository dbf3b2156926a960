/* The configuration: defaults, every key read and printed. */
#include "config/config_schema.h"
#include "recover_rule.h"
#include "regex.h"

#include "config_fixture.h"

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
    assert_null(c->listen.metrics);
    assert_string_equal(c->log.access, "off");
    assert_null(c->log.access_file);
    assert_int_equal(c->listen.n_http, 1);
    assert_int_equal(c->listen.http[0].listen, 80);
    assert_int_equal(c->listen.http[0].target, 80);
    assert_false(c->listen.http[0].require_auth_cookie);
    assert_int_equal(c->network.proxy_timeout_ms, 0);
    assert_int_equal(c->network.connect_timeout_ms, 5000);
    assert_int_equal(c->network.header_timeout_ms, 30000);
    assert_int_equal(c->network.idle_timeout_ms, 75000);
    assert_int_equal(c->purge.settle_ms, 180000);
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
    assert_in_range(c->use.ignore.user_agents.len, 60, 120);
    assert_int_equal(c->use.ignore.paths.len, 0);
    assert_int_equal(c->use.ignore.n_networks, 0);
    assert_string_equal(c->wake.visitors, "browsers");
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
                                        "host: {}\n---\n---\n# nothing\n",
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
    "metrics: {per_environment: true}\n"
    "log: {access: json, access_file: /srv/log/access.log}\n"
    "listen:\n"
    "  foreign_address: 127.0.0.2\n"
    "  metrics: '[::1]:9090'\n"
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
    "launch: {replace: stop_first, drain: 1m, ready_timeout: 0s, recover: [crash, start],\n"
    "  health: {path: /healthz, timeout: "
    "3s}}\n"
    "limit: {awake: 9}\n"
    "state: {url: 's3://state/mirage/'}\n"
    "sleep:\n"
    "  after: 2h\n"
    "  keep: 240h\n"
    "  awake: ['mon-fri 09:00-19:00', 'sat 10:00-12:00']\n"
    "  wake_at: 45 7 ? * MON-FRI *\n"
    "  timezone: UTC\n"
    "  excludes: [main]\n"
    "  exclude_tags: ['pin:yes']\n"
    "  exclude_regexp: '^demo'\n"
    "wake: {limit: 7, hold: 90s, held: 5, visitors: all, show_details: true}\n"
    "use: {ignore: {user_agents: [Our-Probe, 'x y'], paths: [/health, /status/*],\n"
    "               networks: [192.0.2.0/24, '2001:db8::1']}}\n"
    "link:\n"
    "  hosted_zone_id: Z0123456789ABC\n"
    "  default_task_definitions: [front, back]\n"
    "  exclude_containers: [side*]\n"
    "purge:\n"
    "  schedule: '*/5 3 ? * MON-FRI *'\n"
    "  settle: 90s\n"
    "  max_age: 720h\n"
    "  request:\n"
    "    duration: \"86400\"\n"
    "    excludes: [main, foo-*]\n"
    "    exclude_tags: ['branch:a:b']\n"
    "    exclude_regexp: '^keep'\n"
    "    action: sleep\n"
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

static void check_servers(const struct config *c)
{
    assert_string_equal(c->host.webapi, "mirage.dev.example.net");
    assert_string_equal(c->host.reverse_proxy_suffix, ".dev.example.net");
    assert_string_equal(c->listen.foreign_address, "127.0.0.2");
    assert_string_equal(c->listen.metrics, "[::1]:9090");
    assert_true(c->metrics.per_environment);
    assert_string_equal(c->log.access, "json");
    assert_string_equal(c->log.access_file, "/srv/log/access.log");
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
    assert_int_equal(c->purge.settle_ms, 90000);
    assert_string_equal(c->launch.replace, "stop_first");
    assert_int_equal(c->launch.drain_ms, 60000);
    assert_int_equal(c->launch.ready_timeout_ms, 0);
    assert_int_equal(c->launch.recover_kinds, RECOVER_CRASH | RECOVER_START);
    assert_string_equal(c->launch.health.path, "/healthz");
    assert_int_equal(c->launch.health.timeout_ms, 3000);
    assert_int_equal(c->purge.max_age_ms, 720LL * 3600 * 1000);
    assert_string_equal(c->purge.request.action, "sleep");
    assert_string_equal(c->state.url, "s3://state/mirage/");
    assert_int_equal(c->sleep.after_ms, 7200000);
    assert_string_equal(c->sleep.request.duration, "7200");
    assert_string_equal(c->sleep.request.excludes[0], "main");
    assert_string_equal(c->sleep.request.exclude_tags[0], "pin:yes");
    assert_string_equal(c->sleep.request.exclude_regexp, "^demo");
    assert_int_equal(c->sleep.keep_ms, 240LL * 3600 * 1000);
    assert_int_equal(c->sleep.awake.len, 2);
    assert_string_equal(c->sleep.timezone, "UTC");
    assert_string_equal(c->sleep.wake_at, "45 7 ? * MON-FRI *");
    assert_int_equal(c->wake.limit, 7);
    assert_int_equal(c->wake.hold_ms, 90000);
    assert_int_equal(c->wake.held, 5);
    assert_int_equal(c->limit.awake, 9);
    assert_true(c->wake.show_details);
    assert_string_equal(c->web.server, "apache");
    assert_string_equal(c->web.listen, "[::1]:8090");
    assert_string_equal(c->htmldir, "/srv/html");
}

static void check_auth(const struct config *c)
{
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
}

static void check_parameters(const struct config *c)
{
    const struct config_parameter *p = c->parameters;

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
}

static void check_tasks(const struct config *c)
{
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
}

static void check_taskdefs(const struct config *c)
{
    const struct config_taskdef *t = c->local_tasks.taskdefs;

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

static void check_visitors(const struct config *c)
{
    assert_int_equal(c->use.ignore.user_agents.len, 2);
    assert_string_equal(c->use.ignore.user_agents.items[1], "x y");
    assert_int_equal(c->use.ignore.paths.len, 2);
    assert_string_equal(c->use.ignore.paths.items[1], "/status/*");
    assert_int_equal(c->use.ignore.n_networks, 2);
    assert_true(network_list_has(c->use.ignore.networks, 2, "192.0.2.77"));
    assert_string_equal(c->wake.visitors, "all");
}

static void check_everything(const struct config *c)
{
    check_visitors(c);
    check_servers(c);
    check_auth(c);
    check_parameters(c);
    check_tasks(c);
    check_taskdefs(c);
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
        TEST(cut_files),
    };
    return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
