#include "schedule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum field { MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, YEARS, FIELDS };

static const struct {
    const char *name;
    int min, max;
    const char *names; /* three letters each, from min on */
} fields[FIELDS] = {
    {"minutes", 0, 59, ""},
    {"hours", 0, 23, ""},
    {"day of month", 1, 31, ""},
    {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    {"day of week", 1, 7, "SUNMONTUEWEDTHUFRISAT"},
    {"year", SCHEDULE_YEAR_MIN, SCHEDULE_YEAR_MAX, ""},
};

/* --- reading -----------------------------------------------------------------------------------
 */

static int refuse(enum field f, const char *text, struct err *e)
{
    return err_set(e, ERR_INVALID, "%s: '%.40s' is not understood (from %d to %d%s)",
                   fields[f].name, text, fields[f].min, fields[f].max,
                   *fields[f].names ? ", or a name" : "");
}

/* A number or a name at *p, which is moved on. -1 when there is neither, or it is out of range. */
static int read_value(enum field f, const char **p)
{
    const char *names = fields[f].names;
    char *end;
    long value;

    for (int i = 0; names[3 * i]; i++)
        if (!strncasecmp(*p, names + 3 * i, 3)) {
            *p += 3;
            return fields[f].min + i;
        }
    if (!isdigit((unsigned char)**p))
        return -1;
    value = strtol(*p, &end, 10);
    if (end - *p > 4 || value < fields[f].min || value > fields[f].max)
        return -1;
    *p = end;
    return (int)value;
}

static void set(struct schedule *s, enum field f, int value)
{
    switch (f) {
    case MINUTES:
        s->minutes |= 1ULL << value;
        break;
    case HOURS:
        s->hours |= 1u << value;
        break;
    case DAYS:
        s->days |= 1u << value;
        break;
    case MONTHS:
        s->months = (uint16_t)(s->months | 1u << value);
        break;
    case WEEKDAYS:
        s->weekdays = (uint8_t)(s->weekdays | 1u << value);
        break;
    case YEARS:
        s->years[value - SCHEDULE_YEAR_MIN] = true;
        break;
    case FIELDS:
        break;
    }
}

/* L, LW and nW of a day of month; L, nL and n#k of a day of week. 1 when it was one of them. */
static int read_special(struct schedule *s, enum field f, const char *item)
{
    const char *p = item;
    int value;

    if (f != DAYS && f != WEEKDAYS)
        return 0;
    if (!strcasecmp(item, "L")) {
        s->last_day = s->last_day || f == DAYS;
        if (f == WEEKDAYS)
            set(s, f, 7); /* the last day of the week */
        return 1;
    }
    if (f == DAYS && (!strcasecmp(item, "LW") || !strcasecmp(item, "WL"))) {
        s->last_weekday = true;
        return 1;
    }
    value = read_value(f, &p);
    if (value < 0)
        return 0;
    if (f == DAYS && !strcasecmp(p, "W")) {
        s->weekday_near |= 1u << value;
        return 1;
    }
    if (f == WEEKDAYS && !strcasecmp(p, "L")) {
        s->last_of = (uint8_t)(s->last_of | 1u << value);
        return 1;
    }
    if (f == WEEKDAYS && *p == '#' && p[1] >= '1' && p[1] <= '5' && !p[2] && !s->nth) {
        s->nth_day = (uint8_t)value;
        s->nth = (uint8_t)(p[1] - '0');
        return 1;
    }
    return 0;
}

/* One of the things between commas: `*`, `n`, `n-m`, each with `/step`, or a special one. */
static int read_item(struct schedule *s, enum field f, const char *item, struct err *e)
{
    const char *p = item;
    int first = fields[f].min, last = fields[f].max;
    long step = 1;
    char *end;

    if (read_special(s, f, item))
        return 0;
    if (*p == '*')
        p++;
    else {
        first = last = read_value(f, &p);
        if (*p == '-') {
            p++;
            last = read_value(f, &p);
        } else if (*p == '/')
            last = fields[f].max;
    }
    if (*p == '/' && isdigit((unsigned char)p[1])) {
        step = strtol(p + 1, &end, 10);
        p = end;
    }
    if (*p || first < 0 || last < first || step < 1 || step > fields[f].max)
        return refuse(f, item, e);
    for (int value = first; value <= last; value += (int)step)
        set(s, f, value);
    return 0;
}

static int read_field(struct schedule *s, enum field f, char *text, struct err *e)
{
    char *rest = text, *item;

    while ((item = strsep(&rest, ",")))
        if (read_item(s, f, item, e) < 0)
            return -1;
    return 0;
}

/* Splits at blanks. How many there are. */
static size_t split(char *text, char *parts[], size_t max)
{
    size_t n = 0;
    char *rest = text, *part;

    while ((part = strsep(&rest, " \t")))
        if (*part) {
            if (n < max)
                parts[n] = part;
            n++;
        }
    return n;
}

int schedule_parse(struct schedule *s, const char *text, struct err *e)
{
    char copy[256], *parts[FIELDS], *begin = copy;
    size_t len = strlen(text), n;
    bool any_day, any_weekday;

    *s = (struct schedule){0};
    if (len >= sizeof copy)
        return err_set(e, ERR_INVALID, "a schedule is not that long");
    memcpy(copy, text, len + 1);
    if (!strncmp(copy, "cron(", 5) && copy[len - 1] == ')') {
        copy[len - 1] = '\0';
        begin = copy + 5;
    }
    n = split(begin, parts, FIELDS);
    if (n != FIELDS)
        return err_set(
            e, ERR_INVALID,
            "expected six fields (minutes, hours, day of month, month, day of week, year), "
            "got %zu",
            n);
    any_day = !strcmp(parts[DAYS], "?");
    any_weekday = !strcmp(parts[WEEKDAYS], "?");
    if (any_day == any_weekday)
        return err_set(e, ERR_INVALID, "one of day of month and day of week must be ?%s",
                       any_day ? ", and only one" : "");
    for (int f = 0; f < FIELDS; f++)
        if (!(f == DAYS && any_day) && !(f == WEEKDAYS && any_weekday) &&
            read_field(s, (enum field)f, parts[f], e) < 0)
            return -1;
    return 0;
}

/* --- the next time -----------------------------------------------------------------------------
 */

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

/* 1 is Sunday (Zeller's congruence, for the Gregorian calendar). */
static int weekday_of(int year, int month, int day)
{
    int y = month < 3 ? year - 1 : year, m = month < 3 ? month + 12 : month;
    int h = (day + 13 * (m + 1) / 5 + y + y / 4 - y / 100 + y / 400) % 7; /* 0 is Saturday */

    return h == 0 ? 7 : h;
}

/* The weekday (Monday to Friday) nearest to a day, within its month. */
static int nearest_weekday(int year, int month, int day)
{
    int last = days_of_month(year, month), weekday;

    if (day > last)
        return 0; /* this month has no such day */
    weekday = weekday_of(year, month, day);
    if (weekday == 7) /* Saturday */
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 1)
        return day < last ? day + 1 : day - 2;
    return day;
}

static bool is_day(const struct schedule *s, int year, int month, int day)
{
    int last = days_of_month(year, month), weekday = weekday_of(year, month, day);

    if (!s->years[year - SCHEDULE_YEAR_MIN] || !(s->months & 1u << month))
        return false;
    if (s->days & 1u << day || s->weekdays & 1u << weekday || (s->last_day && day == last) ||
        (s->last_of & 1u << weekday && day + 7 > last) ||
        (s->nth && weekday == s->nth_day && (day - 1) / 7 + 1 == s->nth) ||
        (s->last_weekday && day == nearest_weekday(year, month, last)))
        return true;
    for (int n = 1; n <= last; n++)
        if (s->weekday_near & 1u << n && day == nearest_weekday(year, month, n))
            return true;
    return false;
}

/* The time of day that day, after `after`; -1 when that day has none. */
static int64_t next_of_day(const struct schedule *s, int year, int month, int day, time_t after)
{
    for (int hour = 0; hour < 24; hour++)
        for (int minute = 0; s->hours & 1u << hour && minute < 60; minute++) {
            struct tm tm = {.tm_year = year - 1900,
                            .tm_mon = month - 1,
                            .tm_mday = day,
                            .tm_hour = hour,
                            .tm_min = minute,
                            .tm_isdst = -1};
            time_t at;
            if (!(s->minutes & 1ULL << minute))
                continue;
            at = mktime(&tm);
            if (at > after && tm.tm_hour == hour && tm.tm_min == minute)
                return (int64_t)at * 1000;
        }
    return -1;
}

int64_t schedule_next(const struct schedule *s, int64_t after_ms)
{
    time_t after = (time_t)(after_ms / 1000);
    struct tm tm;
    int year, month, day;

    if (!localtime_r(&after, &tm) || tm.tm_year + 1900 < SCHEDULE_YEAR_MIN)
        return -1;
    year = tm.tm_year + 1900;
    month = tm.tm_mon + 1;
    day = tm.tm_mday;
    for (; year <= SCHEDULE_YEAR_MAX; year++, month = 1) {
        for (; month <= 12; month++, day = 1)
            for (; day <= days_of_month(year, month); day++) {
                int64_t at =
                    is_day(s, year, month, day) ? next_of_day(s, year, month, day, after) : -1;
                if (at >= 0)
                    return at;
            }
    }
    return -1;
}

bool schedule_has(const struct schedule *s, int year, int month, int day, int hour, int minute)
{
    return year >= SCHEDULE_YEAR_MIN && year <= SCHEDULE_YEAR_MAX && is_day(s, year, month, day) &&
           s->hours & 1u << hour && s->minutes & 1ULL << minute;
}
