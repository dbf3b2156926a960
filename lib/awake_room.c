#include "awake_room.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "purge_decision.h"
#include "sleep.h"
#include "store/store_access.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"

/* Whether the environment, which is in the table `asleep`, has tasks that are newer. */
static bool is_waking(const struct purge_plan *plan, const struct asleep *asleep)
{
    for (size_t i = 0; i < plan->tasks.len; i++)
        if (!strcmp(plan->tasks.items[i].subdomain, asleep->subdomain) &&
            strcmp(plan->tasks.items[i].launch, asleep->launch) > 0)
            return true;
    return false;
}

/* How many are awake; *self: the subdomain is one of them. */
static int count_awake(struct db *db, const struct purge_plan *plan, const char *subdomain,
                       struct arena *a, size_t *n_awake, bool *self, struct err *e)
{
    struct environment *environments;
    struct asleep_row *rows;
    size_t n, n_rows, at = 0;

    *n_awake = 0;
    *self = false;
    if (store_environment_list(db, a, &environments, &n, e) < 0 ||
        store_asleep_list(db, a, &rows, &n_rows, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) { /* both are sorted */
        const char *name = environments[i].subdomain;
        while (at < n_rows && strcmp(rows[at].asleep.subdomain, name) < 0)
            at++;
        if (at < n_rows && !strcmp(rows[at].asleep.subdomain, name) &&
            !is_waking(plan, &rows[at].asleep))
            continue;
        ++*n_awake;
        *self = *self || !strcmp(name, subdomain);
    }
    return 0;
}

/* When the environment was last used, as far as this machine knows, or else launched; -1. */
static int64_t last_use(struct db *db, const struct purge_plan *plan, const char *subdomain,
                        struct err *e)
{
    int64_t minute = store_access_last(db, subdomain, 0, e), last = minute * 60000;

    for (size_t i = 0; i < plan->tasks.len && minute >= 0; i++)
        if (!strcmp(plan->tasks.items[i].subdomain, subdomain) &&
            plan->tasks.items[i].started_at > last)
            last = plan->tasks.items[i].started_at;
    return minute < 0 ? -1 : last;
}

/* The one that gives way: its name, NULL when there is none. */
static int choose(struct db *db, const struct purge_plan *plan, const char **chosen, struct err *e)
{
    int64_t oldest = INT64_MAX;

    *chosen = NULL;
    for (size_t i = 0; i < plan->n; i++) {
        int64_t last;
        if (!plan->decisions[i].stop)
            continue;
        last = last_use(db, plan, plan->decisions[i].subdomain, e);
        if (last < 0)
            return -1;
        if (last < oldest) {
            oldest = last;
            *chosen = plan->decisions[i].subdomain;
        }
    }
    return 0;
}

static int plan_by_rules(const struct purge_view *view, const struct config *config,
                         struct arena *a, struct purge_plan *plan, struct err *e)
{
    struct purge_input input = config->sleep.request;
    struct purge_rules rules = {0};
    int rc;

    input.duration = arena_printf(a, "%d", AWAKE_ROOM_UNUSED_S);
    rc = purge_rules_check(&input, &rules, e);
    rules.sleep = true;
    if (rc == 0)
        rc = purge_plan(view, &rules, a, plan, e);
    purge_rules_free(&rules);
    return rc;
}

static int make_room(const struct purge_view *view, struct runner *r, const struct config *config,
                     const char *subdomain, struct arena *a, struct err *e)
{
    const char *chosen, *reason = arena_printf(a, "to make room for %s (limit.awake)", subdomain);
    struct purge_plan plan;
    size_t n_awake;
    bool self;

    if (plan_by_rules(view, config, a, &plan, e) < 0 ||
        count_awake(view->db, &plan, subdomain, a, &n_awake, &self, e) < 0)
        return -1;
    if (self || n_awake < (size_t)config->limit.awake)
        return 0;
    if (choose(view->db, &plan, &chosen, e) < 0)
        return -1;
    if (!chosen)
        return err_set(e, ERR_BUSY,
                       "%zu environments are awake, as many as may be (limit.awake), and none "
                       "gives way to %s: each was used within ten minutes, is starting, or is "
                       "excluded from sleep",
                       n_awake, subdomain);
    if (environment_sleep(view->db, r, config, chosen, "limit.awake", reason, e) < 0)
        return err_prefix(e, "limit.awake");
    log_info("put %s to sleep: %s", chosen, reason);
    return 0;
}

int awake_room_make(const struct purge_view *view, struct runner *r, const struct config *config,
                    const char *subdomain, struct err *e)
{
    struct arena a = {0};
    int rc = config->limit.awake > 0 ? make_room(view, r, config, subdomain, &a, e) : 0;

    arena_free(&a);
    return rc;
}
