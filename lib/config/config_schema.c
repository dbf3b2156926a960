#include "config_schema.h"

#define IN(type, field) offsetof(struct type, field)

static const struct config_field host[] = {
    {.key = "webapi", .type = CONFIG_HOST, .offset = IN(config, host.webapi)},
    {.key = "reverse_proxy_suffix",
     .type = CONFIG_SUFFIX,
     .offset = IN(config, host.reverse_proxy_suffix)},
    {0},
};

static const struct config_field listen_http[] = {
    {.key = "listen",
     .type = CONFIG_INTEGER,
     .offset = IN(config_listen, listen),
     .min = 1,
     .max = 65535,
     .required = true},
    {.key = "target",
     .type = CONFIG_INTEGER,
     .offset = IN(config_listen, target),
     .min = 1,
     .max = 65535,
     .required = true},
    {.key = "require_auth_cookie",
     .type = CONFIG_BOOL,
     .offset = IN(config_listen, require_auth_cookie)},
    {0},
};

static const struct config_field listen[] = {
    {.key = "foreign_address",
     .type = CONFIG_ADDRESS,
     .offset = IN(config, listen.foreign_address)},
    {.key = "metrics", .type = CONFIG_LISTEN, .offset = IN(config, listen.metrics)},
    {.key = "http",
     .type = CONFIG_LIST,
     .offset = IN(config, listen.http),
     .count = IN(config, listen.n_http),
     .sub = listen_http,
     .size = sizeof(struct config_listen),
     .line = IN(config_listen, line),
     .min = 1},
    {0},
};

static const struct config_field log_section[] = {
    {.key = "access",
     .type = CONFIG_CHOICE,
     .offset = IN(config, log.access),
     .choices = "off combined json"},
    {.key = "access_file", .type = CONFIG_STRING, .offset = IN(config, log.access_file)},
    {0},
};

static const struct config_field metrics_section[] = {
    {.key = "per_environment", .type = CONFIG_BOOL, .offset = IN(config, metrics.per_environment)},
    {0},
};

static const struct config_field network[] = {
    {.key = "proxy_timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, network.proxy_timeout_ms)},
    {.key = "connect_timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, network.connect_timeout_ms),
     .min = 1},
    {.key = "header_timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, network.header_timeout_ms),
     .min = 1},
    {.key = "idle_timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, network.idle_timeout_ms),
     .min = 1},
    {.key = "workers",
     .type = CONFIG_INTEGER,
     .offset = IN(config, network.workers),
     .min = 0,
     .max = 256},
    {.key = "trusted_proxies",
     .type = CONFIG_NETWORKS,
     .offset = IN(config, network.trusted_proxies)},
    {0},
};

static const struct config_field web[] = {
    {.key = "server",
     .type = CONFIG_CHOICE,
     .offset = IN(config, web.server),
     .choices = "lighttpd apache"},
    {.key = "listen", .type = CONFIG_LISTEN, .offset = IN(config, web.listen)},
    {0},
};

static const struct config_field options[] = {
    {.key = "label", .type = CONFIG_STRING, .offset = IN(config_option, label)},
    {.key = "value", .type = CONFIG_STRING, .offset = IN(config_option, value), .required = true},
    {0},
};

static const struct config_field parameters[] = {
    {.key = "name", .type = CONFIG_STRING, .offset = IN(config_parameter, name), .required = true},
    {.key = "env", .type = CONFIG_ENV_NAME, .offset = IN(config_parameter, env), .required = true},
    {.key = "rule", .type = CONFIG_REGEX, .offset = IN(config_parameter, rule)},
    {.key = "default", .type = CONFIG_STRING, .offset = IN(config_parameter, default_value)},
    {.key = "description", .type = CONFIG_STRING, .offset = IN(config_parameter, description)},
    {.key = "required",
     .older_key = "require",
     .older_warns = true,
     .type = CONFIG_BOOL,
     .offset = IN(config_parameter, required)},
    {.key = "options",
     .type = CONFIG_LIST,
     .offset = IN(config_parameter, options),
     .count = IN(config_parameter, n_options),
     .sub = options,
     .size = sizeof(struct config_option)},
    {0},
};

static const struct config_field capacity_providers[] = {
    {.key = "capacity_provider",
     .type = CONFIG_STRING,
     .offset = IN(config_capacity_provider, capacity_provider),
     .required = true},
    {.key = "weight",
     .type = CONFIG_INTEGER,
     .offset = IN(config_capacity_provider, weight),
     .min = 0,
     .max = 1000},
    {.key = "base",
     .type = CONFIG_INTEGER,
     .offset = IN(config_capacity_provider, base),
     .min = 0,
     .max = 100000},
    {0},
};

#define AWSVPC(field) offsetof(struct config, ecs.network_configuration.awsvpc_configuration.field)
static const struct config_field awsvpc[] = {
    {.key = "subnets", .type = CONFIG_STRINGS, .offset = AWSVPC(subnets)},
    {.key = "security_groups", .type = CONFIG_STRINGS, .offset = AWSVPC(security_groups)},
    {.key = "assign_public_ip",
     .type = CONFIG_CHOICE,
     .offset = AWSVPC(assign_public_ip),
     .choices = "ENABLED DISABLED"},
    {0},
};

static const struct config_field network_configuration[] = {
    {.key = "awsvpc_configuration", .type = CONFIG_SECTION, .sub = awsvpc},
    {0},
};

static const struct config_field ecs[] = {
    {.key = "region", .type = CONFIG_STRING, .offset = IN(config, ecs.region)},
    {.key = "cluster", .type = CONFIG_STRING, .offset = IN(config, ecs.cluster)},
    {.key = "capacity_provider_strategy",
     .type = CONFIG_LIST,
     .offset = IN(config, ecs.capacity_provider_strategy),
     .count = IN(config, ecs.n_capacity_provider_strategy),
     .sub = capacity_providers,
     .size = sizeof(struct config_capacity_provider)},
    {.key = "launch_type",
     .type = CONFIG_CHOICE,
     .offset = IN(config, ecs.launch_type),
     .choices = "FARGATE EC2 EXTERNAL"},
    {.key = "network_configuration", .type = CONFIG_SECTION, .sub = network_configuration},
    {.key = "default_task_definition",
     .type = CONFIG_STRING,
     .offset = IN(config, ecs.default_task_definition)},
    {.key = "enable_execute_command",
     .type = CONFIG_BOOL,
     .offset = IN(config, ecs.enable_execute_command)},
    {0},
};

static const struct config_field purge_request[] = {
    {.key = "duration",
     .type = CONFIG_SECONDS,
     .offset = IN(config, purge.request.duration),
     .min = PURGE_DURATION_MIN},
    {.key = "excludes", .type = CONFIG_STRINGS, .offset = IN(config, purge.excludes)},
    {.key = "exclude_tags", .type = CONFIG_STRINGS, .offset = IN(config, purge.exclude_tags)},
    {.key = "exclude_regexp",
     .type = CONFIG_REGEX,
     .offset = IN(config, purge.request.exclude_regexp)},
    {.key = "action",
     .type = CONFIG_CHOICE,
     .offset = IN(config, purge.request.action),
     .choices = "terminate sleep"},
    {0},
};

static const struct config_field purge[] = {
    {.key = "schedule", .type = CONFIG_SCHEDULE, .offset = IN(config, purge.schedule)},
    {.key = "request",
     .type = CONFIG_SECTION,
     .sub = purge_request,
     .line = IN(config, purge.request_line)},
    {.key = "settle", .type = CONFIG_DURATION, .offset = IN(config, purge.settle_ms)},
    {.key = "max_age", .type = CONFIG_DURATION, .offset = IN(config, purge.max_age_ms)},
    {0},
};

static const struct config_field health[] = {
    {.key = "path", .type = CONFIG_STRING, .offset = IN(config, launch.health.path)},
    {.key = "timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, launch.health.timeout_ms),
     .min = 1},
    {0},
};

static const struct config_field launch[] = {
    {.key = "replace",
     .type = CONFIG_CHOICE,
     .offset = IN(config, launch.replace),
     .choices = "auto gapless stop_first"},
    {.key = "drain", .type = CONFIG_DURATION, .offset = IN(config, launch.drain_ms)},
    {.key = "ready_timeout",
     .type = CONFIG_DURATION,
     .offset = IN(config, launch.ready_timeout_ms)},
    {.key = "recover",
     .type = CONFIG_STRINGS,
     .offset = IN(config, launch.recover),
     .one_or_list = true},
    {.key = "health",
     .type = CONFIG_SECTION,
     .sub = health,
     .line = IN(config, launch.health.line)},
    {0},
};

static const struct config_field limit[] = {
    {.key = "awake",
     .type = CONFIG_INTEGER,
     .offset = IN(config, limit.awake),
     .min = 0,
     .max = 1000000},
    {0},
};

static const struct config_field state[] = {
    {.key = "url", .type = CONFIG_STRING, .offset = IN(config, state.url)},
    {0},
};

static const struct config_field sleep_section[] = {
    {.key = "after", .type = CONFIG_DURATION, .offset = IN(config, sleep.after_ms)},
    {.key = "keep", .type = CONFIG_DURATION, .offset = IN(config, sleep.keep_ms)},
    {.key = "awake",
     .type = CONFIG_STRINGS,
     .offset = IN(config, sleep.awake),
     .one_or_list = true},
    {.key = "wake_at", .type = CONFIG_SCHEDULE, .offset = IN(config, sleep.wake_at)},
    {.key = "timezone", .type = CONFIG_STRING, .offset = IN(config, sleep.timezone)},
    {.key = "excludes", .type = CONFIG_STRINGS, .offset = IN(config, sleep.excludes)},
    {.key = "exclude_tags", .type = CONFIG_STRINGS, .offset = IN(config, sleep.exclude_tags)},
    {.key = "exclude_regexp", .type = CONFIG_REGEX, .offset = IN(config, sleep.exclude_regexp)},
    {0},
};

static const struct config_field ignore[] = {
    {.key = "user_agents",
     .type = CONFIG_AGENTS,
     .offset = IN(config, use.ignore.user_agents),
     .max = CONFIG_IGNORE_MAX},
    {.key = "paths",
     .type = CONFIG_PATHS,
     .offset = IN(config, use.ignore.paths),
     .max = CONFIG_IGNORE_MAX},
    {.key = "networks",
     .type = CONFIG_NETWORKS,
     .offset = IN(config, use.ignore.network_list),
     .max = CONFIG_IGNORE_MAX},
    {0},
};

static const struct config_field use[] = {
    {.key = "ignore", .type = CONFIG_SECTION, .sub = ignore},
    {0},
};

static const struct config_field wake[] = {
    {.key = "visitors",
     .type = CONFIG_CHOICE,
     .offset = IN(config, wake.visitors),
     .choices = "browsers all none"},
    {.key = "hold", .type = CONFIG_DURATION, .offset = IN(config, wake.hold_ms)},
    {.key = "held",
     .type = CONFIG_INTEGER,
     .offset = IN(config, wake.held),
     .min = 1,
     .max = 100000},
    {.key = "limit",
     .type = CONFIG_INTEGER,
     .offset = IN(config, wake.limit),
     .min = 0,
     .max = 1000000},
    {.key = "show_details", .type = CONFIG_BOOL, .offset = IN(config, wake.show_details)},
    {0},
};

static const struct config_field link_section[] = {
    {.key = "hosted_zone_id", .type = CONFIG_STRING, .offset = IN(config, link.hosted_zone_id)},
    {.key = "default_task_definitions",
     .type = CONFIG_STRINGS,
     .offset = IN(config, link.default_task_definitions)},
    {.key = "exclude_containers",
     .type = CONFIG_PATTERNS,
     .offset = IN(config, link.exclude_containers)},
    {0},
};

static const struct config_field token[] = {
    {.key = "header",
     .type = CONFIG_HEADER,
     .offset = IN(config, auth.token.header),
     .required = true},
    {.key = "token",
     .type = CONFIG_SECRET,
     .offset = IN(config, auth.token.token),
     .required = true},
    {0},
};

static const struct config_field matchers[] = {
    {.key = "exact", .type = CONFIG_STRING, .offset = IN(config_matcher, exact)},
    {.key = "suffix", .type = CONFIG_STRING, .offset = IN(config_matcher, suffix)},
    {0},
};

static const struct config_field amzn_oidc[] = {
    {.key = "claim",
     .type = CONFIG_STRING,
     .offset = IN(config, auth.amzn_oidc.claim),
     .required = true},
    {.key = "matchers",
     .older_key = "matcher",
     .type = CONFIG_LIST,
     .offset = IN(config, auth.amzn_oidc.matchers.items),
     .count = IN(config, auth.amzn_oidc.matchers.len),
     .sub = matchers,
     .size = sizeof(struct config_matcher),
     .line = IN(config_matcher, line),
     .min = 1,
     .one_or_list = true,
     .required = true},
    {.key = "signer", .type = CONFIG_STRING, .offset = IN(config, auth.amzn_oidc.signer)},
    {.key = "public_key_url",
     .type = CONFIG_KEY_URL,
     .offset = IN(config, auth.amzn_oidc.public_key_url)},
    {0},
};

static const struct config_field basic[] = {
    {.key = "username",
     .type = CONFIG_STRING,
     .offset = IN(config, auth.basic.username),
     .required = true},
    {.key = "password",
     .type = CONFIG_SECRET,
     .offset = IN(config, auth.basic.password),
     .required = true},
    {0},
};

static const struct config_field auth[] = {
    {.key = "cookie_secret",
     .type = CONFIG_SECRETS,
     .offset = IN(config, auth.cookie_secret),
     .max = 2},
    {.key = "token",
     .type = CONFIG_SECTION,
     .sub = token,
     .line = IN(config, auth.token.line),
     .present = IN(config, auth.token.present)},
    {.key = "amzn_oidc",
     .type = CONFIG_SECTION,
     .sub = amzn_oidc,
     .line = IN(config, auth.amzn_oidc.line),
     .present = IN(config, auth.amzn_oidc.present)},
    {.key = "basic",
     .type = CONFIG_SECTION,
     .sub = basic,
     .line = IN(config, auth.basic.line),
     .present = IN(config, auth.basic.present)},
    {0},
};

static const struct config_field taskdefs[] = {
    {.key = "command", .type = CONFIG_STRINGS, .offset = IN(config_taskdef, command)},
    {.key = "health", .type = CONFIG_STRINGS, .offset = IN(config_taskdef, health), .min = 1},
    {.key = "ports",
     .type = CONFIG_INTEGERS,
     .offset = IN(config_taskdef, ports),
     .count = IN(config_taskdef, n_ports),
     .most = CONFIG_PORTS_MAX,
     .min = 1,
     .max = 65535},
    {.key = "env",
     .type = CONFIG_PAIRS,
     .offset = IN(config_taskdef, env),
     .count = IN(config_taskdef, n_env)},
    {0},
};

static const struct config_field local[] = {
    {.key = "taskdefs",
     .type = CONFIG_NAMED,
     .offset = IN(config, local_tasks.taskdefs),
     .count = IN(config, local_tasks.n_taskdefs),
     .sub = taskdefs,
     .size = sizeof(struct config_taskdef)},
    {0},
};

const struct config_field config_schema[] = {
    {.key = "host", .type = CONFIG_SECTION, .sub = host},
    {.key = "listen", .type = CONFIG_SECTION, .sub = listen, .line = IN(config, listen.line)},
    {.key = "log", .type = CONFIG_SECTION, .sub = log_section},
    {.key = "metrics", .type = CONFIG_SECTION, .sub = metrics_section},
    {.key = "network", .type = CONFIG_SECTION, .sub = network},
    {.key = "web", .type = CONFIG_SECTION, .sub = web},
    {.key = "htmldir", .type = CONFIG_STRING, .offset = IN(config, htmldir)},
    {.key = "parameters",
     .type = CONFIG_LIST,
     .offset = IN(config, parameters),
     .count = IN(config, n_parameters),
     .sub = parameters,
     .size = sizeof(struct config_parameter),
     .line = IN(config_parameter, line)},
    {.key = "ecs", .type = CONFIG_SECTION, .sub = ecs},
    {.key = "launch", .type = CONFIG_SECTION, .sub = launch, .line = IN(config, launch.line)},
    {.key = "limit", .type = CONFIG_SECTION, .sub = limit},
    {.key = "state", .type = CONFIG_SECTION, .sub = state, .line = IN(config, state.line)},
    {.key = "sleep", .type = CONFIG_SECTION, .sub = sleep_section, .line = IN(config, sleep.line)},
    {.key = "use", .type = CONFIG_SECTION, .sub = use},
    {.key = "wake", .type = CONFIG_SECTION, .sub = wake},
    {.key = "link", .type = CONFIG_SECTION, .sub = link_section},
    {.key = "local", .type = CONFIG_SECTION, .sub = local},
    {.key = "auth",
     .type = CONFIG_SECTION,
     .sub = auth,
     .line = IN(config, auth.line),
     .present = IN(config, auth.present)},
    {.key = "purge", .type = CONFIG_SECTION, .sub = purge, .line = IN(config, purge.line)},
    {0},
};
