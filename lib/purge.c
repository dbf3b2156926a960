#include "purge.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "clock.h"
#include "environment.h"
#include "log.h"
#include "regex.h"
#include "store_access.h"
#include "store_purge.h"
#include "store_sync.h"
#include "store_task.h"

#define DURATION_DIGITS 12

/* --- the rules -------------------------------------------------------------------------------- */

static int check_duration(const char *text, int64_t *seconds, struct err *e)
{
    const char *digits;
    size_t len;

    text = text ? text : "";
    digits = text + (*text == '-');
    len = strspn(digits, "0123456789");
    if (len == 0 || len > DURATION_DIGITS || digits[len] != '\0')
        return err_set(e, ERR_INVALID, "invalid duration %s", text);
    *seconds = strtoll(text, NULL, 10);
    if (*seconds < PURGE_DURATION_MIN)
        return err_set(e, ERR_INVALID, "invalid duration %lld (at least %d)", (long long)*seconds,
                       PURGE_DURATION_MIN);
    return 0;
}

static int check_tags(const struct purge_input *input, struct arena *a, struct purge_rules *rules,
                      struct err *e)
{
    rules->tags = arena_array(a, input->n_exclude_tags, sizeof *rules->tags);
    for (size_t i = 0; i < input->n_exclude_tags; i++) {
        const char *text = input->exclude_tags[i], *colon = strchr(text, ':');
        if (!colon || colon == text)
            return err_set(e, ERR_INVALID, "invalid exclude_tags format %s", text);
        rules->tags[rules->n_tags++] = (struct purge_tag){
            .key = arena_strndup(a, text, (size_t)(colon - text)), .value = colon + 1};
    }
    return 0;
}

int purge_rules_check(const struct purge_input *input, struct arena *a, struct purge_rules *rules,
                      struct err *e)
{
    *rules = (struct purge_rules){.excludes = input->excludes,
                                  .n_excludes = input->n_excludes,
                                  .regexp = input->exclude_regexp ? input->exclude_regexp : ""};
    if (check_duration(input->duration, &rules->duration_s, e) < 0 ||
        check_tags(input, a, rules, e) < 0)
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

static json_t *texts(const char *const *items, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(items[i]));
    return list;
}

char *purge_input_to_json(const struct purge_input *input, struct arena *a)
{
    json_t *all = json_pack("{s:s, s:o, s:o, s:s}", "duration", input->duration, "excludes",
                            texts(input->excludes, input->n_excludes), "exclude_tags",
                            texts(input->exclude_tags, input->n_exclude_tags), "exclude_regexp",
                            input->exclude_regexp ? input->exclude_regexp : "");
    char *text = json_dumps(all, JSON_COMPACT), *copy;

    if (!text)
        abort();
    copy = arena_strdup(a, text);
    free(text);
    json_decref(all);
    return copy;
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
    };
    input->excludes = read_texts(json_object_get(all, "excludes"), a, &input->n_excludes);
    input->exclude_tags =
        read_texts(json_object_get(all, "exclude_tags"), a, &input->n_exclude_tags);
    json_decref(all);
    return 0;
}

/* --- the decision ----------------------------------------------------------------------------- */

static bool has_tag(const struct task *t, const struct purge_tag *wanted)
{
    json_t *tags = json_loads(t->tags, 0, NULL), *tag;
    bool found = false;
    size_t i;

    json_array_foreach (tags, i, tag) {
        const char *key = json_string_value(json_object_get(tag, "Key"));
        const char *value = json_string_value(json_object_get(tag, "Value"));
        found =
            found || (key && value && !strcmp(key, wanted->key) && !strcmp(value, wanted->value));
    }
    json_decref(tags);
    return found;
}

/* Why a rule keeps the subdomain; NULL when none does. */
static const char *excluded_by(const struct purge_rules *rules, const char *subdomain,
                               const struct task *tasks, size_t n, struct arena *a)
{
    for (size_t i = 0; i < rules->n_excludes; i++)
        if (!strcmp(rules->excludes[i], subdomain))
            return "excluded by name";
    if (rules->compiled) {
        int rc = regex_match(rules->compiled, subdomain);
        if (rc != 0)
            return rc > 0 ? "excluded by exclude_regexp" : "exclude_regexp took too long to match";
    }
    for (size_t i = 0; i < rules->n_tags; i++)
        for (size_t k = 0; k < n; k++)
            if (has_tag(&tasks[k], &rules->tags[i]))
                return arena_printf(a, "excluded by its tag %s:%s", rules->tags[i].key,
                                    rules->tags[i].value);
    return NULL;
}

static const struct purge_count *count_of(const struct purge_count *counts, size_t n,
                                          const char *subdomain)
{
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

    for (size_t i = 0; i < n; i++)
        if (tasks[i].started_at == 0 || now_ms - tasks[i].started_at <= rules->duration_s * 1000) {
            d.reason = tasks[i].started_at ? "started within the duration" : "still starting";
            return d;
        }
    d.reason = excluded_by(rules, d.subdomain, tasks, n, a);
    if (d.reason)
        return d;
    if (!count || !count->known)
        d.reason = "how often it was used is not known";
    else if (count->accesses > 0)
        d.reason = arena_printf(a, "%lld accesses within the duration", (long long)count->accesses);
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
        (*decisions)[n++] =
            decide(first, end - i, count_of(counts, n_counts, first->subdomain), rules, now_ms, a);
    }
    return n;
}

/* --- carrying it out -------------------------------------------------------------------------- */

/* What this machine has counted since the duration began; not known when its file is younger. */
static int read_counts(struct db *db, const struct task_list *tasks, int64_t since_ms,
                       struct arena *a, struct purge_count **counts, size_t *n, struct err *e)
{
    struct sync_status status;

    *n = 0;
    *counts = arena_array(a, tasks->len, sizeof **counts);
    if (store_sync_get(db, a, &status, e) < 0)
        return -1;
    for (size_t i = 0; i < tasks->len; i++) {
        const char *subdomain = tasks->items[i].subdomain;
        int64_t sum;
        if (*n > 0 && !strcmp((*counts)[*n - 1].subdomain, subdomain))
            continue;
        sum = store_access_sum(db, subdomain, since_ms, e);
        if (sum < 0)
            return -1;
        (*counts)[(*n)++] = (struct purge_count){
            .subdomain = subdomain, .known = status.made_at <= since_ms, .accesses = sum};
    }
    return 0;
}

/* Stops exactly the tasks that were decided about: a launch in the meantime keeps its own. */
static int stop_tasks(struct db *db, struct runner *r, const struct task_list *tasks,
                      const char *subdomain, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < tasks->len; i++)
        if (!strcmp(tasks->items[i].subdomain, subdomain) &&
            environment_terminate_task(db, r, tasks->items[i].arn, e) < 0)
            rc = -1;
    return rc;
}

static int run(struct db *db, struct runner *r, const struct purge_run *purge, struct arena *a,
               struct err *e)
{
    struct purge_rules rules = {0};
    struct purge_input input;
    struct purge_decision *decisions;
    struct purge_count *counts;
    struct task_list tasks;
    int64_t now = clock_now_ms();
    size_t n_counts, n, stopped = 0;
    struct err why;
    int rc = -1;

    if (purge_input_from_json(purge->request, a, &input, e) < 0 ||
        purge_rules_check(&input, a, &rules, e) < 0 ||
        store_task_list(db, TASK_RUNNING, a, &tasks, e) < 0 ||
        read_counts(db, &tasks, now - rules.duration_s * 1000, a, &counts, &n_counts, e) < 0)
        goto out;
    n = purge_decide(&tasks, counts, n_counts, &rules, now, a, &decisions);
    if (store_purge_decisions(db, purge->id, decisions, n, e) < 0)
        goto out;
    rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const char *result = "ok";
        if (!decisions[i].stop)
            continue;
        if (stop_tasks(db, r, &tasks, decisions[i].subdomain, &why) < 0)
            result = arena_strdup(a, why.text);
        else
            stopped++;
        rc = store_purge_result(db, purge->id, decisions[i].subdomain, result, e);
    }
    log_info("purge %lld: %zu of %zu environments stopped", (long long)purge->id, stopped, n);
out:
    purge_rules_free(&rules);
    return rc;
}

int purge_run_next(struct db *db, struct runner *r, struct err *e)
{
    struct arena a = {0};
    struct purge_run purge;
    struct err why = {0};
    int rc = store_purge_next(db, clock_now_ms(), &a, &purge, e);

    if (rc > 0) {
        if (run(db, r, &purge, &a, &why) < 0)
            log_error("purge %lld failed: %s", (long long)purge.id, why.text);
        rc = store_purge_finished(db, purge.id, clock_now_ms(), why.text, e) < 0 ? -1 : 1;
    }
    arena_free(&a);
    return rc;
}
