#include "purge_decision.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "json.h"
#include "pattern.h"
#include "regex.h"
#include "utf8.h"

/* --- the request as JSON -----------------------------------------------------------------------
 */

static json_t *texts(const char *const *items, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(items[i]));
    return list;
}

char *purge_input_to_json(const struct purge_input *input, struct arena *a)
{
    json_t *all = json_pack("{s:s, s:o, s:o, s:s, s:s}", "duration", input->duration, "excludes",
                            texts(input->excludes, input->n_excludes), "exclude_tags",
                            texts(input->exclude_tags, input->n_exclude_tags), "exclude_regexp",
                            input->exclude_regexp ? input->exclude_regexp : "", "action",
                            input->action && *input->action ? input->action : "terminate");
    char *text = json_to_text(all, a);

    json_decref(all);
    return text;
}

static const char *const *read_texts(const json_t *list, struct arena *a, size_t *n)
{
    const char **items = arena_array(a, json_array_size(list), sizeof *items);

    *n = json_array_size(list);
    for (size_t i = 0; i < *n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        items[i] = arena_strdup(a, text ? text : "");
    }
    return items;
}

int purge_input_from_json(const char *text, struct arena *a, struct purge_input *input,
                          struct err *e)
{
    json_t *all = json_loads(text, 0, NULL);

    if (!all)
        return err_set(e, ERR_INTERNAL, "the purge's request in the database is no JSON");
    *input = (struct purge_input){
        .duration = arena_strdup(a, json_string_value(json_object_get(all, "duration"))),
        .exclude_regexp =
            arena_strdup(a, json_string_value(json_object_get(all, "exclude_regexp"))),
        .action = arena_strdup(a, json_string_value(json_object_get(all, "action"))),
    };
    input->excludes = read_texts(json_object_get(all, "excludes"), a, &input->n_excludes);
    input->exclude_tags =
        read_texts(json_object_get(all, "exclude_tags"), a, &input->n_exclude_tags);
    json_decref(all);
    return 0;
}

/* --- the decision ----------------------------------------------------------------------------- */

/* What is left of `wanted` behind what is the tag's text; NULL when it is not. On ECS a `_` may
 * stand for any character that a tag cannot have. */
static const char *behind(const char *wanted, const char *tag)
{
    for (; *tag; tag++) {
        size_t n = *wanted && *tag == '_' ? utf8_character(wanted, strlen(wanted)) : 1;
        if (*tag != '_' && *tag != *wanted)
            return NULL;
        if (!*wanted)
            return NULL;
        wanted += n ? n : 1;
    }
    return wanted;
}

/* Key and value may both have colons: what counts is that they come to the same text. */
static bool has_tag(const struct task *t, const char *wanted)
{
    json_t *tags = json_loads(t->tags, 0, NULL), *tag;
    bool found = false;
    size_t i;

    json_array_foreach (tags, i, tag) {
        const char *key = json_string_value(json_object_get(tag, "Key"));
        const char *value = json_string_value(json_object_get(tag, "Value"));
        const char *rest = key ? behind(wanted, key) : NULL;
        rest = rest && *rest == ':' && value ? behind(rest + 1, value) : NULL;
        found = found || (rest && !*rest);
    }
    json_decref(tags);
    return found;
}

/* By its own name, or by a pattern that matches it. */
static bool is_named(const char *exclude, const char *subdomain)
{
    return !strcasecmp(exclude, subdomain) ||
           (pattern_is_valid(exclude) && pattern_match(exclude, subdomain) == PATTERN_MATCH);
}

/* Why a rule keeps the subdomain; NULL when none does. */
static const char *excluded_by(const struct purge_rules *rules, const char *subdomain,
                               const struct task *tasks, size_t n, struct arena *a)
{
    for (size_t i = 0; i < rules->n_excludes; i++)
        if (is_named(rules->excludes[i], subdomain))
            return "excluded by name";
    if (rules->compiled) {
        int rc = regex_match(rules->compiled, subdomain);
        if (rc != 0)
            return rc > 0 ? "excluded by exclude_regexp" : "exclude_regexp took too long to match";
    }
    for (size_t i = 0; i < rules->n_tags; i++)
        for (size_t k = 0; k < n; k++)
            if (has_tag(&tasks[k], rules->tags[i]))
                return arena_printf(a, "excluded by its tag %s", rules->tags[i]);
    return NULL;
}

/* `guess` is where it is when the counts are in the decisions' order. */
static const struct purge_count *count_of(const struct purge_count *counts, size_t n, size_t guess,
                                          const char *subdomain)
{
    if (guess < n && !strcmp(counts[guess].subdomain, subdomain))
        return &counts[guess];
    for (size_t i = 0; i < n; i++)
        if (!strcmp(counts[i].subdomain, subdomain))
            return &counts[i];
    return NULL;
}

static struct purge_decision decide(const struct task *tasks, size_t n,
                                    const struct purge_count *count,
                                    const struct purge_rules *rules, int64_t now_ms,
                                    struct arena *a)
{
    struct purge_decision d = {.subdomain = tasks[0].subdomain};

    int64_t oldest = INT64_MAX, newest = INT64_MIN;
    bool is_young;

    for (size_t i = 0; i < n; i++) {
        if (tasks[i].started_at == 0) {
            d.reason = "still starting";
            return d;
        }
        oldest = tasks[i].started_at < oldest ? tasks[i].started_at : oldest;
        newest = tasks[i].started_at > newest ? tasks[i].started_at : newest;
    }
    is_young = now_ms - newest <= rules->duration_s * 1000;
    /* One that has just been launched again is as old as its newest task. */
    d.aged =
        rules->max_age_s > 0 && now_ms - (is_young ? newest : oldest) > rules->max_age_s * 1000;
    if (is_young && !d.aged) {
        d.reason = "started within the duration";
        return d;
    }
    d.reason = excluded_by(rules, d.subdomain, tasks, n, a);
    if (d.reason) {
        d.aged = false;
        return d;
    }
    if (d.aged) {
        d.stop = true;
        d.reason = "it has run for longer than purge.max_age";
    } else if (count && count->accesses > 0)
        d.reason = arena_printf(a, "%lld accesses within the duration", (long long)count->accesses);
    else if (!count || count->unknown)
        d.reason = arena_printf(a, "how often it was used is not known%s%s", count ? ": " : "",
                                count ? count->unknown : "");
    else {
        d.stop = true;
        d.reason = "not accessed within the duration";
    }
    return d;
}

size_t purge_decide(const struct task_list *tasks, const struct purge_count *counts,
                    size_t n_counts, const struct purge_rules *rules, int64_t now_ms,
                    struct arena *a, struct purge_decision **decisions)
{
    size_t n = 0, end;

    *decisions = arena_array(a, tasks->len, sizeof **decisions);
    for (size_t i = 0; i < tasks->len; i = end) {
        const struct task *first = &tasks->items[i];
        for (end = i; end < tasks->len; end++)
            if (strcmp(tasks->items[end].subdomain, first->subdomain) != 0)
                break;
        (*decisions)[n] = decide(first, end - i, count_of(counts, n_counts, n, first->subdomain),
                                 rules, now_ms, a);
        n++;
    }
    return n;
}
