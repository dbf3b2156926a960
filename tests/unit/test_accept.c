/* Accept and Accept-Language, by the examples of RFC 9110 and what browsers send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/accept.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void language_that_is_preferred(void **state)
{
    static const struct {
        const char *field;
        enum language language;
    } cases[] = {
        {"", LANGUAGE_EN},
        {"en", LANGUAGE_EN},
        {"ja", LANGUAGE_JA},
        {"JA", LANGUAGE_JA},
        {"ja-JP", LANGUAGE_JA},
        {"jam", LANGUAGE_EN}, /* another language */
        {"ja_JP", LANGUAGE_EN},
        {"ja,en-US;q=0.9,en;q=0.8", LANGUAGE_JA},
        {"en-US,en;q=0.9,ja;q=0.8", LANGUAGE_EN},
        {"en;q=0.3, ja;q=0.4", LANGUAGE_JA},
        {"en;q=0.399, ja;q=0.4", LANGUAGE_JA},
        {"ja;q=0.1, ja-JP;q=0.9, en;q=0.5", LANGUAGE_JA},
        {"ja , en", LANGUAGE_JA}, /* alike: the first */
        {"en, ja", LANGUAGE_EN},
        {"\tja ; q=1.000 ,\ten; q=0.999", LANGUAGE_JA},
        {"ja;Q=0.5, en;q=0.4", LANGUAGE_JA},
        {"de, fr;q=0.5", LANGUAGE_EN}, /* none of ours */
        {"de, ja;q=0.1", LANGUAGE_JA},
        {"*", LANGUAGE_EN},
        {"ja, *;q=0.5", LANGUAGE_JA},
        {"ja;q=0.2, *;q=0.5", LANGUAGE_EN},
        {"en;q=0, *", LANGUAGE_JA}, /* anything but English */
        {"ja;q=0", LANGUAGE_EN},
        {"ja;q=0, en;q=0", LANGUAGE_EN},
        {"en;q=0.5, ja;q=7", LANGUAGE_EN}, /* no weight */
        {"en;q=0.5, ja;q=0.5000", LANGUAGE_EN},
        {"en;q=0.5, ja;q=", LANGUAGE_EN},
        {"en;q=0.5, ja;q=1.001", LANGUAGE_EN},
        {"en;q=0.5, ja;q=0x1", LANGUAGE_EN},
        {"en;q=0.5, ja;level=1;q=0.7", LANGUAGE_JA},
        {",,;,q=1,,", LANGUAGE_EN},
        {"ja,", LANGUAGE_JA},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (accept_language(cases[i].field) != cases[i].language)
            fail_msg("Accept-Language: %s", cases[i].field);
}

static void json_or_html(void **state)
{
    static const struct {
        const char *field;
        bool json;
    } cases[] = {
        {"", false},
        {"*/*", false},
        {"text/html", false},
        {"application/json", true},
        {"Application/JSON; charset=utf-8", true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
         false},
        {"application/json, text/plain, */*", false}, /* a library's: all is alike to it */
        {"application/json, text/html;q=0.9", true},
        {"application/json;q=0.5, text/html", false},
        {"application/*, text/html;q=0.5", true},
        {"text/*;q=0.3, application/json;q=0.4", true},
        {"*/*;q=0.9, application/json;q=0.1", false},
        {"application/json;q=0", false},
        {"text/html;q=0, */*", true},
        {"application/json-seq", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (accept_prefers_json(cases[i].field) != cases[i].json)
            fail_msg("Accept: %s", cases[i].field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(language_that_is_preferred),
        cmocka_unit_test(json_or_html),
    };
    return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
