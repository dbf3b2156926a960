/* Where a configuration comes from, and what a file may do to its reader. */
#include "config_fixture.h"
#include "skip.h"

#include <sys/stat.h>

#include "clock.h"

static int fetch_a_host(const char *url, struct buf *text, struct err *why)
{
    (void)why;
    assert_string_equal(url, "s3://bucket/config.yaml");
    buf_str(text, "host: {webapi: '{{ env \"TEST_CONFIG_NONE\" \"from.s3\" }}'}\n");
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static void template_inside(void **state)
{
    struct config *c;

    (void)state;
    setenv("TEST_CONFIG_CLUSTER", "dev", 1);
    unsetenv("TEST_CONFIG_NONE");
    c = loaded("ecs:\n"
               "  cluster: {{ must_env \"TEST_CONFIG_CLUSTER\" }}\n"
               "  region: {{ env `TEST_CONFIG_NONE` `eu-west-1` }}\n"
               "network: {workers: {{ env \"TEST_CONFIG_NONE\" \"7\" }} }\n");
    assert_string_equal(c->ecs.cluster, "dev");
    assert_string_equal(c->ecs.region, "eu-west-1");
    assert_int_equal(c->network.workers, 7);
    config_free(c);
}

static int load_path(const char *file)
{
    struct options o = {.conf = file};
    struct config *c = (struct config *)&c;
    int rc = config_load(&c, &o, &no_source, warn, &e);

    if (rc < 0)
        assert_null(c);
    else
        config_free(c);
    return rc;
}

static void files_that_cannot_be_read(void **state)
{
    char missing[PATH_MAX + 16];

    (void)state;
    snprintf(missing, sizeof missing, "%s/missing.yaml", folder);
    assert_int_equal(load_path(missing), -1);
    assert_ptr_equal(strstr(e.text, missing), e.text);
    assert_non_null(strstr(e.text, "No such file"));
    assert_int_equal(load_path(folder), -1);
    assert_ptr_equal(strstr(e.text, folder), e.text);
    assert_non_null(strstr(e.text, "directory"));
    assert_int_equal(load_path("s3://bucket/config.yaml"), -1);
    assert_string_equal(e.text, "s3://bucket/config.yaml: nothing is there");
}

static void file_from_s3(void **state)
{
    static const struct config_source source = {.fetch = fetch_a_host};
    struct options o = {.conf = "s3://bucket/config.yaml", .compat_v1 = true};
    struct config *c;

    (void)state;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_string_equal(c->host.webapi, "from.s3");
    config_free(c);
}

static int fill_in_region(struct config *c, struct err *why)
{
    (void)why;
    c->ecs.region = "from-where-it-runs";
    return 0;
}

static void only_tasks_elsewhere_are_filled_in(void **state)
{
    static const struct config_source source = {.fetch = fetch_nothing, .fill_in = fill_in_region};
    struct options o = {.compat_v1 = true};
    struct config *c;

    (void)state;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_string_equal(c->ecs.region, "from-where-it-runs");
    config_free(c);
    o.local = true;
    assert_int_equal(config_load(&c, &o, &source, warn, &e), 0);
    assert_null(c->ecs.region);
    config_free(c);
}

static void file_without_permission(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip_because("root may read everything");
    config_free(loaded("{}"));
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(load_path(path), -1);
    assert_non_null(strstr(e.text, "Permission denied"));
}

static void file_of_one_mebibyte(void **state)
{
    struct buf text = {0};
    struct config *c;

    (void)state;
    while (text.len < 1024 * 1024)
        buf_str(&text, "# a comment of thirty-two bytes\n");
    assert_int_equal(text.len, 1024 * 1024);
    assert_int_equal(load_bytes(&c, text.data, text.len), 0);
    config_free(c);
    buf_char(&text, '\n');
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    assert_ptr_equal(strstr(e.text, path), e.text);
    assert_non_null(strstr(e.text, "too large"));
    buf_free(&text);
}

/* --- anchors and aliases ---------------------------------------------------------------------- */

static void aliases(void **state)
{
    struct config *c = loaded("parameters:\n"
                              "- &first {name: a, env: A, options: &o [{value: x}]}\n"
                              "- {name: b, env: B, options: *o}\n"
                              "local:\n"
                              "  taskdefs:\n"
                              "    one: &t {ports: [80]}\n"
                              "    two: *t\n");

    (void)state;
    assert_int_equal(c->n_parameters, 3);
    assert_string_equal(c->parameters[2].options[0].value, "x");
    assert_int_equal(c->local_tasks.taskdefs[1].ports[0], 80);
    config_free(c);
}

/* What refers to itself, or is much more than it seems, ends in a result, soon. */
static void aliases_that_mean_harm(void **state)
{
    static const char *const texts[] = {
        "&a [*a]",
        "&a {host: *a}",
        "&a {*a : *a}",
        "&a\nhost: *a\nlisten: *a\n",
        "host: &a {webapi: *a}",
        "listen: &l {http: [*l]}",
        "listen: {http: &h [*h, *h]}",
        "parameters: &p [{name: a, env: A, options: *p}]",
        "local: &l {taskdefs: *l}",
        "local: &l {taskdefs: {app: *l}}",
        "local: {taskdefs: &t {a: *t, b: *t}}",
        "local: {taskdefs: {app: &a {command: *a, ports: *a, env: *a}}}",
        "local: {taskdefs: {app: {env: &e {A: *e}}}}",
        "unknown: &u {u: *u, v: [*u, *u]}",
    };
    struct buf text = {0};
    int64_t begin = clock_monotonic_ms();
    struct config *c;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (load_bytes(&c, texts[i], strlen(texts[i])) == 0)
            config_free(c);
        else
            assert_ptr_equal(strstr(e.text, path), e.text);
    }
    buf_str(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"); /* a billion of them */
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        buf_str(&text, "]\n");
    }
    buf_str(&text, "ecs: {network_configuration: {awsvpc_configuration: {subnets: *a9}}}\n");
    assert_int_equal(load_bytes(&c, text.data, text.len), -1);
    assert_non_null(strstr(e.text, "subnets[0]: expected a text, got a list"));
    buf_clear(&text);
    buf_str(&text, "a0: &a0 {[x]: y, k: v}\n"); /* twice as much with every line */
    for (int i = 1; i < 60; i++)
        buf_printf(&text, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i - 1, i - 1);
    assert_int_equal(load_bytes(&c, text.data, text.len), 0);
    config_free(c);
    buf_free(&text);
    assert_true(clock_monotonic_ms() - begin < 10000);
}

static void deep_nesting(void **state)
{
    struct buf text = {0};
    int64_t begin = clock_monotonic_ms();
    struct config *c;

    (void)state;
    buf_str(&text, "unknown: ");
    for (int i = 0; i < 10000; i++)
        buf_char(&text, '[');
    if (load_bytes(&c, text.data, text.len) == 0)
        fail_msg("accepted");
    assert_ptr_equal(strstr(e.text, path), e.text);
    for (int i = 0; i < 10000; i++)
        buf_char(&text, ']');
    if (load_bytes(&c, text.data, text.len) == 0)
        config_free(c);
    buf_clear(&text);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%*sa:\n", i, "");
    if (load_bytes(&c, text.data, text.len) == 0)
        config_free(c);
    buf_free(&text);
    assert_true(clock_monotonic_ms() - begin < 20000);
}

/* https://yaml.org/type/merge.html: own keys win, then the first of several mappings. */
static void merge_keys(void **state)
{
    struct config *c = loaded("parameters:\n"
                              "  - &first {name: a, env: A, rule: x}\n"
                              "  - &second {<<: *first, name: b, env: B, default: x}\n"
                              "  - {name: c, <<: [{env: C, rule: x?}, *second, {description: d}]}\n"
                              "local:\n"
                              "  taskdefs:\n"
                              "    web: &web {command: [run], env: &env {ONE: '1', TWO: '2'}}\n"
                              "    more:\n"
                              "      <<: *web\n"
                              "      env: {TWO: two, <<: *env, '<<': quoted}\n"
                              "    self: &self {<<: *self, ports: [80]}\n");
    const struct config_parameter *p = c->parameters + 1; /* behind `branch` */
    const struct config_taskdef *more = config_local_taskdef(c, "more");

    (void)state;
    assert_int_equal(c->n_parameters, 4);
    assert_string_equal(p[1].name, "b");
    assert_string_equal(p[1].rule, "x");
    assert_string_equal(p[2].name, "c");
    assert_string_equal(p[2].env, "C");
    assert_string_equal(p[2].rule, "x?");
    assert_string_equal(p[2].default_value, "x");
    assert_string_equal(p[2].description, "d");
    assert_string_equal(more->command.items[0], "run");
    assert_int_equal(more->n_env, 3);
    assert_string_equal(more->env[0].value, "two");
    assert_string_equal(more->env[1].name, "<<");
    assert_string_equal(more->env[2].name, "ONE");
    assert_int_equal(config_local_taskdef(c, "self")->n_ports, 1);
    assert_int_equal(warnings.len, 0);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(template_inside),
        TEST(files_that_cannot_be_read),
        TEST(file_from_s3),
        TEST(only_tasks_elsewhere_are_filled_in),
        TEST(file_without_permission),
        TEST(file_of_one_mebibyte),
        TEST(aliases),
        TEST(aliases_that_mean_harm),
        TEST(merge_keys),
        TEST(deep_nesting),
    };
    return cmocka_run_group_tests_name("config files", tests, make_folder, remove_folder);
}
