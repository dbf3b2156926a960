/* What a launch may ask for, and what is said of the rest. */
#include "environment_fixture.h"

#include "launch_check.h"

#include "regex.h"

/* The values given, `name`, `value` by turns. */
static const char *value_in(void *ctx, const char *parameter)
{
    for (const char *const *p = ctx; p && *p; p += 2)
        if (!strcmp(p[0], parameter))
            return p[1];
    return NULL;
}

static struct config_parameter parameters[] = {
    {.name = "branch", .env = "GIT_BRANCH", .rule = "", .default_value = "", .required = true},
    {.name = "nick", .env = "NICK", .rule = "^[a-z]+$", .default_value = ""},
    {.name = "size", .env = "SIZE", .rule = "[0-9]", .default_value = "m1", .required = true},
    {.name = "slow", .env = "SLOW", .rule = "^(a|aa)+$", .default_value = ""},
};
static struct config config = {
    .parameters = parameters, .n_parameters = COUNT(parameters), .launch = {.replace = "auto"}};

static int compile_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parameters); i++)
        if (*parameters[i].rule &&
            regex_compile(&parameters[i].compiled, parameters[i].rule, &e) < 0)
            return -1;
    return 0;
}

static int free_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parameters); i++)
        regex_free(parameters[i].compiled);
    return 0;
}

/* "" when it is accepted, else the sentence. */
static const char *check(const char *subdomain, const char *const *values,
                         const char *const *taskdefs, struct launch_request *request)
{
    struct launch_input input = {
        .subdomain = subdomain,
        .taskdefs = taskdefs,
        .value = value_in,
        .ctx = (void *)(uintptr_t)values,
    };

    while (taskdefs && taskdefs[input.n_taskdefs])
        input.n_taskdefs++;
    e = (struct err){0};
    if (launch_check(&config, &input, &arena, request, &e) == 0)
        return "";
    assert_int_equal(e.kind, ERR_INVALID);
    return e.text;
}

static const char *const app[] = {"app", NULL};
static const char *const branch[] = {"branch", "topic/x", NULL};

static void accepts(void **state)
{
    static const char *const defs[] = {"", "app", "dev_x-1:756",
                                       "arn:aws:ecs:ap-northeast-1:1:task-definition/a:3", NULL};
    static const char *const values[] = {"branch", "feature/cool", "nick", "", "size", "x9", NULL};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("Cool-FEATURE", values, defs, &r), "");
    assert_string_equal(r.subdomain, "cool-feature");
    assert_int_equal(r.n_taskdefs, 3); /* an empty one is none */
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(r.taskdefs[i], defs[i + 1]);
    assert_int_equal(r.n_params, 2); /* nick was not given */
    assert_string_equal(r.params[0].name, "branch");
    assert_string_equal(r.params[0].env, "GIT_BRANCH");
    assert_string_equal(r.params[0].value, "feature/cool");
    assert_string_equal(r.params[1].name, "size");
    assert_string_equal(r.params[1].value, "x9");

    assert_string_equal(check("ab", branch, app, &r), "");
    assert_int_equal(r.n_params, 2);
    assert_string_equal(r.params[1].value, "m1"); /* the default */
}

#define X10 "abcdefghij"
#define X60 X10 X10 X10 X10 X10 X10

static void subdomains(void **state)
{
    static const char *const good[] = {"ab",  "a1",       "a-b",    "a--b",       "b15",    "www*",
                                       "a*",  "*-a",      "[a-z]x", "api-?-test", "**",     "??",
                                       "*a*", "foo[0-9]", "a]",     "?*",         X60 "abc"};
    static const struct {
        const char *subdomain, *message;
    } bad[] = {
        {NULL, "subdomain is empty"},
        {"", "subdomain is empty"},
        {"a", "subdomain is too short"},
        {"-", "subdomain is too short"},
        {X60 "abcd", "subdomain is too long"},
        {X60 X60 X60 X60 X60, "subdomain is too long"},
        {"1a", "subdomain 1a includes invalid characters"},
        {"-a", "subdomain -a includes invalid characters"},
        {"a-", "subdomain a- includes invalid characters"},
        {"a_b", "subdomain a_b includes invalid characters"},
        {"a.b", "subdomain a.b includes invalid characters"},
        {"a b", "subdomain a b includes invalid characters"},
        {"ab\n", "subdomain ab\n includes invalid characters"},
        {"a/b", "subdomain a/b includes invalid characters"},
        {"a\\b", "subdomain a\\b includes invalid characters"},
        {"A_B", "subdomain a_b includes invalid characters"},
        {"\xc3\xa9\xc3\xa9", "subdomain \xc3\xa9\xc3\xa9 includes invalid characters"},
        {"foo[!0]", "subdomain foo[!0] includes invalid characters"},
        {"foo[^0]", "subdomain foo[^0] includes invalid characters"}, /* as the reference has it */
    };
    static const char *const malformed[] = {"a[", "[a", "a[]", "[]a]", "a[b-]", "*["};
    struct launch_request r;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (*check(good[i], branch, app, &r))
            fail_msg("%s: %s", good[i], e.text);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_string_equal(check(bad[i].subdomain, branch, app, &r), bad[i].message);
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (!*check(malformed[i], branch, app, &r))
            fail_msg("accepted: %s", malformed[i]);
}

static void parameter_values(void **state)
{
    const struct {
        const char *values[8];
        const char *message;
    } cases[] = {
        {{"nick", "abc"}, "lack require parameter: branch"},
        {{"branch", ""}, "lack require parameter: branch"},
        {{"branch", "x", "size", ""}, ""}, /* the default counts */
        {{"branch", "x", "nick", "ABC"}, "parameter nick value is rule error"},
        {{"branch", "x", "nick", "abc\n"}, "parameter nick value is rule error"},
        {{"branch", "x", "size", "large"}, "parameter size value is rule error"},
        {{"branch", "x", "size", "x-4-y"}, ""}, /* anywhere */
        {{"branch", "x", "slow", repeated("a", 60)}, ""},
        {{"branch", "x", "slow", arena_printf(&arena, "%s!", repeated("a", 60))},
         "parameter slow value is rule error"},
        {{"branch", repeated("x", 255)}, ""},
        {{"branch", repeated("x", 256)},
         "parameter branch value is too long (at most 255 characters)"},
        {{"branch", "x", "nick", repeated("A", 256)}, /* a rule never sees it */
         "parameter nick value is too long (at most 255 characters)"},
        {{"branch", repeated("\xe6\x97\xa5", 255)}, ""}, /* characters, not bytes */
        {{"branch", repeated("\xe6\x97\xa5", 256)},
         "parameter branch value is too long (at most 255 characters)"},
        {{"branch", repeated("\xf0\x9f\x98\x80", 255)}, ""},
        {{"branch", "x", "unknown", "ignored"}, ""},
    };
    struct launch_request r;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(check("ab", cases[i].values, app, &r), cases[i].message);
}

static void taskdefs(void **state)
{
    static const char *const none[] = {NULL}, *const empty[] = {"", "", NULL},
                             *const odd[] = {"app", "a b", NULL}, *const shell[] = {"$(x)", NULL};
    const char *many[52] = {0};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("Ab", branch, none, &r),
                        "parameter required: subdomain=ab, taskdef=[]");
    assert_string_equal(check("ab", branch, empty, &r),
                        "parameter required: subdomain=ab, taskdef=[]");
    assert_string_equal(check("ab", branch, odd, &r),
                        "taskdef a b is not a task definition's name");
    assert_string_equal(check("ab", branch, shell, &r),
                        "taskdef $(x) is not a task definition's name");
    for (size_t i = 0; i < 50; i++)
        many[i] = "app";
    assert_string_equal(check("ab", branch, many, &r), "");
    assert_int_equal(r.n_taskdefs, 50);
    many[50] = "app";
    assert_string_equal(check("ab", branch, many, &r), "more than 50 task definitions");
}

static void order_of_the_checks(void **state)
{
    static const char *const wrong[] = {"nick", "A", NULL};
    static const char *const none[] = {NULL};
    struct launch_request r;

    (void)state;
    assert_string_equal(check("1", wrong, none, &r), "subdomain is too short");
    assert_string_equal(check("ab", wrong, none, &r), "lack require parameter: branch");
}

static void all_problems(void **state)
{
    static const char *const wrong[] = {"nick", "A", "size", "x", NULL};
    struct launch_input input = {.subdomain = "1A", .value = value_in};
    struct launch_problem *problems;

    (void)state;
    input.ctx = (void *)(uintptr_t)wrong;
    assert_int_equal(launch_problems(&config, &input, &arena, &problems), 5);
    assert_string_equal(problems[0].field, "subdomain");
    assert_string_equal(problems[0].message, "subdomain 1a includes invalid characters");
    assert_string_equal(problems[1].field, "taskdef");
    assert_string_equal(problems[1].message, "parameter required: subdomain=1a, taskdef=[]");
    assert_string_equal(problems[2].field, "branch");
    assert_string_equal(problems[2].message, "lack require parameter: branch");
    assert_string_equal(problems[3].field, "nick");
    assert_string_equal(problems[3].message, "parameter nick value is rule error");
    assert_string_equal(problems[4].field, "size");
    input = (struct launch_input){.subdomain = "ab",
                                  .taskdefs = app,
                                  .n_taskdefs = 1,
                                  .value = value_in,
                                  .ctx = (void *)(uintptr_t)branch};
    assert_int_equal(launch_problems(&config, &input, &arena, &problems), 0);
}

#define CHECK(name) cmocka_unit_test_teardown(name, free_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(accepts),  CHECK(subdomains),          CHECK(parameter_values),
        CHECK(taskdefs), CHECK(order_of_the_checks), CHECK(all_problems),
    };
    return cmocka_run_group_tests_name("launch_check", tests, compile_rules, free_rules);
}
