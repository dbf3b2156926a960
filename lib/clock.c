#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

static int64_t floor_seconds(int64_t ms)
{
    return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

char *clock_rfc3339(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)floor_seconds(ms);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(text, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (int)(ms - (int64_t)seconds * 1000));
    return text;
}

char *clock_imf_fixdate(int64_t ms, char text[CLOCK_TEXT_SIZE])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)floor_seconds(ms);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(text, CLOCK_TEXT_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             days + (size_t)tm.tm_wday * 3, tm.tm_mday, months + (size_t)tm.tm_mon * 3,
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return text;
}

/* Reads exactly `width` digits. */
static bool digits(const char **p, int width, int *value)
{
    *value = 0;
    for (int i = 0; i < width; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

static bool literal(const char **p, char lower, char upper)
{
    if (**p != lower && **p != upper)
        return false;
    (*p)++;
    return true;
}

static bool fraction(const char **p, int *ms)
{
    int scale = 100;

    *ms = 0;
    if (**p != '.')
        return true;
    (*p)++;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
        *ms += (**p - '0') * scale;
    return true;
}

static bool offset(const char **p, int *minutes)
{
    int sign, hour, minute;

    *minutes = 0;
    if (literal(p, 'z', 'Z'))
        return true;
    if (**p != '+' && **p != '-')
        return false;
    sign = *(*p)++ == '-' ? -1 : 1;
    if (!digits(p, 2, &hour) || !literal(p, ':', ':') || !digits(p, 2, &minute) || hour > 23 ||
        minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

int clock_parse_rfc3339(const char *text, int64_t *ms)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm tm = {0};
    const char *p = text;
    int year, month, day, milliseconds, minutes, last;

    if (!digits(&p, 4, &year) || !literal(&p, '-', '-') || !digits(&p, 2, &month) ||
        !literal(&p, '-', '-') || !digits(&p, 2, &day) || !literal(&p, 't', 'T') ||
        !digits(&p, 2, &tm.tm_hour) || !literal(&p, ':', ':') || !digits(&p, 2, &tm.tm_min) ||
        !literal(&p, ':', ':') || !digits(&p, 2, &tm.tm_sec) || !fraction(&p, &milliseconds) ||
        !offset(&p, &minutes) || *p)
        return -1;
    if (month < 1 || month > 12 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return -1;
    last = month_days[month - 1];
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        last = 29;
    if (day < 1 || day > last)
        return -1;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    *ms = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * 1000 + milliseconds;
    return 0;
}
