#include "recover_rule.h"

#include <stdbool.h>
#include <string.h>

#include "launch_id.h"

#define MINUTE_MS 60000
#define HOUR_MS   (60 * MINUTE_MS)

static const int pause_minutes[RECOVER_AN_HOUR] = {0, 1, 5, 15, 30};

/* Amazon ECS API Reference, Task, stopCode. */
static unsigned kind_of(const char *stop_code)
{
    static const struct {
        const char *code;
        enum recover_kind kind;
    } kinds[] = {
        {"SpotInterruption", RECOVER_SPOT},
        {"TerminationNotice", RECOVER_INFRASTRUCTURE},
        {"InfrastructureHealth", RECOVER_INFRASTRUCTURE},
        {"ServiceSchedulerInitiated", RECOVER_INFRASTRUCTURE},
        {"EssentialContainerExited", RECOVER_CRASH},
        {"TaskFailedToStart", RECOVER_START},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (!strcmp(kinds[i].code, stop_code))
            return kinds[i].kind;
    return 0;
}

/* The first task of the launch that was lost to one of these kinds; NULL when none was. */
static const struct task *lost_of(const struct launch_seen *s, unsigned kinds)
{
    const struct task *first = NULL;

    for (size_t i = 0; i < s->n_tasks; i++) {
        const struct task *t = &s->tasks[i];
        if (task_is_live(t) || !(kind_of(t->stop_code) & kinds))
            continue;
        if (!first || t->stopped_at < first->stopped_at)
            first = t;
    }
    return first;
}

/* The id of the launch that replaces what was lost of this one. */
static void derive(const struct launch *l, char id[ULID_SIZE])
{
    launch_id_after(l->subdomain, l->id, "", id);
}

static size_t find(const struct launch_seen *seen, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(seen[i].launch->id, id))
            return i;
    return n;
}

/* The launch that this one was derived from; n: a person asked for it. */
static size_t origin(const struct launch_seen *seen, size_t n, size_t of)
{
    char id[ULID_SIZE];

    for (size_t i = 0; i < n; i++) {
        derive(seen[i].launch, id);
        if (!strcmp(id, seen[of].launch->id))
            return i;
    }
    return n;
}

/* How many launches replaced what was lost of one that a person asked for, within the last hour: it
 * led to `of`, and maybe to others since. */
static int recent(const struct launch_seen *seen, size_t n, size_t of, int64_t now_ms)
{
    char id[ULID_SIZE];
    size_t k, first = of;
    int count = 0;

    while ((k = origin(seen, n, first)) < n)
        first = k;
    derive(seen[first].launch, id);
    while ((k = find(seen, n, id)) < n) {
        count += seen[k].launch->at > now_ms - HOUR_MS;
        derive(seen[k].launch, id);
    }
    return count;
}

/* What would have to come back: the newest launch that has become ready, else the newest that came
 * to a task. n: none, or something newer is on its way. */
static size_t candidate(const struct launch_seen *seen, size_t n)
{
    size_t at = n;

    for (size_t i = n; i-- > 0 && at == n;)
        if (seen[i].launch->ready_at)
            at = i;
    for (size_t i = n; i-- > 0 && at == n;)
        if (seen[i].n_tasks > 0)
            at = i;
    for (size_t i = at + 1; i < n; i++)
        if (seen[i].launch->state == LAUNCH_STARTING || seen[i].launch->state == LAUNCH_READY)
            return n;
    return at;
}

struct recovery recover_decide(const struct launch_seen *seen, size_t n, unsigned kinds,
                               int64_t now_ms, struct arena *a)
{
    struct recovery r = {.of = candidate(seen, n), .text = ""};
    const struct task *lost = r.of < n ? lost_of(&seen[r.of], kinds) : NULL;
    int64_t since;
    int count;

    if (!lost)
        return r;
    count = recent(seen, n, r.of, now_ms);
    /* Behind what was tried for it already. What has not quite stopped yet has no time. */
    since = lost->stopped_at ? lost->stopped_at : seen[r.of].launch->at;
    derive(seen[r.of].launch, r.id);
    for (size_t k; (k = find(seen, n, r.id)) < n;) {
        since = seen[k].launch->at > since ? seen[k].launch->at : since;
        derive(seen[k].launch, r.id);
    }
    r.text = arena_printf(a, "a task of %s was lost (%s)", lost->taskdef, lost->stop_code);
    if (count >= RECOVER_AN_HOUR) {
        r.what = RECOVER_GIVEN_UP;
        r.text = arena_printf(a, "%s; it is given up after %d launches within an hour", r.text,
                              RECOVER_AN_HOUR);
        return r;
    }
    r.at = since + (int64_t)pause_minutes[count] * MINUTE_MS;
    r.what = r.at <= now_ms ? RECOVER_NOW : RECOVER_LATER;
    return r;
}
