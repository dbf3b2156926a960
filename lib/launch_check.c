#include "launch_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ascii.h"
#include "pattern.h"
#include "regex.h"

#define SUBDOMAIN_MIN        2
#define SUBDOMAIN_MAX        63
#define PARAMETER_CHARACTERS 255
#define TASKDEFS_MAX         50

/* The subdomain that was given, in small letters. */
static char *subdomain_of(const struct launch_input *input, struct arena *a)
{
    return ascii_lower_text(arena_strdup(a, input->subdomain ? input->subdomain : ""));
}

/* A host's label, or a pattern of one: [a-z*?[\]] first, then also digits and `-`, no `-` last. */
static bool has_valid_characters(const char *s)
{
    static const char edge[] = "abcdefghijklmnopqrstuvwxyz*?[]";
    static const char inner[] = "abcdefghijklmnopqrstuvwxyz*?[]0123456789-";
    size_t len = strlen(s);

    return strchr(edge, s[0]) && strspn(s, inner) == len && s[len - 1] != '-';
}

/* Whether the proxy takes what is for it as being for the pages. */
static bool is_webapi(const struct config *config, const char *s)
{
    const char *webapi = config->host.webapi, *suffix = config->host.reverse_proxy_suffix;
    size_t len = strlen(s);

    return webapi && suffix && !strncmp(webapi, s, len) && !strcmp(webapi + len, suffix);
}

static int check_subdomain(const struct config *config, const char *s, struct err *e)
{
    if (!*s)
        return err_set(e, ERR_INVALID, "subdomain is empty");
    if (strlen(s) < SUBDOMAIN_MIN)
        return err_set(e, ERR_INVALID, "subdomain is too short");
    if (strlen(s) > SUBDOMAIN_MAX)
        return err_set(e, ERR_INVALID, "subdomain is too long");
    if (!has_valid_characters(s))
        return err_set(e, ERR_INVALID, "subdomain %s includes invalid characters", s);
    if (!pattern_is_valid(s))
        return err_set(e, ERR_INVALID, "subdomain %s is a malformed pattern", s);
    if (is_webapi(config, s))
        return err_set(e, ERR_INVALID, "subdomain %s is where mirage-ecs itself answers", s);
    return 0;
}

static size_t utf8_characters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* The value that counts, "" for none. */
static const char *parameter_value(const struct config_parameter *p,
                                   const struct launch_input *input)
{
    const char *value = input->value(input->ctx, p->name);

    return value && *value ? value : p->default_value;
}

static int check_parameter(const struct config_parameter *p, const char *value, struct err *e)
{
    if (!*value)
        return p->required ? err_set(e, ERR_INVALID, "lack require parameter: %s", p->name) : 0;
    if (utf8_characters(value) > PARAMETER_CHARACTERS)
        return err_set(e, ERR_INVALID, "parameter %s value is too long (at most %d characters)",
                       p->name, PARAMETER_CHARACTERS);
    if (p->compiled && regex_match(p->compiled, value) != 1)
        return err_set(e, ERR_INVALID, "parameter %s value is rule error", p->name);
    return 0;
}

/* Puts the taskdefs that are not empty into *list. */
static int check_taskdefs(const struct launch_input *input, const char *subdomain, struct arena *a,
                          const char ***list, size_t *len, struct err *e)
{
    *len = 0;
    *list = arena_array(a, input->n_taskdefs + 1, sizeof **list);
    for (size_t i = 0; i < input->n_taskdefs; i++) {
        const char *name = input->taskdefs[i];
        if (!*name)
            continue;
        if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:/") !=
                strlen(name) ||
            strlen(name) > 512)
            return err_set(e, ERR_INVALID, "taskdef %.100s is not a task definition's name", name);
        (*list)[(*len)++] = arena_strdup(a, name);
    }
    if (*len == 0)
        return err_set(e, ERR_INVALID, "parameter required: subdomain=%s, taskdef=[]", subdomain);
    if (*len > TASKDEFS_MAX)
        return err_set(e, ERR_INVALID, "more than %d task definitions", TASKDEFS_MAX);
    return 0;
}

bool launch_stops_first(const struct config *config, size_t n_taskdefs)
{
    if (!strcmp(config->launch.replace, "auto"))
        return config->link.hosted_zone_id && n_taskdefs > 1;
    return !strcmp(config->launch.replace, "stop_first");
}

int launch_check(const struct config *config, const struct launch_input *input, struct arena *a,
                 struct launch_request *request, struct err *e)
{
    char *subdomain = subdomain_of(input, a);
    struct launch_param *params = arena_array(a, config->n_parameters, sizeof *params);
    const char **taskdefs;
    size_t n = 0;

    *request = (struct launch_request){.subdomain = subdomain, .params = params, .by = ""};
    if (check_subdomain(config, subdomain, e) < 0)
        return -1;
    for (size_t i = 0; i < config->n_parameters; i++) {
        const struct config_parameter *p = &config->parameters[i];
        const char *value = parameter_value(p, input);
        if (check_parameter(p, value, e) < 0)
            return -1;
        if (*value)
            params[n++] = (struct launch_param){
                .name = p->name, .env = p->env, .value = arena_strdup(a, value)};
    }
    request->n_params = n;
    if (check_taskdefs(input, subdomain, a, &taskdefs, &request->n_taskdefs, e) < 0)
        return -1;
    request->taskdefs = taskdefs;
    request->stop_first = launch_stops_first(config, request->n_taskdefs);
    return 0;
}

size_t launch_problems(const struct config *config, const struct launch_input *input,
                       struct arena *a, struct launch_problem **problems)
{
    char *subdomain = subdomain_of(input, a);
    const char **taskdefs;
    struct err e = {0};
    size_t n = 0, unused;

    *problems = arena_array(a, config->n_parameters + 2, sizeof **problems);
    if (check_subdomain(config, subdomain, &e) < 0)
        (*problems)[n++] = (struct launch_problem){"subdomain", arena_strdup(a, e.text)};
    if (check_taskdefs(input, subdomain, a, &taskdefs, &unused, &e) < 0)
        (*problems)[n++] = (struct launch_problem){"taskdef", arena_strdup(a, e.text)};
    for (size_t i = 0; i < config->n_parameters; i++) {
        const struct config_parameter *p = &config->parameters[i];
        if (check_parameter(p, parameter_value(p, input), &e) < 0)
            (*problems)[n++] = (struct launch_problem){p->name, arena_strdup(a, e.text)};
    }
    return n;
}
