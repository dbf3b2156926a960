/* What was asked for, checked. Not in purge_decision.c, because the configuration checks a request
 * too: mirage-proxyd reads the configuration and does not link Jansson. */
#include "purge_decision.h"

#include <stdlib.h>
#include <string.h>

#include "regex.h"

#define DURATION_DIGITS 12

static int check_duration(const char *text, int64_t *seconds, struct err *e)
{
    const char *digits;
    size_t len;

    text = text ? text : "";
    digits = text + (*text == '-');
    len = strspn(digits, "0123456789");
    if (len == 0 || len > DURATION_DIGITS || digits[len])
        return err_set(e, ERR_INVALID, "invalid duration %s", text);
    *seconds = strtoll(text, NULL, 10);
    if (*seconds < PURGE_DURATION_MIN)
        return err_set(e, ERR_INVALID, "invalid duration %lld (at least %d)", (long long)*seconds,
                       PURGE_DURATION_MIN);
    return 0;
}

static int check_tags(const struct purge_input *input, struct purge_rules *rules, struct err *e)
{
    for (size_t i = 0; i < input->n_exclude_tags; i++) {
        const char *text = input->exclude_tags[i], *colon = strchr(text, ':');
        if (!colon || colon == text)
            return err_set(e, ERR_INVALID, "invalid exclude_tags format %s", text);
    }
    rules->tags = input->exclude_tags;
    rules->n_tags = input->n_exclude_tags;
    return 0;
}

static int check_action(const char *action, bool *sleep, struct err *e)
{
    *sleep = action && !strcmp(action, "sleep");
    if (*sleep || !action || !*action || !strcmp(action, "terminate"))
        return 0;
    return err_set(e, ERR_INVALID, "invalid action %.100s (expected terminate or sleep)", action);
}

int purge_rules_check(const struct purge_input *input, struct purge_rules *rules, struct err *e)
{
    *rules = (struct purge_rules){.excludes = input->excludes,
                                  .n_excludes = input->n_excludes,
                                  .regexp = input->exclude_regexp ? input->exclude_regexp : ""};
    if (check_duration(input->duration, &rules->duration_s, e) < 0 ||
        check_tags(input, rules, e) < 0 || check_action(input->action, &rules->sleep, e) < 0)
        return -1;
    if (*rules->regexp && regex_compile(&rules->compiled, rules->regexp, e) < 0) {
        e->kind = ERR_INVALID;
        return err_prefix(e, "invalid exclude_regexp %s", rules->regexp);
    }
    return 0;
}

void purge_rules_free(struct purge_rules *rules)
{
    regex_free(rules->compiled);
    rules->compiled = NULL;
}
