/* Opening and upgrading a database file, and what is refused. */
#include "db_fixture.h"
#include "skip.h"

#include <sys/stat.h>

#include "buf.h"

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
        skip_because("root may write everywhere");
    assert_int_equal(chmod(folder, 0500), 0);
    rc = db_open(&db, path, &e);
    chmod(folder, 0700);
    assert_int_equal(rc, -1);
    assert_null(db);
    assert_non_null(strstr(e.text, "writable"));
}

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
    };
    return cmocka_run_group_tests_name("db_open", tests, make_folder, remove_folder);
}
