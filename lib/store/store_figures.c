#include "store_figures.h"

static uint64_t number(struct db_rows *rows, int column)
{
    int64_t n = db_column_number(rows, column);

    return n > 0 ? (uint64_t)n : 0;
}

int store_figures(struct db *db, int64_t minute, struct figures *f, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows,
                 "SELECT total(NOT asleep AND NOT starting), total(NOT asleep AND starting),"
                 " total(asleep),"
                 " (SELECT total(count - coalesce(reported, 0)) FROM access"
                 "  WHERE minute < :minute AND (reported IS NULL OR reported < count))"
                 " FROM (SELECT max(starting) AS starting, max(asleep) AS asleep FROM route"
                 "  GROUP BY subdomain)",
                 DB_BINDS(db_number(":minute", minute)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        *f = (struct figures){number(rows, 0), number(rows, 1), number(rows, 2), number(rows, 3)};
    db_done(rows);
    return rc > 0 ? 0 : -1;
}
