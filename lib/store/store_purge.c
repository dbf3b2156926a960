#include "store_purge.h"

int store_purge_ask(struct db *db, int64_t at_ms, const char *by, const char *request,
                    struct err *e)
{
    int rc = db_run(
        db,
        "INSERT INTO purge_run (requested_at, requested_by, request)"
        " VALUES (:at, :by, :request)",
        DB_BINDS(db_number(":at", at_ms), db_text(":by", by), db_text(":request", request)), e);

    if (rc >= 0)
        rc = db_run(db,
                    "DELETE FROM purge_run WHERE finished_at > 0"
                    " AND id <= (SELECT max(id) FROM purge_run) - :kept",
                    DB_BINDS(db_number(":kept", PURGE_RUNS_KEPT)), e);
    return rc;
}

int store_purge_next(struct db *db, int64_t at_ms, struct arena *a, struct purge_run *run,
                     struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows,
                 "SELECT id, request FROM purge_run WHERE finished_at = 0 ORDER BY id LIMIT 1",
                 DB_NO_BINDS, e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        *run = (struct purge_run){.id = db_column_number(rows, 0),
                                  .request = arena_strdup(a, db_column_text(rows, 1))};
    db_done(rows);
    if (rc > 0 && db_run(db, "UPDATE purge_run SET started_at = :at WHERE id = :id",
                         DB_BINDS(db_number(":at", at_ms), db_number(":id", run->id)), e) < 0)
        return -1;
    return rc;
}

int store_purge_decisions(struct db *db, int64_t run, const struct purge_decision *decisions,
                          size_t n, struct err *e)
{
    int rc = db_begin(db, e);

    if (rc == 0)
        rc = db_run(db, "DELETE FROM purge_decision WHERE run = :run",
                    DB_BINDS(db_number(":run", run)), e);
    for (size_t i = 0; rc >= 0 && i < n; i++)
        rc = db_run(db,
                    "INSERT INTO purge_decision (run, subdomain, stop, reason)"
                    " VALUES (:run, :subdomain, :stop, :reason)",
                    DB_BINDS(db_number(":run", run), db_text(":subdomain", decisions[i].subdomain),
                             db_number(":stop", decisions[i].stop),
                             db_text(":reason", decisions[i].reason)),
                    e);
    if (rc >= 0)
        rc = db_commit(db, e);
    db_rollback(db);
    return rc;
}

int store_purge_result(struct db *db, int64_t run, const char *subdomain, const char *result,
                       struct err *e)
{
    return db_run(db,
                  "UPDATE purge_decision SET result = :result"
                  " WHERE run = :run AND subdomain = :subdomain",
                  DB_BINDS(db_text(":result", result), db_number(":run", run),
                           db_text(":subdomain", subdomain)),
                  e);
}

int store_purge_finished(struct db *db, int64_t run, int64_t at_ms, const char *error,
                         struct err *e)
{
    return db_run(
        db, "UPDATE purge_run SET finished_at = :at, error = :error WHERE id = :id",
        DB_BINDS(db_number(":at", at_ms), db_text(":error", error), db_number(":id", run)), e);
}

int64_t store_purge_open(struct db *db, struct err *e)
{
    return db_query_number(db, "SELECT count(*) FROM purge_run WHERE finished_at = 0", DB_NO_BINDS,
                           e);
}

int64_t store_purge_last(struct db *db, const char *by, struct err *e)
{
    return db_query_number(
        db, "SELECT coalesce(max(requested_at), 0) FROM purge_run WHERE requested_by = :by",
        DB_BINDS(db_text(":by", by)), e);
}
