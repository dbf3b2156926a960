#include "store_access.h"

#define MINUTE_MS 60000

int store_access_add(struct db *db, const char *subdomain, int64_t at_ms, int64_t count,
                     struct err *e)
{
    return db_run(db,
                  "INSERT INTO access (subdomain, minute, count)"
                  " VALUES (:subdomain, :minute, :count)"
                  " ON CONFLICT (subdomain, minute) DO UPDATE SET count = count + excluded.count",
                  DB_BINDS(db_text(":subdomain", subdomain),
                           db_number(":minute", at_ms / MINUTE_MS), db_number(":count", count)),
                  e) < 0
               ? -1
               : 0;
}

int64_t store_access_sum(struct db *db, const char *subdomain, int64_t since_ms, struct err *e)
{
    struct db_rows *rows;
    int64_t sum = -1;

    if (db_query(
            db, &rows,
            "SELECT total(count) FROM access"
            " WHERE subdomain = :subdomain AND minute >= :minute",
            DB_BINDS(db_text(":subdomain", subdomain), db_number(":minute", since_ms / MINUTE_MS)),
            e) < 0)
        return -1;
    if (db_next(rows, e) > 0)
        sum = db_column_number(rows, 0);
    db_done(rows);
    return sum;
}
