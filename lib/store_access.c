#include "store_access.h"

#include <string.h>

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

/* The join has a range of the primary key for each environment; CROSS JOIN keeps SQLite from
 * reading the whole table instead. */
int store_access_minutes(struct db *db, int64_t since_ms, struct arena *a,
                         struct access_minute **minutes, size_t *len, struct err *e)
{
    const char *subdomain = "";
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *minutes = NULL;
    *len = 0;
    if (db_query(db, &rows,
                 "SELECT e.subdomain, a.minute, a.count FROM environment e CROSS JOIN access a"
                 " WHERE e.ended_at IS NULL AND a.subdomain = e.subdomain AND a.minute >= :minute"
                 " ORDER BY e.subdomain, a.minute",
                 DB_BINDS(db_number(":minute", since_ms / MINUTE_MS)), e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        if (strcmp(subdomain, db_column_text(rows, 0)) != 0)
            subdomain = arena_strdup(a, db_column_text(rows, 0));
        *minutes = arena_grow(a, *minutes, *len, &cap, sizeof **minutes);
        (*minutes)[(*len)++] = (struct access_minute){
            .subdomain = subdomain,
            .minute = db_column_number(rows, 1),
            .count = db_column_number(rows, 2),
        };
    }
    db_done(rows);
    return rc;
}
