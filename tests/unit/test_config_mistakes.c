/* Every kind of mistake in a configuration is named with file, line and key. */
#include "config_fixture.h"

#define C16  "cccccccccccccccc"
#define C129 C16 C16 C16 C16 C16 C16 C16 C16 "c"

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

static const struct mistake mistake_list[] = {
    /* wrong kinds */
    {"a: 1\nhost:\n  <<: text", 3, "<<: expected a mapping, or a list of mappings"},
    {"listen:\n  http:\n  - {listen: 1, target: 2}\n  - <<: [{listen: 1}, 2]", 4,
     "<<: expected a mapping, or a list of mappings"},
    {"host:\n  webapi: a.example.net\n---\nauth:\n  token: {}", 4,
     "a second YAML document begins here, and one is read: remove the '---' before it"},
    {"---\n---\n---\nhost: {}", 4, "a second YAML document begins here"},
    {"host: {}\n---\nhost: [", 4, "not valid YAML: "},
    {"a: 1\nlaunch:\n  recover: [spot, often]", 3,
     "launch.recover: expected spot, infrastructure, crash or start, got 'often'"},
    {"launch: {recover: [true, spot]}", 1, "launch.recover: expected spot, infrastructure"},
    {"launch: {replace: never}", 1, "launch.replace: expected one of auto gapless stop_first"},
    {"launch:\n  health:\n    path: healthz", 3,
     "launch.health.path: expected a path that begins with /, got 'healthz'"},
    {"launch:\n  health:\n    {path: /up, timeout: 11s}", 3,
     "launch.health.timeout: expected 10s at most"},
    {"launch: {health: {path: '/a b'}}", 1, "launch.health.path: only visible ASCII"},
    {"launch: {health: {timeout: 0s}}", 1, "launch.health.timeout: "},
    {"use:\n  ignore:\n    user_agents: bot", 3,
     "use.ignore.user_agents: expected a list, got a value"},
    {"use:\n  ignore:\n    user_agents: [kube-probe, '']", 3,
     "use.ignore.user_agents[1]: expected a text of 3 to 256 bytes that stands in the User-Agent "},
    {"use: {ignore: {user_agents: [xy]}}", 1, "use.ignore.user_agents[0]: expected a text of 3 "},
    {"use: {ignore: {user_agents: [" C129 C129 "]}}", 1, "use.ignore.user_agents[0]: expected a "},
    {"use: {ignore: {user_agents: [\"a\\nb\"]}}", 1,
     "use.ignore.user_agents[0]: a control character or a line break stands in it"},
    {"use: {ignore: {paths: [health]}}", 1,
     "use.ignore.paths[0]: expected a path that begins with /, such as /health or /health/*, got "
     "'health'"},
    {"use: {ignore: {paths: [/a, '/*/b']}}", 1,
     "use.ignore.paths[1]: a * may only stand at the end, where it means any rest, got '/*/b'"},
    {"use: {ignore: {paths: ['/a b']}}", 1, "use.ignore.paths[0]: only visible ASCII may stand "},
    {"use: {ignore: {paths: ['/a?b=1']}}", 1,
     "use.ignore.paths[0]: the path is compared without its query: leave out what begins with ?"},
    {"use: {ignore: {networks: [10.0.0.1/8]}}", 1,
     "use.ignore.networks[0]: expected an address or a network such as 10.0.0.0/8, got "},
    {"use: {Ignore: {}}", 1, "use.Ignore: unknown key; write it 'ignore'"},
    {"wake: {visitors: humans}", 1,
     "wake.visitors: expected one of browsers all none, got 'humans'"},
    {"just text", 1, "expected a mapping, got a value"},
    {"- a\n- b", 1, "expected a mapping, got a list"},
    {"host: text", 1, "host: expected a mapping, got a value"},
    {"\nhost: []", 2, "host: expected a mapping, got a list"},
    {"listen: 80", 1, "listen: expected a mapping, got a value"},
    {"listen:\n  http: {listen: 80, target: 80}", 2, "listen.http: expected a list, got a mapping"},
    {"listen:\n  http: 80", 2, "listen.http: expected a list, got a value"},
    {"listen:\n  http:\n  - 80", 3,
     "listen.http[0]: expected a mapping, got a value; write `- listen: 80`"},
    {"parameters:\n  - name: a\n    env: A\n    options: [x, y]", 4,
     "parameters[0].options[0]: expected a mapping, got a value; write `- value: x`"},
    {"parameters:\n  - {name: b, env: B}\n  - {name: a, env: SUBDOMAIN}", 3,
     "parameters: 'a' cannot have the env SUBDOMAIN, which a task gets its subdomain in"},
    {"parameters:\n  - {name: a, env: A}\n  - {name: Subdomain, env: B}", 3,
     "parameters: 'Subdomain' is the name of a tag that mirage-ecs sets itself"},
    {"parameters: [{name: ManagedBy, env: B}]", 1,
     "parameters: 'ManagedBy' is the name of a tag that mirage-ecs sets itself"},
    {"parameters: [{name: 'aws:x', env: B}]", 1,
     "parameters: 'aws:x' cannot be the key of a tag: ECS keeps what begins with 'aws:'"},
    {"parameters: [{name: 'AWS:', env: B}]", 1, "parameters: 'AWS:' cannot be the key of a tag"},
    {"parameters: [{name: " C129 ", env: B}]", 1,
     "parameters: '" C129 "' is too long for the key of a tag: ECS takes 128 characters"},
    {"parameters:\n  - {name: a!b, env: A}\n  - {name: 'a?b', env: B}", 3,
     "parameters: 'a!b' and 'a?b' would be the same tag of the task: a_b"},
    {"parameters:\n  - {name: a, env: SUBDOMAINRAW}", 2,
     "parameters: 'a' cannot have the env SUBDOMAINRAW"},
    {"local:\n  taskdefs:\n    app:\n      ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", 4,
     "local.taskdefs.app.ports: expected at most 16 entries, got 17"},
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
     6, "ecs.network_configuration.awsvpc_configuration.subnets[1]: expected a text, got a list"},
    {"local:\n  taskdefs: [a]", 2, "local.taskdefs: expected a mapping, got a list"},
    {"local:\n  taskdefs:\n    app: x", 3, "local.taskdefs.app: expected a mapping, got a value"},
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

    /* a key in other letters: unknown, it would be ignored */
    {"Auth:\n  token: {header: x-token, token: planted}", 1, "Auth: unknown key; write it 'auth'"},
    {"AUTH: {}", 1, "AUTH: unknown key; write it 'auth'"},
    {"auth:\n  Token: {header: x, token: planted}", 2, "auth.Token: unknown key; write it 'token'"},
    {"auth:\n  amzn_oidc:\n    Matcher: [{exact: a}]\n    claim: email", 3,
     "auth.amzn_oidc.Matcher: unknown key; write it 'matcher'"},
    {"listen:\n  http:\n  - {listen: 1, target: 2, Require_Auth_Cookie: true}", 3,
     "listen.http[0].Require_Auth_Cookie: unknown key; write it 'require_auth_cookie'"},
    {"htmlDir: x", 1, "htmlDir: unknown key; write it 'htmldir'"},

    /* older names beside today's */
    {"parameters:\n- name: a\n  env: A\n  required: true\n  require: false", 5,
     "parameters[0].require: is given twice"},
    {"htmldir: a\nstorage:\n  htmldir: b", 3,
     "storage.htmldir: is an older name of 'htmldir', which is given too"},
    {"storage:\n  htmldir: [b]", 2, "storage.htmldir: expected a text, got a list"},

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
     "network.proxy_timeout: expected a duration such as 500ms, 30s, 1m30s or 720h, got '30'"},
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
    {"host:\n  reverse_proxy_suffix: '*.local'", 2, "host.reverse_proxy_suffix: expected a domain"},
    {"listen:\n  foreign_address: localhost", 2,
     "listen.foreign_address: expected an IP address, got 'localhost'"},
    {"listen:\n  foreign_address: 127.0.0.1:80", 2, "listen.foreign_address: expected an IP"},
    {"web:\n  server: nginx", 2, "web.server: expected one of lighttpd apache, got 'nginx'"},
    {"web:\n  listen: 8090", 2,
     "web.listen: expected ADDRESS:PORT such as 0.0.0.0:8090 or [::]:8090, got '8090'"},
    {"listen: {metrics: 9090}", 1,
     "listen.metrics: expected ADDRESS:PORT such as 0.0.0.0:8090 or [::]:8090, got '9090'"},
    {"log: {access: apache}", 1, "log.access: expected one of off combined json, got 'apache'"},
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
    {"listen:\n  http:\n  - {listen: 80, target: ~}", 3, "listen.http[0]: lacks the key 'target'"},
    {"parameters:\n- env: A", 2, "parameters[0]: lacks the key 'name'"},
    {"parameters:\n- {name: a, env: A}\n- name: b", 3, "parameters[1]: lacks the key 'env'"},
    {"parameters:\n- name: a\n  env: A\n  options:\n  - label: x", 5,
     "parameters[0].options[0]: lacks the key 'value'"},
    {"ecs:\n  capacity_provider_strategy:\n  - weight: 1", 3,
     "ecs.capacity_provider_strategy[0]: lacks the key 'capacity_provider'"},

    {"link:\n  exclude_containers: [a, '[']", 2,
     "link.exclude_containers[1]: '[' is a malformed pattern"},
    {"purge: {schedule: x}", 1, "purge.schedule: expected six fields"},
    {"purge: {settle: 61m}", 1, "purge.settle: expected 0s to 1h"},
    {"purge:\n  schedule: 0 3 * * * *", 2,
     "purge.schedule: one of day of month and day of week must be ?"},
    {"purge:\n  schedule: 0 24 * * ? *", 2, "purge.schedule: hours: '24' is not understood"},
    {"purge:\n  request:\n    duration: 299", 3,
     "purge.request.duration: expected seconds, at least 300, got '299'"},
    {"purge:\n  request:\n    duration: 1d", 3, "purge.request.duration: expected seconds"},
    {"purge:\n  request: {duration: 300, exclude_regexp: '('}", 2,
     "purge.request.exclude_regexp: "},

    {"state:\n  url: https://bucket/x", 2, "state.url: expected s3://bucket/prefix/"},
    {"sleep: {after: 299s}", 1, "sleep.after: expected 5m at least"},
    {"sleep: {after: 1500ms}", 1, "sleep.after: expected whole seconds"},
    {"sleep: {exclude_tags: [a]}", 1, "sleep: invalid exclude_tags format a"},
    {"sleep: {after: 1h, exclude_tags: [a]}", 1, "sleep: invalid exclude_tags format a"},
    {"sleep: {after: 1h, exclude_regexp: '('}", 1, "sleep.exclude_regexp: "},
    {"sleep: {after: 1h, awake: 9-17}", 1, "sleep.awake: expected days and times"},
    {"sleep: {after: 1h, timezone: Nowhere/Land}", 1,
     "sleep.timezone: this machine knows no time zone 'Nowhere/Land'"},
    {"sleep: {wake_at: x}", 1, "sleep.wake_at: expected six fields"},
    {"wake: {limit: -1}", 1, "wake.limit: "},
    {"purge:\n  request: {duration: 300, action: nap}", 2, "purge.request.action: "},

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

static void mistakes(void **state)
{
    (void)state;
    assert_true(COUNT(mistake_list) >= 60);
    assert_int_equal(count_wrong(mistake_list, COUNT(mistake_list)), 0);
}

/* Mistakes that only the whole tells: they too stand in a line. */
static void mistakes_of_the_whole(void **state)
{
    static const struct mistake list[] = {
        {"listen:\n  http:\n  - {listen: 80, target: 80}\n  - {listen: 80, target: 81}", 4,
         "listen.http[1].listen: port 80 is used twice"},
        {"web: {listen: '127.0.0.1:80'}\nlisten:\n  http:\n  - {listen: 80, target: 80}", 4,
         "web.listen: port 80 is mirage-proxyd's (listen.http[0].listen); name another"},
        {"listen: {metrics: '0.0.0.0:80'}", 1,
         "listen.metrics: port 80 is mirage-proxyd's (listen.http[0].listen); name another"},
        {"listen: {metrics: '0.0.0.0:90'}\nweb: {listen: '127.0.0.1:90'}", 1,
         "listen.metrics: web.listen is 127.0.0.1:90; name another"},
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

/* As the reference's own sample had it. */
static void older_names_are_read(void **state)
{
    struct config *c = loaded("storage:\n"
                              "  datadir: ./data\n"
                              "  htmldir: /srv/html\n"
                              "parameters:\n"
                              "- {name: a, env: A,\n"
                              "   require: true}\n"
                              "- {name: b, env: B, require: false}\n");
    struct buf expected = {0};

    (void)state;
    assert_string_equal(c->htmldir, "/srv/html");
    assert_string_equal(c->parameters[1].name, "a");
    assert_true(c->parameters[1].required);
    assert_false(c->parameters[2].required);
    buf_printf(&expected,
               "%s:2: storage.datadir: unknown key, ignored\n"
               "%s:3: storage.htmldir: an older name, which is read; today it is 'htmldir'\n"
               "%s:6: parameters[0].require: an older name, which is read; today it is "
               "'required'\n"
               "%s:7: parameters[1].require: an older name, which is read; today it is "
               "'required'\n",
               path, path, path, path);
    assert_string_equal(buf_text(&warnings), buf_text(&expected));
    buf_free(&expected);
    config_free(c);
}

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

static void agents_that_browsers_are_too_only_warn(void **state)
{
    char expected[PATH_MAX + 256];
    struct config *c = loaded("use: {ignore: {user_agents: [our-probe, mozilla, kube-probe]}}");

    (void)state;
    snprintf(expected, sizeof expected,
             "%s: use.ignore.user_agents[1]: 'mozilla' is found in what browsers send: their "
             "visits would be no use; name what only the others send\n",
             path);
    assert_string_equal(buf_text(&warnings), expected);
    config_free(c);
}

/* 45 beside `branch`, and one more. */
static void as_many_parameters_as_ecs_takes_tags(void **state)
{
    struct config *c;
    struct buf text = {0};
    char expected[PATH_MAX + 64];

    (void)state;
    buf_str(&text, "parameters:\n");
    for (int i = 1; i <= 45; i++)
        buf_printf(&text, "- {name: p%d, env: P%d}\n", i, i);
    assert_int_equal(load_bytes(&c, text.data, text.len), 0);
    assert_int_equal(c->n_parameters, 46);
    config_free(c);
    buf_str(&text, "- {name: p46, env: P46}\n");
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    snprintf(expected, sizeof expected, "%s:47: parameters: 'p46' is one too many: ", path);
    assert_memory_equal(e.text, expected, strlen(expected));
    buf_free(&text);
}

/* 128 characters, of whatever many bytes. */
static void keys_of_tags_that_ecs_takes(void **state)
{
    static const char *const names[] = {
        "subdomain-2", "aws",          "awsx",
        "my aws:x",    "n@me +-=._:/", C16 C16 C16 C16 C16 C16 C16 "ccccccccccccccc\u00e9"};
    char text[512];
    struct config *c;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text, "parameters: [{name: \"%s\", env: A}]", names[i]);
        if (load_bytes(&c, text, strlen(text)) < 0)
            fail_msg("%s", e.text);
        config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mistakes),
        TEST(mistakes_of_the_whole),
        TEST(mistakes_of_the_whole_are_refused),
        TEST(names_are_given_once),
        TEST(agents_that_browsers_are_too_only_warn),
        TEST(as_many_parameters_as_ecs_takes_tags),
        TEST(keys_of_tags_that_ecs_takes),
        TEST(lines_are_the_files_own),
        TEST(bytes_that_are_no_text),
        TEST(older_names_are_read),
        TEST(unknown_keys_only_warn),
        TEST(long_keys_do_no_harm),
    };
    return cmocka_run_group_tests_name("config mistakes", tests, make_folder, remove_folder);
}
