#include "store_waiting.h"

int store_waiting_asleep(struct db *db, const char *subdomain, struct arena *a,
                         struct waiting_asleep *asleep, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows,
                 "SELECT launch, at, wanted_at, tried_at, error FROM asleep"
                 " WHERE subdomain = :subdomain",
                 DB_BINDS(db_text(":subdomain", subdomain)), e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        *asleep = (struct waiting_asleep){
            .launch = arena_strdup(a, db_column_text(rows, 0)),
            .at = db_column_number(rows, 1),
            .wanted_at = db_column_number(rows, 2),
            .tried_at = db_column_number(rows, 3),
            .error = arena_strdup(a, db_column_text(rows, 4)),
        };
    db_done(rows);
    return rc;
}
