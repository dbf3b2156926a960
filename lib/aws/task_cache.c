#include "task_cache.h"

#include <stdlib.h>
#include <string.h>

#include "json_call.h"

#define KEEP_STOPPED_MS (60 * 60 * 1000) /* as ECS does, at least */

static int by_arn(const void *left, const void *right)
{
    const struct cached_task *a = left, *b = right;

    return strcmp(a->arn, b->arn);
}

static struct cached_task *find(const struct task_cache *c, const char *arn)
{
    struct cached_task key = {.arn = (char *)(uintptr_t)arn};

    return c->len ? bsearch(&key, c->items, c->len, sizeof *c->items, by_arn) : NULL;
}

bool task_cache_has(const struct task_cache *c, const char *arn)
{
    const struct cached_task *t = find(c, arn);

    return t && t->task;
}

static void sort(struct task_cache *c)
{
    if (c->len)
        qsort(c->items, c->len, sizeof *c->items, by_arn);
}

/* Behind all others: the caller sorts when it has added all. */
static struct cached_task *append(struct task_cache *c, const char *arn)
{
    if (c->len == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->items = reallocarray(c->items, c->cap, sizeof *c->items);
        if (!c->items)
            abort();
    }
    c->items[c->len] = (struct cached_task){.arn = strdup(arn)};
    if (!c->items[c->len].arn)
        abort();
    return &c->items[c->len++];
}

static void release(struct cached_task *t)
{
    json_decref(t->task);
    free(t->arn);
}

void task_cache_free(struct task_cache *c)
{
    for (size_t i = 0; i < c->len; i++)
        release(&c->items[i]);
    free(c->items);
    *c = (struct task_cache){0};
}

/* Removes what the test says, in one go. */
static void remove_if(struct task_cache *c, bool (*test)(const struct cached_task *t, int64_t ms),
                      int64_t ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->len; i++) {
        if (test(&c->items[i], ms))
            release(&c->items[i]);
        else
            c->items[kept++] = c->items[i];
    }
    c->len = kept;
}

static bool has_status(const struct cached_task *t, const char *key, const char *status)
{
    const char *text = json_string_value(json_object_get(t->task, key));

    return text && !strcmp(text, status);
}

static bool has_stopped(const struct cached_task *t)
{
    return has_status(t, "lastStatus", "STOPPED") || has_status(t, "lastStatus", "DELETED");
}

static bool is_forgotten(const struct cached_task *t, int64_t now_ms)
{
    if (t->running || t->stopped)
        return false;
    if (!t->task)
        return t->described_at != 0;
    return has_stopped(t) && json_time_ms(t->task, "stoppedAt") < now_ms - KEEP_STOPPED_MS;
}

/* Sets one of the flags for what is listed, and adds what is new. */
static void mark(struct task_cache *c, const struct ecs_arns *arns, size_t flag)
{
    size_t known = c->len;

    for (size_t i = 0; i < c->len; i++)
        *(bool *)((char *)&c->items[i] + flag) = false;
    for (size_t i = 0; i < arns->len; i++) {
        const struct task_cache before = {.items = c->items, .len = known};
        struct cached_task *t = find(&before, arns->items[i]);
        if (!t)
            t = append(c, arns->items[i]);
        *(bool *)((char *)t + flag) = true;
    }
    sort(c);
    for (size_t i = 1; i < c->len;) /* a listing may name a task on two pages */
        if (!strcmp(c->items[i - 1].arn, c->items[i].arn)) {
            release(&c->items[i]);
            memmove(&c->items[i], &c->items[i + 1], (--c->len - i) * sizeof *c->items);
        } else
            i++;
}

void task_cache_listed(struct task_cache *c, const struct ecs_arns *running,
                       const struct ecs_arns *stopped, int64_t now_ms)
{
    mark(c, running, offsetof(struct cached_task, running));
    if (!stopped)
        return;
    mark(c, stopped, offsetof(struct cached_task, stopped));
    remove_if(c, is_forgotten, now_ms);
}

static void want(struct arena *a, struct ecs_arns *wanted, const char *arn)
{
    wanted->items = arena_grow(a, wanted->items, wanted->len, &wanted->cap, sizeof *wanted->items);
    wanted->items[wanted->len++] = arena_strdup(a, arn);
}

/* Whether the last word is good until a listing says otherwise. */
static bool is_settled(const struct cached_task *t)
{
    if (!t->task)
        return t->described_at != 0;
    if (has_stopped(t))
        return true;
    return t->running && has_status(t, "lastStatus", "RUNNING") &&
           has_status(t, "desiredStatus", "RUNNING");
}

void task_cache_wanted(const struct task_cache *c, const struct runner_known *known, size_t n_known,
                       struct arena *a, struct ecs_arns *wanted)
{
    for (size_t i = 0; i < c->len; i++)
        if (!is_settled(&c->items[i]))
            want(a, wanted, c->items[i].arn);
    for (size_t i = 0; i < n_known; i++) {
        const struct cached_task *t = find(c, known[i].arn);
        if (!t || (!known[i].settled && is_settled(t) && !has_stopped(t)))
            want(a, wanted, known[i].arn);
    }
}

static int by_age(const void *left, const void *right)
{
    const struct cached_task *a = *(const struct cached_task *const *)left;
    const struct cached_task *b = *(const struct cached_task *const *)right;

    return (a->described_at > b->described_at) - (a->described_at < b->described_at);
}

void task_cache_oldest(const struct task_cache *c, size_t n, struct arena *a,
                       struct ecs_arns *wanted)
{
    const struct cached_task **all = arena_array(a, c->len, sizeof *all);
    size_t len = 0;

    for (size_t i = 0; i < c->len; i++)
        if (is_settled(&c->items[i]) && !has_stopped(&c->items[i]))
            all[len++] = &c->items[i];
    if (len)
        qsort(all, len, sizeof *all, by_age);
    for (size_t i = 0; i < len && i < n; i++)
        want(a, wanted, all[i]->arn);
}

static bool is_gone(const struct cached_task *t, int64_t asked_at)
{
    return t->described_at == asked_at;
}

void task_cache_described(struct task_cache *c, const struct ecs_arns *asked, const json_t *tasks,
                          bool (*is_ours)(const json_t *task), int64_t now_ms)
{
    const int64_t asked_mark = -1; /* no time: what still has it at the end got no answer */
    json_t *task;
    size_t i, known = c->len;

    for (i = 0; i < asked->len; i++) {
        const struct task_cache before = {.items = c->items, .len = known};
        struct cached_task *t = find(&before, asked->items[i]);
        if (!t)
            t = append(c, asked->items[i]);
        t->described_at = asked_mark;
    }
    sort(c);
    json_array_foreach (tasks, i, task) {
        const char *arn = json_string_value(json_object_get(task, "taskArn"));
        struct cached_task *t = arn ? find(c, arn) : NULL;
        if (!t)
            continue;
        json_decref(t->task);
        t->task = is_ours(task) ? json_incref(task) : NULL;
        t->described_at = now_ms;
    }
    remove_if(c, is_gone, asked_mark);
}
