#include "purge_preview.h"

#include <string.h>

#include "clock.h"
#include "store_access.h"
#include "store_sync.h"
#include "store_task.h"

/* As a purge reads them: what this machine has counted since the duration began; not known when its
 * file is younger. */
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

int purge_preview(struct db *db, const struct purge_rules *rules, struct arena *a,
                  struct purge_decision **decisions, size_t *n, struct err *e)
{
    const int64_t now = clock_now_ms();
    struct purge_count *counts;
    struct task_list tasks;
    size_t n_counts;

    if (store_task_list(db, TASK_RUNNING, a, &tasks, e) < 0 ||
        read_counts(db, &tasks, now - rules->duration_s * 1000, a, &counts, &n_counts, e) < 0)
        return -1;
    *n = purge_decide(&tasks, counts, n_counts, rules, now, a, decisions);
    return 0;
}
