/* The database's wrapper: opening and upgrading, what it refuses, transactions, other connections,
 * damage. */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[PATH_MAX - 64], path[PATH_MAX];

static int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-db.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/mirage.db", folder);
    return 0;
}

static int remove_files(void **state)
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

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static struct db *opened(void)
{
    struct db *db;
    struct err e = {0};

    if (db_open(&db, path, &e) != 0)
        fail_msg("%s", e.text);
    return db;
}

static int64_t number(struct db *db, const char *sql)
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

static void run(struct db *db, const char *sql)
{
    struct err e = {0};

    if (db_run(db, sql, DB_NO_BINDS, &e) < 0)
        fail_msg("%s: %s", sql, e.text);
}

/* The schema's number as it stands in the file (SQLite's file format, 1.3.15). */
static uint32_t version_in_file(void)
{
    unsigned char bytes[4];
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    assert_int_equal(fseek(f, 60, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, 4, f), 4);
    fclose(f);
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void set_version_in_file(uint32_t version)
{
    const unsigned char bytes[] = {(unsigned char)(version >> 24), (unsigned char)(version >> 16),
                                   (unsigned char)(version >> 8), (unsigned char)version};
    FILE *f = fopen(path, "r+");

    assert_non_null(f);
    assert_int_equal(fseek(f, 60, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, 4, f), 4);
    assert_int_equal(fclose(f), 0);
}

/* Makes a file of version 0 that holds what `sql` makes, and nothing else. */
static void make_old_file(const char *sql)
{
    static char drops[64][128];
    size_t n = 0;
    struct db *db = opened();
    struct db_rows *rows;
    struct err e = {0};

    assert_int_equal(db_query(db, &rows,
                              "SELECT 'DROP ' || type || ' ' || name FROM sqlite_schema"
                              " WHERE type IN ('view', 'table') ORDER BY type DESC, name",
                              DB_NO_BINDS, &e),
                     0);
    while (db_next(rows, &e) > 0)
        snprintf(drops[n++], sizeof drops[0], "%s", db_column_text(rows, 0));
    db_done(rows);
    run(db, "PRAGMA foreign_keys = OFF");
    for (size_t i = 0; i < n; i++)
        run(db, drops[i]);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 0);
    run(db, sql);
    run(db, "PRAGMA user_version = 0");
    db_close(db);
    assert_int_equal(version_in_file(), 0);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void fresh_file_gets_the_schema(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    assert_true(db_schema_version() >= 1);
    assert_int_equal(number(db, "PRAGMA user_version"), db_schema_version());
    assert_int_equal(number(db, "SELECT count(*) FROM task"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM sync"), 1);
    assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(db, "PRAGMA busy_timeout"), 5000);
    assert_int_equal(number(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(db_check(db, &e), 0);
    db_close(db);
    db_close(NULL);
}

static void reopening_keeps_what_was_written(void **state)
{
    struct db *db = opened();

    (void)state;
    run(db, "UPDATE sync SET succeeded_at = 42");
    db_close(db);
    db = opened();
    assert_int_equal(number(db, "SELECT succeeded_at FROM sync"), 42);
    assert_int_equal(number(db, "PRAGMA user_version"), db_schema_version());
    db_close(db);
}

static void state_folder_names_the_file(void **state)
{
    struct db *db;
    struct err e = {0};

    (void)state;
    assert_int_equal(db_open_state(&db, folder, &e), 0);
    assert_int_equal(access(path, F_OK), 0);
    db_close(db);
    assert_int_equal(db_open_state(&db, "/nonexistent/state", &e), -1);
    assert_null(db);
    assert_non_null(strstr(e.text, "/nonexistent/state/mirage.db"));
}

static void empty_file_is_upgraded(void **state)
{
    struct db *db;
    FILE *f = fopen(path, "w");

    (void)state;
    assert_non_null(f);
    fclose(f);
    db = opened();
    assert_int_equal(number(db, "PRAGMA user_version"), db_schema_version());
    db_close(db);
}

/* Version 0 with tables of somebody's own: the steps run, and what is there stays. */
static void older_file_is_upgraded(void **state)
{
    struct db *db;

    (void)state;
    make_old_file("CREATE TABLE older AS SELECT 7 AS x");
    db = opened();
    assert_int_equal(number(db, "PRAGMA user_version"), db_schema_version());
    assert_int_equal(number(db, "SELECT x FROM older"), 7);
    assert_int_equal(number(db, "SELECT count(*) FROM environment"), 0);
    db_close(db);
}

/* A step that fails leaves the version, and nothing of itself. */
static void failing_upgrade_is_undone(void **state)
{
    struct db *db;
    struct err e = {0};

    (void)state;
    make_old_file("CREATE TABLE access (x)"); /* the first step makes one too, after others */
    assert_int_equal(db_open(&db, path, &e), -1);
    assert_null(db);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(version_in_file(), 0);
    set_version_in_file((uint32_t)db_schema_version()); /* so that it can be looked into */
    db = opened();
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 1);
    db_close(db);
}

static void newer_file_is_refused_untouched(void **state)
{
    static const char *const journals[] = {"PRAGMA journal_mode = DELETE",
                                           "PRAGMA journal_mode = WAL"};

    (void)state;
    for (size_t i = 0; i < COUNT(journals); i++) {
        struct buf before = {0}, after = {0};
        struct db *db;
        struct db_rows *rows;
        struct err e = {0};

        remove_files(NULL);
        db = opened();
        run(db, "CREATE TABLE newer (x)");
        run(db, "PRAGMA user_version = 9999");
        assert_int_equal(db_query(db, &rows, journals[i], DB_NO_BINDS, &e), 0);
        assert_int_equal(db_next(rows, &e), 1);
        db_done(rows);
        db_close(db);
        assert_int_equal(buf_read_file(&before, path, 1 << 20), 0);
        assert_int_equal(before.data[18], i + 1); /* the journal's kind */
        assert_int_equal(db_open(&db, path, &e), -1);
        assert_null(db);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.text, "9999"));
        assert_non_null(strstr(e.text, path));
        assert_non_null(strstr(e.text, "newer version"));
        assert_int_equal(buf_read_file(&after, path, 1 << 20), 0);
        assert_int_equal(before.len, after.len);
        assert_memory_equal(before.data, after.data, after.len);
        buf_free(&before);
        buf_free(&after);
    }
}

static void one_version_newer_is_refused(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    db_close(db);
    set_version_in_file((uint32_t)db_schema_version() + 1);
    assert_int_equal(db_open(&db, path, &e), -1);
    assert_int_equal(e.kind, ERR_INVALID);
}

static void what_is_no_database(void **state)
{
    struct buf text = {0}, after = {0};
    struct db *db;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 2000; i++)
        buf_str(&text, "not a database\n");
    assert_int_equal(buf_write_file(&text, path), 0);
    assert_int_equal(db_open(&db, path, &e), -1);
    assert_null(db);
    assert_non_null(strstr(e.text, path));
    assert_non_null(strstr(e.text, "move the file away"));
    assert_int_equal(buf_read_file(&after, path, 1 << 20), 0);
    assert_memory_equal(after.data, text.data, text.len);
    buf_free(&text);
    buf_free(&after);
}

static void folder_in_place_of_the_file(void **state)
{
    struct db *db;
    struct err e = {0};

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(db_open(&db, path, &e), -1);
    assert_null(db);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_non_null(strstr(e.text, path));
    rmdir(path);
}

static void unwritable_folder(void **state)
{
    struct db *db;
    struct err e = {0};
    int rc;

    (void)state;
    if (geteuid() == 0)
        skip();
    assert_int_equal(chmod(folder, 0500), 0);
    rc = db_open(&db, path, &e);
    chmod(folder, 0700);
    assert_int_equal(rc, -1);
    assert_null(db);
    assert_non_null(strstr(e.text, "writable"));
}

/* --- statements ------------------------------------------------------------------------------- */

#define INSERT "INSERT INTO access (subdomain, minute, count) VALUES (:subdomain, :minute, :count)"

static void binds_by_name(void **state)
{
    static const char select[] = "SELECT subdomain, minute, count, reported FROM access"
                                 " WHERE subdomain = :subdomain";
    struct db *db = opened();
    struct db_rows *rows;
    struct err e = {0};

    (void)state;
    assert_int_equal(db_change(db, INSERT,
                               DB_BINDS(db_number(":count", INT64_MAX),
                                        db_text(":subdomain", "a'b"), db_number(":minute", -3)),
                               &e),
                     1);
    assert_int_equal(db_query(db, &rows, select, DB_BINDS(db_text(":subdomain", "a'b")), &e), 0);
    assert_int_equal(db_next(rows, &e), 1);
    assert_string_equal(db_column_text(rows, 0), "a'b");
    assert_true(db_column_number(rows, 1) == -3);
    assert_true(db_column_number(rows, 2) == INT64_MAX);
    assert_string_equal(db_column_text(rows, 3), ""); /* NULL */
    assert_true(db_column_number(rows, 3) == 0);
    assert_int_equal(db_next(rows, &e), 0);
    db_done(rows);
    db_done(NULL);

    /* What was bound before is not bound any more. */
    assert_int_equal(db_query(db, &rows, select, DB_BINDS(db_text(":subdomain", NULL)), &e), 0);
    assert_int_equal(db_next(rows, &e), 0);
    db_done(rows);
    assert_int_equal(
        db_change(db, "UPDATE access SET count = 1 WHERE minute = 99", DB_NO_BINDS, &e), 0);
    db_close(db);
}

static void null_is_bound(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    assert_int_equal(db_run(db, INSERT,
                            DB_BINDS(db_text(":subdomain", NULL), db_number(":minute", 1),
                                     db_number(":count", 1)),
                            &e),
                     -1); /* NOT NULL */
    assert_non_null(strstr(e.text, "NOT NULL"));
    assert_int_equal(db_change(db, INSERT,
                               DB_BINDS(db_text(":subdomain", ""), db_number(":minute", 1),
                                        db_number(":count", 1)),
                               &e),
                     1);
    db_close(db);
}

static void binds_are_checked(void **state)
{
    static const struct {
        const char *sql;
        struct db_bind binds[4];
        const char *error;
    } cases[] = {
        {INSERT, {{.name = ":subdomain", .text = "a"}, {.name = ":minute"}}, "2 values for 3"},
        {INSERT, {{0}}, "0 values for 3"},
        {INSERT,
         {{.name = ":subdomain", .text = "a"}, {.name = ":minute"}, {.name = ":cuont"}},
         "no parameter :cuont"},
        {INSERT,
         {{.name = ":subdomain", .text = "a"}, {.name = ":minute"}, {.name = "count"}},
         "no parameter count"},
        {INSERT,
         {{.name = ":subdomain", .text = "a"}, {.name = ":minute"}, {.name = ":minute"}},
         ":minute is bound twice"},
        {"DELETE FROM access", {{.name = ":x"}}, "no parameter :x"},
        {"DELETE FROM access WHERE count = ?", {{0}}, "0 values for 1"},
        {"DELETE FROM access; DELETE FROM task", {{0}}, "text after the statement"},
        {"DELETE FROM access; x", {{0}}, "text after the statement"},
        {"DELETE FROM nowhere", {{0}}, "no such table"},
        {"DELETE FORM access", {{0}}, "syntax error"},
        {"SELECT 1", {{0}}, "returns rows"},
    };
    struct db *db = opened();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        for (int again = 0; again < 2; again++) { /* a refused one stays refused */
            assert_int_equal(db_run(db, cases[i].sql, cases[i].binds, &e), -1);
            if (!strstr(e.text, cases[i].error))
                fail_msg("%s: %s", cases[i].sql, e.text);
            assert_int_equal(e.kind, ERR_INTERNAL);
        }
    }
    run(db, "DELETE FROM access ; \n\t");
    assert_int_equal(number(db, "SELECT count(*) FROM access"), 0);
    db_close(db);
}

static void statement_runs_once_at_a_time(void **state)
{
    static const char sql[] = "SELECT 1 UNION SELECT 2";
    struct db *db = opened();
    struct db_rows *rows, *second = NULL;
    struct err e = {0};

    (void)state;
    assert_int_equal(db_query(db, &rows, sql, DB_NO_BINDS, &e), 0);
    assert_int_equal(db_next(rows, &e), 1);
    assert_int_equal(db_query(db, &second, sql, DB_NO_BINDS, &e), -1);
    assert_null(second);
    assert_non_null(strstr(e.text, "running already"));
    assert_int_equal(db_next(rows, &e), 1); /* the first goes on undisturbed */
    assert_int_equal(db_column_number(rows, 0), 2);
    db_done(rows);
    assert_int_equal(db_query(db, &second, sql, DB_NO_BINDS, &e), 0);
    assert_int_equal(db_next(second, &e), 1);
    assert_int_equal(db_column_number(second, 0), 1);
    db_done(second);
    db_close(db);
}

static void too_many_statements(void **state)
{
    static char sql[200][32];
    struct db *db = opened();
    struct err e = {0};
    size_t good = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(sql); i++) {
        struct db_rows *rows;
        snprintf(sql[i], sizeof sql[i], "SELECT %zu", i);
        if (db_query(db, &rows, sql[i], DB_NO_BINDS, &e) < 0)
            break;
        db_done(rows);
        good++;
    }
    assert_in_range(good, 64, COUNT(sql) - 1);
    assert_non_null(strstr(e.text, "different statements"));
    assert_int_equal(number(db, sql[0]), 0); /* the others go on */
    db_close(db);
}

static void large_and_odd_texts(void **state)
{
    static const char *const texts[] = {
        "",     "'",       "''; DROP TABLE access; --", "a\nb\tc", "\xe6\x97\xa5\xe6\x9c\xac", "\"",
        "%_\\", "\x01\x7f"};
    struct buf large = {0};
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    while (large.len < 1 << 20)
        buf_str(&large, "a'\"\\\xe6\x97\xa5");
    for (size_t i = 0; i <= COUNT(texts); i++) {
        const char *text = i < COUNT(texts) ? texts[i] : large.data;
        struct db_rows *rows;
        assert_int_equal(
            db_change(db, "UPDATE sync SET error = :error", DB_BINDS(db_text(":error", text)), &e),
            1);
        assert_int_equal(db_query(db, &rows, "SELECT error FROM sync", DB_NO_BINDS, &e), 0);
        assert_int_equal(db_next(rows, &e), 1);
        assert_string_equal(db_column_text(rows, 0), text);
        db_done(rows);
    }
    buf_free(&large);
    db_close(db);
}

/* --- transactions and other connections ------------------------------------------------------- */

static void rollback(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    db_rollback(db); /* not needed: no error */
    db_rollback(NULL);
    assert_int_equal(db_begin(db, &e), 0);
    run(db, "UPDATE sync SET succeeded_at = 1");
    db_rollback(db);
    assert_int_equal(number(db, "SELECT succeeded_at FROM sync"), 0);
    assert_int_equal(db_begin(db, &e), 0);
    run(db, "UPDATE sync SET succeeded_at = 2");
    assert_int_equal(db_commit(db, &e), 0);
    db_rollback(db);
    assert_int_equal(number(db, "SELECT succeeded_at FROM sync"), 2);
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_begin(db, &e), -1); /* not in one another */
    db_rollback(db);
    assert_int_equal(db_commit(db, &e), -1);
    db_close(db);
}

static void closing_undoes_what_is_not_committed(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    assert_int_equal(db_begin(db, &e), 0);
    run(db, "UPDATE sync SET succeeded_at = 1");
    db_close(db);
    db = opened();
    assert_int_equal(number(db, "SELECT succeeded_at FROM sync"), 0);
    db_close(db);
}

static void foreign_keys_hold(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    assert_int_equal(db_run(db,
                            "INSERT INTO port (arn, container, container_port, address, port)"
                            " VALUES ('none', 'app', 80, '', 80)",
                            DB_NO_BINDS, &e),
                     -1);
    assert_non_null(strstr(e.text, "FOREIGN KEY"));
    db_close(db);
}

static void reading_is_of_one_moment(void **state)
{
    struct db *reader = opened(), *writer = opened();
    struct err e = {0};

    (void)state;
    assert_int_equal(db_begin_read(reader, &e), 0);
    assert_int_equal(number(reader, "SELECT succeeded_at FROM sync"), 0);
    run(writer, "UPDATE sync SET succeeded_at = 5"); /* a reader does not stop it */
    assert_int_equal(number(reader, "SELECT succeeded_at FROM sync"), 0);
    db_rollback(reader);
    assert_int_equal(number(reader, "SELECT succeeded_at FROM sync"), 5);
    db_close(reader);
    db_close(writer);
}

static void data_version_is_of_the_others(void **state)
{
    struct db *one = opened(), *other = opened();
    struct err e = {0};
    int64_t version = db_data_version(one, &e);

    (void)state;
    assert_true(version >= 0);
    assert_true(db_data_version(one, &e) == version);
    run(one, "UPDATE sync SET succeeded_at = 1"); /* its own does not count */
    assert_true(db_data_version(one, &e) == version);
    assert_int_equal(db_begin(other, &e), 0);
    run(other, "UPDATE sync SET succeeded_at = 2");
    assert_true(db_data_version(one, &e) == version); /* not yet */
    db_rollback(other);
    assert_true(db_data_version(one, &e) == version); /* not at all */
    run(other, "UPDATE sync SET succeeded_at = 3");
    assert_true(db_data_version(one, &e) != version);
    db_close(one);
    db_close(other);
}

/* Waits its five seconds, and says that trying again helps. */
static void busy(void **state)
{
    struct db *one = opened(), *other = opened();
    struct err e = {0};
    int64_t begin;

    (void)state;
    assert_int_equal(db_begin(other, &e), 0);
    begin = clock_monotonic_ms();
    assert_int_equal(db_begin(one, &e), -1);
    assert_int_equal(e.kind, ERR_BUSY);
    assert_non_null(strstr(e.text, path));
    assert_in_range(clock_monotonic_ms() - begin, 4000, 60000);
    db_rollback(one);
    db_rollback(other);
    assert_int_equal(db_begin(one, &e), 0);
    db_rollback(one);
    db_close(one);
    db_close(other);
}

/* --- damage ----------------------------------------------------------------------------------- */

static void damage_is_found(void **state)
{
    struct db *db = opened();
    struct err e = {0};
    char noise[1024];
    int fd, found = 0;

    (void)state;
    assert_int_equal(db_begin(db, &e), 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(db_change(db, INSERT,
                                   DB_BINDS(db_text(":subdomain", "abcdefghijklmnopqrstuvwxyz"),
                                            db_number(":minute", i), db_number(":count", 1)),
                                   &e),
                         1);
    assert_int_equal(db_commit(db, &e), 0);
    assert_int_equal(db_check(db, &e), 0);
    db_close(db); /* into the file itself */

    memset(noise, 0xa5, sizeof noise);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 20; page < 40; page++) /* not the first, which tells that it is a database */
        assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), sizeof noise);
    close(fd);

    if (db_open(&db, path, &e) < 0) /* opening may see it already */
        found = 1;
    else {
        found = db_check(db, &e) < 0;
        db_close(db);
    }
    assert_true(found);
    assert_non_null(strstr(e.text, path));
    assert_non_null(strstr(e.text, "move the file away"));
}

static void cut_file_is_found(void **state)
{
    struct db *db = opened();
    struct err e = {0};
    int found;

    (void)state;
    db_close(db);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    found = db_open(&db, path, &e) < 0;
    if (!found) {
        found = db_check(db, &e) < 0;
        db_close(db);
    }
    assert_true(found);
    assert_non_null(strstr(e.text, path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, remove_files, remove_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fresh_file_gets_the_schema),
        TEST(reopening_keeps_what_was_written),
        TEST(state_folder_names_the_file),
        TEST(empty_file_is_upgraded),
        TEST(older_file_is_upgraded),
        TEST(failing_upgrade_is_undone),
        TEST(newer_file_is_refused_untouched),
        TEST(one_version_newer_is_refused),
        TEST(what_is_no_database),
        TEST(folder_in_place_of_the_file),
        TEST(unwritable_folder),
        TEST(binds_by_name),
        TEST(null_is_bound),
        TEST(binds_are_checked),
        TEST(statement_runs_once_at_a_time),
        TEST(too_many_statements),
        TEST(large_and_odd_texts),
        TEST(rollback),
        TEST(closing_undoes_what_is_not_committed),
        TEST(foreign_keys_hold),
        TEST(reading_is_of_one_moment),
        TEST(data_version_is_of_the_others),
        TEST(busy),
        TEST(damage_is_found),
        TEST(cut_file_is_found),
    };
    return cmocka_run_group_tests_name("db", tests, make_folder, remove_folder);
}
