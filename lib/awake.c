#include "awake.h"

#include <string.h>
#include <strings.h>

#define DAY_MINUTES (24 * 60)

/* The day that the text begins with, 0 is Sunday; -1. */
static int day_of(const char *text)
{
    static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

    for (int i = 0; i < 7; i++)
        if (!strncasecmp(text, days[i], 3))
            return i;
    return -1;
}

/* Reads the days; returns what is left of the text, NULL when it is wrong. */
static const char *read_days(const char *text, unsigned *days)
{
    *days = 0;
    if (!strncasecmp(text, "daily", 5)) {
        *days = 0x7f;
        return text + 5;
    }
    for (;;) {
        int first = day_of(text), last = first;
        if (first < 0)
            return NULL;
        text += 3;
        if (*text == '-') {
            last = day_of(text + 1);
            if (last < 0)
                return NULL;
            text += 4;
        }
        for (int day = first;; day = (day + 1) % 7) {
            *days |= 1u << day;
            if (day == last)
                break;
        }
        if (*text != ',')
            return text;
        text++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads HH:MM; NULL when it is none. */
static const char *read_time(const char *text, int *minute)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : !is_digit(text[i]))
            return NULL;
    *minute = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    return text[3] < '6' && *minute <= DAY_MINUTES ? text + 5 : NULL;
}

int awake_parse(struct awake_span *span, const char *text, struct err *e)
{
    const char *p = read_days(text, &span->days);

    if (p && *p == ' ')
        p = read_time(p + strspn(p, " "), &span->from);
    else
        p = NULL;
    if (p && *p == '-')
        p = read_time(p + 1, &span->to);
    else
        p = NULL;
    if (!p || *p || span->from == DAY_MINUTES || span->from == span->to)
        return err_set(e, ERR_INVALID,
                       "expected days and times such as 'mon-fri 09:00-19:00', 'sat,sun "
                       "10:00-14:00' or 'daily 22:00-02:00', got '%.100s'",
                       text);
    return 0;
}

bool awake_covers(const struct awake_span *span, int weekday, int minute)
{
    bool today = span->days & 1u << weekday, yesterday = span->days & 1u << (weekday + 6) % 7;

    if (span->to > span->from)
        return today && minute >= span->from && minute < span->to;
    return (today && minute >= span->from) || (yesterday && minute < span->to);
}

/* How many minutes are left of a span that covers this one; 0: it does not. */
static int left_of(const char *text, int weekday, int minute)
{
    struct awake_span span;
    struct err checked;
    int left;

    if (awake_parse(&span, text, &checked) < 0 || !awake_covers(&span, weekday, minute))
        return 0;
    left = (span.to - minute + DAY_MINUTES) % DAY_MINUTES;
    return left ? left : DAY_MINUTES;
}

int awake_left(const char *const *spans, size_t n, int weekday, int minute)
{
    int all = 0, left;

    do {
        left = 0;
        for (size_t i = 0; i < n && left == 0; i++)
            left = left_of(spans[i], weekday, minute);
        all += left;
        weekday = (weekday + (minute + left) / DAY_MINUTES) % 7;
        minute = (minute + left) % DAY_MINUTES;
    } while (left > 0 && all < 7 * DAY_MINUTES);
    return left > 0 ? -1 : all;
}
