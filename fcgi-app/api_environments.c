/* /api/environments and /api/environments/NAME: each environment with the launch that serves, what
 * replaces it, and its tasks. The runner is not asked. */
#include "api.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "store/store_access.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"
#include "store/store_launch.h"
#include "store/store_task.h"

#include "environment_url.h"
#include "router.h"
#include "view.h"
#include "view_asleep.h"
#include "view_environment.h"
#include "view_state.h"
#include "view_task.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static json_t *time_text(int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    return ms ? json_string(clock_rfc3339(ms, text)) : json_null();
}

/* What was asked for; null where only its tasks are known here. */
static json_t *request_view(const struct launch *l)
{
    json_t *request = *l->request ? json_loads(l->request, 0, NULL) : NULL;

    return request ? request : json_null();
}

static json_t *launch_view(const struct launch *l)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:s,s:o}", "id", view_text(l->id), "at", time_text(l->at),
                     "by", view_text(l->by), "request", request_view(l), "state",
                     launch_state_word(l->state), "reason", view_text(l->reason));
}

static json_t *task_view(struct call *c, const struct task *t)
{
    json_t *view = view_task_api(t);

    json_object_set_new(view, "launch", view_text(t->launch));
    json_object_set_new(view, "serves", json_boolean(t->serves));
    json_object_set_new(view, "state",
                        json_string(view_state_word(view_state(c->with->config, t))));
    json_object_set_new(view, "stop_code", view_text(t->stop_code));
    json_object_set_new(view, "stopped_reason", view_text(t->stopped_reason));
    return view;
}

static const struct launch *find(const struct launch_list *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++)
        if (!strcmp(list->items[i].id, id))
            return &list->items[i];
    return NULL;
}

/* What this machine has counted in the last hour; NULL on error. */
static json_t *requests_view(struct call *c, const char *subdomain, struct err *e)
{
    const int64_t since = clock_now_ms() - HOUR_MS;
    int64_t sum = store_access_sum(c->with->db, subdomain, since, e), ignored;

    if (sum < 0)
        return NULL;
    ignored = store_access_sum_of(c->with->db, ACCESS_IGNORED, subdomain, since, e);
    if (ignored < 0)
        return NULL;
    return json_pack("{s:I,s:I}", "sum", (json_int_t)sum, "ignored", (json_int_t)ignored);
}

/* The state in one word, and since when. */
static const char *state_of(struct call *c, const struct environment *env,
                            const struct launch *serving, const struct asleep_row *asleep,
                            const struct task *tasks, size_t n, int64_t *since)
{
    enum view_state state;

    if (env->ended_at) {
        *since = env->ended_at;
        return "ended";
    }
    state = view_environment_state(c->with->config, env, tasks, n);
    if (state == VIEW_ASLEEP && asleep) {
        *since = asleep->asleep.at;
        return view_state_word(state);
    }
    *since = serving ? serving->at : env->launched_at;
    if (state == VIEW_READY && serving && serving->ready_at)
        *since = serving->ready_at;
    if (state == VIEW_READY || state == VIEW_UNHEALTHY || state == VIEW_RUNNING ||
        state == VIEW_LOST)
        return view_state_word(state);
    return "starting";
}

/* What keeps it from being as it should, or why it ended or sleeps; "". */
static const char *reason_of(const struct environment *env, const struct launch *newest,
                             const struct asleep_row *asleep, const struct task *tasks, size_t n,
                             struct arena *a)
{
    if (asleep && n == 0)
        return *asleep->error ? asleep->error : asleep->asleep.reason;
    if (env->ended_at && !*env->trouble)
        return newest ? newest->reason : "";
    return view_trouble(env, tasks, n, a);
}

static json_t *environment_view(struct call *c, const struct environment *env,
                                const struct purge_rules *rules, struct err *e)
{
    struct sleep_outlook outlook;
    const struct launch *serving, *newest, *replacement;
    struct launch_list launches;
    struct task_list tasks;
    struct asleep_row row;
    json_t *list, *requests, *view;
    const char *state;
    int64_t since;
    size_t live = 0;

    if (store_launch_list(c->with->db, env->subdomain, c->arena, &launches, e) < 0 ||
        store_task_of(c->with->db, env->subdomain, TASK_RUNNING, c->arena, &tasks, e) < 0 ||
        (env->asleep && store_asleep_get(c->with->db, env->subdomain, c->arena, &row, e) < 0))
        return NULL;
    requests = requests_view(c, env->subdomain, e);
    if (!requests)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < tasks.len; i++)
        json_array_append_new(list, task_view(c, &tasks.items[i]));
    for (size_t i = 0; i < tasks.len; i++)
        if (tasks.items[i].serves)
            tasks.items[live++] = tasks.items[i];
    serving = find(&launches, env->serving);
    newest = launches.len > 0 ? &launches.items[launches.len - 1] : NULL;
    replacement = view_replacement(newest, env);
    state = state_of(c, env, serving, env->asleep ? &row : NULL, tasks.items, live, &since);
    view = json_pack(
        "{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "subdomain", view_text(env->subdomain), "url",
        environment_url(c, env->subdomain), "state", state, "since", time_text(since), "reason",
        view_text(reason_of(env, newest, env->asleep ? &row : NULL, tasks.items, live, c->arena)),
        "launch", serving ? launch_view(serving) : json_null(), "replacement",
        replacement ? launch_view(replacement) : json_null(), "launched_again",
        time_text(env->recover_at), "requests", requests, "tasks", list);
    outlook = view_sleep_outlook(c, rules, tasks.items, live);
    json_object_set_new(view, "sleeps_at", time_text(outlook.at));
    json_object_set_new(view, "kept_awake", view_text(outlook.kept));
    return view;
}

static int all(struct call *c, const struct purge_rules *rules, json_t **result, struct err *e)
{
    struct environment *environments;
    size_t n;

    if (store_environment_list(c->with->db, c->arena, &environments, &n, e) < 0)
        return -1;
    *result = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *view = environment_view(c, &environments[i], rules, e);
        if (!view) {
            json_decref(*result);
            return -1;
        }
        json_array_append_new(*result, view);
    }
    return 0;
}

static int one(struct call *c, const struct purge_rules *rules, json_t **result, struct err *e)
{
    struct environment env;
    int rc = store_environment_get(c->with->db, c->rest, c->arena, &env, e);

    if (rc == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no environment %.63s.", c->rest);
    if (rc < 0)
        return -1;
    *result = environment_view(c, &env, rules, e);
    return *result ? 0 : -1;
}

int api_environments(struct call *c, struct err *e)
{
    struct purge_rules compiled, *rules = NULL;
    json_t *result = NULL;
    int rc;

    if (db_begin_read(c->with->db, e) < 0)
        return -1;
    if (view_sleep_rules(c->with->config, &compiled))
        rules = &compiled;
    rc = *c->rest ? one(c, rules, &result, e) : all(c, rules, &result, e);
    db_rollback(c->with->db);
    if (rules)
        purge_rules_free(rules);
    if (rc == 0)
        respond_json_result(c->response, 200, result);
    return rc;
}
