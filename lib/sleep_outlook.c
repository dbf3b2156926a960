#include "sleep_outlook.h"

#include "awake.h"
#include "clock.h"
#include "store/store_access.h"

#define MINUTE_MS 60000

/* It does not fall asleep amid sleep.awake, but at its end. */
static void put_behind_awake(const struct config *config, const struct zone *zone,
                             struct sleep_outlook *outlook)
{
    const struct config_strings *spans = &config->sleep.awake;
    const int64_t now = clock_now_ms();
    int weekday, minute, left;

    if (outlook->at < now)
        outlook->at = now;
    zone_clock(zone, outlook->at, &weekday, &minute);
    left = awake_left(spans->items, spans->len, weekday, minute);
    if (left > 0)
        outlook->at = (outlook->at / MINUTE_MS + left) * MINUTE_MS;
    else if (left < 0)
        *outlook = (struct sleep_outlook){.kept = "sleep.awake is the whole week"};
}

int sleep_outlook(struct db *db, const struct config *config, const struct zone *zone,
                  const struct purge_rules *rules, struct task *tasks, size_t n, struct arena *a,
                  struct sleep_outlook *outlook, struct err *e)
{
    int64_t after_ms = rules->duration_s * 1000, since = 0, used;
    const struct task_list list = {tasks, n};
    struct purge_decision *decisions;
    struct purge_count unused;

    *outlook = (struct sleep_outlook){.kept = ""};
    if (n == 0)
        return 0;
    unused = (struct purge_count){.subdomain = tasks[0].subdomain};
    for (size_t i = 0; i < n; i++) {
        if (tasks[i].started_at == 0)
            return 0;
        since = tasks[i].started_at > since ? tasks[i].started_at : since;
    }
    /* As if it had gone unused for so long. */
    if (purge_decide(&list, &unused, 1, rules, since + after_ms + 1, a, &decisions) == 1 &&
        !decisions[0].stop) {
        outlook->kept = decisions[0].reason;
        return 0;
    }
    used = store_access_last(db, unused.subdomain, clock_now_ms() - after_ms, e);
    if (used < 0)
        return -1;
    if ((used + 1) * MINUTE_MS > since && used > 0)
        since = (used + 1) * MINUTE_MS;
    outlook->at = since + after_ms;
    if (config->sleep.awake.len > 0)
        put_behind_awake(config, zone, outlook);
    return 0;
}
