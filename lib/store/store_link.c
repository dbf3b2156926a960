#include "store_link.h"

int store_link_list(struct db *db, struct arena *a, struct link_record **records, size_t *n,
                    struct err *e)
{
    struct db_rows *rows;
    size_t cap = 0;
    int rc;

    *records = NULL;
    *n = 0;
    if (db_query(db, &rows, "SELECT name, addresses FROM link_record ORDER BY name", DB_NO_BINDS,
                 e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0) {
        *records = arena_grow(a, *records, *n, &cap, sizeof **records);
        (*records)[(*n)++] =
            (struct link_record){.name = arena_strdup(a, db_column_text(rows, 0)),
                                 .addresses = arena_strdup(a, db_column_text(rows, 1))};
    }
    db_done(rows);
    return rc;
}

int store_link_put(struct db *db, const struct link_record *record, struct err *e)
{
    return db_run(
        db,
        "INSERT INTO link_record (name, addresses) VALUES (:name, :addresses)"
        " ON CONFLICT (name) DO UPDATE SET addresses = excluded.addresses",
        DB_BINDS(db_text(":name", record->name), db_text(":addresses", record->addresses)), e);
}

int store_link_remove(struct db *db, const char *name, struct err *e)
{
    return db_run(db, "DELETE FROM link_record WHERE name = :name",
                  DB_BINDS(db_text(":name", name)), e);
}
