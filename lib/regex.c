#include "regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 100000 /* backtracking steps, for each place to begin at */

struct regex {
    pcre2_code *code;
    pcre2_match_context *context;
};

int regex_compile(struct regex **re, const char *pattern, struct err *e)
{
    PCRE2_UCHAR reason[256];
    PCRE2_SIZE at;
    int code;
    struct regex *r = calloc(1, sizeof *r);

    *re = NULL;
    if (!r)
        return err_set(e, ERR_INTERNAL, "out of memory");
    r->code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
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
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int rc;

    if (!data)
        return -1;
    rc = pcre2_match(re->code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, re->context);
    pcre2_match_data_free(data);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    return rc >= 0 ? 1 : -1;
}
