#include "config_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awake.h"
#include "buf.h"
#include "ecs_tag.h"
#include "network.h"
#include "recover_rule.h"
#include "regex.h"
#include "socket_address.h"
#include "zone.h"

#include "config_agents.h"

static void add_branch(struct config *c)
{
    struct config_parameter *all;

    for (size_t i = 0; i < c->n_parameters; i++)
        if (!strcmp(c->parameters[i].name, "branch"))
            return;
    all = arena_array(&c->arena, c->n_parameters + 1, sizeof *all);
    all[0] = (struct config_parameter){.name = "branch", .env = "GIT_BRANCH", .required = true};
    if (c->n_parameters)
        memcpy(all + 1, c->parameters, c->n_parameters * sizeof *all);
    c->parameters = all;
    c->n_parameters++;
}
#define HEALTH_TIMEOUT_MAX_MS 10000

/* A complaint about what several entries of a list come to, at the line of one of them. */
static int complain(const struct config *c, size_t line, struct err *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int complain(const struct config *c, size_t line, struct err *e, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return line ? err_set(e, ERR_INVALID, "%s:%zu: %s", c->path, line, text)
                : err_set(e, ERR_INVALID, "%s: %s", c->path ? c->path : "defaults", text);
}

/* On ECS each parameter is a tag of the task; a file says the same everywhere. */
static int check_tag(const struct config *c, size_t i, struct err *e)
{
    const struct config_parameter *p = &c->parameters[i];
    const char *problem = ecs_tag_key_problem(p->name);
    struct arena a = {0};
    int rc = 0;

    if (problem)
        return complain(c, p->line, e, "parameters: '%.200s' %s", p->name, problem);
    if (i >= ECS_TAG_PARAMETERS_MAX)
        return complain(c, p->line, e,
                        "parameters: '%.200s' is one too many: each is a tag of the task, and ECS "
                        "takes %d beside those of mirage-ecs",
                        p->name, ECS_TAG_PARAMETERS_MAX);
    for (size_t k = 0; k < i && rc == 0; k++) {
        const struct config_parameter *other = &c->parameters[k];
        if (!strcmp(ecs_tag_text(p->name, &a), ecs_tag_text(other->name, &a)))
            rc = complain(c, p->line ? p->line : other->line, e,
                          "parameters: '%.200s' and '%.200s' would be the same tag of the task: %s",
                          other->name, p->name, ecs_tag_text(p->name, &a));
    }
    arena_free(&a);
    return rc;
}

static int check_parameter(const struct config *c, size_t i, struct err *e)
{
    static const char *const taken[] = {"subdomain", "taskdef", "parameters"};
    const struct config_parameter *p = &c->parameters[i];

    for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++)
        if (!strcmp(p->name, taken[k]))
            return complain(c, p->line, e, "parameters: '%s' cannot name a parameter", p->name);
    if (!*p->name)
        return complain(c, p->line, e, "parameters: a name is empty");
    if (!strcmp(p->env, "SUBDOMAIN") || !strcmp(p->env, "SUBDOMAINRAW"))
        return complain(c, p->line, e,
                        "parameters: '%s' cannot have the env %s, which a task gets its subdomain "
                        "in",
                        p->name, p->env);
    for (size_t k = 0; k < i; k++) {
        const struct config_parameter *other = &c->parameters[k];
        size_t line = p->line ? p->line : other->line;
        if (!strcmp(p->name, other->name))
            return complain(c, line, e, "parameters: '%s' is defined twice", p->name);
        if (!strcmp(p->env, other->env))
            return complain(c, line, e, "parameters: '%s' and '%s' have the same env %s",
                            other->name, p->name, p->env);
    }
    return check_tag(c, i, e);
}

static int complete_parameters(struct config *c, struct err *e)
{
    add_branch(c);
    for (size_t i = 0; i < c->n_parameters; i++) {
        struct config_parameter *p = &c->parameters[i];
        if (check_parameter(c, i, e) < 0)
            return -1;
        p->rule = p->rule ? p->rule : "";
        p->default_value = p->default_value ? p->default_value : "";
        p->description = p->description ? p->description : "";
        if (*p->rule && regex_compile(&p->compiled, p->rule, e) < 0)
            return -1;
        for (size_t k = 0; k < p->n_options; k++)
            if (!p->options[k].label)
                p->options[k].label = p->options[k].value;
    }
    return 0;
}

static int check_listen(const struct config *c, struct err *e)
{
    for (size_t i = 0; i < c->listen.n_http; i++)
        for (size_t k = 0; k < i; k++)
            if (c->listen.http[k].listen == c->listen.http[i].listen)
                return complain(c, c->listen.http[i].line, e,
                                "listen.http[%zu].listen: port %ld is used twice", i,
                                c->listen.http[i].listen);
    return 0;
}

/* mirage-proxyd's ports are its own: what else listens would find one taken, or it would. key: who
 * else it is. */
static int check_own_port(const struct config *c, const char *key, const char *where, struct err *e)
{
    struct socket_address other, proxyd;
    bool v6 = strchr(c->listen.foreign_address, ':');
    char text[128];

    if (!where || !socket_address_parse(&other, where))
        return 0;
    for (size_t i = 0; i < c->listen.n_http; i++) {
        snprintf(text, sizeof text, "%s%s%s:%ld", v6 ? "[" : "", c->listen.foreign_address,
                 v6 ? "]" : "", c->listen.http[i].listen);
        if (socket_address_parse(&proxyd, text) && socket_address_collides(&other, &proxyd))
            return complain(c, c->listen.http[i].line ? c->listen.http[i].line : c->listen.line, e,
                            "%s: port %ld is mirage-proxyd's (listen.http[%zu].listen); name "
                            "another",
                            key, c->listen.http[i].listen, i);
    }
    return 0;
}

static int check_others(const struct config *c, struct err *e)
{
    struct socket_address web, metrics;

    if (check_own_port(c, "web.listen", c->web.listen, e) < 0 ||
        check_own_port(c, "listen.metrics", c->listen.metrics, e) < 0)
        return -1;
    if (c->web.listen && c->listen.metrics && socket_address_parse(&web, c->web.listen) &&
        socket_address_parse(&metrics, c->listen.metrics) &&
        socket_address_collides(&web, &metrics))
        return complain(c, c->listen.line, e, "listen.metrics: web.listen is %s; name another",
                        c->web.listen);
    return 0;
}

/* `./html` where it is there, as the reference has it; else what was installed beside the programs.
 */
static void default_htmldir(struct config *c)
{
    if (c->htmldir)
        return;
    c->htmldir = access("./html/layout.html", F_OK) == 0
                     ? "./html"
                     : arena_printf(&c->arena, "%s/html", config_data_dir(&c->arena));
}

/* The lists are the request's, and the request is checked as one that comes over the API. */
static int complete_purge(struct config *c, struct err *e)
{
    struct purge_input *request = &c->purge.request;
    size_t line = c->purge.request_line ? c->purge.request_line : c->purge.line;
    struct purge_rules rules = {0};
    int rc;

    if (c->purge.settle_ms > PURGE_SETTLE_MAX_MS)
        return complain(c, c->purge.line, e, "purge.settle: expected 0s to 1h");
    request->excludes = c->purge.excludes.items;
    request->n_excludes = c->purge.excludes.len;
    request->exclude_tags = c->purge.exclude_tags.items;
    request->n_exclude_tags = c->purge.exclude_tags.len;
    if (!request->duration)
        return c->purge.schedule || request->n_excludes || request->n_exclude_tags ||
                       request->exclude_regexp
                   ? complain(c, line, e, "purge.request lacks the key 'duration'")
                   : 0;
    rc = purge_rules_check(request, &rules, e);
    purge_rules_free(&rules);
    return rc < 0 ? err_prefix(e, "%s:%zu: purge.request", c->path, line) : 0;
}

static int check_awake(const struct config *c, struct err *e)
{
    struct awake_span span;
    struct err why;

    for (size_t i = 0; i < c->sleep.awake.len; i++)
        if (awake_parse(&span, c->sleep.awake.items[i], &why) < 0)
            return complain(c, c->sleep.line, e, "sleep.awake: %s", why.text);
    if (c->sleep.timezone && !zone_exists(c->sleep.timezone))
        return complain(
            c, c->sleep.line, e,
            "sleep.timezone: this machine knows no time zone '%.100s': expected one such "
            "as Europe/Berlin, from the package tzdata",
            c->sleep.timezone);
    return 0;
}

/* The rules of a purge decide about sleep, too. */
static int complete_sleep(struct config *c, struct err *e)
{
    struct purge_input *request = &c->sleep.request, checked;
    struct purge_rules rules = {0};
    int rc;

    if (c->state.url && strncmp(c->state.url, "s3://", 5) != 0)
        return complain(c, c->state.line, e,
                        "state.url: expected s3://bucket/prefix/, got '%.200s'", c->state.url);
    if (check_awake(c, e) < 0)
        return -1;
    if (c->sleep.after_ms % 1000 != 0)
        return complain(c, c->sleep.line, e, "sleep.after: expected whole seconds");
    *request = (struct purge_input){
        .duration = arena_printf(&c->arena, "%lld", (long long)c->sleep.after_ms / 1000),
        .excludes = c->sleep.excludes.items,
        .n_excludes = c->sleep.excludes.len,
        .exclude_tags = c->sleep.exclude_tags.items,
        .n_exclude_tags = c->sleep.exclude_tags.len,
        .exclude_regexp = c->sleep.exclude_regexp,
    };
    if (c->sleep.after_ms > 0 && c->sleep.after_ms < PURGE_DURATION_MIN * 1000)
        return complain(c, c->sleep.line, e, "sleep.after: expected %dm at least",
                        PURGE_DURATION_MIN / 60);
    checked = *request;
    if (c->sleep.after_ms == 0) /* limit.awake asks the rules, too, with a time of its own */
        checked.duration = arena_printf(&c->arena, "%d", PURGE_DURATION_MIN);
    rc = purge_rules_check(&checked, &rules, e);
    purge_rules_free(&rules);
    return rc < 0 ? err_prefix(e, "%s:%zu: sleep", c->path, c->sleep.line) : 0;
}

/* Whose X-Forwarded-For and x-amzn-oidc-* are believed when nothing is configured: a load balancer
 * in the same network (RFC 1918, RFC 6598, RFC 4193), or on this machine. */
static const char *const private_networks[] = {
    "127.0.0.0/8",   "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "100.64.0.0/10", "::1/128",    "fc00::/7",
};

static void complete_networks(struct config *c)
{
    struct config_strings *list = &c->network.trusted_proxies;

    if (!list->items) {
        list->len = sizeof private_networks / sizeof private_networks[0];
        list->items = arena_array(&c->arena, list->len, sizeof *list->items);
        memcpy(list->items, private_networks, sizeof private_networks);
    }
    c->network.trusted = arena_array(&c->arena, list->len, sizeof *c->network.trusted);
    for (size_t i = 0; i < list->len; i++)
        c->network.n_trusted += network_parse(&c->network.trusted[i], list->items[i]);
}

static void complete_use(struct config *c)
{
    struct config_strings *agents = &c->use.ignore.user_agents;
    const struct config_strings *networks = &c->use.ignore.network_list;

    if (!agents->items)
        *agents = config_agents_default(&c->arena);
    c->use.ignore.networks = arena_array(&c->arena, networks->len, sizeof *c->use.ignore.networks);
    for (size_t i = 0; i < networks->len; i++)
        c->use.ignore.n_networks += network_parse(&c->use.ignore.networks[i], networks->items[i]);
}

static int check_matchers(const struct config *c, struct err *e)
{
    const struct config_matchers *list = &c->auth.amzn_oidc.matchers;

    for (size_t i = 0; i < list->len; i++) {
        const struct config_matcher *m = &list->items[i];
        bool exact = m->exact && *m->exact, suffix = m->suffix && *m->suffix;
        if (exact == suffix)
            return complain(c, m->line, e,
                            "auth.amzn_oidc.matchers[%zu]: expected either 'exact' or 'suffix', "
                            "not empty",
                            i);
    }
    return 0;
}

/* What would let in nobody is a mistake that is better told now. */
static int check_auth(const struct config *c, struct err *e)
{
    for (size_t i = 0; i < c->listen.n_http; i++)
        if (c->listen.http[i].require_auth_cookie && c->auth.cookie_secret.len == 0)
            return complain(c, c->listen.http[i].line, e,
                            "listen.http[%zu].require_auth_cookie needs auth.cookie_secret", i);
    if (!c->auth.present)
        return 0;
    if (!c->auth.token.present && !c->auth.amzn_oidc.present && !c->auth.basic.present)
        return complain(
            c, c->auth.line, e,
            "auth has none of token, amzn_oidc and basic: nobody could get in; add one, "
            "or remove the section");
    if (c->auth.basic.present && (!*c->auth.basic.username || strchr(c->auth.basic.username, ':')))
        return complain(c, c->auth.basic.line, e,
                        "auth.basic.username: expected a name without a colon");
    if (c->auth.amzn_oidc.present && !*c->auth.amzn_oidc.claim)
        return complain(c, c->auth.amzn_oidc.line, e,
                        "auth.amzn_oidc.claim is empty; email is the usual one");
    return c->auth.amzn_oidc.present ? check_matchers(c, e) : 0;
}

static int complete_recover(struct config *c, struct err *e)
{
    static const char *const words[] = {"spot", "infrastructure", "crash", "start"};
    const struct config_strings *list = &c->launch.recover;

    c->launch.recover_kinds = 0;
    if (list->len == 1 && !strcmp(list->items[0], "false"))
        return 0;
    for (size_t i = 0; i < list->len; i++) {
        size_t k = 0;
        while (k < 4 && strcmp(words[k], list->items[i]) != 0)
            k++;
        if (k == 4 && list->len == 1 && !strcmp(list->items[0], "true"))
            c->launch.recover_kinds = RECOVER_SPOT | RECOVER_INFRASTRUCTURE;
        else if (k == 4)
            return complain(c, c->launch.line, e,
                            "launch.recover: expected spot, infrastructure, crash or start, got "
                            "'%.100s'",
                            list->items[i]);
        else
            c->launch.recover_kinds |= 1U << k;
    }
    return 0;
}

static int complete_launch(struct config *c, struct err *e)
{
    const char *path = c->launch.health.path;

    if (complete_recover(c, e) < 0)
        return -1;
    if (c->launch.health.timeout_ms > HEALTH_TIMEOUT_MAX_MS)
        return complain(c, c->launch.health.line, e,
                        "launch.health.timeout: expected 10s at most, for mirage-sync waits for it "
                        "in each look at the tasks");
    if (!path)
        return 0;
    if (path[0] != '/')
        return complain(c, c->launch.health.line, e,
                        "launch.health.path: expected a path that begins with /, got '%.100s'",
                        path);
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p > '~')
            return complain(c, c->launch.health.line, e,
                            "launch.health.path: only visible ASCII may stand in a path; write the "
                            "rest as %%XX");
    return 0;
}

int config_complete(struct config *c, struct err *e)
{
    if (check_listen(c, e) < 0 || check_others(c, e) < 0 || complete_parameters(c, e) < 0 ||
        complete_purge(c, e) < 0 || complete_sleep(c, e) < 0 || check_auth(c, e) < 0 ||
        complete_launch(c, e) < 0)
        return -1;
    complete_networks(c);
    complete_use(c);
    default_htmldir(c);
    if (!c->ecs.launch_type && c->ecs.n_capacity_provider_strategy == 0)
        c->ecs.launch_type = "FARGATE";
    return 0;
}

/* {{ env "NAME" }} leaves NAME when that is not set: as a secret, anybody could guess it. */
static int check_secret(const struct config *c, size_t at, const char *key, const char *secret,
                        const char *unset, struct err *e)
{
    size_t len = secret ? strlen(secret) : 0;

    for (const char *line = unset; len > 0 && *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") == len && !strncmp(line, secret, len))
            return complain(c, at, e,
                            "%s: the environment variable %s is not set; set it, or write must_env "
                            "for env",
                            key, secret);
    return 0;
}

int config_check_secrets(const struct config *c, const char *unset, struct err *e)
{
    for (size_t i = 0; i < c->auth.cookie_secret.len; i++)
        if (check_secret(c, c->auth.line, "auth.cookie_secret", c->auth.cookie_secret.items[i],
                         unset, e) < 0)
            return -1;
    return check_secret(c, c->auth.token.line, "auth.token.token", c->auth.token.token, unset, e) <
                       0 ||
                   check_secret(c, c->auth.basic.line, "auth.basic.password",
                                c->auth.basic.password, unset, e) < 0
               ? -1
               : 0;
}
