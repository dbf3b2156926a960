/* Walks the five sorted lists in parallel. */
#include "view_environment.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "sleep.h"

#include "environment_url.h"
#include "plot.h"
#include "router.h"
#include "view.h"
#include "view_asleep.h"
#include "view_state.h"
#include "view_task.h"
#include "view_time.h"

enum { PLOT_MINUTES = 60 };

/* Where the walk is in the lists. */
struct cursor {
    size_t environment;
    size_t task;
    size_t launch;
    size_t asleep;
    size_t minute;
};

/* What belongs to one subdomain. */
struct group {
    const char *subdomain;
    const struct environment *environment; /* NULL: there are only its tasks */
    struct task *tasks;                    /* those of the launch that serves come first */
    size_t n_tasks;                        /* of that launch */
    size_t n_all;
    const struct launch *newest;     /* NULL: none is known */
    const struct asleep_row *asleep; /* NULL: it does not sleep */
};

enum view_state view_environment_state(const struct config *config,
                                       const struct environment *environment,
                                       const struct task *tasks, size_t n)
{
    enum view_state least;

    if (n == 0 && environment && environment->asleep)
        return VIEW_ASLEEP;
    if (n == 0)
        return environment && *environment->trouble ? VIEW_LOST : VIEW_PROVISIONING;
    least = view_state(config, &tasks[0]);
    for (size_t i = 1; i < n; i++)
        if (view_state(config, &tasks[i]) < least)
            least = view_state(config, &tasks[i]);
    return least;
}

const char *view_trouble(const struct environment *environment, const struct task *tasks, size_t n,
                         struct arena *a)
{
    int64_t now = clock_now_ms();

    if (environment && *environment->trouble)
        return environment->trouble;
    for (size_t i = 0; i < n; i++)
        if (*task_disorder(&tasks[i], now))
            return arena_printf(a, "%s: %s", tasks[i].taskdef, task_disorder(&tasks[i], now));
    return "";
}

/* Moves the tasks of the launch that serves to the front. They keep their order, as do the others.
 */
static size_t front_serving(struct task *tasks, size_t n, struct arena *a)
{
    struct task *others = arena_array(a, n, sizeof *others);
    size_t serving = 0, rest = 0;

    for (size_t i = 0; i < n; i++) {
        if (tasks[i].serves)
            tasks[serving++] = tasks[i];
        else
            others[rest++] = tasks[i];
    }
    if (rest > 0)
        memcpy(tasks + serving, others, rest * sizeof *others);
    return serving;
}

/* The last of the subdomain's launches; moves behind them. */
static const struct launch *newest_launch(const struct launch_list *list, size_t *at,
                                          const char *subdomain)
{
    const struct launch *newest = NULL;
    int order;

    for (; *at < list->len && (order = strcmp(list->items[*at].subdomain, subdomain)) <= 0; (*at)++)
        if (order == 0)
            newest = &list->items[*at];
    return newest;
}

/* The next subdomain's; false at the end. */
static bool next_group(const struct environment_facts *facts, struct cursor *at, struct group *g,
                       struct arena *a)
{
    const struct task_list *tasks = &facts->tasks;
    const char *left = NULL;
    const char *right = NULL;

    if (at->environment < facts->n_environments)
        left = facts->environments[at->environment].subdomain;
    if (at->task < tasks->len)
        right = tasks->items[at->task].subdomain;
    if (!left && !right)
        return false;
    *g = (struct group){.subdomain = right};
    if (!right || (left && strcmp(left, right) <= 0)) {
        g->environment = &facts->environments[at->environment++];
        g->subdomain = left;
    }
    g->tasks = tasks->items + at->task;
    for (; at->task < tasks->len && !strcmp(tasks->items[at->task].subdomain, g->subdomain);
         at->task++)
        g->n_all++;
    g->n_tasks = front_serving(tasks->items + (at->task - g->n_all), g->n_all, a);
    if (g->n_tasks == 0) /* none serves yet, or it is known here of its tasks alone */
        g->n_tasks = g->n_all;
    g->newest = newest_launch(&facts->launches, &at->launch, g->subdomain);
    while (at->asleep < facts->n_asleep &&
           strcmp(facts->asleep[at->asleep].asleep.subdomain, g->subdomain) < 0)
        at->asleep++;
    if (g->n_all == 0 && at->asleep < facts->n_asleep &&
        !strcmp(facts->asleep[at->asleep].asleep.subdomain, g->subdomain))
        g->asleep = &facts->asleep[at->asleep];
    return true;
}

/* `{"sum":123,"ignored":4,"plot":"M1 24v-3…"}` of the last hour, the minute that runs being its
 * last. ignored: null where there are none. */
static json_t *requests_view(struct call *c, const struct environment_facts *facts,
                             struct cursor *at, const char *subdomain, int64_t last)
{
    int64_t values[PLOT_MINUTES] = {0};
    int64_t sum = 0;
    int64_t ignored = 0;

    for (; at->minute < facts->n_minutes; at->minute++) {
        const struct access_minute *m = &facts->minutes[at->minute];
        int order = strcmp(m->subdomain, subdomain);

        if (order > 0)
            break;
        if (order < 0 || m->minute > last || m->minute <= last - PLOT_MINUTES)
            continue;
        values[PLOT_MINUTES - 1 - (last - m->minute)] = m->count;
        sum += m->count;
        ignored += m->ignored;
    }
    return json_pack("{s:I,s:o,s:s}", "sum", (json_int_t)sum, "ignored",
                     ignored > 0 ? json_integer(ignored) : json_null(), "plot",
                     plot_steps(c->arena, values, PLOT_MINUTES));
}

static json_t *tasks_view(struct call *c, const struct group *g)
{
    const enum view_state together =
        view_environment_state(c->with->config, NULL, g->tasks, g->n_tasks);
    json_t *list = json_array();

    for (size_t i = 0; i < g->n_tasks; i++) {
        const struct task *t = &g->tasks[i];

        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:s,s:b,s:o}", "short_id", view_text(t->short_id),
                                        "taskdef", view_text(t->taskdef), "state",
                                        view_state_word(view_state(c->with->config, t)), "differs",
                                        view_state(c->with->config, t) != together, "trace_url",
                                        view_url(c->arena, "/trace/", t->short_id)));
    }
    return list;
}

const struct launch *view_replacement(const struct launch *newest,
                                      const struct environment *environment)
{
    if (!newest || !environment || !strcmp(newest->id, environment->serving))
        return NULL;
    return newest->state == LAUNCH_STARTING ||
                   (newest->state == LAUNCH_FAILED && !newest->dismissed)
               ? newest
               : NULL;
}

/* The branch that was asked for; where that is not known, its tasks'. */
static json_t *branch_view(const struct launch *l, const struct task *tasks, size_t n)
{
    json_t *request = l && *l->request ? json_loads(l->request, 0, NULL) : NULL;
    const char *branch = n > 0 ? tasks[0].branch : "";
    json_t *view;

    if (request)
        branch = json_member(json_object_get(request, "parameters"), "branch");
    view = view_text(branch);
    json_decref(request);
    return view;
}

const char *view_taskdefs(const struct launch *l, const struct task *tasks, size_t n,
                          struct arena *a)
{
    json_t *request = *l->request ? json_loads(l->request, 0, NULL) : NULL, *taskdef;
    const char *names = "";
    size_t i;

    json_array_foreach (json_object_get(request, "taskdef"), i, taskdef)
        names = arena_printf(a, "%s%s%s", names, i ? ", " : "", json_string_value(taskdef));
    for (i = 0; !request && i < n; i++)
        names = arena_printf(a, "%s%s%s", names, i ? ", " : "", tasks[i].taskdef);
    json_decref(request);
    return names;
}

static json_t *replacement_view(struct call *c, const struct group *g)
{
    const struct launch *l = view_replacement(g->newest, g->environment);
    size_t first = g->n_tasks, last = g->n_all;
    enum view_state state;
    json_t *view;

    if (!l)
        return json_null();
    while (first < last && strcmp(g->tasks[first].launch, l->id) != 0)
        first++;
    while (last > first && strcmp(g->tasks[last - 1].launch, l->id) != 0)
        last--;
    state = l->state == LAUNCH_FAILED
                ? VIEW_FAILED
                : view_environment_state(c->with->config, NULL, g->tasks + first, last - first);
    view = json_pack(
        "{s:b,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "failed", l->state == LAUNCH_FAILED, "state",
        view_state_word(state), "for", view_duration(c->arena, clock_now_ms() - l->at), "reason",
        view_text(l->reason), "launch", view_text(l->id), "subdomain", view_text(g->subdomain),
        "at", view_time(l->at), "trace_url", view_url(c->arena, "/trace/", l->id), "again_url",
        view_again_url(c->arena, g->subdomain, l->id));
    json_object_set_new(view, "taskdef",
                        view_text(view_taskdefs(l, g->tasks + first, last - first, c->arena)));
    json_object_set_new(view, "branch", branch_view(l, g->tasks + first, last - first));
    return view;
}

/* By whom and when it was woken, where that was no person; null otherwise. */
static json_t *woken_view(const struct group *g)
{
    const struct launch *l = g->newest;

    if (!l || !g->environment || strcmp(l->id, g->environment->serving) != 0 ||
        (strcmp(l->by, WAKE_VISIT) != 0 && strcmp(l->by, WAKE_SCHEDULE) != 0 &&
         strcmp(l->by, WAKE_BOTH) != 0))
        return json_null();
    return json_pack("{s:s,s:o}", "by", l->by, "at", view_time(l->at));
}

static json_t *environment_view(struct call *c, const struct group *g,
                                const struct purge_rules *rules)
{
    const struct task *first = g->n_tasks > 0 ? &g->tasks[0] : NULL;
    const struct sleep_outlook outlook = view_sleep_outlook(c, rules, g->tasks, g->n_tasks);
    json_t *view = json_object();

    json_object_set_new(view, "subdomain", view_text(g->subdomain));
    json_object_set_new(view, "url", environment_url(c, g->subdomain));
    json_object_set_new(view, "state",
                        json_string(view_state_word(view_environment_state(
                            c->with->config, g->environment, g->tasks, g->n_tasks))));
    json_object_set_new(view, "branch", branch_view(first ? NULL : g->newest, first, g->n_tasks));
    json_object_set_new(view, "parameters",
                        first ? view_parameters(c->with->config, first) : json_array());
    json_object_set_new(
        view, "launched_at",
        view_time(g->environment ? g->environment->launched_at : first->created_at));
    json_object_set_new(view, "tasks", tasks_view(c, g));
    json_object_set_new(view, "replacement", replacement_view(c, g));
    json_object_set_new(view, "trouble",
                        view_text(view_trouble(g->environment, g->tasks, g->n_tasks, c->arena)));
    json_object_set_new(view, "launched_again",
                        view_time(g->environment ? g->environment->recover_at : 0));
    if (g->asleep) {
        json_t *asleep = view_asleep(c, g->asleep);
        json_object_set(view, "branch", json_object_get(asleep, "branch"));
        json_object_set(view, "parameters", json_object_get(asleep, "parameters"));
        json_object_set_new(view, "asleep", asleep);
    }
    json_object_set_new(view, "woken", woken_view(g));
    json_object_set_new(view, "can_sleep", json_boolean(g->n_tasks > 0));
    json_object_set_new(view, "sleeps_at", view_time(outlook.at));
    json_object_set_new(view, "kept_awake", view_text(outlook.kept));
    json_object_set_new(view, "several", json_boolean(g->n_tasks > 1));
    json_object_set_new(view, "logs_url", view_url(c->arena, "/logs/", g->subdomain));
    json_object_set_new(view, "again_url", view_again_url(c->arena, g->subdomain, NULL));
    json_object_set_new(view, "terminate_url",
                        view_url(c->arena, "/terminate?subdomain=", g->subdomain));
    return view;
}

/* As strcmp(), but numbers count as numbers: pr-2 comes before pr-100. */
static int compare_names(const char *a, const char *b)
{
    const char *whole_a = a;
    const char *whole_b = b;

    while (*a && *b) {
        size_t len_a = strspn(a, "0123456789");
        size_t len_b = strspn(b, "0123456789");
        int order;

        if (len_a == 0 || len_b == 0) {
            if (*a != *b)
                return (unsigned char)*a - (unsigned char)*b;
            a++;
            b++;
            continue;
        }
        for (; len_a > 1 && *a == '0'; len_a--)
            a++;
        for (; len_b > 1 && *b == '0'; len_b--)
            b++;
        if (len_a != len_b)
            return len_a < len_b ? -1 : 1;
        order = strncmp(a, b, len_a);
        if (order != 0)
            return order;
        a += len_a;
        b += len_b;
    }
    return *a != *b ? (unsigned char)*a - (unsigned char)*b : strcmp(whole_a, whole_b);
}

struct named_view {
    const char *subdomain;
    json_t *view;
};

static int by_name(const void *a, const void *b)
{
    return compare_names(((const struct named_view *)a)->subdomain,
                         ((const struct named_view *)b)->subdomain);
}

json_t *view_environments(struct call *c, const struct environment_facts *facts)
{
    const int64_t last = clock_now_ms() / 60000;
    struct cursor at = {0};
    struct group g;
    struct named_view *views =
        arena_array(c->arena, facts->n_environments + facts->tasks.len + 1, sizeof(*views));
    size_t n = 0;
    json_t *list = json_array();
    struct purge_rules rules;
    bool falls_asleep = view_sleep_rules(c->with->config, &rules);

    while (next_group(facts, &at, &g, c->arena)) {
        json_t *view = environment_view(c, &g, falls_asleep ? &rules : NULL);

        json_object_set_new(view, "requests", requests_view(c, facts, &at, g.subdomain, last));
        views[n++] = (struct named_view){g.subdomain, view};
    }
    if (falls_asleep)
        purge_rules_free(&rules);
    qsort(views, n, sizeof(*views), by_name);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, views[i].view);
    return list;
}
