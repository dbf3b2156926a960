#include "health.h"

#include <stdatomic.h>

#include "arena.h"
#include "store/store_sync.h"

#include "conn.h"
#include "reply.h"
#include "worker.h"

int health_look(struct shared *shared, struct db *db, struct err *e)
{
    struct sync_status status;
    struct arena a = {0};
    int rc;

    if (atomic_load(&shared->healthy))
        return 0;
    rc = store_sync_get(db, &a, &status, e);
    if (rc == 0 && status.succeeded_at > 0)
        atomic_store(&shared->healthy, true);
    arena_free(&a);
    return rc;
}

void health_answer(struct conn *c)
{
    c->by = TALLY_HEALTH;
    if (atomic_load_explicit(&c->worker->shared->healthy, memory_order_relaxed))
        reply_text(c, 200, "mirage-ecs");
    else
        reply_text(c, 503, "mirage-ecs: the tasks were not looked at yet");
}
