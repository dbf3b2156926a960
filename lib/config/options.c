#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "env_file.h"

enum option_kind {
    OPTION_TEXT,
    OPTION_FLAG,
    OPTION_PORT,
    OPTION_DOMAIN,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
    OPTION_HELP,
    OPTION_VERSION,
};

struct option_row {
    const char *name;
    enum option_kind kind;
    size_t offset; /* in struct options */
    const char *argument;
    const char *help;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row common[] = {
    {"conf", OPTION_TEXT, AT(conf), "FILE", "configuration file (YAML)"},
    {"domain", OPTION_DOMAIN, AT(domain), "SUFFIX", "of the environments' hosts (default .local)"},
    {"default-port", OPTION_PORT, AT(default_port), "N",
     "listen and target port when the configuration has none (default 80; 8080 with -local)"},
    {"local", OPTION_FLAG, AT(local), NULL, "run everything on this machine, without AWS"},
    {"compat-v1", OPTION_FLAG, AT(compat_v1), NULL,
     "accept forms in the API, pass SUBDOMAIN in base64 (default true)"},
    {"log-format", OPTION_LOG_FORMAT, AT(log_format), "text|json", "default text"},
    {"log-level", OPTION_LOG_LEVEL, AT(log_level), "debug|info|warn|error", "default info"},
    {"state", OPTION_TEXT, AT(state), "DIR", "state folder (default /var/lib/mirage-ecs)"},
    {OPTION_ENV_FILE, OPTION_TEXT, AT(env_file), "FILE",
     "variables, NAME=value a line, as for systemd's EnvironmentFile"},
    {"x", OPTION_FLAG, AT(print_config), NULL, "print the effective configuration and exit"},
    {"t", OPTION_FLAG, AT(check), NULL,
     "check what this program needs of the configuration, and exit with 0 or 1"},
    {"version", OPTION_VERSION, 0, NULL, "print the version and exit"},
    {"v", OPTION_VERSION, 0, NULL, "the same"},
    {"help", OPTION_HELP, 0, NULL, "print this and exit"},
    {"h", OPTION_HELP, 0, NULL, "the same"},
};
#define N_COMMON (sizeof common / sizeof common[0])

/* Options for one run: no environment variable sets them. */
static bool is_action(const struct option_row *row)
{
    return row->kind == OPTION_HELP || row->kind == OPTION_VERSION ||
           row->offset == AT(print_config) || row->offset == AT(check);
}

void options_print_help(const char *program, const char *summary, const struct option_extra *extras)
{
    printf("usage: %s [options]\n%s\n\n", program, summary);
    for (size_t i = 0; i < N_COMMON; i++)
        printf("  -%s%s%s\n        %s\n", common[i].name, common[i].argument ? " " : "",
               common[i].argument ? common[i].argument : "", common[i].help);
    for (const struct option_extra *x = extras; x && x->name; x++)
        printf("  -%s%s%s\n        %s\n", x->name, x->argument ? " " : "",
               x->argument ? x->argument : "", x->help);
    printf("\nEvery option but those that print or check, and exit, has an environment variable,\n"
           "MIRAGE_CONF for -conf and so on; the command line wins.\n");
}

/* What Go's flags take too: MIRAGE_LOCAL=True has always worked. */
static int parse_bool(const char *value, bool *flag)
{
    if (!strcasecmp(value, "true") || !strcasecmp(value, "t") || !strcmp(value, "1"))
        *flag = true;
    else if (!strcasecmp(value, "false") || !strcasecmp(value, "f") || !strcmp(value, "0"))
        *flag = false;
    else
        return -1;
    return 0;
}

/* The position of value in the NULL-terminated list; -1 if it is not there. */
static int choice(const char *value, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (!strcmp(value, list[i]))
            return i;
    return -1;
}

static int set_domain(struct options *o, const char *value, struct err *e)
{
    static char with_dot[256]; /* lives as long as the options */

    if (!*value || strlen(value) > 253 ||
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
            strlen(value) ||
        strstr(value, "..") || value[strlen(value) - 1] == '.')
        return err_set(e, ERR_INVALID, "expected a domain such as .dev.example.net, got '%s'",
                       value);
    snprintf(with_dot, sizeof with_dot, "%s%s", *value == '.' ? "" : ".", value);
    o->domain = with_dot;
    return 0;
}

static int set_option(struct options *o, const struct option_row *row, const char *value,
                      struct err *e)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
    void *field = (char *)o + row->offset;
    char *end;
    int picked;

    switch (row->kind) {
    case OPTION_TEXT:
        if (!*value)
            return err_set(e, ERR_INVALID, "expected %s, got nothing", row->argument);
        *(const char **)field = value;
        return 0;
    case OPTION_FLAG:
        if (parse_bool(value, field) < 0)
            return err_set(e, ERR_INVALID, "expected true or false, got '%s'", value);
        return 0;
    case OPTION_DOMAIN:
        return set_domain(o, value, e);
    case OPTION_PORT:
        o->default_port = strtol(value, &end, 10);
        if (!*value || *end || o->default_port < 1 || o->default_port > 65535)
            return err_set(e, ERR_INVALID, "expected a port from 1 to 65535, got '%s'", value);
        return 0;
    case OPTION_LOG_FORMAT:
        picked = choice(value, formats);
        if (picked < 0)
            return err_set(e, ERR_INVALID, "expected text or json, got '%s'", value);
        o->log_format = (enum log_format)picked;
        return 0;
    case OPTION_LOG_LEVEL:
        picked = choice(value, levels);
        if (picked < 0)
            return err_set(e, ERR_INVALID, "expected debug, info, warn or error, got '%s'", value);
        o->log_level = (enum log_level)picked;
        return 0;
    case OPTION_HELP:
        o->help = true;
        return 0;
    case OPTION_VERSION:
        o->version = true;
        return 0;
    }
    return 0;
}

#define VARIABLE_MAX 64

/* The value of MIRAGE_LOG_LEVEL for log-level, and that name. NULL when it is not set. */
static const char *from_environment(const char *name, char variable[VARIABLE_MAX])
{
    size_t i;

    snprintf(variable, VARIABLE_MAX, "MIRAGE_%s", name);
    for (i = 7; variable[i]; i++) {
        if (variable[i] == '-')
            variable[i] = '_';
        else if (variable[i] >= 'a' && variable[i] <= 'z')
            variable[i] = (char)(variable[i] - 'a' + 'A');
    }
    return getenv(variable);
}

static int set_extra(const struct option_extra *x, const char *value, struct err *e)
{
    bool flag;

    if (x->is_flag) {
        if (parse_bool(value, &flag) < 0)
            return err_set(e, ERR_INVALID, "expected true or false, got '%s'", value);
        value = flag ? "true" : "false";
    }
    if (!x->list)
        *x->value = value;
    else if (x->list->len == OPTION_LIST_MAX)
        return err_set(e, ERR_INVALID, "given more than %d times", OPTION_LIST_MAX);
    else
        x->list->items[x->list->len++] = value;
    return 0;
}

static int read_environment(struct options *o, const struct option_extra *extras, struct err *e)
{
    char variable[VARIABLE_MAX];

    for (size_t i = 0; i < N_COMMON; i++) {
        const char *value =
            is_action(&common[i]) ? NULL : from_environment(common[i].name, variable);
        if (value && *value && set_option(o, &common[i], value, e) < 0)
            return err_prefix(e, "environment variable %s", variable);
    }
    for (const struct option_extra *x = extras; x && x->name; x++) {
        const char *value = from_environment(x->name, variable);
        if (!value || !*value)
            continue;
        if (set_extra(x, value, e) < 0)
            return err_prefix(e, "environment variable %s", variable);
        if (x->list)
            x->list->is_environments = true;
    }
    return 0;
}

static const struct option_row *find_common(const char *name, size_t len)
{
    for (size_t i = 0; i < N_COMMON; i++)
        if (strlen(common[i].name) == len && !strncmp(common[i].name, name, len))
            return &common[i];
    return NULL;
}

static const struct option_extra *find_extra(const struct option_extra *extras, const char *name,
                                             size_t len)
{
    for (const struct option_extra *x = extras; x && x->name; x++)
        if (strlen(x->name) == len && !strncmp(x->name, name, len))
            return x;
    return NULL;
}

/* Reads argv[*i] and, when the option takes one, its value from the next. */
static int read_argument(struct options *o, const struct option_extra *extras, int argc,
                         char **argv, int *i, struct err *e)
{
    const char *text = argv[*i], *name = text + strspn(text, "-"), *value;
    size_t len = strcspn(name, "=");
    const struct option_row *row = find_common(name, len);
    const struct option_extra *extra = row ? NULL : find_extra(extras, name, len);
    bool flag;

    if (text[0] != '-' || name - text > 2 || (!row && !extra))
        return err_set(e, ERR_INVALID, "unknown option '%s'; -help lists them", text);
    flag = row ? !row->argument : extra->is_flag;
    if (name[len] == '=')
        value = name + len + 1;
    else if (flag)
        value = "true";
    else if (*i + 1 < argc)
        value = argv[++*i];
    else
        return err_set(e, ERR_INVALID, "option -%s needs %s", name,
                       row ? row->argument : extra->argument);
    if (extra && extra->list && extra->list->is_environments)
        *extra->list = (struct option_list){0};
    if (extra)
        return set_extra(extra, value, e) < 0 ? err_prefix(e, "option -%s", extra->name) : 0;
    if (set_option(o, row, value, e) < 0)
        return err_prefix(e, "option -%s", row->name);
    return 0;
}

/* The file that the command line names, else the environment. NULL: none. What is wrong with the
 * command line is told later. */
static const char *find_env_file(const struct option_extra *extras, int argc, char **argv)
{
    const char *file = getenv("MIRAGE_ENV_FILE");

    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + strspn(argv[i], "-");
        size_t len = strcspn(name, "=");
        const struct option_row *row = find_common(name, len);
        const struct option_extra *extra = row ? NULL : find_extra(extras, name, len);
        bool has_value = (row && row->argument) || (extra && !extra->is_flag);
        const char *value = name[len] == '=' ? name + len + 1 : NULL;
        if (has_value && !value && i + 1 < argc)
            value = argv[++i];
        if (row && row->offset == AT(env_file) && value)
            file = value;
    }
    return file && *file ? file : NULL;
}

int options_read(struct options *o, const struct option_extra *extras, int argc, char **argv,
                 struct err *e)
{
    *o = (struct options){
        .compat_v1 = true,
        .log_level = LOG_LEVEL_INFO,
        .state = "/var/lib/mirage-ecs",
    };
    o->env_file = find_env_file(extras, argc, argv);
    if (o->env_file && env_file_read(o->env_file, e) < 0)
        return err_prefix(e, "-" OPTION_ENV_FILE);
    if (read_environment(o, extras, e) < 0)
        return -1;
    unsetenv("MIRAGE_ENV_FILE");
    for (int i = 1; i < argc; i++)
        if (read_argument(o, extras, argc, argv, &i, e) < 0)
            return -1;
    return 0;
}
