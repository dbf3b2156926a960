#include "regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "buf.h"

#define MATCH_LIMIT 100000 /* backtracking steps, for each place to begin at */

struct regex {
    pcre2_code *code;
    pcre2_match_context *context;
};

static int compile(struct regex **re, const char *pattern, uint32_t options, struct err *e)
{
    PCRE2_UCHAR reason[256];
    PCRE2_SIZE at;
    int code;
    struct regex *r = calloc(1, sizeof *r);

    *re = NULL;
    if (!r)
        return err_set(e, ERR_INTERNAL, "out of memory");
    r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (!r->code) {
        pcre2_get_error_message(code, reason, sizeof reason);
        free(r);
        return err_set(e, ERR_INVALID, "bad regular expression at character %zu: %s",
                       (size_t)at + 1, (const char *)reason);
    }
    r->context = pcre2_match_context_create(NULL);
    if (!r->context) {
        regex_free(r);
        return err_set(e, ERR_INTERNAL, "out of memory");
    }
    pcre2_set_match_limit(r->context, MATCH_LIMIT);
    *re = r;
    return 0;
}

int regex_compile(struct regex **re, const char *pattern, struct err *e)
{
    return compile(re, pattern, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, e);
}

/* Every byte but letters and digits is escaped where a backslash before it means itself. */
static void add_literal(struct buf *pattern, const char *text)
{
    for (; *text; text++) {
        if (ispunct((unsigned char)*text))
            buf_char(pattern, '\\');
        buf_char(pattern, *text);
    }
}

int regex_compile_texts(struct regex **re, const char *const *texts, size_t n, struct err *e)
{
    struct buf pattern = {0};
    bool first = true;
    int rc;

    /* Those that begin alike stand together, so that one look at a byte passes over them all. */
    for (int begin = 1; begin <= UCHAR_MAX; begin++) {
        bool found = false;
        for (size_t i = 0; i < n; i++) {
            if (tolower((unsigned char)*texts[i]) != begin)
                continue;
            if (!found)
                buf_str(&pattern, first ? "" : "|");
            if (!found)
                add_literal(&pattern, (const char[]){(char)begin, '\0'});
            buf_str(&pattern, found ? "|" : "(?:");
            add_literal(&pattern, texts[i] + 1);
            found = true;
            first = false;
        }
        buf_str(&pattern, found ? ")" : "");
    }
    *re = NULL;
    rc = pattern.failed ? err_set(e, ERR_INTERNAL, "out of memory")
                        : compile(re, buf_text(&pattern), PCRE2_CASELESS, e);
    buf_free(&pattern);
    if (rc == 0)
        (void)pcre2_jit_compile((*re)->code, PCRE2_JIT_COMPLETE); /* without, it is only slower */
    return rc;
}

void regex_free(struct regex *re)
{
    if (!re)
        return;
    pcre2_match_context_free(re->context);
    pcre2_code_free(re->code);
    free(re);
}

int regex_match(const struct regex *re, const char *text)
{
    return regex_match_bytes(re, text, strlen(text));
}

int regex_match_bytes(const struct regex *re, const char *bytes, size_t len)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int rc;

    if (!data)
        return -1;
    rc = pcre2_match(re->code, (PCRE2_SPTR)bytes, len, 0, 0, data, re->context);
    pcre2_match_data_free(data);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    return rc >= 0 ? 1 : -1;
}
