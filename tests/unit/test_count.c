/* Access counts: added up over the workers, written once, and never lost by a failing write. */
#include "proxyd/count.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/store_access.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORKERS      4
#define MINUTE       60000

static struct db *db;
static struct err e;
static struct count_table *table;

static int open_all(void **state)
{
    (void)state;
    table = count_table_new(WORKERS);
    return table ? db_open(&db, ":memory:", &e) : -1;
}

static int close_all(void **state)
{
    (void)state;
    db_close(db);
    count_table_free(table);
    return 0;
}

static uint32_t number_of(const char *subdomain)
{
    int64_t n = count_number(table, subdomain);

    assert_in_range(n, 0, UINT32_MAX);
    return (uint32_t)n;
}

static void write_at(int64_t now_ms)
{
    if (count_write(table, db, now_ms, &e) != 0)
        fail_msg("%s", e.text);
}

static int64_t sum(const char *subdomain)
{
    int64_t n = store_access_sum(db, subdomain, 0, &e);

    assert_true(n >= 0);
    return n;
}

/* Rows in the table. */
static int64_t rows(void)
{
    struct db_rows *r;
    int64_t n;

    assert_int_equal(db_query(db, &r, "SELECT count(*) FROM access", DB_NO_BINDS, &e), 0);
    assert_int_equal(db_next(r, &e), 1);
    n = db_column_number(r, 0);
    db_done(r);
    return n;
}

static void numbers_stay(void **state)
{
    uint32_t a = number_of("a"), b = number_of("b");

    (void)state;
    assert_true(a != b);
    assert_int_equal(number_of("a"), a);
    assert_int_equal(number_of("b"), b);
    assert_true(number_of("") != a);
    assert_int_equal(number_of(""), number_of(""));
}

static void many_numbers(void **state)
{
    enum { N = 10000 }; /* over several chunks, and more than the first buckets */
    static uint32_t numbers[N];
    char name[32];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "env-%d", i);
        numbers[i] = number_of(name);
        assert_true(numbers[i] < N);
        count_access(count_worker(table, (unsigned)i % WORKERS), numbers[i], false);
    }
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "env-%d", i);
        assert_int_equal(number_of(name), numbers[i]);
    }
    write_at(0);
    assert_int_equal(rows(), N);
    for (int i = 0; i < N; i += 97) {
        snprintf(name, sizeof name, "env-%d", i);
        assert_int_equal(sum(name), 1);
    }
}

static void workers_are_added_up(void **state)
{
    uint32_t a = number_of("a"), b = number_of("b");

    (void)state;
    for (unsigned w = 0; w < WORKERS; w++)
        for (unsigned i = 0; i <= w; i++)
            count_access(count_worker(table, w), a, false);
    count_access(count_worker(table, 2), b, false);
    number_of("idle");
    write_at(5 * MINUTE);
    assert_int_equal(sum("a"), 1 + 2 + 3 + 4);
    assert_int_equal(sum("b"), 1);
    assert_int_equal(rows(), 2); /* what nobody asked for has no row */
}

static void written_once(void **state)
{
    uint32_t a = number_of("a");

    (void)state;
    count_access(count_worker(table, 0), a, false);
    write_at(0);
    write_at(0);
    assert_int_equal(sum("a"), 1);
    count_access(count_worker(table, 1), a, false);
    count_access(count_worker(table, 1), a, false);
    write_at(59999);
    assert_int_equal(sum("a"), 3);
    assert_int_equal(rows(), 1);
    count_access(count_worker(table, 0), a, false);
    write_at(MINUTE);
    assert_int_equal(sum("a"), 4);
    assert_int_equal(rows(), 2);
    assert_int_equal(store_access_sum(db, "a", MINUTE, &e), 1);
}

static void what_is_ignored_is_counted_apart(void **state)
{
    uint32_t a = number_of("a"), b = number_of("b");

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(count_access(count_worker(table, 1), a, true), i);
    assert_int_equal(count_access(count_worker(table, 1), a, false), 0);
    count_access(count_worker(table, 2), b, true);
    write_at(0);
    write_at(0);
    assert_int_equal(sum("a"), 1);
    assert_int_equal(sum("b"), 0);
    assert_int_equal(store_access_sum_of(db, ACCESS_IGNORED, "a", 0, &e), 5);
    assert_int_equal(store_access_sum_of(db, ACCESS_IGNORED, "b", 0, &e), 1);
}

static void nothing_new_writes_nothing(void **state)
{
    (void)state;
    number_of("a");
    assert_true(db_run(db, "DROP TABLE access", DB_NO_BINDS, &e) >= 0);
    write_at(0); /* it would fail if it tried */
}

/* The table is away for a while; another one in the same transaction is undone with it. */
static void failing_write_keeps_the_counts(void **state)
{
    uint32_t a = number_of("a"), b = number_of("b");

    (void)state;
    count_access(count_worker(table, 0), a, false);
    count_access(count_worker(table, 1), b, false);
    assert_true(db_run(db,
                       "CREATE TRIGGER refuse BEFORE INSERT ON access WHEN new.subdomain = 'b'"
                       " BEGIN SELECT raise(ABORT, 'refused'); END",
                       DB_NO_BINDS, &e) >= 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(count_write(table, db, 0, &e), -1);
        assert_non_null(strstr(e.text, "refused"));
        assert_int_equal(rows(), 0); /* a's row, too, is undone */
        count_access(count_worker(table, 2), a, false);
    }
    assert_true(db_run(db, "DROP TRIGGER refuse", DB_NO_BINDS, &e) >= 0);
    write_at(0);
    assert_int_equal(sum("a"), 4);
    assert_int_equal(sum("b"), 1);
    write_at(0);
    assert_int_equal(sum("a"), 4);
}

/* Somebody else's transaction on the same connection: BEGIN fails, at once. */
static void write_that_cannot_begin_keeps_the_counts(void **state)
{
    uint32_t a = number_of("a");

    (void)state;
    count_access(count_worker(table, 3), a, false);
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(count_write(table, db, 0, &e), -1);
    db_rollback(db);
    assert_int_equal(rows(), 0);
    write_at(0);
    assert_int_equal(sum("a"), 1);
}

/* --- threads ---------------------------------------------------------------------------------- */

enum { EACH = 50000, SUBDOMAINS = 7 };
static uint32_t shared[SUBDOMAINS];
static atomic_int running;

static void *count_often(void *worker)
{
    for (int i = 0; i < EACH; i++)
        count_access(worker, shared[i % SUBDOMAINS], false);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* The main thread writes, and gives out new numbers, while the workers count. */
static void nothing_is_lost_between_threads(void **state)
{
    pthread_t threads[WORKERS];
    char name[32];
    int64_t total = 0;

    (void)state;
    for (int i = 0; i < SUBDOMAINS; i++) {
        snprintf(name, sizeof name, "s%d", i);
        shared[i] = number_of(name);
    }
    atomic_store(&running, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_often, count_worker(table, i)), 0);
    for (int i = 0; atomic_load(&running) > 0; i++) {
        snprintf(name, sizeof name, "new-%d", i % 3000);
        number_of(name);
        write_at(i);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    write_at(0);
    for (int i = 0; i < SUBDOMAINS; i++) {
        snprintf(name, sizeof name, "s%d", i);
        total += sum(name);
    }
    assert_int_equal(total, WORKERS * EACH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_stay),
        TEST(many_numbers),
        TEST(workers_are_added_up),
        TEST(written_once),
        TEST(what_is_ignored_is_counted_apart),
        TEST(nothing_new_writes_nothing),
        TEST(failing_write_keeps_the_counts),
        TEST(write_that_cannot_begin_keeps_the_counts),
        TEST(nothing_is_lost_between_threads),
    };
    count_table_free(NULL);
    return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}
