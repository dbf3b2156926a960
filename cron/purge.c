/* mirage-purge: terminates environments that nobody used, from cron or a timer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "aws/cloudwatch.h"
#include "aws/self_config.h"
#include "log.h"
#include "program.h"

#include "purge_run.h"

#define SETTLE_MAX (PURGE_SETTLE_MAX_MS / 1000)

enum { STATUS_DONE, STATUS_FAILED, STATUS_USAGE, STATUS_BUSY };

static const char *duration, *regexp, *settle, *action, *dry_run = "false", *as_json = "false";
static struct option_list excludes, exclude_tags;

static const struct option_extra extras[] = {
    {.name = "duration",
     .argument = "SECONDS",
     .help = "not used for so long (at least 300; default: purge.request of the configuration)",
     .value = &duration},
    {.name = "exclude",
     .argument = "NAME",
     .help = "keep this subdomain, or those that this pattern matches; may be repeated",
     .list = &excludes},
    {.name = "exclude-tag",
     .argument = "KEY:VALUE",
     .help = "keep what has this tag; may be repeated",
     .list = &exclude_tags},
    {.name = "exclude-regexp",
     .argument = "RE",
     .help = "keep the subdomains that this matches",
     .value = &regexp},
    {.name = "settle",
     .argument = "SECONDS",
     .help = "what is unused is looked at again after so long (0: stop at once; default: "
             "purge.settle of the configuration, 180)",
     .value = &settle},
    {.name = "action",
     .argument = "ACTION",
     .help = "what becomes of them: terminate (the default), or sleep until a visit wakes them; on "
             "ECS sleep needs state.url",
     .value = &action},
    {.name = "dry-run", .is_flag = true, .help = "stop nothing", .value = &dry_run},
    {.name = "json", .is_flag = true, .help = "print JSON", .value = &as_json},
    {0},
};

struct report {
    bool json, dry_run;
    json_t *list; /* when json */
    size_t stopped, kept, failed;
};

/* The options' input. Without -duration, what they leave open is the configuration's. */
static struct purge_input input_of(const struct config *config)
{
    struct purge_input input = {.duration = duration};

    if (!duration)
        input = config->purge.request;
    if (excludes.len > 0) {
        input.excludes = excludes.items;
        input.n_excludes = excludes.len;
    }
    if (exclude_tags.len > 0) {
        input.exclude_tags = exclude_tags.items;
        input.n_exclude_tags = exclude_tags.len;
    }
    if (regexp)
        input.exclude_regexp = regexp;
    if (action)
        input.action = action;
    return input;
}

static void tell(struct report *r, const struct purge_decision *d, const char *what,
                 const char *reason)
{
    if (r->json)
        json_array_append_new(r->list,
                              json_pack("{s:s, s:b, s:s, s:s}", "subdomain", d->subdomain, "stop",
                                        d->stop, "reason", reason, "result", what));
    else
        printf("%-9s %-40s %s\n", what, d->subdomain, reason);
}

static void carry_out(struct purger *p, const struct purge_plan *plan, bool sleep, struct report *r)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct purge_decision *d = &plan->decisions[i];
        struct err e;
        if (!d->stop || r->dry_run) {
            r->kept += !d->stop;
            r->stopped += d->stop;
            tell(r, d, !d->stop ? "keep" : sleep ? "would-sleep" : "would-stop", d->reason);
            continue;
        }
        switch (purge_stop(p, plan, d, sleep, &e)) {
        case 1:
            r->stopped++;
            tell(r, d, sleep ? "asleep" : "stopped", d->reason);
            break;
        case 0:
            r->kept++;
            tell(r, d, "keep", "used after the decision");
            break;
        default:
            r->failed++;
            log_error("%s: %s", d->subdomain, e.text);
            tell(r, d, "failed", e.text);
        }
    }
}

static void sum_up(const struct report *r)
{
    const char *stopped = r->dry_run ? "would_stop" : "stopped";

    if (r->json) {
        json_t *all =
            json_pack("{s:O, s:I, s:I, s:I}", "decisions", r->list, stopped, (json_int_t)r->stopped,
                      "kept", (json_int_t)r->kept, "failed", (json_int_t)r->failed);
        char *text = json_dumps(all, JSON_INDENT(2));
        if (!text)
            abort();
        puts(text);
        free(text);
        json_decref(all);
    } else
        printf("%zu %s, %zu kept, %zu failed\n", r->stopped,
               r->dry_run ? "would be stopped" : "stopped", r->kept, r->failed);
}

static int purge(struct purger *p, const struct purge_rules *rules)
{
    const struct purge_view view = {.source = cloudwatch_source(p->aws),
                                    .max_age_s = p->config->purge.max_age_ms / 1000,
                                    .db = p->db,
                                    .runner = p->runner};
    struct arena a = {0};
    struct report r = {.json = !strcmp(as_json, "true"), .dry_run = !strcmp(dry_run, "true")};
    struct purge_plan plan;
    struct err e;
    bool failed = true;

    r.list = json_array();
    if (r.dry_run)
        p->settle_ms = 0;
    if (purge_look_twice(p, &view, rules, &a, &plan, &e) < 0)
        log_error("%s", e.text);
    else {
        if (plan.warning)
            log_error("%s: what is not known is kept", plan.warning);
        carry_out(p, &plan, rules->sleep, &r);
        sum_up(&r);
        failed = plan.warning || r.failed > 0;
    }
    json_decref(r.list);
    arena_free(&a);
    return failed ? STATUS_FAILED : STATUS_DONE;
}

/* -settle, in ms; -1 when it is no number of seconds. */
static int64_t settle_of(const struct config *config)
{
    char *end;
    long seconds;

    if (!settle)
        return config->purge.settle_ms;
    seconds = strtol(settle, &end, 10);
    return *settle >= '0' && *settle <= '9' && !*end && seconds <= SETTLE_MAX ? seconds * 1000 : -1;
}

static int run(const struct program *program, const struct purge_rules *rules)
{
    const char *state = program->options.state;
    struct purger p = {0};
    struct err e;
    int lock = purge_lock(program->config, state, &e), status = STATUS_FAILED;

    if (lock < 0) {
        log_error("%s", e.text);
        return e.kind == ERR_BUSY ? STATUS_BUSY : STATUS_FAILED;
    }
    /* Local tasks' counts are nowhere but in the database. */
    if (purger_open(&p, program->config, state, &e) < 0 ||
        (program->config->local && db_open_state(&p.db, state, &e) < 0))
        log_error("%s", e.text);
    else {
        p.settle_ms = settle_of(program->config);
        status = purge(&p, rules);
    }
    db_close(p.db);
    purger_close(&p);
    close(lock);
    return status;
}

int main(int argc, char **argv)
{
    struct program program = {
        .name = "mirage-purge",
        .summary =
            "Terminates environments that nobody used. Exits with 0, or with 1 when something "
            "failed, 3 when another purge runs.",
        .extras = extras,
        .source = &self_config_source,
    };
    struct purge_rules rules = {0};
    struct purge_input input;
    struct err e;
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    input = input_of(program.config);
    if (!input.duration) {
        fputs("mirage-purge: option -duration is needed, or purge.request in the configuration\n",
              stderr);
        status = STATUS_USAGE;
    } else if (purge_rules_check(&input, &rules, &e) < 0) {
        fprintf(stderr, "mirage-purge: %s\n", e.text);
        status = STATUS_USAGE;
    } else if (settle_of(program.config) < 0) {
        fprintf(stderr, "mirage-purge: option -settle: expected seconds, 0 to %d, got '%s'\n",
                SETTLE_MAX, settle);
        status = STATUS_USAGE;
    } else
        status = run(&program, &rules);
    purge_rules_free(&rules);
    program_end(&program);
    return status;
}
