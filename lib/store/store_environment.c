#include "store_environment.h"

#include "task.h"

#define IS_ASLEEP " EXISTS (SELECT 1 FROM asleep a WHERE a.subdomain = environment.subdomain)"
#define SELECT_ENVIRONMENTS                                                                        \
    "SELECT subdomain, launched_at, ended_at, serving, recover_at, trouble, over," IS_ASLEEP       \
    " FROM environment"
#define IS_LIVE " last_status <> 'STOPPED' AND desired_status <> 'STOPPED'"

int store_environment_launch(struct db *db, const char *subdomain, int64_t at, const char *launch,
                             struct err *e)
{
    int changed =
        db_change(db,
                  "INSERT INTO environment (subdomain, launched_at, serving)"
                  " VALUES (:subdomain, :at, :launch)"
                  " ON CONFLICT (subdomain) DO UPDATE SET"
                  " launched_at = iif(ended_at IS NULL, launched_at, excluded.launched_at),"
                  " ended_at = NULL, serving = iif(EXISTS (SELECT 1 FROM task"
                  "  WHERE task.subdomain = environment.subdomain"
                  "  AND task.launch = environment.serving AND" IS_LIVE "),"
                  "  serving, excluded.serving)"
                  " WHERE over = '' OR excluded.serving > over",
                  DB_BINDS(db_text(":subdomain", subdomain), db_number(":at", at),
                           db_text(":launch", launch)),
                  e);

    return changed != 0 ? (changed < 0 ? -1 : 0)
                        : err_set(e, ERR_REFUSED, "%s was terminated meanwhile", subdomain);
}

int store_environment_follow_tasks(struct db *db, struct err *e)
{
    return db_change(db,
                     "INSERT INTO environment (subdomain, launched_at, serving)"
                     " SELECT subdomain, min(created_at), max(launch) FROM task WHERE" IS_LIVE
                     " AND (launch = '' OR launch > coalesce((SELECT over FROM environment e"
                     "  WHERE e.subdomain = task.subdomain), ''))"
                     " GROUP BY subdomain"
                     " ON CONFLICT (subdomain) DO UPDATE SET launched_at = excluded.launched_at,"
                     " serving = iif(ended_at IS NULL, serving, excluded.serving), ended_at = NULL"
                     " WHERE ended_at IS NOT NULL OR excluded.launched_at <> launched_at",
                     DB_NO_BINDS, e);
}

int store_environment_serve(struct db *db, const char *subdomain, const char *launch, struct err *e)
{
    return db_run(db,
                  "UPDATE environment SET serving = :launch"
                  " WHERE subdomain = :subdomain AND serving <> :launch",
                  DB_BINDS(db_text(":launch", launch), db_text(":subdomain", subdomain)), e);
}

int store_environment_trouble(struct db *db, const char *subdomain, int64_t recover_at,
                              const char *trouble, struct err *e)
{
    return db_run(db,
                  "UPDATE environment SET recover_at = :recover_at, trouble = :trouble"
                  " WHERE subdomain = :subdomain",
                  DB_BINDS(db_number(":recover_at", recover_at), db_text(":trouble", trouble),
                           db_text(":subdomain", subdomain)),
                  e);
}

int store_environment_terminate(struct db *db, const char *subdomain, int64_t ended_at,
                                const char *over, struct err *e)
{
    return db_run(db,
                  "UPDATE environment SET over = max(over, :over), recover_at = 0, trouble = '',"
                  " ended_at = coalesce(ended_at, :ended_at) WHERE subdomain = :subdomain",
                  DB_BINDS(db_text(":over", over), db_number(":ended_at", ended_at),
                           db_text(":subdomain", subdomain)),
                  e);
}

int store_environment_end(struct db *db, const char *subdomain, int64_t ended_at, struct err *e)
{
    return db_run(db,
                  "UPDATE environment SET ended_at = :ended_at, recover_at = 0, trouble = ''"
                  " WHERE subdomain = :subdomain AND ended_at IS NULL AND NOT" IS_ASLEEP,
                  DB_BINDS(db_number(":ended_at", ended_at), db_text(":subdomain", subdomain)), e);
}

int store_environment_end_empty(struct db *db, int64_t before, int64_t ended_at, struct err *e)
{
    return db_change(db,
                     "UPDATE environment SET ended_at = :ended_at"
                     " WHERE ended_at IS NULL AND recover_at = 0 AND NOT" IS_ASLEEP
                     " AND NOT EXISTS (SELECT 1 FROM launch"
                     "  WHERE launch.subdomain = environment.subdomain AND launch.at >= :before"
                     "  AND launch.state = 'starting') AND NOT EXISTS (SELECT 1 FROM task"
                     "  WHERE task.subdomain = environment.subdomain AND (" IS_LIVE
                     "  OR (stopped_reason LIKE '" STOP_ASLEEP "%'"
                     "   AND (stopped_at = 0 OR stopped_at > :before))))",
                     DB_BINDS(db_number(":ended_at", ended_at), db_number(":before", before)), e);
}

static void read_environment(struct db_rows *rows, struct arena *a, struct environment *env)
{
    *env = (struct environment){
        .subdomain = arena_strdup(a, db_column_text(rows, 0)),
        .launched_at = db_column_number(rows, 1),
        .ended_at = db_column_number(rows, 2),
        .serving = arena_strdup(a, db_column_text(rows, 3)),
        .recover_at = db_column_number(rows, 4),
        .trouble = arena_strdup(a, db_column_text(rows, 5)),
        .over = arena_strdup(a, db_column_text(rows, 6)),
        .asleep = db_column_number(rows, 7) != 0,
    };
}

int store_environment_get(struct db *db, const char *subdomain, struct arena *a,
                          struct environment *env, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, SELECT_ENVIRONMENTS " WHERE subdomain = :subdomain",
                 DB_BINDS(db_text(":subdomain", subdomain)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        read_environment(rows, a, env);
    db_done(rows);
    return rc;
}

int store_environment_list(struct db *db, struct arena *a, struct environment **envs, size_t *len,
                           struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *envs = NULL;
    *len = 0;
    if (db_query(db, &rows, SELECT_ENVIRONMENTS " WHERE ended_at IS NULL ORDER BY subdomain",
                 DB_NO_BINDS, e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        *envs = arena_grow(a, *envs, *len, &cap, sizeof **envs);
        read_environment(rows, a, &(*envs)[(*len)++]);
    }
    db_done(rows);
    return rc;
}
