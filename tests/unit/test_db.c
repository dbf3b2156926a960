/* The database's wrapper: statements, transactions, other connections, damage. */
#include "db_fixture.h"

#include <fcntl.h>

#include "buf.h"
#include "clock.h"

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

static void one_number_of_one_row(void **state)
{
    struct db *db = opened();
    struct err e = {0};

    (void)state;
    assert_int_equal(db_query_number(db, "SELECT 7 WHERE 1", DB_NO_BINDS, &e), 7);
    assert_int_equal(db_query_number(db, "SELECT 7 WHERE 0", DB_NO_BINDS, &e), -1);
    assert_string_equal(e.text, "the query has no row: SELECT 7 WHERE 0");
    assert_int_equal(db_query_number(db, "SELECT nothing", DB_NO_BINDS, &e), -1);
    assert_non_null(strstr(e.text, "nothing"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(binds_by_name),
        TEST(one_number_of_one_row),
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
