/* Of Route 53 only the zone's name is read. What the zone holds is remembered in `link_record`.
 * What a crash or a lost database leaves unknown is mended from the other side: when a stopped task
 * is seen for the first time, its records are deleted, whoever made them. Route 53 refuses a DELETE
 * of a record that is not there, or has other addresses by now; this does no harm. */
#include "sync_link.h"

#include <string.h>

#include <jansson.h>

#include "aws/route53.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "store/store_link.h"
#include "store/store_route.h"
#include "store/store_task.h"

#define AGAIN_MS   30000 /* until a refused change, or a service that fails, is tried again */
#define BETWEEN_MS 1000  /* between batches: Route 53 takes five a second of an account */

struct linker {
    struct job *job;
    struct aws_client *client;
    struct arena arena; /* of zone */
    const char *zone;   /* NULL: not known yet */
    json_t *settled;    /* ARNs of stopped tasks whose records are known to be gone */
    json_t *refused;    /* name → monotonic ms when it may be tried again */
    int64_t version;    /* of the tasks and routes that the last pass has seen */
    int64_t not_before; /* monotonic ms; the service failed */
};

struct plan {
    struct route53_change *changes;
    size_t len, cap;
};

static bool may_try(const struct linker *l, const char *name)
{
    return json_integer_value(json_object_get(l->refused, name)) <= clock_monotonic_ms();
}

static void plan_change(struct linker *l, struct plan *plan, bool upsert,
                        const struct link_record *record, struct arena *a)
{
    if (!may_try(l, record->name))
        return;
    plan->changes = arena_grow(a, plan->changes, plan->len, &plan->cap, sizeof *plan->changes);
    plan->changes[plan->len++] = (struct route53_change){
        .upsert = upsert, .name = record->name, .addresses = record->addresses, .ttl = LINK_TTL};
}

/* The stopped tasks that were not seen before. */
static struct task_list newly_stopped(const struct linker *l, const struct task_list *tasks,
                                      struct arena *a)
{
    struct task_list list = {.items = arena_array(a, tasks->len, sizeof *list.items)};

    for (size_t i = 0; i < tasks->len; i++)
        if (!strcmp(tasks->items[i].last_status, "STOPPED") &&
            !json_object_get(l->settled, tasks->items[i].arn))
            list.items[list.len++] = tasks->items[i];
    return list;
}

/* From what is there to what is wanted. */
static void make_plan(struct linker *l, const struct task_list *tasks,
                      const struct task_list *stopped, const struct link_record *have,
                      size_t n_have, struct arena *a, struct plan *plan)
{
    const struct config_strings *exclude = &l->job->config->link.exclude_containers;
    struct link_record *wanted, *leftover;
    size_t n_wanted = link_wanted(tasks, exclude, l->zone, a, &wanted);
    size_t n_leftover = link_leftover(stopped, exclude, l->zone, a, &leftover);

    for (size_t i = 0; i < n_wanted; i++) {
        const struct link_record *there = link_find(have, n_have, wanted[i].name);
        if (!there || strcmp(there->addresses, wanted[i].addresses) != 0)
            plan_change(l, plan, true, &wanted[i], a);
    }
    for (size_t i = 0; i < n_have; i++)
        if (!link_find(wanted, n_wanted, have[i].name))
            plan_change(l, plan, false, &have[i], a);
    for (size_t i = 0; i < n_leftover; i++)
        if (!link_find(wanted, n_wanted, leftover[i].name) &&
            !link_find(have, n_have, leftover[i].name))
            plan_change(l, plan, false, &leftover[i], a);
}

/* Writes down what Route 53 has taken, and remembers what it has refused. */
static int record(struct linker *l, const struct plan *plan, struct err *e)
{
    struct db *db = l->job->db;
    int rc = db_begin(db, e);

    for (size_t i = 0; i < plan->len && rc == 0; i++) {
        const struct route53_change *c = &plan->changes[i];
        if (!c->done)
            continue;
        json_object_del(l->refused, c->name);
        rc = c->upsert ? store_link_put(db, &(struct link_record){c->name, c->addresses}, e)
                       : store_link_remove(db, c->name, e);
    }
    if (rc == 0)
        rc = db_commit(db, e);
    db_rollback(db);
    for (size_t i = 0; i < plan->len; i++) {
        const struct route53_change *c = &plan->changes[i];
        if (!c->error)
            continue;
        if (!json_object_get(l->refused, c->name))
            log_warn("link: the record %s is refused, and will be tried again: %s", c->name,
                     c->error);
        json_object_set_new(l->refused, c->name, json_integer(clock_monotonic_ms() + AGAIN_MS));
    }
    return rc;
}

/* Puts down that nothing of these tasks is left, and forgets of those that are listed no more. */
static void settle(struct linker *l, const struct task_list *tasks)
{
    json_t *settled = json_object();

    for (size_t i = 0; i < tasks->len; i++)
        if (!strcmp(tasks->items[i].last_status, "STOPPED"))
            json_object_set_new(settled, tasks->items[i].arn, json_true());
    json_decref(l->settled);
    l->settled = settled;
}

/* *sent: whether Route 53 was asked for a change. */
static int pass(struct linker *l, bool *sent, struct arena *a, struct err *e)
{
    struct task_list tasks, stopped;
    struct link_record *have;
    struct plan plan = {0};
    size_t n_have;
    int rc;

    *sent = false;
    if (!l->zone)
        l->zone = route53_zone_name(l->client, l->job->config->link.hosted_zone_id, &l->arena, e);
    l->version = store_task_version(l->job->db, e);
    if (!l->zone || l->version < 0 || store_task_list(l->job->db, TASK_ALL, a, &tasks, e) < 0 ||
        store_link_list(l->job->db, a, &have, &n_have, e) < 0)
        return -1;
    stopped = newly_stopped(l, &tasks, a);
    make_plan(l, &tasks, &stopped, have, n_have, a, &plan);
    if (plan.len > 0) {
        *sent = true;
        rc = route53_change(l->client, l->job->config->link.hosted_zone_id, plan.changes, plan.len,
                            a, e);
        if (rc < 0) {
            struct err ignored;
            return record(l, &plan, &ignored) < 0 ? -1 : rc;
        }
        if (record(l, &plan, e) < 0)
            return -1;
    }
    settle(l, &tasks);
    return 0;
}

static bool has_news(struct db *db, void *ctx)
{
    const struct linker *l = ctx;
    struct err e;

    return clock_monotonic_ms() >= l->not_before && store_task_version(db, &e) != l->version;
}

void sync_link(struct job *job)
{
    struct linker l = {.job = job, .settled = json_object(), .refused = json_object()};
    struct err e = {0};
    bool failing = false, sent;

    if (aws_client_open(&l.client, job->config->ecs.region, &e) < 0) {
        log_error("link: %s", e.text);
        goto out;
    }
    do {
        struct arena a = {0};
        if (pass(&l, &sent, &a, &e) < 0) {
            log_error("link: %s", e.text);
            failing = true;
            l.not_before = clock_monotonic_ms() + AGAIN_MS / 2;
        } else {
            if (failing)
                log_info("link works again");
            failing = false;
            l.not_before = clock_monotonic_ms() + (sent ? BETWEEN_MS : 0);
        }
        arena_free(&a);
    } while (job_wait(job->db, job->stop, failing ? AGAIN_MS / 2 : AGAIN_MS, has_news, &l));
out:
    aws_client_close(l.client);
    json_decref(l.settled);
    json_decref(l.refused);
    arena_free(&l.arena);
}
