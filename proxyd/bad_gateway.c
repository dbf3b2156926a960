#include "bad_gateway.h"

#include "log.h"

#include "conn.h"
#include "reply.h"
#include "worker.h"

#define WARN_MS 1000

const char *bad_gateway_name(const struct conn *c)
{
    return *c->subdomain ? c->subdomain : "the web API";
}

/* One line a second and worker: a task that is dead under load must not fill a disk. */
void bad_gateway_warn(struct conn *c, const char *reason)
{
    struct worker *w = c->worker;

    if (w->warned_at != 0 && w->now - w->warned_at < WARN_MS) {
        w->unwarned++;
        return;
    }
    if (w->unwarned > 0)
        log_warn("%s: %s (and %u other failures since the last line)", bad_gateway_name(c), reason,
                 w->unwarned);
    else
        log_warn("%s: %s", bad_gateway_name(c), reason);
    w->warned_at = w->now;
    w->unwarned = 0;
}

void bad_gateway_reply(struct conn *c, const char *reason)
{
    bad_gateway_warn(c, reason);
    reply_text(c, 502, "%s: %s", bad_gateway_name(c), reason);
}
