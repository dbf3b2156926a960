#include "store_purge_past.h"

#define SELECT_RUNS                                                                                \
    "SELECT r.id, r.requested_at, r.started_at, r.finished_at, r.requested_by, r.request,"         \
    " r.error, total(d.stop = 1 AND d.result = 'ok'),"                                             \
    " total(d.stop = 1 AND d.result NOT IN ('', 'ok')), total(d.stop = 0)"                         \
    " FROM purge_run r LEFT JOIN purge_decision d ON d.run = r.id"

static void read_run(struct db_rows *rows, struct arena *a, struct purge_past *run)
{
    *run = (struct purge_past){
        .id = db_column_number(rows, 0),
        .requested_at = db_column_number(rows, 1),
        .started_at = db_column_number(rows, 2),
        .finished_at = db_column_number(rows, 3),
        .requested_by = arena_strdup(a, db_column_text(rows, 4)),
        .request = arena_strdup(a, db_column_text(rows, 5)),
        .error = arena_strdup(a, db_column_text(rows, 6)),
        .stopped = db_column_number(rows, 7),
        .failed = db_column_number(rows, 8),
        .kept = db_column_number(rows, 9),
    };
}

int store_purge_past_list(struct db *db, int64_t limit, struct arena *a, struct purge_past **runs,
                          size_t *n, struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *runs = NULL;
    *n = 0;
    if (db_query(db, &rows,
                 SELECT_RUNS " WHERE r.id > (SELECT coalesce(max(id), 0) FROM purge_run) - :limit"
                             " GROUP BY r.id ORDER BY r.id DESC",
                 DB_BINDS(db_number(":limit", limit)), e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        *runs = arena_grow(a, *runs, *n, &cap, sizeof **runs);
        read_run(rows, a, &(*runs)[(*n)++]);
    }
    db_done(rows);
    return rc;
}

int store_purge_past_get(struct db *db, int64_t id, struct arena *a, struct purge_past *run,
                         struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, SELECT_RUNS " WHERE r.id = :id GROUP BY r.id",
                 DB_BINDS(db_number(":id", id)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        read_run(rows, a, run);
    db_done(rows);
    return rc;
}

int store_purge_decided(struct db *db, int64_t run, struct arena *a,
                        struct purge_decided **decisions, size_t *n, struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *decisions = NULL;
    *n = 0;
    if (db_query(db, &rows,
                 "SELECT subdomain, stop, reason, result FROM purge_decision WHERE run = :run"
                 " ORDER BY stop DESC, subdomain",
                 DB_BINDS(db_number(":run", run)), e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        *decisions = arena_grow(a, *decisions, *n, &cap, sizeof **decisions);
        (*decisions)[(*n)++] = (struct purge_decided){
            .subdomain = arena_strdup(a, db_column_text(rows, 0)),
            .stop = db_column_number(rows, 1) != 0,
            .reason = arena_strdup(a, db_column_text(rows, 2)),
            .result = arena_strdup(a, db_column_text(rows, 3)),
        };
    }
    db_done(rows);
    return rc;
}
