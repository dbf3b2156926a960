/* How far an environment has come that somebody waits for: from rows in the database to the state,
 * the step and the words. */
#include "stores_fixture.h"

#include "fcgi-app/waiting.h"
#include "fcgi-app/waiting_read.h"
#include "fcgi-app/waiting_text.h"
#include "fcgi-app/waiting_view.h"
#include "store/store_launch.h"

#define OLD "01AAAAAAAAAAAAAAAAAAAAAAAA"
#define NEW "01BBBBBBBBBBBBBBBBBBBBBBBB"

static struct config_listen ports[] = {{.listen = 80, .target = 80}};
static struct config config = {
    .listen.http = ports, .listen.n_http = 1, .wake.visitors = "browsers"};
static struct waiting_facts facts;

static struct waiting waiting(const char *subdomain)
{
    assert_int_equal(waiting_read(db, subdomain, &arena, &facts, &e), 1);
    facts.wakes = strcmp(config.wake.visitors, "none") != 0;
    return waiting_of(&config, &facts);
}

static void is(const char *subdomain, const char *state, const char *step)
{
    const struct waiting w = waiting(subdomain);

    assert_string_equal(waiting_state_word(w.state), state);
    if (waiting_goes_on(&w))
        assert_string_equal(waiting_step_word(w.step), step);
}

static void put_launch(const char *subdomain, const char *id, enum launch_state state)
{
    const struct launch l = {.id = id,
                             .subdomain = subdomain,
                             .at = 5000,
                             .by = "",
                             .request = "",
                             .reason = state == LAUNCH_FAILED ? "it took longer than 30 min" : "",
                             .state = state};

    assert_int_equal(store_launch_put(db, &l, &e), 0);
}

static struct task_port port;

static struct task task(const char *id, const char *status)
{
    struct task t = task_of(id, "shop", &port);

    t.launch = NEW;
    t.last_status = status;
    return t;
}

static int start(void **state)
{
    config.launch.health.path = NULL;
    if (open_memory(state) < 0)
        return -1;
    launch("shop", 1000);
    put_launch("shop", NEW, LAUNCH_STARTING);
    return 0;
}

static void steps_as_ecs_says(void **state)
{
    struct task t;

    (void)state;
    is("shop", "starting", "provisioning"); /* no task is known yet */
    assert_int_equal(waiting("shop").since, 5000);
    t = task("t1", "PROVISIONING");
    put(&t);
    is("shop", "starting", "provisioning");
    t.last_status = "PENDING";
    put(&t);
    is("shop", "starting", "pulling");
    t.last_status = "ACTIVATING";
    put(&t);
    is("shop", "starting", "starting");
    t.last_status = "RUNNING";
    put(&t);
    is("shop", "starting", "port");
    assert_int_equal(waiting("shop").port, 80);
    assert_int_equal(put_ready(db, t.arn, &port), 0);
    is("shop", "ready", "ready");
    t.health = TASK_HEALTH_UNKNOWN;
    put(&t);
    is("shop", "starting", "health");
    t.health = TASK_HEALTHY;
    put(&t);
    is("shop", "ready", "ready");
}

static void the_slowest_task_counts(void **state)
{
    struct task t = task("t1", "RUNNING");

    (void)state;
    put(&t);
    assert_int_equal(put_ready(db, t.arn, &port), 0);
    t = task("t2", "PENDING");
    put(&t);
    is("shop", "starting", "pulling");
    t.last_status = "RUNNING";
    t.n_ports = 0; /* a worker: no request reaches it */
    put(&t);
    is("shop", "ready", "ready");
}

static void health_that_is_asked_for(void **state)
{
    struct task t = task("t1", "RUNNING");
    struct task_port seen;

    (void)state;
    config.launch.health.path = "/healthz";
    put(&t);
    seen = port;
    seen.ready = true;
    assert_int_equal(store_task_port_seen(db, t.arn, &seen, &e), 0);
    is("shop", "starting", "health");
    assert_true(waiting("shop").has_health);
}

static void failed(const char *reason, const char *code)
{
    struct task t = task("t1", "STOPPED");

    t.desired_status = "STOPPED";
    t.stopped_at = 6000;
    t.stopped_reason = reason;
    t.stop_code = code;
    put(&t);
}

static void failure_has_words(void **state)
{
    struct waiting w;

    (void)state;
    failed("CannotPullContainerError: manifest unknown", "TaskFailedToStart");
    is("shop", "failed", "");
    w = waiting("shop");
    assert_string_equal(w.cause->key, "image-not-found");
    assert_string_equal(w.reason, "CannotPullContainerError: manifest unknown");
    assert_int_equal(w.again_at, 0);
    assert_int_equal(store_environment_trouble(db, "shop", 9000, "it has lost a task", &e), 0);
    assert_int_equal(waiting("shop").again_at, 9000);
}

static void failure_of_no_task(void **state)
{
    (void)state;
    put_launch("shop", NEW, LAUNCH_FAILED);
    is("shop", "failed", "");
    assert_non_null(waiting("shop").cause);
    assert_string_equal(waiting("shop").reason, "it took longer than 30 min");
}

static void what_was_ready_is_lost(void **state)
{
    const struct launch l = {.id = NEW,
                             .subdomain = "shop",
                             .at = 5000,
                             .by = "",
                             .request = "",
                             .reason = "",
                             .state = LAUNCH_READY,
                             .ready_at = 7000};

    (void)state;
    assert_int_equal(store_launch_put(db, &l, &e), 0);
    failed("Your Spot Task was interrupted.", "SpotInterruption");
    is("shop", "lost", "");
    assert_string_equal(waiting("shop").cause->key, "taken-away");
}

static void put_asleep_until(int64_t wanted_at, int64_t tried_at, const char *error,
                             int64_t not_before)
{
    assert_int_equal(
        db_run(db,
               "INSERT OR REPLACE INTO asleep (subdomain, launch, at, asked_by, reason, request,"
               " wanted_at, tried_at, error, not_before) VALUES ('shop', '" OLD "', 3000, 'x',"
               " 'y', '{}', :wanted, :tried, :error, :not_before)",
               DB_BINDS(db_number(":wanted", wanted_at), db_number(":tried", tried_at),
                        db_text(":error", error), db_number(":not_before", not_before)),
               &e),
        0);
}

static void put_asleep(int64_t wanted_at, int64_t tried_at, const char *error)
{
    put_asleep_until(wanted_at, tried_at, error, 0);
}

static void asleep_and_waking(void **state)
{
    struct task t;

    (void)state;
    assert_int_equal(db_run(db, "DELETE FROM launch", DB_NO_BINDS, &e), 0);
    put_launch("shop", OLD, LAUNCH_STOPPED);
    put_asleep(0, 0, "");
    is("shop", "waking", "provisioning"); /* this visit is what wakes it */
    config.wake.visitors = "none";
    is("shop", "asleep", "");
    assert_int_equal(waiting("shop").since, 3000);
    put_asleep(8000, 0, "");
    is("shop", "waking", "provisioning");
    assert_int_equal(waiting("shop").since, 8000);
    put_asleep(0, 8100, "");
    is("shop", "waking", "provisioning");
    assert_int_equal(waiting("shop").since, 8100);
    put_asleep(0, 8100, "RunTask: Capacity is unavailable at this time");
    is("shop", "failed", "");
    assert_string_equal(waiting("shop").cause->key, "no-capacity");
    assert_true(waiting("shop").by_a_visit == false); /* wake.visitors: none */
    config.wake.visitors = "browsers";
    is("shop", "waking", "provisioning"); /* this visit tries again */
    put_asleep_until(0, 8100, "RunTask: Capacity is unavailable at this time",
                     clock_now_ms() + 10000);
    is("shop", "failed", "");
    assert_true(waiting("shop").by_a_visit);
    config.wake.visitors = "none";
    put_asleep(9000, 8100,
               "RunTask: Capacity is unavailable at this time"); /* somebody came since */
    is("shop", "waking", "provisioning");
    put_launch("shop", NEW, LAUNCH_STARTING);
    t = task("t1", "PENDING");
    put(&t);
    is("shop", "waking", "pulling");
    failed("Essential container in task exited", "EssentialContainerExited");
    is("shop", "failed", "");
    config.wake.visitors = "browsers";
}

/* While a pause runs nothing is tried, though somebody is there. */
static void asleep_in_a_pause(void **state)
{
    static const char *const error = "2 environments are awake (limit.awake)";
    const int64_t now = clock_now_ms(), later = now + 10000;
    struct waiting w;

    (void)state;
    assert_int_equal(db_run(db, "DELETE FROM launch", DB_NO_BINDS, &e), 0);
    put_launch("shop", OLD, LAUNCH_STOPPED);
    put_asleep_until(now, 8100, error, later);
    is("shop", "failed", "");
    w = waiting("shop");
    assert_int_equal(w.again_at, later);
    assert_string_equal(w.cause->key, "limit-awake");
    put_asleep_until(0, 8100, error, later); /* nobody has come since */
    is("shop", "failed", "");
    assert_int_equal(waiting("shop").again_at, 0);
    put_asleep_until(now, 8100, error, now - 1);
    is("shop", "waking", "provisioning");
    put_asleep_until(now, 8100, error, now + ASLEEP_PAUSE_MAX_MS + 60000); /* a wrong clock's */
    is("shop", "waking", "provisioning");
    put_asleep_until(now, 8100, "", later);
    is("shop", "waking", "provisioning");
}

static void whose_it_is(void **state)
{
    (void)state;
    assert_int_equal(waiting_read(db, "other", &arena, &facts, &e), 0);
    launch("feature-*", 2000);
    launch("feature-[ab]", 1500);
    (void)waiting("feature-a");
    assert_string_equal(facts.environment.subdomain, "feature-[ab]"); /* launched first */
    assert_string_equal(facts.subdomain, "feature-a");
    (void)waiting("feature-x");
    assert_string_equal(facts.environment.subdomain, "feature-*");
    launch("feature-a", 3000);
    (void)waiting("feature-a");
    assert_string_equal(facts.environment.subdomain, "feature-a");
}

static void what_has_ended_is_of_interest_while_it_is_news(void **state)
{
    (void)state;
    put_launch("shop", NEW, LAUNCH_FAILED);
    assert_int_equal(store_environment_end(db, "shop", 8000, &e), 0);
    is("shop", "failed", "");
    assert_int_equal(store_launch_dismiss(db, "shop", NEW, &e), 1);
    assert_int_equal(waiting_read(db, "shop", &arena, &facts, &e), 0);
    assert_int_equal(db_run(db, "UPDATE launch SET dismissed = 0", DB_NO_BINDS, &e), 0);
    launch("sh*", 1);
    (void)waiting("shop");
    assert_string_equal(facts.environment.subdomain, "sh*"); /* which gets the requests now */
    assert_int_equal(store_environment_end(db, "sh*", 8000, &e), 0);
    launch("shop", 9000);
    assert_int_equal(store_environment_terminate(db, "shop", 9500, NEW, &e), 0);
    assert_int_equal(waiting_read(db, "shop", &arena, &facts, &e), 0);
}

static void durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *text[LANGUAGES];
    } cases[] = {
        {-5, {"0 s", "0 秒"}},
        {999, {"0 s", "0 秒"}},
        {59999, {"59 s", "59 秒"}},
        {60000, {"1 min 0 s", "1 分 0 秒"}},
        {3600000, {"1 h 0 min", "1 時間 0 分"}},
        {INT64_C(86400000) * 3 + 7200000, {"3 d 2 h", "3 日 2 時間"}},
    };
    const struct start_usual usual = {44100, 80000}, even = {10000, 10000};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (enum language in = 0; in < LANGUAGES; in++)
            assert_string_equal(waiting_text_duration(cases[i].ms, in, &arena), cases[i].text[in]);
    assert_string_equal(waiting_text_usual(&usual, LANGUAGE_EN, &arena),
                        "Usually 45 s, nearly always within 1 min 20 s.");
    assert_string_equal(waiting_text_usual(&usual, LANGUAGE_JA, &arena),
                        "通常は 45 秒、ほとんどの場合 1 分 20 秒以内です。");
    assert_string_equal(waiting_text_usual(&even, LANGUAGE_EN, &arena), "Usually 10 s.");
}

/* Each text is there in each language, and no two languages have the same. */
static void all_is_said_in_all_languages(void **state)
{
    struct waiting w = {0};

    (void)state;
    for (w.state = 0; w.state < WAITING_STATES; w.state++) {
        assert_string_not_equal(waiting_text_heading(&w, "a", LANGUAGE_EN, &arena),
                                waiting_text_heading(&w, "a", LANGUAGE_JA, &arena));
        assert_true(*waiting_text_message(&w, LANGUAGE_EN));
        assert_string_not_equal(waiting_text_message(&w, LANGUAGE_EN),
                                waiting_text_message(&w, LANGUAGE_JA));
    }
    for (enum waiting_step step = 0; step < STEPS; step++)
        assert_string_not_equal(waiting_text_step(step, 80, LANGUAGE_EN, &arena),
                                waiting_text_step(step, 80, LANGUAGE_JA, &arena));
    for (enum waiting_label label = 0; label < LABELS; label++)
        assert_string_not_equal(waiting_text_label(label, LANGUAGE_EN),
                                waiting_text_label(label, LANGUAGE_JA));
}

static void names_are_for_who_may_see_them(void **state)
{
    const char *reason = "CannotPullContainerError: r.example/secret-name: not found";

    (void)state;
    failed(reason, "TaskFailedToStart");
    for (int details = 0; details < 2; details++) {
        const struct waiting_visitor v = {LANGUAGE_EN, details, 9000, "n", "shop.example"};
        const struct waiting w = waiting("shop");
        json_t *views[] = {waiting_view(&facts, &w, &v, &arena), waiting_json(&facts, &w, &v)};

        for (size_t i = 0; i < COUNT(views); i++) {
            char *text = json_dumps(views[i], 0);

            assert_int_equal(!!strstr(text, "secret-name"), details);
            assert_non_null(strstr(text, "There is no such container image."));
            free(text);
            json_decref(views[i]);
        }
    }
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(steps_as_ecs_says),
        TEST(the_slowest_task_counts),
        TEST(health_that_is_asked_for),
        TEST(failure_has_words),
        TEST(failure_of_no_task),
        TEST(what_was_ready_is_lost),
        TEST(asleep_and_waking),
        TEST(asleep_in_a_pause),
        TEST(whose_it_is),
        TEST(what_has_ended_is_of_interest_while_it_is_news),
        TEST(durations),
        TEST(all_is_said_in_all_languages),
        TEST(names_are_for_who_may_see_them),
    };
    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
