/* What the pages are made of: states, durations, plots, environments put together from three lists,
 * launches to watch and to repeat, past purges, and answers that have not changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fcgi-app/launch_again.h"
#include "fcgi-app/launch_watch.h"
#include "fcgi-app/plot.h"
#include "fcgi-app/router.h"
#include "fcgi-app/view_environment.h"
#include "fcgi-app/view_purge.h"
#include "fcgi-app/view_state.h"
#include "fcgi-app/view_task.h"
#include "fcgi-app/view_time.h"
#include "purge_plan.h"
#include "store/store_launch.h"
#include "store/store_purge.h"
#include "store/store_purge_past.h"
#include "store/store_sync.h"
#include "store/store_task.h"

#include "task_fixture.h"

#define MINUTE ((int64_t)60000)

static struct arena arena;
static struct err e;
static struct config_parameter parameters[] = {{.name = "branch", .env = "GIT_BRANCH"},
                                               {.name = "nick", .env = "NICK"}};
static struct config config = {
    .parameters = parameters, .n_parameters = 2, .web.server = "lighttpd"};
static struct services with = {.config = &config};
static struct request request;
static struct response response;
static struct call call = {
    .with = &with, .request = &request, .arena = &arena, .response = &response};

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return !strcmp(name, "HTTP_HOST") ? "mirage.example:8080" : NULL;
}

static const struct request_io io = {.variable = variable};

static int start(void **state)
{
    (void)state;
    config.host.reverse_proxy_suffix = ".example";
    request.io = &io;
    return db_open(&with.db, ":memory:", &e);
}

static int end(void **state)
{
    (void)state;
    db_close(with.db);
    arena_free(&arena);
    response_free(&response);
    response = (struct response){0};
    return 0;
}

static void ok(int rc)
{
    if (rc < 0)
        fail_msg("%s", e.text);
}

static struct task task_of(const char *id, const char *subdomain, const char *last_status)
{
    struct task t = plain_task(id, subdomain);

    t.arn = arena_printf(&arena, "arn:aws:ecs:r:1:task/dev/%s", id);
    t.last_status = last_status;
    t.desired_status = !strcmp(last_status, "STOPPED") ? "STOPPED" : "RUNNING";
    t.env = "{\"GIT_BRANCH\":\"topic/x\",\"NICK\":\"me\"}";
    t.tags = "[{\"Key\":\"nick\",\"Value\":\"me\"}]";
    t.created_at = t.started_at = clock_now_ms() - MINUTE;
    return t;
}

static void put_task(const struct task *t)
{
    ok(store_task_put(with.db, t, &e));
}

static void put_environment(const char *subdomain, int64_t launched_at, const char *text)
{
    const struct launch launch = {.id = "",
                                  .subdomain = subdomain,
                                  .at = launched_at,
                                  .by = "",
                                  .request = text,
                                  .reason = ""};

    ok(store_environment_launch(with.db, subdomain, launched_at, "", &e));
    ok(store_launch_put(with.db, &launch, &e));
}

static const char *text_of(const json_t *view, const char *key)
{
    const char *text = json_string_value(json_object_get(view, key));

    return text ? text : "(none)";
}

static void durations_are_words(void **state)
{
    static const struct {
        int64_t ms;
        const char *words;
    } cases[] = {
        {-5, "0 ms"},
        {0, "0 ms"},
        {999, "999 ms"},
        {1000, "1.0 s"},
        {3299, "3.2 s"},
        {59999, "59.9 s"},
        {125000, "2 min 5 s"},
        {3600000, "1 h 0 min"},
        {11520000, "3 h 12 min"},
        {86400000, "1 d 0 h"},
        {356400000, "4 d 3 h"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(view_duration(&arena, cases[i].ms), cases[i].words);
    assert_string_equal(view_purge_duration(&arena, 300), "5 minutes");
    assert_string_equal(view_purge_duration(&arena, 3600), "1 hour");
    assert_string_equal(view_purge_duration(&arena, 14 * 86400), "14 days");
    assert_string_equal(view_purge_duration(&arena, 301), "301 seconds");
}

static void ages_are_words(void **state)
{
    static const struct {
        int64_t ago;
        const char *words;
    } cases[] = {
        {0, "just now"},
        {59 * 1000, "just now"},
        {61 * 1000, "1 min ago"},
        {59 * MINUTE + 1000, "59 min ago"},
        {61 * MINUTE, "1 h ago"},
        {47 * 60 * MINUTE + 1000, "47 h ago"},
        {49 * 60 * MINUTE, "2 d ago"},
        {-MINUTE, "just now"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *time = view_time(clock_now_ms() - cases[i].ago);

        assert_string_equal(text_of(time, "ago"), cases[i].words);
        json_decref(time);
    }
}

static void states_of_tasks(void **state)
{
    static const struct {
        const char *last;
        const char *desired;
        const char *reason;
        int ready; /* of its one port; -1: it has none; 2: nothing is sent to it */
        const char *word;
    } cases[] = {
        {"PROVISIONING", "RUNNING", "", -1, "provisioning"},
        {"PENDING", "RUNNING", "", -1, "pending"},
        {"ACTIVATING", "RUNNING", "", -1, "starting"},
        {"RUNNING", "RUNNING", "", 0, "starting"},
        {"RUNNING", "RUNNING", "", 1, "ready"},
        {"RUNNING", "RUNNING", "", -1, "running"},
        {"RUNNING", "RUNNING", "", 2, "running"},
        {"RUNNING", "STOPPED", "Terminate requested by Mirage", 1, "stopping"},
        {"DEPROVISIONING", "STOPPED", "", 1, "stopping"},
        {"STOPPED", "STOPPED", "Terminate requested by Mirage", -1, "stopped"},
        {"STOPPED", "STOPPED", STOP_PURGED, -1, "stopped"},
        {"STOPPED", "STOPPED", STOP_RELAUNCHED "; app: exit code 137", -1, "stopped"},
        {"STOPPED", "STOPPED", STOP_WITH_STACK, -1, "stopped"},
        {"STOPPED", "STOPPED", "", -1, "stopped"},
        {"STOPPED", "STOPPED", "Task stopped by (deployment x)", -1, "stopped"},
        {"STOPPED", "STOPPED", "Scaling activity initiated by (deployment x)", -1, "stopped"},
        {"STOPPED", "STOPPED", "it was not told, but the stack was stopped", -1, "failed"},
        {"STOPPED", "STOPPED", "Essential container in task exited", -1, "failed"},
        {"STOPPED", "STOPPED", "Task failed to start", -1, "failed"},
    };

    struct config_listen http = {.listen = 80, .target = 80};
    const struct config listening = {.listen = {.http = &http, .n_http = 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct task_port port = {.container_port = cases[i].ready == 2 ? 8080 : 80,
                                 .ready = cases[i].ready > 0,
                                 .answers = cases[i].ready > 0};
        struct task t = task_of("a", "x", cases[i].last);

        t.desired_status = cases[i].desired;
        t.stopped_reason = cases[i].reason;
        t.ports = &port;
        t.n_ports = cases[i].ready >= 0;
        assert_string_equal(view_state_word(view_state(&listening, &t)), cases[i].word);
    }
}

static void plots_are_steps(void **state)
{
    const int64_t none[] = {0, 0, 0};
    const int64_t some[] = {0, 1, 1, 48, 0};
    const int64_t huge[] = {INT64_C(1000000000000), 1};

    (void)state;
    assert_string_equal(plot_steps(&arena, none, 3), "");
    assert_string_equal(plot_steps(&arena, some, 5), "M0 24V24h2V23h4V0h2V24h2V24");
    assert_string_equal(plot_steps(&arena, huge, 2), "M0 24V0h2V23h2V24");
}

/* Environments with and without tasks, a task without an environment, counts of one in between. */
static void environments_are_put_together(void **state)
{
    struct environment_facts facts = {0};
    struct task a1 = task_of("a1", "a", "RUNNING"), a2 = task_of("a2", "a", "PENDING");
    struct task c1 = task_of("c1", "c", "RUNNING");
    const int64_t now = clock_now_ms();
    json_t *list;
    json_t *view;

    (void)state;
    a2.created_at++;
    put_task(&a1);
    put_task(&a2);
    put_task(&c1);
    put_environment("a", now, "");
    put_environment("b", now, "");
    put_environment("d-*", now, "");
    for (int i = 0; i < 3; i++)
        ok(store_access_add(with.db, "b", now - i * MINUTE, 10, &e));
    ok(store_access_add(with.db, "b", now - 90 * MINUTE, 1000, &e));
    ok(store_access_add(with.db, "ended", now, 5, &e));
    ok(store_environment_list(with.db, &arena, &facts.environments, &facts.n_environments, &e));
    ok(store_task_list(with.db, TASK_RUNNING, &arena, &facts.tasks, &e));
    ok(store_access_minutes(with.db, now - 60 * MINUTE, &arena, &facts.minutes, &facts.n_minutes,
                            &e));
    assert_int_equal(facts.n_minutes, 3);
    list = view_environments(&call, &facts);
    assert_int_equal(json_array_size(list), 4);
    view = json_array_get(list, 0);
    assert_string_equal(text_of(view, "subdomain"), "a");
    assert_string_equal(text_of(view, "state"), "pending");
    assert_true(json_is_true(json_object_get(view, "several")));
    assert_string_equal(text_of(view, "url"), "http://a.example:8080/");
    assert_int_equal(json_array_size(json_object_get(view, "parameters")), 1);
    view = json_array_get(list, 1);
    assert_string_equal(text_of(view, "subdomain"), "b");
    assert_string_equal(text_of(view, "state"), "provisioning");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(view, "requests"), "sum")),
                     30);
    view = json_array_get(list, 2);
    assert_string_equal(text_of(view, "subdomain"), "c");
    assert_string_equal(text_of(view, "state"), "running");
    assert_false(json_is_true(json_object_get(view, "several")));
    view = json_array_get(list, 3);
    assert_string_equal(text_of(view, "subdomain"), "d-*");
    assert_string_equal(text_of(view, "logs_url"), "/logs/d-%2A");
    assert_true(json_is_null(json_object_get(view, "url")));
    json_decref(list);
}

static json_t *only_environment(void)
{
    struct environment_facts facts = {0};
    json_t *list, *view;

    ok(store_environment_list(with.db, &arena, &facts.environments, &facts.n_environments, &e));
    ok(store_task_list(with.db, TASK_RUNNING, &arena, &facts.tasks, &e));
    ok(store_launch_list(with.db, NULL, &arena, &facts.launches, &e));
    list = view_environments(&call, &facts);
    assert_int_equal(json_array_size(list), 1);
    view = json_incref(json_array_get(list, 0));
    json_decref(list);
    return view;
}

static void what_is_wrong_is_said(void **state)
{
    struct task t = task_of("t", "a", "RUNNING");
    json_t *view;

    (void)state;
    put_environment("a", clock_now_ms(), "");
    t.health = TASK_UNHEALTHY;
    put_task(&t);
    view = only_environment();
    assert_string_equal(text_of(view, "state"), "unhealthy");
    assert_string_equal(text_of(view, "trouble"), "app:1: its health check fails");
    json_decref(view);
    t.last_status = "STOPPED";
    put_task(&t);
    ok(store_environment_trouble(with.db, "a", clock_now_ms() + MINUTE, "it was lost", &e));
    view = only_environment();
    assert_string_equal(text_of(view, "state"), "lost");
    assert_string_equal(text_of(view, "trouble"), "it was lost");
    json_decref(view);
}

/* By what was asked for, or, where another copy was asked, by the tasks. */
static void what_replaces_has_its_name(void **state)
{
    struct launch newer = {.id = "01KDZCNE2J9V1S8Y6Q4M3T7R5W",
                           .subdomain = "a",
                           .by = "",
                           .request = "",
                           .reason = ""};
    struct task t = task_of("t", "a", "RUNNING");
    struct task starting = task_of("t2", "a", "PENDING");
    json_t *view, *replacement;

    (void)state;
    put_environment("a", clock_now_ms(), "");
    starting.launch = newer.id;
    put_task(&t);
    put_task(&starting);
    ok(store_launch_put(with.db, &newer, &e));
    view = only_environment();
    replacement = json_object_get(view, "replacement");
    assert_string_equal(text_of(replacement, "taskdef"), "app:1");
    assert_string_equal(text_of(replacement, "branch"), "topic/x");
    assert_string_equal(text_of(replacement, "state"), "pending");
    json_decref(view);
    newer.request = "{\"taskdef\":[\"web\",\"db\"],\"parameters\":{\"branch\":\"topic/y\"}}";
    ok(store_launch_put(with.db, &newer, &e));
    view = only_environment();
    replacement = json_object_get(view, "replacement");
    assert_string_equal(text_of(replacement, "taskdef"), "web, db");
    assert_string_equal(text_of(replacement, "branch"), "topic/y");
    json_decref(view);
}

static void environments_are_in_the_order_of_their_numbers(void **state)
{
    static const char *const names[] = {"a-*", "a2",    "a010",   "a10b1", "a10b02", "a100",
                                        "aa",  "pr-01", "pr-1-x", "pr-2",  "pr-20",  "pr-100"};
    struct environment_facts facts = {0};
    const size_t n = sizeof(names) / sizeof(names[0]);
    json_t *list;

    (void)state;
    for (size_t i = 0; i < n; i++)
        put_environment(names[(i * 5) % n], 1, "");
    ok(store_environment_list(with.db, &arena, &facts.environments, &facts.n_environments, &e));
    list = view_environments(&call, &facts);
    assert_int_equal(json_array_size(list), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(text_of(json_array_get(list, i), "subdomain"), names[i]);
    json_decref(list);
}

static void launches_are_watched(void **state)
{
    struct task t = task_of("a1", "a", "PENDING");
    struct task old = task_of("a0", "a", "STOPPED");
    json_t *view;

    (void)state;
    ok(launch_watch(&call, "a", &view, &e));
    assert_true(json_is_null(view));
    put_environment("a", clock_now_ms() - MINUTE, "");
    old.launch = "older";
    old.stopped_reason = "it fell over before this launch";
    put_task(&old);
    ok(launch_watch(&call, "a", &view, &e));
    assert_string_equal(text_of(view, "state"), "provisioning");
    json_decref(view);
    t.created_at = clock_now_ms();
    put_task(&t);
    ok(launch_watch(&call, "a", &view, &e));
    assert_string_equal(text_of(view, "state"), "pending");
    assert_int_equal(json_array_size(json_object_get(view, "steps")), 4);
    json_decref(view);
    t.last_status = "STOPPED";
    t.desired_status = "STOPPED";
    t.stopped_reason = "CannotPullContainerError";
    put_task(&t);
    ok(store_environment_end(with.db, "a", clock_now_ms(), &e));
    ok(launch_watch(&call, "a", &view, &e));
    assert_string_equal(text_of(view, "state"), "failed");
    assert_string_equal(text_of(view, "reason"), "CannotPullContainerError");
    json_decref(view);
}

static const char *obstacle_in_watch(const char *state)
{
    static char text[200];
    json_t *view;

    ok(launch_watch(&call, "a", &view, &e));
    assert_string_equal(text_of(view, "state"), state);
    snprintf(text, sizeof text, "%s", text_of(view, "obstacle"));
    json_decref(view);
    return text;
}

static void what_cannot_be_reached_says_why(void **state)
{
    struct config_listen listen[] = {{.listen = 8080, .target = 80},
                                     {.listen = 8081, .target = 443}};
    struct task_port port = {"app", 80, "10.0.0.1", 80, false, false, 0};
    struct task t = task_of("a1", "a", "RUNNING");
    struct task other = task_of("a2", "a", "RUNNING");

    (void)state;
    config.listen.http = listen;
    config.listen.n_http = 2;
    put_environment("a", clock_now_ms() - MINUTE, "");
    t.ports = &port;
    t.n_ports = 1;
    t.started_at = clock_now_ms();
    put_task(&t);
    assert_string_equal(obstacle_in_watch("starting"), "(none)"); /* it has just started */
    t.started_at -= MINUTE;
    put_task(&t);
    assert_string_equal(obstacle_in_watch("starting"),
                        "runs, but accepts no connection at 10.0.0.1 port 80 yet.");
    put_task(&other);
    ok(put_ready(with.db, t.arn, &port));
    assert_string_equal(obstacle_in_watch("ready"), "(none)"); /* one of them is enough */
    port.ready = true;
    ok(store_task_port_seen(with.db, t.arn, &port, &e));
    config.launch.health.path = "/health";
    assert_string_equal(obstacle_in_watch("starting"),
                        "runs, but has not answered GET /health with a status of 200 to 399 yet.");
    config.launch.health.path = NULL;
    port.ready = false;
    t.health = TASK_HEALTH_UNKNOWN;
    put_task(&t);
    ok(put_ready(with.db, t.arn, &port));
    assert_string_equal(obstacle_in_watch("starting"),
                        "runs, but its health check has not passed yet.");
    ok(store_task_remove(with.db, t.arn, &e));
    assert_string_equal(obstacle_in_watch("starting"),
                        "runs, but nothing reaches it: none of its container ports is one that "
                        "listen.http sends requests to (80, 443).");
    config.listen.n_http = 0;
}

static const char *field(const struct params *params, const char *name)
{
    const char *value;

    ok(params_text(params, name, &value, &e));
    return value ? value : "(none)";
}

static void launches_are_repeated(void **state)
{
    struct task t = task_of("a1", "seen", "RUNNING");
    struct params params;
    struct params_list taskdefs;

    (void)state;
    assert_int_equal(launch_again(&call, "nobody", NULL, &params, &e), -1);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    put_environment("asked", 1,
                    "{\"subdomain\":\"asked\",\"taskdef\":[\"b:7\",\"c\"],"
                    "\"parameters\":{\"branch\":\"x/y\",\"nick\":\"n\"}}");
    ok(launch_again(&call, "asked", NULL, &params, &e));
    assert_string_equal(field(&params, "subdomain"), "asked");
    assert_string_equal(field(&params, "branch"), "x/y");
    assert_string_equal(field(&params, "nick"), "n");
    ok(params_list(&params, &arena, "taskdef", &taskdefs, &e));
    assert_int_equal(taskdefs.len, 2);
    assert_string_equal(taskdefs.items[0], "b:7");
    put_task(&t);
    put_environment("seen", 1, "");
    ok(launch_again(&call, "seen", NULL, &params, &e));
    assert_string_equal(field(&params, "taskdef"), "app:1");
    assert_string_equal(field(&params, "branch"), "topic/x");
    assert_string_equal(field(&params, "nick"), "me");
    put_environment("broken", 1, "{\"taskdef\":");
    assert_int_equal(launch_again(&call, "broken", NULL, &params, &e), -1);
}

static void purges_are_previewed_and_remembered(void **state)
{
    const struct purge_input input = {.duration = "300"};
    struct task idle = task_of("a1", "idle", "RUNNING"), young = task_of("b1", "young", "RUNNING");
    const struct purge_view view_of = {.db = with.db};
    struct purge_plan plan;
    struct purge_decided *decided;
    struct purge_rules rules;
    struct purge_past *runs;
    struct purge_past run;
    json_t *view;
    size_t n;

    (void)state;
    idle.started_at = clock_now_ms() - 10 * MINUTE;
    put_task(&idle);
    put_task(&young);
    ok(db_run(with.db, "UPDATE sync SET made_at = 0", DB_NO_BINDS, &e));
    ok(purge_rules_check(&input, &rules, &e));
    ok(purge_plan(&view_of, &rules, &arena, &plan, &e));
    purge_rules_free(&rules);
    assert_int_equal(plan.n, 2);
    assert_true(plan.decisions[0].stop);
    assert_false(plan.decisions[1].stop);
    ok(store_purge_past_list(with.db, 20, &arena, &runs, &n, &e));
    assert_int_equal(n, 0);
    ok(store_purge_ask(with.db, 5, "page", purge_input_to_json(&input, &arena), &e));
    ok(store_purge_ask(with.db, 6, "api", purge_input_to_json(&input, &arena), &e));
    ok(store_purge_decisions(with.db, 1, plan.decisions, 2, &e));
    ok(store_purge_result(with.db, 1, "idle", "ok", &e));
    ok(store_purge_finished(with.db, 1, 9, "", &e));
    ok(store_purge_past_list(with.db, 20, &arena, &runs, &n, &e));
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].id, 2);
    assert_int_equal(store_purge_past_get(with.db, 3, &arena, &run, &e), 0);
    assert_int_equal(store_purge_past_get(with.db, 1, &arena, &run, &e), 1);
    assert_int_equal(run.stopped, 1);
    assert_int_equal(run.kept, 1);
    assert_int_equal(run.failed, 0);
    view = view_purge_past(&arena, &run);
    assert_string_equal(text_of(view, "state"), "done");
    assert_string_equal(text_of(view, "duration"), "5 minutes");
    json_decref(view);
    ok(store_purge_decided(with.db, 1, &arena, &decided, &n, &e));
    assert_int_equal(n, 2);
    assert_string_equal(decided[0].subdomain, "idle");
    assert_string_equal(decided[0].result, "ok");
}

static void answers_that_have_not_changed(void **state)
{
    struct buf out = {0};
    char etag[sizeof(response.etag)];

    (void)state;
    respond_page(&response, 200);
    buf_str(&response.body, "<p>x</p>");
    respond_if_changed(&response, "");
    assert_int_equal(response.status, 200);
    strcpy(etag, response.etag);
    respond_if_changed(&response, "\"0000000000000000\"");
    assert_int_equal(response.status, 200);
    respond_if_changed(&response, etag);
    assert_int_equal(response.status, 304);
    response_write(&response, false, &out);
    assert_non_null(strstr(buf_text(&out), "Status: 304 Not Modified\r\n"));
    assert_non_null(strstr(buf_text(&out), etag));
    assert_null(strstr(buf_text(&out), "Content-Length"));
    assert_null(strstr(buf_text(&out), "<p>"));
    buf_clear(&out);
    respond_page(&response, 200);
    buf_str(&response.body, "<p>x</p>");
    respond_if_changed(&response, arena_printf(&arena, "W/\"a\", %.17s-gzip\"", etag));
    assert_int_equal(response.status, 304);
    respond_download(&response, "demo-*\r\nx", ".log");
    response_write(&response, false, &out);
    assert_non_null(
        strstr(buf_text(&out), "Content-Disposition: attachment; filename=\"demo-___x.log\"\r\n"));
    buf_clear(&out);
    respond_redirect_to(&response, "/?launched=", "demo-%2A");
    response_write(&response, false, &out);
    assert_non_null(strstr(buf_text(&out), "Location: /?launched=demo-%2A\r\n"));
    buf_free(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(durations_are_words),
        TEST(ages_are_words),
        TEST(states_of_tasks),
        TEST(plots_are_steps),
        TEST(environments_are_put_together),
        TEST(what_is_wrong_is_said),
        TEST(what_replaces_has_its_name),
        TEST(environments_are_in_the_order_of_their_numbers),
        TEST(launches_are_watched),
        TEST(what_cannot_be_reached_says_why),
        TEST(launches_are_repeated),
        TEST(purges_are_previewed_and_remembered),
        TEST(answers_that_have_not_changed),
    };

    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
