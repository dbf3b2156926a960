/* A database file of its own for each test. */
#ifndef MIRAGE_TESTS_DB_FIXTURE_H
#define MIRAGE_TESTS_DB_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/db.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEST(name)   cmocka_unit_test_setup_teardown(name, remove_files, remove_files)

static char folder[PATH_MAX - 64], path[PATH_MAX];

static inline int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-db.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/mirage.db", folder);
    return 0;
}

static inline int remove_files(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char file[PATH_MAX + 16];

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static inline struct db *opened(void)
{
    struct db *db;
    struct err e = {0};

    if (db_open(&db, path, &e) != 0)
        fail_msg("%s", e.text);
    return db;
}

static inline int64_t number(struct db *db, const char *sql)
{
    struct db_rows *rows;
    struct err e = {0};
    int64_t n;

    if (db_query(db, &rows, sql, DB_NO_BINDS, &e) != 0 || db_next(rows, &e) != 1)
        fail_msg("%s: %s", sql, e.text);
    n = db_column_number(rows, 0);
    assert_int_equal(db_next(rows, &e), 0);
    db_done(rows);
    return n;
}

static inline void run(struct db *db, const char *sql)
{
    struct err e = {0};

    if (db_run(db, sql, DB_NO_BINDS, &e) < 0)
        fail_msg("%s: %s", sql, e.text);
}

#endif
