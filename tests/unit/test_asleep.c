/* What is kept of an environment that sleeps: its text and back, what is refused, the ids of
 * wakes, and the table. */
#include "asleep.h"
#include "environment.h"
#include "launch_id.h"
#include "store/store_asleep.h"

#include "stores_fixture.h"

#define TEST(name)  cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
#define LAUNCH      "01M8KWW55Z02CJ23TXTV2YGTE8"
#define NEWER       "01M8KWW5600000000000000000"
#define OBJECT_HEAD "{\"version\":1,\"subdomain\":\"shop\",\"launch\":\"" LAUNCH "\",\"at\":5,"

static const char *const taskdefs[] = {"web:3", "db:1"};
static const struct launch_param params[] = {
    {.name = "branch", .env = "GIT_BRANCH", .value = "topic/\xc3\xa9#1"},
    {.name = "nick", .env = "NICK", .value = ""},
};

static struct asleep shop(void)
{
    return (struct asleep){
        .subdomain = "shop",
        .launch = LAUNCH,
        .at = 1800000000000,
        .by = "10.0.0.1",
        .reason = "not used",
        .request = {.subdomain = "shop",
                    .taskdefs = taskdefs,
                    .n_taskdefs = 2,
                    .params = params,
                    .n_params = 2},
    };
}

static void test_there_and_back(void **state)
{
    struct asleep before = shop(), after;
    const char *text = asleep_to_json(&before, &arena);

    (void)state;
    assert_int_equal(asleep_from_json("shop", text, strlen(text), &arena, &after, &e), 0);
    assert_string_equal(after.subdomain, "shop");
    assert_string_equal(after.launch, LAUNCH);
    assert_true(after.at == before.at);
    assert_string_equal(after.by, "10.0.0.1");
    assert_string_equal(after.reason, "not used");
    assert_int_equal(after.request.n_taskdefs, 2);
    assert_string_equal(after.request.taskdefs[0], "web:3");
    assert_string_equal(after.request.taskdefs[1], "db:1");
    assert_int_equal(after.request.n_params, 2);
    assert_string_equal(after.request.params[0].value, params[0].value);
    assert_string_equal(after.request.params[1].env, "NICK");
    assert_string_equal(asleep_to_json(&after, &arena), text);
}

static void test_nonsense(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "it is no JSON"},
        {"[]", "version: expected 1"},
        {"{\"version\":2}", "a newer mirage-ecs has written it (version 2, not 1)"},
        {"{\"version\":1,\"version\":1}", "it is no JSON"},
        {"{\"version\":1,\"subdomain\":\"blog\"}", "subdomain: expected shop"},
        {"{\"version\":1,\"subdomain\":\"shop\",\"launch\":\"x\"}", "launch: expected a ULID"},
        {"{\"version\":1,\"subdomain\":\"shop\",\"launch\":\"\"}", "at: expected"},
        {OBJECT_HEAD "\"taskdefs\":[]}", "taskdefs: expected a list of 1 to 100"},
        {OBJECT_HEAD "\"taskdefs\":\"web\"}", "taskdefs: expected a list"},
        {OBJECT_HEAD "\"taskdefs\":[3]}", "taskdefs: expected names"},
        {OBJECT_HEAD "\"taskdefs\":[\"web\"]}", "parameters: expected a list"},
        {OBJECT_HEAD "\"taskdefs\":[\"web\"],\"parameters\":[{}]}", "parameters: expected objects"},
        {OBJECT_HEAD "\"taskdefs\":[\"web\"],\"parameters\":[{\"name\":\"a\",\"env\":\"1=\"}]}",
         "parameters: expected objects"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct asleep asleep;
        const char *text = cases[i].text;
        assert_int_equal(asleep_from_json("shop", text, strlen(text), &arena, &asleep, &e), -1);
        assert_int_equal(e.kind, strstr(e.text, "newer") ? ERR_REFUSED : ERR_INVALID);
        if (!strstr(e.text, cases[i].why))
            fail_msg("%s: %s", text, e.text);
    }
}

static void test_too_big(void **state)
{
    char *text = malloc(ASLEEP_TEXT_MAX + 1);
    struct asleep asleep;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', ASLEEP_TEXT_MAX + 1);
    assert_int_equal(asleep_from_json("shop", text, ASLEEP_TEXT_MAX + 1, &arena, &asleep, &e), -1);
    assert_non_null(strstr(e.text, "it has more than 256 KiB"));
    free(text);
}

/* All copies come to the same; another sleep, another environment or a recovery to another one. */
static void test_wake_ids(void **state)
{
    struct asleep a = shop(), b = shop();
    char first[ULID_SIZE], again[ULID_SIZE], recovery[ULID_SIZE];

    (void)state;
    asleep_wake_id(&a, false, first);
    asleep_wake_id(&b, false, again);
    assert_string_equal(first, again);
    assert_true(strcmp(first, a.launch) > 0);
    assert_true(ulid_ms(first) == ulid_ms(a.launch) + 1);
    b.at++;
    asleep_wake_id(&b, false, again);
    assert_string_not_equal(first, again);
    b = shop();
    b.subdomain = "blog";
    asleep_wake_id(&b, false, again);
    assert_string_not_equal(first, again);
    launch_id_after(a.subdomain, a.launch, "", recovery);
    assert_string_not_equal(first, recovery);
    a.launch = "";
    asleep_wake_id(&a, false, first);
    assert_true(ulid_is_valid(first));
}

static void sleep_shop(const char *launch)
{
    struct asleep asleep = shop();

    asleep.launch = launch;
    if (store_asleep_put(db, &asleep, asleep_to_json(&asleep, &arena), "etag", &e) < 0)
        fail_msg("%s", e.text);
}

static struct asleep_row row_of_shop(void)
{
    struct asleep_row row = {0};

    assert_int_equal(store_asleep_get(db, "shop", &arena, &row, &e), 1);
    return row;
}

static void test_the_table(void **state)
{
    struct environment env;
    struct asleep_row row, *rows;
    size_t n;

    (void)state;
    assert_int_equal(store_asleep_get(db, "shop", &arena, &row, &e), 0);
    sleep_shop(LAUNCH);
    row = row_of_shop();
    assert_string_equal(row.asleep.launch, LAUNCH);
    assert_string_equal(row.etag, "etag");
    assert_true(row.wanted_at == 0 && row.tries == 0);
    assert_int_equal(store_environment_get(db, "shop", &arena, &env, &e), 1);
    assert_true(env.asleep && env.ended_at == 0);
    assert_int_equal(store_asleep_list(db, &arena, &rows, &n, &e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_environment_end_empty(db, INT64_MAX, 1, &e), 0);
    assert_int_equal(store_environment_end(db, "shop", 1, &e), 0);
    assert_int_equal(store_environment_get(db, "shop", &arena, &env, &e), 1);
    assert_true(env.ended_at == 0);
    assert_int_equal(store_asleep_remove(db, "shop", NEWER, &e), 0);
    assert_int_equal(store_asleep_remove(db, "shop", LAUNCH, &e), 1);
    assert_int_equal(store_environment_end_empty(db, INT64_MAX, 1, &e), 1);
}

/* Nobody starts any more what was begun a minute ago, by a clock that was wrong, or by mirage-sync
 * before it was started again. */
static void who_may_still_begin_it(void **state)
{
    const int64_t now = 1000000;
    struct launch l = {.at = now, .by = "me"};

    (void)state;
    assert_true(environment_is_fresh(&l, now));
    assert_true(environment_is_fresh(&l, now + LAUNCH_GRACE_MS - 1));
    assert_false(environment_is_fresh(&l, now + LAUNCH_GRACE_MS));
    l.at = now + 3600000;
    assert_false(environment_is_fresh(&l, now));
    environment_forsake(now);
    l = (struct launch){.at = now - 1, .by = "me"};
    assert_true(environment_is_fresh(&l, now));
    l.by = WAKE_VISIT;
    assert_false(environment_is_fresh(&l, now));
    l.at = now;
    assert_true(environment_is_fresh(&l, now));
    environment_forsake(0);
}

static void test_what_is_wanted(void **state)
{
    (void)state;
    sleep_shop(LAUNCH);
    assert_int_equal(store_asleep_due(db, 1000, &e), 0);
    assert_int_equal(store_asleep_want(db, "shop", "a visit", 1000, &e), 0);
    assert_int_equal(store_asleep_due(db, 1000, &e), 1);
    assert_int_equal(store_asleep_try(db, "shop", 1000, 11000, &e), 0);
    assert_int_equal(store_asleep_due(db, 2000, &e), 0);
    assert_int_equal(store_asleep_want(db, "shop", "a visit", 3000, &e), 0);
    assert_int_equal(store_asleep_due(db, 10999, &e), 0);
    assert_int_equal(store_asleep_due(db, 11000, &e), 1);
    /* a clock that is set back by an hour keeps nobody waiting so long */
    assert_int_equal(store_asleep_due(db, 11000 - ASLEEP_PAUSE_MAX_MS, &e), 0);
    assert_int_equal(store_asleep_due(db, 10999 - ASLEEP_PAUSE_MAX_MS, &e), 1);
    assert_int_equal(store_asleep_error(db, "shop", "no capacity", &e), 0);
    assert_string_equal(row_of_shop().error, "no capacity");
    sleep_shop(LAUNCH); /* its object was written anew */
    assert_string_equal(row_of_shop().error, "no capacity");
    assert_int_equal(row_of_shop().tries, 1);
    assert_int_equal(store_asleep_want_all(db, "sleep.wake_at", 4000, &e), 1);
    assert_string_equal(row_of_shop().wanted_by, WAKE_BOTH); /* it goes before the schedule's */
    assert_int_equal(store_asleep_drop(db, "shop", &e), 0);
    assert_int_equal(store_asleep_want_all(db, WAKE_SCHEDULE, 4000, &e), 1);
    assert_string_equal(row_of_shop().wanted_by, WAKE_SCHEDULE);
    assert_int_equal(store_asleep_want(db, "shop", WAKE_VISIT, 4001, &e), 0);
    assert_string_equal(row_of_shop().wanted_by, WAKE_BOTH);
    assert_int_equal(store_asleep_want(db, "shop", "192.0.2.1", 4002, &e), 0);
    assert_string_equal(row_of_shop().wanted_by, WAKE_BOTH);
    sleep_shop(NEWER); /* it was awake meanwhile */
    assert_string_equal(row_of_shop().error, "");
    assert_int_equal(row_of_shop().tries, 0);
    assert_int_equal(store_asleep_due(db, 20000, &e), 0);
}

static void test_what_was_terminated_stays_so(void **state)
{
    (void)state;
    sleep_shop(LAUNCH);
    assert_int_equal(store_environment_terminate(db, "shop", 5, NEWER, &e), 0);
    assert_int_equal(store_asleep_remove(db, "shop", LAUNCH, &e), 1);
    struct asleep asleep = shop();
    assert_int_equal(store_asleep_put(db, &asleep, "{}", "", &e), -1);
    assert_string_equal(e.text, "shop was terminated meanwhile");
}

static int take_route(void *ctx, const struct route_row *row)
{
    *(struct route_row *)ctx = *row;
    return 1;
}

static struct route_row route_of_shop(void)
{
    struct route_row row = {0};

    assert_int_equal(store_route_each(db, take_route, &row, &e), 1);
    return row;
}

/* What sleeps has no target, though its task may still run; what is newer has. */
static void test_routes(void **state)
{
    struct task_port port;
    struct task t = task_of("one", "shop", &port);
    int64_t version;

    (void)state;
    t.launch = LAUNCH;
    put(&t);
    assert_true(store_environment_follow_tasks(db, &e) > 0);
    port.ready = true;
    assert_int_equal(store_task_port_seen(db, t.arn, &port, &e), 0);
    assert_false(route_of_shop().asleep);
    version = store_route_version(db, &e);
    sleep_shop(LAUNCH);
    assert_true(store_route_version(db, &e) > version);
    assert_true(route_of_shop().asleep);
    t.launch = NEWER;
    put(&t);
    assert_int_equal(store_environment_serve(db, "shop", NEWER, &e), 0);
    assert_false(route_of_shop().asleep);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_there_and_back),
        TEST(test_nonsense),
        TEST(test_too_big),
        TEST(test_wake_ids),
        TEST(test_the_table),
        TEST(test_what_is_wanted),
        cmocka_unit_test(who_may_still_begin_it),
        TEST(test_what_was_terminated_stays_so),
        TEST(test_routes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
