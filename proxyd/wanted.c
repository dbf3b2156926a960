#include "wanted.h"

#include <string.h>

#include "clock.h"
#include "sleep.h"
#include "store/store_asleep.h"

#define AGAIN_MS 1000 /* so often one environment is written at most */

void wanted_note(struct wanted *w, const char *subdomain)
{
    size_t i = 0;

    pthread_mutex_lock(&w->lock);
    while (i < w->n && strcmp(w->entries[i].subdomain, subdomain) != 0)
        i++;
    if (i == w->n && w->n < WANTED_MAX && strlen(subdomain) < sizeof w->entries[0].subdomain) {
        strcpy(w->entries[i].subdomain, subdomain);
        w->entries[i].written_at = 0;
        w->n++;
        atomic_store(&w->news, true);
    }
    pthread_mutex_unlock(&w->lock);
}

/* Takes out what was written some time ago; copies what was not written yet, and takes it for
 * written. Returns how many. */
static size_t take(struct wanted *w, int64_t now, struct wanted_entry entries[WANTED_MAX])
{
    size_t kept = 0, taken = 0;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n; i++) {
        if (w->entries[i].written_at && now - w->entries[i].written_at >= AGAIN_MS)
            continue;
        if (!w->entries[i].written_at)
            entries[taken++] = w->entries[i];
        w->entries[kept] = w->entries[i];
        if (!w->entries[kept].written_at)
            w->entries[kept].written_at = now;
        kept++;
    }
    w->n = kept;
    atomic_store(&w->news, kept > 0);
    pthread_mutex_unlock(&w->lock);
    return taken;
}

/* It could not be written: it is as new as before. */
static void put_back(struct wanted *w, const struct wanted_entry *entry)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n; i++)
        if (!strcmp(w->entries[i].subdomain, entry->subdomain))
            w->entries[i].written_at = 0;
    pthread_mutex_unlock(&w->lock);
}

int wanted_write(struct wanted *w, struct db *db, struct err *e)
{
    struct wanted_entry entries[WANTED_MAX];
    struct err why;
    size_t n;
    int rc = 0;

    if (!atomic_load(&w->news))
        return 0;
    n = take(w, clock_monotonic_ms(), entries);
    for (size_t i = 0; i < n; i++)
        if (store_asleep_want(db, entries[i].subdomain, WAKE_VISIT, clock_now_ms(), &why) < 0) {
            put_back(w, &entries[i]);
            *e = why;
            rc = -1;
        }
    return rc;
}
