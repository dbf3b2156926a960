#include "asleep_keep.h"

#include <string.h>

#include "metrics.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"

/* 1 with *e when its launch was terminated meanwhile, 0 when not, or -1. */
static int is_over(struct db *db, const struct asleep *asleep, struct err *e)
{
    struct environment env = {.over = ""};
    struct arena a = {0};
    int rc = store_environment_get(db, asleep->subdomain, &a, &env, e);

    if (rc > 0 && *env.over && strcmp(asleep->launch, env.over) <= 0)
        err_set(e, ERR_REFUSED, "%s was terminated meanwhile", asleep->subdomain);
    else
        rc = rc < 0 ? -1 : 0;
    arena_free(&a);
    return rc;
}

static int keep(struct db *db, struct runner *r, const struct asleep *asleep, struct err *e)
{
    struct arena a = {0};
    int rc;

    if (!db && !runner_keeps(r))
        return err_set(e, ERR_INVALID,
                       "what sleeps can be kept nowhere: set state.url in the configuration");
    if (db && is_over(db, asleep, e) != 0)
        return -1;
    if (runner_keep(r, asleep, e) < 0)
        return err_prefix(e, "%s cannot be put to sleep", asleep->subdomain);
    if (!db)
        return 0;
    /* An object that is gone later was there: it is not to be written again. */
    rc = store_asleep_put(db, asleep, asleep_to_json(asleep, &a),
                          runner_keeps(r) ? ASLEEP_ETAG_UNKNOWN : "", e);
    arena_free(&a);
    if (rc == 0)
        return 0;
    /* What other copies know by now cannot be taken back: they may be stopping its tasks. */
    return runner_keeps(r) ? err_prefix(e, "%s is put to sleep as soon as the database takes it",
                                        asleep->subdomain)
                           : -1;
}

int asleep_keep(struct db *db, struct runner *r, const struct asleep *asleep, struct err *e)
{
    if (keep(db, r, asleep, e) < 0)
        return -1;
    metric_add(&metrics->sleeps[metrics_by(asleep->by)], 1);
    return 0;
}

int asleep_forget(struct db *db, struct runner *r, const char *subdomain, const char *launch,
                  struct err *e)
{
    struct asleep_row row;
    struct arena a = {0};
    int rc = runner_forget(r, subdomain, launch, e);

    if (rc == 0)
        rc = store_asleep_get(db, subdomain, &a, &row, e);
    if (rc > 0)
        rc = strcmp(row.asleep.launch, launch) <= 0
                 ? store_asleep_remove(db, subdomain, row.asleep.launch, e)
                 : 0;
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}
