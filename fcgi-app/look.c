#include "look.h"

#include <poll.h>

#include "clock.h"
#include "store/store_sync.h"

#include "router.h"

#define LOOK_MS  5000 /* how long a look may take: several pages of ListTasks */
#define AGAIN_MS 20

static bool is_failing(const struct sync_status *s)
{
    return s->failed_at > s->succeeded_at;
}

int look(struct call *c, struct err *e)
{
    int64_t end = limit_earlier(c->with->limit, clock_monotonic_ms() + LOOK_MS), number;
    struct sync_status status;

    if (c->with->config->local)
        return 0; /* a stack has its tasks for itself */
    if (store_sync_get(c->with->db, c->arena, &status, e) < 0)
        return -1;
    if (is_failing(&status)) /* mirage-sync pauses: it is not waited for */
        return err_set(e, ERR_BUSY, "%s", status.error);
    number = store_sync_want(c->with->db, e);
    if (number < 0)
        return -1;
    while (clock_monotonic_ms() < end && !limit_over(c->with->limit)) {
        if (store_sync_get(c->with->db, c->arena, &status, e) < 0)
            return -1;
        if (status.looked >= number)
            return 0;
        if (is_failing(&status))
            return err_set(e, ERR_BUSY, "%s", status.error);
        poll(NULL, 0, AGAIN_MS);
    }
    return err_set(e, ERR_BUSY, "no answer within %d s", LOOK_MS / 1000);
}
