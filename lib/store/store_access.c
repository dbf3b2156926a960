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
                  e);
}

int store_access_add_ignored(struct db *db, const char *subdomain, int64_t at_ms, int64_t count,
                             struct err *e)
{
    return db_run(db,
                  "INSERT INTO access (subdomain, minute, count, reported, ignored)"
                  " VALUES (:subdomain, :minute, 0, 0, :ignored)"
                  " ON CONFLICT (subdomain, minute)"
                  " DO UPDATE SET ignored = ignored + excluded.ignored",
                  DB_BINDS(db_text(":subdomain", subdomain),
                           db_number(":minute", at_ms / MINUTE_MS), db_number(":ignored", count)),
                  e);
}

static int64_t sum(struct db *db, const char *sql, const char *subdomain, int64_t since_ms,
                   struct err *e)
{
    return db_query_number(
        db, sql,
        DB_BINDS(db_text(":subdomain", subdomain), db_number(":minute", since_ms / MINUTE_MS)), e);
}

#define OF_SUBDOMAIN " FROM access WHERE subdomain = :subdomain AND minute >= :minute"

int64_t store_access_sum_of(struct db *db, enum access_kind kind, const char *subdomain,
                            int64_t since_ms, struct err *e)
{
    return sum(db,
               kind == ACCESS_IGNORED ? "SELECT total(ignored)" OF_SUBDOMAIN
                                      : "SELECT total(count)" OF_SUBDOMAIN,
               subdomain, since_ms, e);
}

int64_t store_access_sum(struct db *db, const char *subdomain, int64_t since_ms, struct err *e)
{
    return store_access_sum_of(db, ACCESS_COUNTED, subdomain, since_ms, e);
}

int64_t store_access_unreported_sum(struct db *db, enum access_kind kind, const char *subdomain,
                                    int64_t since_ms, struct err *e)
{
    return sum(db,
               kind == ACCESS_IGNORED ? "SELECT total(ignored - ignored_reported)" OF_SUBDOMAIN
                                      : "SELECT total(count - coalesce(reported, 0))" OF_SUBDOMAIN,
               subdomain, since_ms, e);
}

int64_t store_access_last(struct db *db, const char *subdomain, int64_t since_ms, struct err *e)
{
    return db_query_number(
        db,
        "SELECT coalesce(max(minute), 0) FROM access WHERE subdomain = :subdomain"
        " AND minute >= :since AND count > 0",
        DB_BINDS(db_text(":subdomain", subdomain), db_number(":since", since_ms / 60000)), e);
}

/* A row of requests that are ignored is due from here on, as one of zero. */
int store_access_zeros(struct db *db, int64_t minute, struct err *e)
{
    return db_run(db,
                  "INSERT INTO access (subdomain, minute, count)"
                  " SELECT DISTINCT subdomain, :minute, 0 FROM task"
                  " WHERE last_status = 'RUNNING' AND desired_status <> 'STOPPED'"
                  " ON CONFLICT (subdomain, minute) DO UPDATE SET reported = NULL"
                  " WHERE count = 0 AND reported = 0 AND ignored > 0",
                  DB_BINDS(db_number(":minute", minute)), e);
}

int store_access_unreported(struct db *db, int64_t before, size_t limit, struct arena *a,
                            struct access_row **list, size_t *n, struct err *e)
{
    struct db_rows *rows;
    int rc;

    *n = 0;
    *list = arena_array(a, limit, sizeof **list);
    if (db_query(db, &rows,
                 "SELECT subdomain, minute, count, count - coalesce(reported, 0), 0 AS kind"
                 " FROM access"
                 " WHERE minute < :before AND (reported IS NULL OR reported < count)"
                 " UNION ALL SELECT subdomain, minute, ignored, ignored - ignored_reported, 1"
                 " FROM access WHERE minute < :before AND ignored_reported < ignored"
                 " ORDER BY minute, subdomain, kind LIMIT :limit",
                 DB_BINDS(db_number(":before", before), db_number(":limit", (int64_t)limit)),
                 e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0 && *n < limit)
        (*list)[(*n)++] = (struct access_row){
            .subdomain = arena_strdup(a, db_column_text(rows, 0)),
            .minute = db_column_number(rows, 1),
            .count = db_column_number(rows, 2),
            .delta = db_column_number(rows, 3),
            .kind = db_column_number(rows, 4) ? ACCESS_IGNORED : ACCESS_COUNTED,
        };
    db_done(rows);
    return rc < 0 ? -1 : 0;
}

int store_access_reported(struct db *db, const struct access_row *rows, size_t n, struct err *e)
{
    int rc = db_begin(db, e);

    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = db_run(
            db,
            rows[i].kind == ACCESS_IGNORED ? "UPDATE access SET ignored_reported = :count"
                                             " WHERE subdomain = :subdomain AND minute = :minute"
                                           : "UPDATE access SET reported = :count"
                                             " WHERE subdomain = :subdomain AND minute = :minute",
            DB_BINDS(db_number(":count", rows[i].count), db_text(":subdomain", rows[i].subdomain),
                     db_number(":minute", rows[i].minute)),
            e);
    if (rc >= 0)
        rc = db_commit(db, e);
    db_rollback(db);
    return rc;
}

int store_access_forget(struct db *db, int64_t before, int64_t refused, struct err *e)
{
    return db_run(db,
                  "DELETE FROM access WHERE (minute < :before AND reported >= count"
                  " AND ignored_reported >= ignored) OR minute < :refused",
                  DB_BINDS(db_number(":before", before), db_number(":refused", refused)), e);
}

int store_access_forget_ended(struct db *db, int64_t before, struct err *e)
{
    return db_run(db,
                  "DELETE FROM access WHERE minute < :before AND subdomain NOT IN"
                  " (SELECT subdomain FROM environment WHERE ended_at IS NULL)",
                  DB_BINDS(db_number(":before", before)), e);
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
                 "SELECT e.subdomain, a.minute, a.count, a.ignored FROM environment e CROSS JOIN "
                 "access a"
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
            .ignored = db_column_number(rows, 3),
        };
    }
    db_done(rows);
    return rc;
}
