/* multipart/form-data: what curl and browsers send, and what is refused. Cut anywhere, no byte
 * behind the body is read. */
#include "fcgi-app/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

static struct err e;

/* The fields as `name=value;`, or what was wrong. */
static const char *read_fields(const char *body, size_t len)
{
    static char told[2048];
    char *copy = malloc(len ? len : 1), *at = copy;
    struct multipart_field field;
    struct arena a = {0};
    int rc;

    assert_non_null(copy);
    memcpy(copy, body, len);
    told[0] = '\0';
    e = (struct err){0};
    while ((rc = multipart_next(&at, &len, "xyz", &a, &field, &e)) > 0)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s=%s;", field.name,
                 field.value);
    if (rc < 0)
        snprintf(told, sizeof told, "%s", e.text);
    arena_free(&a);
    free(copy);
    return told;
}

#define PART(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define BAD        "the body is no good multipart/form-data: "

static const struct {
    const char *body, *told;
} cases[] = {
    {"--xyz\r\n" PART("a") "1\r\n--xyz\r\n" PART("b") "\r\n--xyz--\r\n", "a=1;b=;"},
    {"--xyz--\r\n", ""},
    {"--xyz\r\n" PART("a") "1\r\n--xyz--", "a=1;"},
    {"preamble\r\n--xyz\r\n" PART("a") "1\r\n--xyz--\r\nepilogue", "a=1;"},
    {"12345\r\n--xyz\r\n" PART("a") "1\r\n--xyz--", "a=1;"}, /* as long as a delimiter */
    {"--xyz \t\r\n" PART("a") "two\r\nlines\r\n\r\n--xy\r\n--xyz--", "a=two\r\nlines\r\n\r\n--xy;"},
    {"--xyz\r\ncontent-type: "
     "text/plain\r\nCONTENT-DISPOSITION:form-data;name=a\r\n\r\n1\r\n--xyz--",
     "a=1;"},
    {"--xyz\r\nContent-Disposition: form-data; x=\"name=no\"; name=\"a\\\"b\"\r\n\r\n1\r\n--xyz--",
     "a\"b=1;"},
    {"--xyz\r\nContent-Disposition: form-data; name=\"f\"; "
     "filename=\"x\"\r\n\r\n\xff\r\n--xyz\r\n" PART("a") "1\r\n--xyz--",
     "a=1;"},
    {"--xyz\r\n" PART("\xe6\x97\xa5") "\xe6\x9c\xac\r\n--xyz--", "\xe6\x97\xa5=\xe6\x9c\xac;"},
    {"", BAD "its boundary is missing"},
    {"x", BAD "its boundary is missing"},
    {"--xyz", BAD "a boundary is followed by something else"},
    {"--xyzz\r\n", BAD "a boundary is followed by something else"},
    {"--xyz\r\n" PART("a") "1", BAD "its last boundary is missing"},
    {"--xyz\r\nno header\r\n--xyz--", BAD "a part has no header"},
    {"--xyz\r\n\r\n1\r\n--xyz--", BAD "a part has no name"},
    {"--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--xyz--",
     BAD "a part has no name"},
    {"--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--xyz--",
     BAD "a part has no name"},
    {"--xyz\r\n" PART("a") "\xff\r\n--xyz--", BAD "a part is not UTF-8, or has a NUL"},
    {"--xyz\r\n" PART("\xff") "1\r\n--xyz--", BAD "a part is not UTF-8, or has a NUL"},
};

static void bodies_are_read(void **state)
{
    static const char with_nul[] = "--xyz\r\n" PART("a") "1\0\r\n--xyz--";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(read_fields(cases[i].body, strlen(cases[i].body)), cases[i].told);
    assert_string_equal(read_fields(with_nul, sizeof with_nul - 1),
                        BAD "a part is not UTF-8, or has a NUL");
}

/* The memory that a part takes does not grow with the square of its header. */
static void long_headers(void **state)
{
    struct buf body = {0};

    (void)state;
    for (size_t n = 100; n <= 100000; n *= 1000) {
        buf_clear(&body);
        buf_str(&body, "--xyz\r\nContent-Disposition: form-data; ");
        for (size_t i = 0; i < n; i++)
            buf_str(&body, "a=\"\";");
        buf_str(&body, "name=\"x\"\r\n\r\n1\r\n--xyz--");
        assert_string_equal(read_fields(body.data, body.len),
                            n == 100 ? "x=1;" : BAD "the header of a part is longer than 4 KiB");
    }
    buf_free(&body);
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t len = 0; len < strlen(cases[i].body); len++)
            (void)read_fields(cases[i].body, len);
}

static void boundaries(void **state)
{
    static const struct {
        const char *type, *boundary; /* NULL: none */
    } types[] = {
        {"multipart/form-data; boundary=xyz", "xyz"},
        {"Multipart/Form-Data;charset=utf-8;BOUNDARY=\"x y:z\"", "x y:z"},
        {"multipart/form-data; boundary=xyz; charset=utf-8", "xyz"},
        {"multipart/form-data; a=\"boundary=no\"; boundary=xyz", "xyz"},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"x", NULL},
        {"multipart/form-data; xboundary=x", NULL},
        {"multipart/form-datas; boundary=x", NULL},
        {"multipart/mixed; boundary=x", NULL},
        {"multipart/form-data; boundary="
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggggggggh",
         NULL},
    };
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool good = multipart_boundary(types[i].type, boundary);
        if (good != !!types[i].boundary)
            fail_msg("%s", types[i].type);
        if (good)
            assert_string_equal(boundary, types[i].boundary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_read),
        cmocka_unit_test(long_headers),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(boundaries),
    };

    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
