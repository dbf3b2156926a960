#include "store_task.h"

#include <string.h>

/* The columns that read_task() takes, in its order; a row a port, the ports of a task in a row. */
#define SELECT_TASKS                                                                               \
    "SELECT t.arn, t.short_id, t.subdomain, t.branch, t.taskdef, t.ipaddress, t.last_status,"      \
    " t.desired_status, t.env, t.tags, t.stopped_reason, t.created_at, t.started_at, "             \
    "t.stopped_at, t.launch, t.stop_code, t.health,"                                               \
    " t.launch IS (SELECT serving FROM environment e WHERE e.subdomain = t.subdomain),"            \
    " p.container, p.container_port, p.address, p.port, p.ready, p.answers, p.silent_since, "      \
    "p.arn IS NOT NULL"                                                                            \
    " FROM task t LEFT JOIN port p ON p.arn = t.arn"
#define WANTED                                                                                     \
    " (:filter = 2 OR (:filter = 1) = (t.last_status = 'STOPPED' OR t.desired_status = "           \
    "'STOPPED'))"
#define ORDER " ORDER BY t.subdomain, t.created_at, t.arn, p.container, p.container_port"

static void read_task(struct db_rows *rows, struct arena *a, struct task *t)
{
    *t = (struct task){
        .arn = arena_strdup(a, db_column_text(rows, 0)),
        .short_id = arena_strdup(a, db_column_text(rows, 1)),
        .subdomain = arena_strdup(a, db_column_text(rows, 2)),
        .branch = arena_strdup(a, db_column_text(rows, 3)),
        .taskdef = arena_strdup(a, db_column_text(rows, 4)),
        .ipaddress = arena_strdup(a, db_column_text(rows, 5)),
        .last_status = arena_strdup(a, db_column_text(rows, 6)),
        .desired_status = arena_strdup(a, db_column_text(rows, 7)),
        .env = arena_strdup(a, db_column_text(rows, 8)),
        .tags = arena_strdup(a, db_column_text(rows, 9)),
        .stopped_reason = arena_strdup(a, db_column_text(rows, 10)),
        .created_at = db_column_number(rows, 11),
        .started_at = db_column_number(rows, 12),
        .stopped_at = db_column_number(rows, 13),
        .launch = arena_strdup(a, db_column_text(rows, 14)),
        .stop_code = arena_strdup(a, db_column_text(rows, 15)),
        .health = task_health_of(db_column_text(rows, 16)),
        .serves = db_column_number(rows, 17) != 0,
    };
}

static void read_port(struct db_rows *rows, struct arena *a, struct task_port *p)
{
    *p = (struct task_port){
        .container = arena_strdup(a, db_column_text(rows, 18)),
        .container_port = (int)db_column_number(rows, 19),
        .address = arena_strdup(a, db_column_text(rows, 20)),
        .port = (int)db_column_number(rows, 21),
        .ready = db_column_number(rows, 22) != 0,
        .answers = db_column_number(rows, 23) != 0,
        .silent_since = db_column_number(rows, 24),
    };
}

/* Reads all rows into tasks, and ends the query. */
static int collect(struct db_rows *rows, struct arena *a, struct task_list *tasks, struct err *e)
{
    size_t cap = 0, port_cap = 0;
    struct task *t = NULL;
    int rc;

    *tasks = (struct task_list){0};
    while ((rc = db_next(rows, e)) > 0) {
        if (!t || strcmp(t->arn, db_column_text(rows, 0)) != 0) {
            tasks->items = arena_grow(a, tasks->items, tasks->len, &cap, sizeof *tasks->items);
            t = &tasks->items[tasks->len++];
            read_task(rows, a, t);
            port_cap = 0;
        }
        if (db_column_number(rows, 25)) {
            t->ports = arena_grow(a, t->ports, t->n_ports, &port_cap, sizeof *t->ports);
            read_port(rows, a, &t->ports[t->n_ports++]);
        }
    }
    db_done(rows);
    return rc;
}

int store_task_list(struct db *db, enum task_filter filter, struct arena *a,
                    struct task_list *tasks, struct err *e)
{
    struct db_rows *rows;

    if (db_query(db, &rows, SELECT_TASKS " WHERE" WANTED ORDER,
                 DB_BINDS(db_number(":filter", filter)), e) < 0)
        return -1;
    return collect(rows, a, tasks, e);
}

int store_task_of(struct db *db, const char *subdomain, enum task_filter filter, struct arena *a,
                  struct task_list *tasks, struct err *e)
{
    struct db_rows *rows;

    if (db_query(db, &rows, SELECT_TASKS " WHERE t.subdomain = :subdomain AND" WANTED ORDER,
                 DB_BINDS(db_text(":subdomain", subdomain), db_number(":filter", filter)), e) < 0)
        return -1;
    return collect(rows, a, tasks, e);
}

int store_task_get(struct db *db, const char *id, struct arena *a, struct task *task, struct err *e)
{
    struct db_rows *rows;
    struct task_list tasks;

    if (db_query(db, &rows, SELECT_TASKS " WHERE t.arn = :id OR t.short_id = :id" ORDER,
                 DB_BINDS(db_text(":id", id)), e) < 0 ||
        collect(rows, a, &tasks, e) < 0)
        return -1;
    if (tasks.len > 0)
        *task = tasks.items[0];
    return tasks.len > 0;
}

/* A task that was told to stop stays told, whatever an older listing says. */
static int put_row(struct db *db, const struct task *t, struct err *e)
{
    return db_change(
        db,
        "INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress, last_status,"
        " desired_status, env, tags, stopped_reason, created_at, started_at, stopped_at, launch,"
        " stop_code, health)"
        " VALUES (:arn, :short_id, :subdomain, :branch, :taskdef, :ipaddress, :last_status,"
        " :desired_status, :env, :tags, :stopped_reason, :created_at, :started_at, :stopped_at,"
        " :launch, :stop_code, :health)"
        " ON CONFLICT (arn) DO UPDATE SET subdomain = excluded.subdomain,"
        " branch = excluded.branch, taskdef = excluded.taskdef, ipaddress = excluded.ipaddress,"
        " last_status = excluded.last_status, desired_status = CASE desired_status"
        "  WHEN 'STOPPED' THEN 'STOPPED' ELSE excluded.desired_status END,"
        " env = excluded.env, tags = excluded.tags, stopped_reason = CASE excluded.stopped_reason"
        "  WHEN '' THEN stopped_reason ELSE excluded.stopped_reason END,"
        " created_at = excluded.created_at, started_at = excluded.started_at,"
        " stopped_at = excluded.stopped_at, launch = excluded.launch,"
        " stop_code = excluded.stop_code, health = excluded.health"
        " WHERE (subdomain, branch, taskdef, ipaddress, last_status, desired_status, env, tags,"
        "  stopped_reason, created_at, started_at, stopped_at, launch, stop_code, health)"
        "  IS NOT (excluded.subdomain,"
        "  excluded.branch, excluded.taskdef, excluded.ipaddress, excluded.last_status,"
        "  CASE desired_status WHEN 'STOPPED' THEN 'STOPPED' ELSE excluded.desired_status END,"
        "  excluded.env, excluded.tags, CASE excluded.stopped_reason WHEN '' THEN stopped_reason"
        "  ELSE excluded.stopped_reason END,"
        "  excluded.created_at, excluded.started_at, excluded.stopped_at, excluded.launch,"
        "  excluded.stop_code, excluded.health)",
        DB_BINDS(db_text(":arn", t->arn), db_text(":short_id", t->short_id),
                 db_text(":subdomain", t->subdomain), db_text(":branch", t->branch),
                 db_text(":taskdef", t->taskdef), db_text(":ipaddress", t->ipaddress),
                 db_text(":last_status", t->last_status),
                 db_text(":desired_status", t->desired_status), db_text(":env", t->env),
                 db_text(":tags", t->tags), db_text(":stopped_reason", t->stopped_reason),
                 db_number(":created_at", t->created_at), db_number(":started_at", t->started_at),
                 db_number(":stopped_at", t->stopped_at), db_text(":launch", t->launch),
                 db_text(":stop_code", t->stop_code),
                 db_text(":health", task_health_word(t->health))),
        e);
}

static int put_port(struct db *db, const char *arn, const struct task_port *p, struct err *e)
{
    return db_change(db,
                     "INSERT INTO port (arn, container, container_port, address, port)"
                     " VALUES (:arn, :container, :container_port, :address, :port)"
                     " ON CONFLICT (arn, container, container_port) DO UPDATE SET"
                     " address = excluded.address, port = excluded.port, ready = 0, answers = 0,"
                     " silent_since = 0"
                     " WHERE (address, port) IS NOT (excluded.address, excluded.port)",
                     DB_BINDS(db_text(":arn", arn), db_text(":container", p->container),
                              db_number(":container_port", p->container_port),
                              db_text(":address", p->address), db_number(":port", p->port)),
                     e);
}

/* Removes the ports in the table that the task has no more. */
static int drop_other_ports(struct db *db, const struct task *t, struct err *e)
{
    struct arena a = {0};
    struct task old = {0};
    int rc = store_task_get(db, t->arn, &a, &old, e), dropped = 0;

    for (size_t i = 0; rc >= 0 && i < old.n_ports; i++) {
        bool kept = false;
        for (size_t k = 0; k < t->n_ports; k++)
            kept = kept || (old.ports[i].container_port == t->ports[k].container_port &&
                            !strcmp(old.ports[i].container, t->ports[k].container));
        if (kept)
            continue;
        rc = db_run(db,
                    "DELETE FROM port WHERE arn = :arn AND container = :container"
                    " AND container_port = :container_port",
                    DB_BINDS(db_text(":arn", t->arn), db_text(":container", old.ports[i].container),
                             db_number(":container_port", old.ports[i].container_port)),
                    e);
        dropped = 1;
    }
    arena_free(&a);
    return rc < 0 ? -1 : dropped;
}

/* The ports are not known. Those of before hold; without any, one that leads nowhere stands for
 * them, so that the task counts as starting. */
static int put_unknown_ports(struct db *db, const struct task *t, struct err *e)
{
    const struct task_port nowhere = {.container = "", .address = ""};
    struct arena a = {0};
    struct task old = {0};
    int rc = store_task_get(db, t->arn, &a, &old, e);
    size_t known = old.n_ports;

    arena_free(&a);
    return rc < 0 ? -1 : known > 0 ? 0 : put_port(db, t->arn, &nowhere, e);
}

int store_task_put(struct db *db, const struct task *task, struct err *e)
{
    int changed = put_row(db, task, e), rc;

    if (changed < 0)
        return -1;
    if (task->ports_unknown) {
        rc = put_unknown_ports(db, task, e);
        return rc < 0 ? -1 : changed + rc > 0;
    }
    for (size_t i = 0; i < task->n_ports; i++) {
        rc = put_port(db, task->arn, &task->ports[i], e);
        if (rc < 0)
            return -1;
        changed += rc;
    }
    rc = drop_other_ports(db, task, e);
    return rc < 0 ? -1 : changed + rc > 0;
}

int store_task_add(struct db *db, const struct task *task, struct err *e)
{
    struct arena a = {0};
    struct task known;
    int rc = store_task_get(db, task->arn, &a, &known, e);

    arena_free(&a);
    return rc != 0 ? (rc < 0 ? -1 : 0) : store_task_put(db, task, e);
}

int store_task_remove(struct db *db, const char *arn, struct err *e)
{
    return db_run(db, "DELETE FROM task WHERE arn = :arn", DB_BINDS(db_text(":arn", arn)), e);
}

int store_task_stopping(struct db *db, const char *arn, const char *reason, struct err *e)
{
    return db_run(db,
                  "UPDATE task SET desired_status = 'STOPPED', stopped_reason = :reason"
                  " WHERE arn = :arn AND desired_status <> 'STOPPED'",
                  DB_BINDS(db_text(":reason", reason), db_text(":arn", arn)), e);
}

int store_task_stop_over(struct db *db, const char *reason, struct err *e)
{
    return db_change(db,
                     "UPDATE task SET desired_status = 'STOPPED', stopped_reason = :reason"
                     " FROM environment e WHERE e.subdomain = task.subdomain AND e.over <> ''"
                     " AND task.launch <> '' AND task.launch <= e.over"
                     " AND desired_status <> 'STOPPED' AND last_status <> 'STOPPED'",
                     DB_BINDS(db_text(":reason", reason)), e);
}

int store_task_port_seen(struct db *db, const char *arn, const struct task_port *port,
                         struct err *e)
{
    return db_run(db,
                  "UPDATE port SET ready = :ready, answers = :answers,"
                  " silent_since = :silent_since"
                  " WHERE arn = :arn AND container = :container"
                  " AND container_port = :container_port AND address = :address AND port = :port",
                  DB_BINDS(db_number(":ready", port->ready), db_number(":answers", port->answers),
                           db_number(":silent_since", port->silent_since), db_text(":arn", arn),
                           db_text(":container", port->container),
                           db_number(":container_port", port->container_port),
                           db_text(":address", port->address), db_number(":port", port->port)),
                  e);
}
