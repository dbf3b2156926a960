#include "store_sync.h"

int64_t store_sync_want(struct db *db, struct err *e)
{
    return db_query_number(db, "UPDATE sync SET wanted = wanted + 1 RETURNING wanted", DB_NO_BINDS,
                           e);
}

int store_sync_succeeded(struct db *db, int64_t at_ms, int64_t looked, struct err *e)
{
    return db_run(db, "UPDATE sync SET succeeded_at = :at, looked = :looked",
                  DB_BINDS(db_number(":at", at_ms), db_number(":looked", looked)), e);
}

int store_sync_failed(struct db *db, int64_t at_ms, const char *error, struct err *e)
{
    return db_run(db, "UPDATE sync SET failed_at = :at, error = :error",
                  DB_BINDS(db_number(":at", at_ms), db_text(":error", error)), e);
}

int store_sync_get(struct db *db, struct arena *a, struct sync_status *status, struct err *e)
{
    struct db_rows *rows;
    int rc;

    *status = (struct sync_status){.error = ""};
    if (db_query(db, &rows,
                 "SELECT succeeded_at, failed_at, error, made_at, wanted, looked FROM sync",
                 DB_NO_BINDS, e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0) {
        status->succeeded_at = db_column_number(rows, 0);
        status->failed_at = db_column_number(rows, 1);
        status->error = arena_strdup(a, db_column_text(rows, 2));
        status->made_at = db_column_number(rows, 3);
        status->wanted = db_column_number(rows, 4);
        status->looked = db_column_number(rows, 5);
    }
    db_done(rows);
    return rc < 0 ? -1 : 0;
}
