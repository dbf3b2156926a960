/* What a launched task is given: its environment and tags, and the request as it is kept. */
#include "launch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const taskdefs[] = {"app", "db:7"};
static const struct launch_param params[] = {
    {.name = "branch", .env = "GIT_BRANCH", .value = "feature/cool"},
    {.name = "note", .env = "NOTE", .value = "\"quotes\", \\ and \xe6\x97\xa5\xe6\x9c\xac\n"},
};

static struct launch_request request_of(const char *subdomain)
{
    return (struct launch_request){.subdomain = subdomain,
                                   .taskdefs = taskdefs,
                                   .n_taskdefs = COUNT(taskdefs),
                                   .params = params,
                                   .n_params = COUNT(params)};
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text)
        fail_msg("%s is missing", key);
    return text;
}

static void environment(void **state)
{
    struct launch_request r = request_of("b15");
    json_t *env = launch_env(&r, true);

    (void)state;
    assert_int_equal(json_object_size(env), 4);
    assert_string_equal(text_at(env, "SUBDOMAIN"), "YjE1");
    assert_string_equal(text_at(env, "SUBDOMAINRAW"), "b15");
    assert_string_equal(text_at(env, "GIT_BRANCH"), params[0].value);
    assert_string_equal(text_at(env, "NOTE"), params[1].value);
    json_decref(env);

    env = launch_env(&r, false);
    assert_int_equal(json_object_size(env), 4);
    assert_string_equal(text_at(env, "SUBDOMAIN"), "b15");
    assert_string_equal(text_at(env, "SUBDOMAINRAW"), "b15");
    json_decref(env);

    r.n_params = 0;
    env = launch_env(&r, true);
    assert_int_equal(json_object_size(env), 2);
    json_decref(env);
}

static void base64(void **state)
{
    static const struct {
        const char *subdomain, *plain, *url_safe;
    } cases[] = {
        {"ab", "YWI=", "YWI="},
        {"abc", "YWJj", "YWJj"},
        {"abcd", "YWJjZA==", "YWJjZA=="},
        {"foo-*", "Zm9vLSo=", "Zm9vLSo="},
        {"a??", "YT8/", "YT8_"},
        {"x>?~", "eD4/fg==", "eD4_fg=="},
        {"ab~", "YWJ+", "YWJ-"},
        {"~~~???", "fn5+Pz8/", "fn5-Pz8_"},
        {"www[0-9]*", "d3d3WzAtOV0q", "d3d3WzAtOV0q"},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0",
         "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXow",
         "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXow"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct launch_request r = request_of(cases[i].subdomain);
        json_t *env = launch_env(&r, true), *tags = launch_tags(&r);
        assert_string_equal(text_at(env, "SUBDOMAIN"), cases[i].plain);
        assert_string_equal(text_at(env, "SUBDOMAINRAW"), cases[i].subdomain);
        assert_string_equal(text_at(json_array_get(tags, 1), "Value"), cases[i].url_safe);
        json_decref(env);
        json_decref(tags);
    }
}

static void tags(void **state)
{
    static const struct {
        const char *key, *value;
    } expected[] = {
        {"ManagedBy", "mirage-ecs"},
        {"Subdomain", "YjE1"},
        {"branch", "feature/cool"},
        {"note", "\"quotes\", \\ and \xe6\x97\xa5\xe6\x9c\xac\n"},
    };
    struct launch_request r = request_of("b15");
    json_t *list = launch_tags(&r);

    (void)state;
    assert_int_equal(json_array_size(list), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        json_t *tag = json_array_get(list, i);
        assert_int_equal(json_object_size(tag), 2);
        assert_string_equal(text_at(tag, "Key"), expected[i].key);
        assert_string_equal(text_at(tag, "Value"), expected[i].value);
    }
    json_decref(list);
}

/* Another copy learns from it that there is more to come. */
static void tags_of_several(void **state)
{
    struct launch_request r = request_of("b15");
    json_t *list;

    (void)state;
    r.launch = "01";
    list = launch_tags(&r);
    assert_string_equal(text_at(json_array_get(list, 2), "Key"), "MirageLaunch");
    assert_string_equal(text_at(json_array_get(list, 3), "Key"), "MirageLaunchTasks");
    assert_string_equal(text_at(json_array_get(list, 3), "Value"), "2");
    json_decref(list);
    r.n_taskdefs = 1;
    list = launch_tags(&r);
    assert_string_not_equal(text_at(json_array_get(list, 3), "Key"), "MirageLaunchTasks");
    json_decref(list);
}

static void request_as_kept(void **state)
{
    struct launch_request r = request_of("b15");
    struct arena a = {0};
    json_t *kept = json_loads(launch_to_json(&r, &a), 0, NULL), *list, *values;

    (void)state;
    assert_non_null(kept);
    assert_int_equal(json_object_size(kept), 3);
    assert_string_equal(text_at(kept, "subdomain"), "b15");
    list = json_object_get(kept, "taskdef");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 0)), "app");
    assert_string_equal(json_string_value(json_array_get(list, 1)), "db:7");
    values = json_object_get(kept, "parameters");
    assert_int_equal(json_object_size(values), 2);
    assert_string_equal(text_at(values, "branch"), params[0].value);
    assert_string_equal(text_at(values, "note"), params[1].value);
    json_decref(kept);
    arena_free(&a);
}

static void branch(void **state)
{
    static const struct launch_param other[] = {{.name = "x", .env = "GIT_BRANCH", .value = "no"}};
    struct launch_request r = request_of("b15");

    (void)state;
    assert_string_equal(launch_branch(&r), "feature/cool");
    r.params = other;
    r.n_params = 1;
    assert_string_equal(launch_branch(&r), "");
    r.n_params = 0;
    assert_string_equal(launch_branch(&r), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment),
        cmocka_unit_test(base64),
        cmocka_unit_test(tags),
        cmocka_unit_test(tags_of_several),
        cmocka_unit_test(request_as_kept),
        cmocka_unit_test(branch),
    };
    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
