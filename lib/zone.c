#include "zone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"

#define FOLDER "/usr/share/zoneinfo" /* tzset(3) */
#define STEP_S 900                   /* no zone changes between two quarters of an hour */
#define DAY_S  86400
#define AHEAD  (10 * 366) /* days */

bool zone_exists(const char *name)
{
    struct arena a = {0};
    bool exists = !strcmp(name, "UTC"); /* needs no file */

    exists = exists || (*name && *name != '/' && *name != '.' && !strstr(name, "..") &&
                        access(arena_printf(&a, FOLDER "/%s", name), R_OK) == 0);

    arena_free(&a);
    return exists;
}

static int read_offsets(struct zone *zone, struct err *e)
{
    int64_t now = (int64_t)time(NULL), from = now - now % STEP_S - DAY_S;
    size_t cap = 0;

    for (int64_t at = from; at < from + (int64_t)AHEAD * DAY_S; at += STEP_S) {
        time_t t = (time_t)at;
        struct zone_offset *more;
        struct tm tm;
        if (!localtime_r(&t, &tm))
            return err_set(e, ERR_INTERNAL, "the time zone has no time %lld", (long long)at);
        if (zone->len > 0 && zone->items[zone->len - 1].ahead == tm.tm_gmtoff)
            continue;
        if (zone->len == cap) {
            cap = cap ? 2 * cap : 32;
            more = realloc(zone->items, cap * sizeof *more);
            if (!more)
                return err_set(e, ERR_INTERNAL, "out of memory");
            zone->items = more;
        }
        zone->items[zone->len++] = (struct zone_offset){at, tm.tm_gmtoff};
    }
    return 0;
}

int zone_load(struct zone *zone, const char *name, struct err *e)
{
    const char *before = getenv("TZ");
    struct arena a = {0};
    int rc;

    *zone = (struct zone){0};
    before = before ? arena_strdup(&a, before) : NULL;
    if (name)
        setenv("TZ", arena_printf(&a, ":%s", name), 1);
    tzset();
    rc = read_offsets(zone, e);
    if (name && before)
        setenv("TZ", before, 1);
    else if (name)
        unsetenv("TZ");
    tzset();
    arena_free(&a);
    if (rc < 0)
        zone_free(zone);
    return rc;
}

void zone_free(struct zone *zone)
{
    free(zone->items);
    *zone = (struct zone){0};
}

void zone_time(const struct zone *zone, int64_t at_ms, struct tm *tm)
{
    int64_t at = at_ms / 1000;
    time_t shown;
    size_t i = 0;

    while (i + 1 < zone->len && zone->items[i + 1].from <= at)
        i++;
    shown = (time_t)(at + (zone->len > 0 ? zone->items[i].ahead : 0));
    if (!gmtime_r(&shown, tm))
        *tm = (struct tm){.tm_year = 70, .tm_mday = 1};
}

void zone_clock(const struct zone *zone, int64_t at_ms, int *weekday, int *minute)
{
    struct tm tm;

    zone_time(zone, at_ms, &tm);
    *weekday = tm.tm_wday;
    *minute = tm.tm_hour * 60 + tm.tm_min;
}
