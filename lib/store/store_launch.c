#include "store_launch.h"

#include <string.h>

#include "launch.h"

#define SELECT_LAUNCHES                                                                            \
    "SELECT subdomain, id, at, asked_by, request, n_wanted, state, reason, ready_at, stale_at,"    \
    " dismissed FROM launch"

static enum launch_state state_of(const char *word)
{
    for (int s = LAUNCH_STARTING; s < LAUNCH_STOPPED; s++)
        if (!strcmp(launch_state_word((enum launch_state)s), word))
            return (enum launch_state)s;
    return LAUNCH_STOPPED;
}

static void read_launch(struct db_rows *rows, struct arena *a, struct launch *l)
{
    *l = (struct launch){
        .subdomain = arena_strdup(a, db_column_text(rows, 0)),
        .id = arena_strdup(a, db_column_text(rows, 1)),
        .at = db_column_number(rows, 2),
        .by = arena_strdup(a, db_column_text(rows, 3)),
        .request = arena_strdup(a, db_column_text(rows, 4)),
        .n_wanted = (size_t)db_column_number(rows, 5),
        .state = state_of(db_column_text(rows, 6)),
        .reason = arena_strdup(a, db_column_text(rows, 7)),
        .ready_at = db_column_number(rows, 8),
        .stale_at = db_column_number(rows, 9),
        .dismissed = db_column_number(rows, 10) != 0,
    };
}

int store_launch_list(struct db *db, const char *subdomain, struct arena *a,
                      struct launch_list *list, struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *list = (struct launch_list){0};
    rc = subdomain
             ? db_query(db, &rows, SELECT_LAUNCHES " WHERE subdomain = :subdomain ORDER BY id",
                        DB_BINDS(db_text(":subdomain", subdomain)), e)
             : db_query(db, &rows, SELECT_LAUNCHES " ORDER BY subdomain, id", DB_NO_BINDS, e);
    if (rc < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        list->items = arena_grow(a, list->items, list->len, &cap, sizeof *list->items);
        read_launch(rows, a, &list->items[list->len++]);
    }
    db_done(rows);
    return rc;
}

int store_launch_get(struct db *db, const char *id, struct arena *a, struct launch *launch,
                     struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, SELECT_LAUNCHES " WHERE id = :id", DB_BINDS(db_text(":id", id)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        read_launch(rows, a, launch);
    db_done(rows);
    return rc;
}

int store_launch_request(struct db *db, const char *subdomain, const char *launch, struct arena *a,
                         const char **request, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows,
                 "SELECT l.request FROM launch l JOIN environment e USING (subdomain)"
                 " WHERE l.subdomain = :subdomain"
                 " ORDER BY l.id = :launch DESC, l.id = e.serving DESC, l.id DESC LIMIT 1",
                 DB_BINDS(db_text(":subdomain", subdomain), db_text(":launch", launch)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        *request = arena_strdup(a, db_column_text(rows, 0));
    db_done(rows);
    return rc > 0 && !**request ? 0 : rc;
}

int64_t store_launch_count(struct db *db, const char *by, int64_t since, struct err *e)
{
    return db_query_number(db, "SELECT count(*) FROM launch WHERE asked_by = :by AND at > :since",
                           DB_BINDS(db_text(":by", by), db_number(":since", since)), e);
}

int store_launch_put(struct db *db, const struct launch *l, struct err *e)
{
    return db_run(
        db,
        "INSERT INTO launch (subdomain, id, at, asked_by, request, n_wanted, state, reason,"
        " ready_at, stale_at)"
        " VALUES (:subdomain, :id, :at, :asked_by, :request, :n_wanted, :state, :reason,"
        " :ready_at, :stale_at)"
        " ON CONFLICT (subdomain, id) DO UPDATE SET state = excluded.state,"
        " reason = excluded.reason, ready_at = excluded.ready_at, stale_at = excluded.stale_at,"
        " asked_by = iif(excluded.asked_by = '', asked_by, excluded.asked_by),"
        " request = iif(excluded.request = '', request, excluded.request),"
        " n_wanted = iif(excluded.n_wanted = 0, n_wanted, excluded.n_wanted)",
        DB_BINDS(db_text(":subdomain", l->subdomain), db_text(":id", l->id),
                 db_number(":at", l->at), db_text(":asked_by", l->by),
                 db_text(":request", l->request), db_number(":n_wanted", (int64_t)l->n_wanted),
                 db_text(":state", launch_state_word(l->state)), db_text(":reason", l->reason),
                 db_number(":ready_at", l->ready_at), db_number(":stale_at", l->stale_at)),
        e);
}

int store_launch_dismiss(struct db *db, const char *subdomain, const char *id, struct err *e)
{
    return db_change(db,
                     "UPDATE launch SET dismissed = 1"
                     " WHERE subdomain = :subdomain AND id = :id AND state = 'failed'",
                     DB_BINDS(db_text(":subdomain", subdomain), db_text(":id", id)), e);
}

int store_launch_follow_tasks(struct db *db, struct err *e)
{
    return db_change(
        db,
        "INSERT INTO launch (subdomain, id, at, n_wanted)"
        " SELECT t.subdomain, t.launch, min(t.created_at),"
        "  coalesce(max((SELECT max(CAST(json_extract(tag.value, '$.Value') AS INTEGER), 0)"
        "   FROM json_each(iif(json_valid(t.tags), t.tags, '[]')) tag"
        "   WHERE json_extract(tag.value, '$.Key') = '" LAUNCH_TASKS_TAG "')), 0)"
        " FROM task t"
        " WHERE NOT EXISTS (SELECT 1 FROM launch l"
        "  WHERE l.subdomain = t.subdomain AND l.id = t.launch)"
        " GROUP BY t.subdomain, t.launch",
        DB_NO_BINDS, e);
}

int store_launch_forget(struct db *db, int64_t before, struct err *e)
{
    return db_run(db,
                  "DELETE FROM launch WHERE state IN ('failed', 'stopped') AND at < :before"
                  " AND NOT EXISTS (SELECT 1 FROM task t"
                  "  WHERE t.subdomain = launch.subdomain AND t.launch = launch.id)"
                  " AND NOT EXISTS (SELECT 1 FROM asleep a"
                  "  WHERE a.subdomain = launch.subdomain AND a.launch < launch.id)"
                  " AND (EXISTS (SELECT 1 FROM launch l"
                  "   WHERE l.subdomain = launch.subdomain AND l.id > launch.id)"
                  "  OR EXISTS (SELECT 1 FROM environment e"
                  "   WHERE e.subdomain = launch.subdomain AND e.ended_at < :before))",
                  DB_BINDS(db_number(":before", before)), e);
}
