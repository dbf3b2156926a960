#include "store_start_time.h"

#include <string.h>

static const char *family_of(const char *taskdef, struct arena *a)
{
    return arena_strndup(a, taskdef, strcspn(taskdef, ":"));
}

int store_start_time_add(struct db *db, const char *taskdef, const struct launch *l, struct err *e)
{
    struct arena a = {0};
    const char *family = family_of(taskdef, &a);
    int rc = 0;

    if (*l->id && l->ready_at >= l->at)
        rc = db_run(db,
                    "INSERT OR IGNORE INTO start_time (family, launch, ready_at, took)"
                    " SELECT :family, :launch, :ready_at, :ready_at - :at"
                    " WHERE :at >= (SELECT made_at FROM sync)",
                    DB_BINDS(db_text(":family", family), db_text(":launch", l->id),
                             db_number(":ready_at", l->ready_at), db_number(":at", l->at)),
                    e);
    if (rc == 0)
        rc = db_run(db,
                    "DELETE FROM start_time WHERE family = :family AND launch NOT IN"
                    " (SELECT launch FROM start_time WHERE family = :family"
                    "  ORDER BY ready_at DESC, launch DESC LIMIT :most)",
                    DB_BINDS(db_text(":family", family), db_number(":most", START_TIMES_MAX)), e);
    arena_free(&a);
    return rc;
}

int store_start_time_list(struct db *db, const char *taskdef, struct arena *a,
                          int64_t took[START_TIMES_MAX], size_t *n, struct err *e)
{
    struct db_rows *rows;
    int rc;

    *n = 0;
    if (db_query(db, &rows,
                 "SELECT took FROM start_time WHERE family = :family"
                 " ORDER BY ready_at DESC LIMIT :most",
                 DB_BINDS(db_text(":family", family_of(taskdef, a)),
                          db_number(":most", START_TIMES_MAX)),
                 e) < 0)
        return -1;
    while ((rc = db_next(rows, e)) > 0)
        took[(*n)++] = db_column_number(rows, 0);
    db_done(rows);
    return rc;
}
