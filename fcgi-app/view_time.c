#include "view_time.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

static void write_age(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
    if (ms < MINUTE_MS)
        strcpy(text, "just now");
    else if (ms < HOUR_MS)
        snprintf(text, CLOCK_TEXT_SIZE, "%d min ago", (int)(ms / MINUTE_MS));
    else if (ms < 2 * DAY_MS)
        snprintf(text, CLOCK_TEXT_SIZE, "%d h ago", (int)(ms / HOUR_MS));
    else
        snprintf(text, CLOCK_TEXT_SIZE, "%lld d ago", (long long)(ms / DAY_MS));
}

json_t *view_time(int64_t ms)
{
    char iso[CLOCK_TEXT_SIZE];
    char text[CLOCK_TEXT_SIZE];
    char ago[CLOCK_TEXT_SIZE];

    if (ms == 0)
        return json_null();
    clock_rfc3339(ms, iso);
    strcpy(text, iso);
    text[10] = ' ';
    text[19] = '\0';
    write_age(clock_now_ms() - ms, ago);
    return json_pack("{s:s,s:s,s:s}", "text", text, "iso", iso, "ago", ago);
}

const char *view_duration(struct arena *a, int64_t ms)
{
    if (ms < SECOND_MS)
        return arena_printf(a, "%d ms", (int)(ms > 0 ? ms : 0));
    if (ms < MINUTE_MS)
        return arena_printf(a, "%.1f s", (double)(ms / 100) / 10);
    if (ms < HOUR_MS)
        return arena_printf(a, "%d min %d s", (int)(ms / MINUTE_MS),
                            (int)(ms % MINUTE_MS / SECOND_MS));
    if (ms < DAY_MS)
        return arena_printf(a, "%d h %d min", (int)(ms / HOUR_MS), (int)(ms % HOUR_MS / MINUTE_MS));
    return arena_printf(a, "%lld d %d h", (long long)(ms / DAY_MS), (int)(ms % DAY_MS / HOUR_MS));
}
