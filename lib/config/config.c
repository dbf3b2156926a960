#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "buf.h"
#include "regex.h"

#include "config_check.h"
#include "config_schema.h"
#include "config_warn.h"
#include "options.h"
#include "template_env.h"

#define FILE_LIMIT (1024 * 1024)

static void set_defaults(struct config *c, const struct options *o)
{
    static const char *recover[] = {"spot", "infrastructure"};
    const char *given = o->domain ? o->domain : o->local ? ".localhost" : ".local";
    char *domain = ascii_lower_text(arena_strdup(&c->arena, given));
    long port = o->default_port ? o->default_port : o->local ? 8080 : 80;

    c->local = o->local;
    c->compat_v1 = o->compat_v1;
    c->host.webapi = arena_printf(&c->arena, "mirage%s", domain);
    c->host.reverse_proxy_suffix = domain;
    c->listen.foreign_address = o->local ? "127.0.0.1" : "0.0.0.0";
    c->listen.http = arena_array(&c->arena, 1, sizeof *c->listen.http);
    c->listen.http[0] = (struct config_listen){.listen = port, .target = o->local ? 80 : port};
    c->listen.n_http = 1;
    c->network.connect_timeout_ms = 5000;
    c->network.header_timeout_ms = 30000;
    c->network.idle_timeout_ms = 75000;
    c->launch.replace = "auto";
    c->launch.recover = (struct config_strings){recover, 2};
    c->launch.drain_ms = 30000;
    c->launch.ready_timeout_ms = 1800000;
    c->launch.health.timeout_ms = 5000;
    c->purge.settle_ms = 180000;
    c->sleep.keep_ms = (int64_t)30 * 24 * 3600 * 1000;
    c->wake.limit = 60;
    c->wake.held = 200;
    c->wake.visitors = "browsers";
    c->log.access = "off";
    c->web.server = "lighttpd";
    c->ecs.enable_execute_command = true;
}

static int read_file(struct config *c, const char *path, const struct config_source *source,
                     void (*warn)(const char *text), struct err *e)
{
    struct buf raw = {0}, text = {0}, unset = {0}, warnings = {0};
    int rc = -1;

    if (!strncmp(path, "s3://", 5)) {
        if (source->fetch(path, &raw, e) < 0)
            goto out;
    } else if (buf_read_file(&raw, path, FILE_LIMIT) < 0) {
        err_system(e, errno, "%s: cannot read the configuration", path);
        goto out;
    }
    if (template_env_expand(buf_text(&raw), raw.len, &text, &unset, &warnings, e) < 0) {
        char sentence[sizeof e->text];
        memcpy(sentence, e->text, sizeof sentence);
        err_set(e, ERR_INVALID, "%s:%.900s", path, sentence);
        goto out;
    }
    if (text.failed || unset.failed || warnings.failed)
        abort();
    config_warn_of_values(path, buf_text(&warnings), warn);
    rc = config_read(c, path, buf_text(&text), text.len, warn, e);
    if (rc == 0)
        rc = config_check_secrets(c, buf_text(&unset), e);
    if (rc == 0) {
        config_warn_of_weakness(c, warn);
        config_warn_of_agents(c, warn);
        config_warn_of_readers(c, path, &raw, warn);
    }
out:
    buf_free(&raw);
    buf_free(&text);
    buf_free(&unset);
    buf_free(&warnings);
    return rc;
}

int config_load(struct config **config, const struct options *options,
                const struct config_source *source, void (*warn)(const char *text), struct err *e)
{
    struct config *c = calloc(1, sizeof *c);

    *config = NULL;
    if (!c)
        abort();
    set_defaults(c, options);
    c->path = options->conf;
    if ((c->path && read_file(c, c->path, source, warn, e) < 0) || config_complete(c, e) < 0 ||
        (!c->local && source->fill_in && source->fill_in(c, e) < 0)) {
        config_free(c);
        return -1;
    }
    config_warn_of_defaults(c, warn);
    *config = c;
    return 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n_parameters; i++)
        regex_free(config->parameters[i].compiled);
    arena_free(&config->arena);
    free(config);
}

const struct config_taskdef *config_local_taskdef(const struct config *config, const char *name)
{
    size_t len = strcspn(name, ":");

    for (size_t i = 0; i < config->local_tasks.n_taskdefs; i++) {
        const struct config_taskdef *t = &config->local_tasks.taskdefs[i];
        if (strlen(t->name) == len && !strncmp(t->name, name, len))
            return t;
    }
    return NULL;
}

bool config_has_target(const struct config *c, int container_port)
{
    for (size_t i = 0; i < c->listen.n_http; i++)
        if (container_port == 0 || c->listen.http[i].target == container_port)
            return true;
    return false;
}
