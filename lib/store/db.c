/* The only file that names sqlite3_*. */
#include "db.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "buf.h"
#include "state_folder.h"

#define BUSY_TIMEOUT_MS 5000
#define STATEMENTS_MAX  64

/* Made from sql/ by tools/sql-to-c: step i takes the schema from version i to i + 1. */
extern const char *const sql_steps[];
extern const int sql_step_count;

struct db_rows {
    sqlite3_stmt *statement;
    const char *sql; /* as the caller wrote it: its address is the key */
    struct db *db;
    bool running;
};

struct db {
    sqlite3 *handle;
    char *path;
    struct db_rows statements[STATEMENTS_MAX]; /* prepared once, by address of their text */
    size_t n_statements;
};

static int fail(struct db *db, struct err *e, const char *doing)
{
    int code = sqlite3_errcode(db->handle), primary = code & 0xff;
    const char *advice = "";

    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        return err_set(e, ERR_BUSY, "%s: database %s is locked by another process", doing,
                       db->path);
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        advice = "; move the file away and start again: the tasks are found anew";
    else if (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY || primary == SQLITE_PERM)
        advice = "; see that its folder exists and is writable for this user";
    else if (primary == SQLITE_FULL)
        advice = "; the disk is full";
    else if (primary == SQLITE_IOERR)
        advice = "; see that the disk is not full, and is well";
    return err_set(e, ERR_INTERNAL, "%s: database %s: %s%s", doing, db->path,
                   sqlite3_errmsg(db->handle), advice);
}

static int run_script(struct db *db, const char *sql, struct err *e, const char *doing)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, e, doing);
}

static int user_version(struct db *db, int *version, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = -1;

    if (sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK ||
        sqlite3_step(s) != SQLITE_ROW)
        fail(db, e, "opening");
    else {
        *version = sqlite3_column_int(s, 0);
        rc = 0;
    }
    sqlite3_finalize(s);
    return rc;
}

int db_schema_version(void)
{
    return sql_step_count;
}

/* One step, in a transaction of its own. Another program may have been faster: the version is read
 * again inside it. */
static int upgrade_once(struct db *db, int *version, struct err *e)
{
    char set[64];

    if (run_script(db, "BEGIN IMMEDIATE", e, "upgrading") < 0)
        return -1;
    if (user_version(db, version, e) < 0)
        goto undo;
    if (*version < sql_step_count) {
        snprintf(set, sizeof set, "PRAGMA user_version = %d", *version + 1);
        if (run_script(db, sql_steps[*version], e, "upgrading") < 0 ||
            run_script(db, set, e, "upgrading") < 0)
            goto undo;
        ++*version;
    }
    if (run_script(db, "COMMIT", e, "upgrading") == 0)
        return 0;
undo:
    db_rollback(db);
    return -1;
}

static int set_up(struct db *db, struct err *e)
{
    int version;

    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    if (user_version(db, &version, e) < 0)
        return -1;
    if (version > sql_step_count)
        return err_set(e, ERR_INVALID,
                       "database %s has schema %d, this program knows up to %d: it was written by "
                       "a newer version; run that one, or name another state folder",
                       db->path, version, sql_step_count);
    if (run_script(db,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                   "PRAGMA temp_store = MEMORY;" /* no file elsewhere: see proxyd/confine.c */
                   "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
                   e, "opening") < 0)
        return -1;
    while (version < sql_step_count)
        if (upgrade_once(db, &version, e) < 0)
            return -1;
    return 0;
}

int db_open(struct db **out, const char *path, struct err *e)
{
    struct db *db = calloc(1, sizeof *db);
    int rc;

    *out = NULL;
    if (!db || !(db->path = strdup(path)))
        abort();
    rc = sqlite3_open_v2(path, &db->handle,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!db->handle)
        abort();
    if (rc != SQLITE_OK || set_up(db, e) < 0) {
        if (rc != SQLITE_OK)
            fail(db, e, "opening");
        db_close(db);
        return -1;
    }
    *out = db;
    return 0;
}

int db_open_state(struct db **db, const char *state_dir, struct err *e)
{
    struct buf path = {0};
    int rc;

    if (state_folder_check(state_dir, geteuid(), e) < 0 ||
        state_folder_check_entries(state_dir, e) < 0)
        return -1;
    buf_printf(&path, "%s/mirage.db", state_dir);
    if (path.failed)
        abort();
    rc = db_open(db, path.data, e);
    buf_free(&path);
    return rc;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n_statements; i++)
        sqlite3_finalize(db->statements[i].statement);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

/* The statement of this text, prepared at its first use. */
static struct db_rows *prepared(struct db *db, const char *sql, struct err *e)
{
    struct db_rows *rows;
    const char *rest;

    for (size_t i = 0; i < db->n_statements; i++)
        if (db->statements[i].sql == sql)
            return &db->statements[i];
    if (db->n_statements == STATEMENTS_MAX) {
        err_set(e, ERR_INTERNAL, "more than %d different statements", STATEMENTS_MAX);
        return NULL;
    }
    rows = &db->statements[db->n_statements];
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->statement,
                           &rest) != SQLITE_OK) {
        fail(db, e, "preparing");
        return NULL;
    }
    if (rest[strspn(rest, " \n\t;")]) {
        sqlite3_finalize(rows->statement);
        rows->statement = NULL;
        err_set(e, ERR_INTERNAL, "text after the statement: %s", rest);
        return NULL;
    }
    rows->sql = sql;
    rows->db = db;
    db->n_statements++;
    return rows;
}

static int bind_all(struct db_rows *rows, const struct db_bind *binds, struct err *e)
{
    int wanted = sqlite3_bind_parameter_count(rows->statement), given = 0;
    uint64_t seen = 0;

    for (const struct db_bind *b = binds; b->name; b++, given++) {
        int at = sqlite3_bind_parameter_index(rows->statement, b->name);
        int rc;
        if (at == 0)
            return err_set(e, ERR_INTERNAL, "the statement has no parameter %s: %s", b->name,
                           rows->sql);
        if (at > 63 || seen & UINT64_C(1) << at)
            return err_set(e, ERR_INTERNAL, "%s is bound twice: %s", b->name, rows->sql);
        seen |= UINT64_C(1) << at;
        if (b->is_null)
            rc = sqlite3_bind_null(rows->statement, at);
        else if (b->text)
            rc = sqlite3_bind_text(rows->statement, at, b->text, -1, SQLITE_STATIC);
        else
            rc = sqlite3_bind_int64(rows->statement, at, b->number);
        if (rc != SQLITE_OK)
            return fail(rows->db, e, "binding");
    }
    if (given != wanted)
        return err_set(e, ERR_INTERNAL, "%d values for %d parameters: %s", given, wanted,
                       rows->sql);
    return 0;
}

int db_query(struct db *db, struct db_rows **rows, const char *sql, const struct db_bind *binds,
             struct err *e)
{
    struct db_rows *r = prepared(db, sql, e);

    *rows = NULL;
    if (!r)
        return -1;
    if (r->running)
        return err_set(e, ERR_INTERNAL, "the statement is running already: %s", sql);
    if (bind_all(r, binds, e) < 0) {
        db_done(r);
        return -1;
    }
    r->running = true;
    *rows = r;
    return 0;
}

int db_next(struct db_rows *rows, struct err *e)
{
    int rc = sqlite3_step(rows->statement);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : fail(rows->db, e, "reading");
}

void db_done(struct db_rows *rows)
{
    if (!rows)
        return;
    sqlite3_reset(rows->statement);
    sqlite3_clear_bindings(rows->statement);
    rows->running = false;
}

int db_change(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, sql, binds, e) < 0)
        return -1;
    rc = sqlite3_step(rows->statement);
    if (rc == SQLITE_ROW)
        rc = err_set(e, ERR_INTERNAL, "the statement returns rows: %s", sql);
    else
        rc = rc == SQLITE_DONE ? sqlite3_changes(db->handle) : fail(db, e, "writing");
    db_done(rows);
    return rc;
}

int db_run(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
{
    return db_change(db, sql, binds, e) < 0 ? -1 : 0;
}

int64_t db_query_number(struct db *db, const char *sql, const struct db_bind *binds, struct err *e)
{
    struct db_rows *rows;
    int64_t number = -1;
    int rc;

    if (db_query(db, &rows, sql, binds, e) < 0)
        return -1;
    rc = db_next(rows, e);
    if (rc > 0)
        number = db_column_number(rows, 0);
    else if (rc == 0)
        err_set(e, ERR_INTERNAL, "the query has no row: %s", sql);
    db_done(rows);
    return number;
}

const char *db_column_text(struct db_rows *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows->statement, column);

    return text ? (const char *)text : "";
}

int64_t db_column_number(struct db_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

int db_begin(struct db *db, struct err *e)
{
    return db_run(db, "BEGIN IMMEDIATE", DB_NO_BINDS, e);
}

int db_begin_read(struct db *db, struct err *e)
{
    return db_run(db, "BEGIN", DB_NO_BINDS, e);
}

int db_commit(struct db *db, struct err *e)
{
    return db_run(db, "COMMIT", DB_NO_BINDS, e);
}

void db_rollback(struct db *db)
{
    struct err unused;

    if (db && !sqlite3_get_autocommit(db->handle) &&
        db_run(db, "ROLLBACK", DB_NO_BINDS, &unused) < 0)
        return; /* SQLite rolled back by itself */
}

int db_check(struct db *db, struct err *e)
{
    struct db_rows *rows;
    int rc;

    if (db_query(db, &rows, "PRAGMA quick_check(1)", DB_NO_BINDS, e) < 0)
        return -1;
    rc = db_next(rows, e) < 0 ? -1 : 0;
    if (rc == 0 && strcmp(db_column_text(rows, 0), "ok") != 0)
        rc = err_set(e, ERR_INTERNAL,
                     "database %s is damaged (%s); move the file away and start again: the tasks "
                     "are found anew",
                     db->path, db_column_text(rows, 0));
    db_done(rows);
    return rc;
}

int64_t db_data_version(struct db *db, struct err *e)
{
    return db_query_number(db, "PRAGMA data_version", DB_NO_BINDS, e);
}
