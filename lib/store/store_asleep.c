#include "store_asleep.h"

#define SELECT_ASLEEP                                                                              \
    "SELECT subdomain, launch, at, asked_by, reason, request, etag, wanted_at, wanted_by,"         \
    " tried_at, not_before, tries, error FROM asleep"

static int put_rows(struct db *db, const struct asleep *asleep, const char *request,
                    const char *etag, struct err *e)
{
    int changed =
        db_change(db,
                  "INSERT INTO environment (subdomain, launched_at, serving)"
                  " VALUES (:subdomain, :at, :launch)"
                  " ON CONFLICT (subdomain) DO UPDATE SET ended_at = NULL, recover_at = 0,"
                  " launched_at = iif(ended_at IS NULL, launched_at, excluded.launched_at),"
                  " trouble = '' WHERE over = '' OR excluded.serving > over",
                  DB_BINDS(db_text(":subdomain", asleep->subdomain), db_number(":at", asleep->at),
                           db_text(":launch", asleep->launch)),
                  e);

    if (changed < 0)
        return -1;
    if (changed == 0)
        return err_set(e, ERR_REFUSED, "%s was terminated meanwhile", asleep->subdomain);
    return db_run(db,
                  "INSERT INTO asleep (subdomain, launch, at, asked_by, reason, request, etag)"
                  " VALUES (:subdomain, :launch, :at, :by, :reason, :request, :etag)"
                  " ON CONFLICT (subdomain) DO UPDATE SET launch = excluded.launch,"
                  " at = excluded.at, asked_by = excluded.asked_by, reason = excluded.reason,"
                  " request = excluded.request, etag = excluded.etag,"
                  " wanted_at = iif(launch = excluded.launch, wanted_at, 0),"
                  " tried_at = iif(launch = excluded.launch, tried_at, 0),"
                  " not_before = iif(launch = excluded.launch, not_before, 0),"
                  " tries = iif(launch = excluded.launch, tries, 0),"
                  " error = iif(launch = excluded.launch, error, '')",
                  DB_BINDS(db_text(":subdomain", asleep->subdomain),
                           db_text(":launch", asleep->launch), db_number(":at", asleep->at),
                           db_text(":by", asleep->by), db_text(":reason", asleep->reason),
                           db_text(":request", request), db_text(":etag", etag)),
                  e);
}

int store_asleep_put(struct db *db, const struct asleep *asleep, const char *request,
                     const char *etag, struct err *e)
{
    int rc = db_begin(db, e);

    if (rc < 0)
        return -1;
    rc = put_rows(db, asleep, request, etag, e);
    rc = rc == 0 ? db_commit(db, e) : rc;
    db_rollback(db);
    return rc;
}

static void read_row(struct db_rows *rows, struct arena *a, struct asleep_row *row)
{
    *row = (struct asleep_row){
        .asleep = {.subdomain = arena_strdup(a, db_column_text(rows, 0)),
                   .launch = arena_strdup(a, db_column_text(rows, 1)),
                   .at = db_column_number(rows, 2),
                   .by = arena_strdup(a, db_column_text(rows, 3)),
                   .reason = arena_strdup(a, db_column_text(rows, 4))},
        .request = arena_strdup(a, db_column_text(rows, 5)),
        .etag = arena_strdup(a, db_column_text(rows, 6)),
        .wanted_at = db_column_number(rows, 7),
        .wanted_by = arena_strdup(a, db_column_text(rows, 8)),
        .tried_at = db_column_number(rows, 9),
        .not_before = db_column_number(rows, 10),
        .tries = (int)db_column_number(rows, 11),
        .error = arena_strdup(a, db_column_text(rows, 12)),
    };
}

int store_asleep_get(struct db *db, const char *subdomain, struct arena *a, struct asleep_row *row,
                     struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, SELECT_ASLEEP " WHERE subdomain = :subdomain",
                 DB_BINDS(db_text(":subdomain", subdomain)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        read_row(rows, a, row);
    db_done(rows);
    return rc;
}

int store_asleep_list(struct db *db, struct arena *a, struct asleep_row **list, size_t *n,
                      struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *list = NULL;
    *n = 0;
    if (db_query(db, &rows, SELECT_ASLEEP " ORDER BY subdomain", DB_NO_BINDS, e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        *list = arena_grow(a, *list, *n, &cap, sizeof **list);
        read_row(rows, a, &(*list)[(*n)++]);
    }
    db_done(rows);
    return rc;
}

int store_asleep_remove(struct db *db, const char *subdomain, const char *launch, struct err *e)
{
    return db_change(db, "DELETE FROM asleep WHERE subdomain = :subdomain AND launch = :launch",
                     DB_BINDS(db_text(":subdomain", subdomain), db_text(":launch", launch)), e);
}

int store_asleep_want(struct db *db, const char *subdomain, const char *by, int64_t at_ms,
                      struct err *e)
{
    return db_run(
        db,
        "UPDATE asleep SET wanted_at = :at, wanted_by = CASE WHEN wanted_at = 0 THEN :by"
        " WHEN wanted_by = '" WAKE_SCHEDULE "' AND :by = '" WAKE_VISIT "' THEN '" WAKE_BOTH "'"
        " ELSE wanted_by END WHERE subdomain = :subdomain",
        DB_BINDS(db_number(":at", at_ms), db_text(":by", by), db_text(":subdomain", subdomain)), e);
}

int store_asleep_want_all(struct db *db, const char *by, int64_t at_ms, struct err *e)
{
    return db_change(db,
                     "UPDATE asleep SET wanted_at = :at, wanted_by = CASE"
                     " WHEN wanted_at > 0 AND wanted_by = '" WAKE_VISIT "' THEN '" WAKE_BOTH "'"
                     " ELSE :by END",
                     DB_BINDS(db_number(":at", at_ms), db_text(":by", by)), e);
}

int64_t store_asleep_due(struct db *db, int64_t now_ms, struct err *e)
{
    return db_query_number(
        db,
        "SELECT count(*) FROM asleep"
        " WHERE wanted_at > 0 AND (not_before <= :now OR not_before > :ahead)",
        DB_BINDS(db_number(":now", now_ms), db_number(":ahead", now_ms + ASLEEP_PAUSE_MAX_MS)), e);
}

int store_asleep_try(struct db *db, const char *subdomain, int64_t at_ms, int64_t not_before,
                     struct err *e)
{
    return db_run(db,
                  "UPDATE asleep SET tried_at = :at, not_before = :not_before, tries = tries + 1,"
                  " wanted_at = 0"
                  " WHERE subdomain = :subdomain",
                  DB_BINDS(db_number(":at", at_ms), db_number(":not_before", not_before),
                           db_text(":subdomain", subdomain)),
                  e);
}

int store_asleep_drop(struct db *db, const char *subdomain, struct err *e)
{
    return db_run(db, "UPDATE asleep SET wanted_at = 0 WHERE subdomain = :subdomain",
                  DB_BINDS(db_text(":subdomain", subdomain)), e);
}

int store_asleep_resume(struct db *db, int64_t at_ms, struct err *e)
{
    return db_run(db,
                  "UPDATE asleep SET wanted_at = :at, not_before = 0"
                  " WHERE wanted_at = 0 AND EXISTS (SELECT 1 FROM launch l"
                  "  WHERE l.subdomain = asleep.subdomain AND l.id > asleep.launch"
                  "  AND l.state = 'starting'"
                  "  AND l.asked_by IN ('" WAKE_VISIT "', '" WAKE_SCHEDULE "', '" WAKE_BOTH "')"
                  "  AND NOT EXISTS (SELECT 1 FROM task t"
                  "   WHERE t.subdomain = l.subdomain AND t.launch = l.id))",
                  DB_BINDS(db_number(":at", at_ms)), e);
}

int store_asleep_put_off(struct db *db, const char *subdomain, int64_t not_before, const char *why,
                         struct err *e)
{
    return db_run(db,
                  "UPDATE asleep SET not_before = :not_before, wanted_at = 0, error = :why"
                  " WHERE subdomain = :subdomain",
                  DB_BINDS(db_number(":not_before", not_before), db_text(":why", why),
                           db_text(":subdomain", subdomain)),
                  e);
}

int store_asleep_error(struct db *db, const char *subdomain, const char *error, struct err *e)
{
    return db_run(db,
                  "UPDATE asleep SET error = :error"
                  " WHERE subdomain = :subdomain AND error <> :error",
                  DB_BINDS(db_text(":error", error), db_text(":subdomain", subdomain)), e);
}
