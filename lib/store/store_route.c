#include "store_route.h"

int store_route_each(struct db *db, int (*each)(void *ctx, const struct route_row *row), void *ctx,
                     struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows,
                 "SELECT subdomain, launched_at, starting, target, address, port, asleep FROM route"
                 " ORDER BY launched_at, subdomain",
                 DB_NO_BINDS, e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        struct route_row row = {
            .subdomain = db_column_text(rows, 0),
            .launched_at = db_column_number(rows, 1),
            .starting = db_column_number(rows, 2) != 0,
            .target = (int)db_column_number(rows, 3),
            .address = db_column_text(rows, 4),
            .port = (int)db_column_number(rows, 5),
            .asleep = db_column_number(rows, 6) != 0,
        };
        rc = each(ctx, &row);
        if (rc != 0)
            break;
    }
    db_done(rows);
    return rc;
}

int store_route_failed_each(struct db *db, int (*each)(void *ctx, const char *subdomain), void *ctx,
                            struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, "SELECT subdomain FROM failed", DB_NO_BINDS, e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0 && (rc = each(ctx, db_column_text(rows, 0))) == 0)
        ;
    db_done(rows);
    return rc;
}

int64_t store_route_version(struct db *db, struct err *e)
{
    return db_query_number(db, "SELECT version FROM route_version", DB_NO_BINDS, e);
}

int64_t store_task_version(struct db *db, struct err *e)
{
    return db_query_number(db, "SELECT version + tasks FROM route_version", DB_NO_BINDS, e);
}
