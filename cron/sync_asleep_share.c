/* The objects in state.url and the table `asleep` in step: what any copy of mirage-ecs writes there
 * all the others know within ten seconds. One ListObjectsV2 a round, and a GetObject for what has
 * changed. */
#include <string.h>

#include <jansson.h>

#include "clock.h"
#include "log.h"
#include "store/store_asleep.h"
#include "store/store_environment.h"

#include "sync_asleep.h"

#define ROUND_MS 10000

struct share {
    struct db *db;
    struct runner *runner;
    json_t *gone;   /* rows that had no object in the last round */
    json_t *broken; /* subdomain: ETag of an object that cannot be understood, which was said */
};

/* Both lists are sorted by subdomain, but for the objects' order, which is that of base64. */
static const struct asleep_row *row_of(const struct asleep_row *rows, size_t n,
                                       const char *subdomain)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(rows[middle].asleep.subdomain, subdomain);
        if (order == 0)
            return &rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* An object that is new here, or was written anew. */
static int take_object(struct share *s, const struct runner_kept *kept,
                       const struct asleep_row *row, struct arena *a, struct err *e)
{
    const char *said = json_string_value(json_object_get(s->broken, kept->subdomain));
    struct environment env = {.over = ""};
    struct asleep asleep;
    int rc;

    if (said && !strcmp(said, kept->etag))
        return 0;
    rc = runner_kept_get(s->runner, kept->subdomain, a, &asleep, e);
    if (rc < 0 && e->kind == ERR_INVALID) {
        log_warn("%s: %s; mend the object, or delete it", kept->subdomain, e->text);
        json_object_set_new(s->broken, kept->subdomain, json_string(kept->etag));
        return 0;
    }
    if (rc <= 0 || (row && strcmp(row->asleep.launch, asleep.launch) > 0))
        return rc < 0 ? -1 : 0;
    if (store_environment_get(s->db, kept->subdomain, a, &env, e) < 0)
        return -1;
    if (*env.over && strcmp(asleep.launch, env.over) <= 0) /* terminated here, while S3 was away */
        return runner_forget(s->runner, kept->subdomain, env.over, e);
    if (!row)
        log_info("%s sleeps: %s", kept->subdomain, asleep.reason);
    return store_asleep_put(s->db, &asleep, asleep_to_json(&asleep, a), kept->etag, e);
}

/* A row without an object: it was woken or terminated by another copy, unless there never was an
 * object. */
static int take_absence(struct share *s, const struct asleep_row *row, json_t *gone,
                        struct arena *a, struct err *e)
{
    const char *subdomain = row->asleep.subdomain;
    struct asleep asleep;

    if (!*row->etag)
        return asleep_from_json(subdomain, row->request, strlen(row->request), a, &asleep, e) < 0
                   ? -1
                   : runner_keep(s->runner, &asleep, e);
    /* What has woken it may be too new to be listed: once more, to be sure. */
    json_object_set_new(gone, subdomain, json_true());
    if (!json_object_get(s->gone, subdomain))
        return 0;
    log_info("%s sleeps no longer: its object in state.url is gone", subdomain);
    return store_asleep_remove(s->db, subdomain, row->asleep.launch, e) < 0 ? -1 : 0;
}

static int round_once(struct share *s, struct arena *a, struct err *e)
{
    json_t *seen = json_object(), *gone = json_object();
    struct runner_kept_list kept;
    struct asleep_row *rows;
    struct err why;
    size_t n;
    int rc;

    /* The rows first: what is put to sleep meanwhile has an object that is not listed yet. */
    rc = store_asleep_list(s->db, a, &rows, &n, e);
    if (rc == 0)
        rc = runner_kept_list(s->runner, a, &kept, e);
    if (rc < 0) { /* what was gone before may be gone still */
        json_decref(seen);
        json_decref(gone);
        return -1;
    }
    /* One that is refused does not keep the others. */
    for (size_t i = 0; i < kept.len; i++) {
        const struct asleep_row *row = row_of(rows, n, kept.items[i].subdomain);
        json_object_set_new(seen, kept.items[i].subdomain, json_true());
        if ((!row || strcmp(row->etag, kept.items[i].etag) != 0) &&
            take_object(s, &kept.items[i], row, a, rc < 0 ? &why : e) < 0)
            rc = -1;
    }
    for (size_t i = 0; i < n; i++)
        if (!json_object_get(seen, rows[i].asleep.subdomain) &&
            take_absence(s, &rows[i], gone, a, rc < 0 ? &why : e) < 0)
            rc = -1;
    json_decref(seen);
    json_decref(s->gone);
    s->gone = gone;
    return rc;
}

void sync_asleep_share(struct job *job)
{
    struct share s = {.db = job->db, .gone = json_object(), .broken = json_object()};
    bool failing = false;
    struct err e;

    if (runner_open(&s.runner, job->config, job->state_dir, &e) < 0) {
        log_error("state.url: %s", e.text);
        goto out;
    }
    do {
        struct arena a = {0};
        struct err why;
        int rc = sync_asleep_forget(job->db, s.runner, job->config, &e);
        if (round_once(&s, &a, rc < 0 ? &why : &e) < 0)
            rc = -1;
        if (rc < 0 && !failing)
            log_error("%s; what sleeps here is what this machine knows", e.text);
        else if (rc == 0 && failing)
            log_info("state.url can be read again");
        failing = rc < 0;
        arena_free(&a);
    } while (job_wait(job->db, job->stop, ROUND_MS, NULL, NULL));
    runner_close(s.runner);
out:
    json_decref(s.gone);
    json_decref(s.broken);
}
