/* SQLite, wrapped: nothing else names sqlite3_*. A connection belongs to one thread.
 *
 * Statements have named parameters only. db_query() refuses a name that the statement does not
 * have, a parameter without a value, and text after the statement. A transaction for writing begins
 * with BEGIN IMMEDIATE.
 *
 *     struct db_rows *rows;
 *     if (db_query(db, &rows, "SELECT arn FROM task WHERE subdomain = :subdomain",
 *                  DB_BINDS(db_text(":subdomain", subdomain)), e) < 0)
 *         return -1;
 *     while ((rc = db_next(rows, e)) > 0)
 *         use(db_column_text(rows, 0));
 *     db_done(rows); */
#ifndef MIRAGE_DB_H
#define MIRAGE_DB_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct db;
struct db_rows;

struct db_bind {
    const char *name; /* with its colon; NULL ends the list */
    const char *text; /* NULL: `number` is bound */
    int64_t number;
    int is_null;
};

#define DB_BINDS(...) ((const struct db_bind[]){__VA_ARGS__, {0}})
#define DB_NO_BINDS   ((const struct db_bind[]){{0}})

/* A text; NULL binds SQL's NULL. The text must stay until the query is done. */
static inline struct db_bind db_text(const char *name, const char *text)
{
    return (struct db_bind){.name = name, .text = text, .is_null = !text};
}

static inline struct db_bind db_number(const char *name, int64_t number)
{
    return (struct db_bind){.name = name, .number = number};
}

/* Opens the file, and creates it if it does not exist: WAL, foreign keys, a busy timeout of 5 s.
 * Upgrades an older schema; refuses a newer one without touching the file. db_close() closes. */
int db_open(struct db **db, const char *path, struct err *e) __attribute__((warn_unused_result));
void db_close(struct db *db); /* NULL is fine */

/* The same for `mirage.db` in the state folder, which -state names. Refuses a folder or a file that
 * somebody else may change (state_folder.h). */
int db_open_state(struct db **db, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));

/* Reads the whole file and checks it: 0, or -1 when it is damaged. */
int db_check(struct db *db, struct err *e) __attribute__((warn_unused_result));

/* The number of the schema that this program was built with. */
int db_schema_version(void) __attribute__((warn_unused_result));

/* Runs a statement that returns no rows. */
int db_run(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
    __attribute__((warn_unused_result));

/* The same. Returns how many rows it changed, or -1. */
int db_change(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
    __attribute__((warn_unused_result));

/* The number, 0 or more, in the one row of a query; -1 when there is none. */
int64_t db_query_number(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
    __attribute__((warn_unused_result));

/* Starts a query. After every success db_done(rows) must be called. No other query with the same
 * text may be running on this connection. */
int db_query(struct db *db, struct db_rows **rows, const char *sql, const struct db_bind *binds,
             struct err *e) __attribute__((warn_unused_result));
int db_next(struct db_rows *rows, struct err *e) /* 1 a row, 0 no more, -1 */
    __attribute__((warn_unused_result));
void db_done(struct db_rows *rows); /* NULL is fine */

/* Values of the current row. A text is valid until the next db_next() or db_done(). NULL becomes ""
 * and 0. */
const char *db_column_text(struct db_rows *rows, int column) __attribute__((warn_unused_result));
int64_t db_column_number(struct db_rows *rows, int column) __attribute__((warn_unused_result));

/* A transaction for writing; db_commit() or db_rollback() ends it. db_rollback() without a
 * transaction does nothing, so an `out:` label may always call it. */
int db_begin(struct db *db, struct err *e) __attribute__((warn_unused_result));
int db_commit(struct db *db, struct err *e) __attribute__((warn_unused_result));
void db_rollback(struct db *db);

/* A transaction for reading: everything that is read until db_rollback() is of one moment. */
int db_begin_read(struct db *db, struct err *e) __attribute__((warn_unused_result));

/* A number that changes when another connection has committed (PRAGMA data_version). -1 on error.
 */
int64_t db_data_version(struct db *db, struct err *e) __attribute__((warn_unused_result));

#endif
