/* UTF-8 (RFC 3629), before a page that faults: what is well formed, and where that ends. */
#include "utf8.h"

#include <stdbool.h>

#include "http_guard.h"

static void well_formed(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* of its first character */
    } cases[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\t", 1},
        {"\xc2\x80", 2},         /* U+0080 */
        {"\xc3\xa9", 2},         /* e acute */
        {"\xdf\xbf", 2},         /* U+07FF */
        {"\xe0\xa0\x80", 3},     /* U+0800 */
        {"\xe3\x81\x82", 3},     /* hiragana a */
        {"\xed\x9f\xbf", 3},     /* U+D7FF, the last before the surrogates */
        {"\xee\x80\x80", 3},     /* U+E000, the first behind them */
        {"\xef\xbb\xbf", 3},     /* the byte order mark */
        {"\xef\xbf\xbd", 3},     /* U+FFFD */
        {"\xef\xbf\xbe", 3},     /* U+FFFE, a noncharacter: well formed */
        {"\xef\xbf\xbf", 3},     /* U+FFFF */
        {"\xf0\x90\x80\x80", 4}, /* U+10000 */
        {"\xf0\x9f\x98\x80", 4}, /* an emoji */
        {"\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        char longer[8];

        assert_int_equal(utf8_character(guarded(cases[i].text, len), len), cases[i].len);
        assert_int_equal(utf8_valid(guarded(cases[i].text, len), len), len);
        memcpy(longer, cases[i].text, len);
        longer[len] = 'x';
        assert_int_equal(utf8_character(guarded(longer, len + 1), len + 1), len);
    }
    assert_int_equal(utf8_character(guarded("\0", 1), 1), 1);
    assert_int_equal(utf8_valid(guarded("a\0b", 3), 3), 3);
    assert_int_equal(utf8_valid(guarded("", 0), 0), 0);
}

static void malformed(void **state)
{
    static const char *const cases[] = {
        /* continuation bytes alone */
        "\x80", "\xbf", "\x80\xbf", "\xa9",
        /* what begins but does not go on */
        "\xc2", "\xdf", "\xc3 ", "\xe0", "\xe0\xa0", "\xe3\x81", "\xe3\x81 ", "\xe3 \x81", "\xf0",
        "\xf0\x9f", "\xf0\x9f\x98", "\xf0\x9f\x98 ", "\xf0\x9f \x98", "\xf4\x8f\xbf",
        /* one begins inside the other */
        "\xc3\xc3\xa9", "\xe3\xe3\x81\x82", "\xe3\x81\xe3", "\xf0\x9f\xf0\x9f",
        /* bytes that never appear */
        "\xfe", "\xff", "\xfe\xfe\xff\xff", "\xc0", "\xc1", "\xf5", "\xf5\x80\x80\x80", "\xf8",
        "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
        /* too long for what they say */
        "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x80\xaf", "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
        /* surrogates, alone and in pairs */
        "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
        /* over U+10FFFF */
        "\xf4\x90\x80\x80", "\xf4\xbf\xbf\xbf", "\xf6\x80\x80\x80"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i]);
        char behind[16] = "ok\xc3\xa9";

        if (utf8_character(guarded(cases[i], len), len) != 0)
            fail_msg("case %zu was accepted", i);
        assert_int_equal(utf8_valid(guarded(cases[i], len), len), 0);
        memcpy(behind + 4, cases[i], len);
        assert_int_equal(utf8_valid(guarded(behind, len + 4), len + 4), 4);
    }
}

/* The encoder that the decoder must agree with, for every number there is and some more. */
static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static void every_code_point(void **state)
{
    char text[4];

    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        size_t len = encode(c, text);
        bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        if (utf8_character(guarded(text, len), len) != (good ? len : 0))
            fail_msg("U+%X", c);
        for (size_t cut = 1; cut < len; cut++)
            if (utf8_character(guarded(text, cut), cut) != 0)
                fail_msg("U+%X cut to %zu", c, cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed),
        cmocka_unit_test(malformed),
        cmocka_unit_test(every_code_point),
    };
    return cmocka_run_group_tests_name("utf8", tests, map_guard, NULL);
}
