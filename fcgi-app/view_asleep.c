#include "view_asleep.h"

#include <string.h>

#include "stop_cause.h"

#include "router.h"
#include "view.h"
#include "view_time.h"

static const char *join_taskdefs(const struct launch_request *r, struct arena *a)
{
    const char *names = "";

    for (size_t i = 0; i < r->n_taskdefs; i++)
        names = arena_printf(a, "%s%s%s", names, i ? ", " : "", r->taskdefs[i]);
    return names;
}

json_t *view_asleep(struct call *c, const struct asleep_row *row)
{
    json_t *parameters = json_array();
    const char *branch = "";
    struct asleep asleep;
    struct err unreadable;

    if (asleep_from_json(row->asleep.subdomain, row->request, strlen(row->request), c->arena,
                         &asleep, &unreadable) < 0)
        asleep.request = (struct launch_request){0};
    for (size_t i = 0; i < asleep.request.n_params; i++) {
        const struct launch_param *p = &asleep.request.params[i];
        if (!strcmp(p->name, "branch"))
            branch = p->value;
        else if (*p->value)
            json_array_append_new(parameters, json_pack("{s:o,s:o}", "name", view_text(p->name),
                                                        "value", view_text(p->value)));
    }
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "at", view_time(row->asleep.at), "by",
                     view_text(row->asleep.by), "reason", view_text(row->asleep.reason), "error",
                     view_text(row->error), "taskdef",
                     view_text(join_taskdefs(&asleep.request, c->arena)), "branch",
                     view_text(branch), "parameters", parameters, "revision_gone",
                     !strcmp(stop_cause_of(row->error, "")->key, "revision-gone"));
}

bool view_sleep_rules(const struct config *config, struct purge_rules *rules)
{
    struct err checked; /* with the configuration */

    return config->sleep.after_ms > 0 &&
           purge_rules_check(&config->sleep.request, rules, &checked) == 0;
}

struct sleep_outlook view_sleep_outlook(struct call *c, const struct purge_rules *rules,
                                        struct task *tasks, size_t n)
{
    struct sleep_outlook outlook = {.kept = ""};
    struct err unreadable;

    if (rules && sleep_outlook(c->with->db, c->with->config, c->with->zone, rules, tasks, n,
                               c->arena, &outlook, &unreadable) < 0)
        outlook = (struct sleep_outlook){.kept = ""};
    return outlook;
}
