/* A configuration file of its own for each test, loaded as the programs load it. */
#ifndef MIRAGE_TESTS_CONFIG_FIXTURE_H
#define MIRAGE_TESTS_CONFIG_FIXTURE_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "config/config.h"
#include "config/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEST(name)   cmocka_unit_test_teardown(name, remove_file)

static char folder[PATH_MAX - 64], path[PATH_MAX];

static inline int fetch_nothing(const char *url, struct buf *text, struct err *why)
{
    (void)text;
    return err_set(why, ERR_REFUSED, "%s: nothing is there", url);
}

static const struct config_source no_source = {.fetch = fetch_nothing};
static struct err e;
static struct buf warnings; /* what was warned about, a line each */

static inline int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-config.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    return 0;
}

static inline int remove_file(void **state)
{
    (void)state;
    unlink(path);
    buf_free(&warnings);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static inline void warn(const char *text)
{
    buf_printf(&warnings, "%s\n", text);
}

/* Loads this text as a file, with these options but their `conf`. 0 or -1 and `e`. */
static inline int load_with(struct options o, struct config **c, const char *text, size_t len)
{
    struct buf b = {0};

    o.conf = path;
    buf_clear(&warnings);
    e = (struct err){0};
    buf_add(&b, text, len);
    assert_int_equal(buf_write_file(&b, path), 0);
    buf_free(&b);
    return config_load(c, &o, &no_source, warn, &e);
}

static inline int load_bytes(struct config **c, const char *text, size_t len)
{
    return load_with((struct options){.compat_v1 = true}, c, text, len);
}

static inline struct config *loaded(const char *text)
{
    struct config *c;

    if (load_bytes(&c, text, strlen(text)) != 0)
        fail_msg("%s\n%s", e.text, text);
    return c;
}

#endif
