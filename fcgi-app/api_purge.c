/* /api/purge: the request is checked in full; the purge itself is not in this version. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "regex.h"

#include "router.h"

enum { LEAST_DURATION = 300, DURATION_DIGITS = 12 };

static int check_duration(struct call *c, struct err *e)
{
    const char *text;
    size_t len;

    if (params_number_text(&c->request->params, c->arena, "duration", &text, e) < 0)
        return -1;
    if (text == NULL)
        text = "";
    len = strspn(text + (*text == '-'), "0123456789");
    if (len == 0 || len > DURATION_DIGITS || text[len + (*text == '-')] != '\0')
        return err_set(e, ERR_INVALID, "invalid duration %s", text);
    if (strtoll(text, NULL, 10) < LEAST_DURATION)
        return err_set(e, ERR_INVALID, "invalid duration %lld (at least %d)",
                       strtoll(text, NULL, 10), LEAST_DURATION);
    return 0;
}

static int check_excludes(struct call *c, struct err *e)
{
    const struct params *params = &c->request->params;
    struct params_list excludes;
    struct params_list tags;

    if (params_list(params, c->arena, "excludes", &excludes, e) < 0 ||
        params_list(params, c->arena, "exclude_tags", &tags, e) < 0)
        return -1;
    for (size_t i = 0; i < tags.len; i++)
        if (strchr(tags.items[i], ':') == NULL)
            return err_set(e, ERR_INVALID, "invalid exclude_tags format %s", tags.items[i]);
    return 0;
}

static int check_regexp(struct call *c, struct err *e)
{
    const char *text;
    struct regex *re;

    if (params_text(&c->request->params, "exclude_regexp", &text, e) < 0)
        return -1;
    if (text == NULL || *text == '\0')
        return 0;
    if (regex_compile(&re, text, e) < 0) {
        e->kind = ERR_INVALID;
        return err_prefix(e, "invalid exclude_regexp %s", text);
    }
    regex_free(re);
    return 0;
}

int api_purge(struct call *c, struct err *e)
{
    if (check_duration(c, e) < 0 || check_excludes(c, e) < 0 || check_regexp(c, e) < 0)
        return -1;
    respond_json_text(c->response, 501, "result", "purge is not in this version");
    return 0;
}
