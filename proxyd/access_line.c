#include "access_line.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

static const char hex[] = "0123456789abcdef";

/* Where the next byte goes. There is room: the longest line is shorter than ACCESS_LINE_MAX. */
static char *put(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return to + len;
}

static char *put_text(char *to, const char *text)
{
    return put(to, text, strlen(text));
}

char *access_line_number(char *to, uint64_t n)
{
    char digits[20];
    size_t len = 0;

    do
        digits[sizeof digits - ++len] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(to, digits + sizeof digits - len, len);
}

/* Exactly so many digits. */
static char *put_digits(char *to, uint64_t n, size_t width)
{
    for (size_t i = width; i-- > 0; n /= 10)
        to[i] = (char)('0' + n % 10);
    return to + width;
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* --- time ------------------------------------------------------------------------------------- */

struct moment {
    unsigned year, month, day, hour, minute, second;
};

/* In UTC. gmtime_r() takes a lock, and as long as all the rest of a line. The day is counted from 1
 * March of the year 0, so that a leap day is the last of its year: 400 years have 146097 days, and
 * five months from March on 153. */
static void read_time(int64_t at_ms, struct moment *m)
{
    const unsigned seconds = (unsigned)(at_ms / 1000 % 86400);
    const unsigned days = (unsigned)(at_ms / 86400000) + 719468, of_era = days % 146097;
    const unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * of_year + 2) / 153;

    m->day = of_year - (153 * month + 2) / 5 + 1;
    m->month = month < 10 ? month + 3 : month - 9;
    m->year = year + days / 146097 * 400 + (m->month <= 2);
    m->hour = seconds / 3600;
    m->minute = seconds / 60 % 60;
    m->second = seconds % 60;
}

static char *put_clock(char *to, const struct moment *m)
{
    to = put_digits(to, m->hour, 2);
    *to++ = ':';
    to = put_digits(to, m->minute, 2);
    *to++ = ':';
    return put_digits(to, m->second, 2);
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* A byte that is no part of UTF-8 becomes U+FFFD. */
static char *put_escaped(char *to, const char *p, size_t len)
{
    while (len > 0) {
        size_t n = 0;
        while (n < len && is_plain((unsigned char)p[n]))
            n++;
        if (n == 0 && (unsigned char)*p >= 0x80) {
            n = utf8_character(p, len);
            to = n ? put(to, p, n) : put_text(to, "\xef\xbf\xbd");
            n += n == 0;
        } else if (n == 0) {
            const unsigned char c = (unsigned char)*p;
            if (c == '"' || c == '\\')
                *to++ = '\\', *to++ = (char)c;
            else {
                to = put_text(to, "\\u00");
                *to++ = hex[c >> 4];
                *to++ = hex[c & 15];
            }
            n = 1;
        } else
            to = put(to, p, n);
        p += n;
        len -= n;
    }
    return to;
}

static char *put_member(char *to, const char *name, struct access_text value, size_t max)
{
    to = put_text(to, name);
    if (!value.bytes)
        return put_text(to, "null");
    *to++ = '"';
    to = put_escaped(to, value.bytes, value.len < max ? value.len : max);
    *to++ = '"';
    return to;
}

static char *put_string(char *to, const char *name, const char *value)
{
    return put_member(to, name, (struct access_text){*value ? value : NULL, strlen(value)},
                      ACCESS_HOST_MAX);
}

/* RFC 3339, in UTC. */
static char *put_time(char *to, int64_t at_ms)
{
    struct moment m;

    read_time(at_ms, &m);
    to = put_digits(to, m.year, 4);
    *to++ = '-';
    to = put_digits(to, m.month, 2);
    *to++ = '-';
    to = put_digits(to, m.day, 2);
    *to++ = 'T';
    to = put_clock(to, &m);
    *to++ = '.';
    to = put_digits(to, (uint64_t)(at_ms % 1000), 3);
    *to++ = 'Z';
    return to;
}

size_t access_line_json(const struct access_line *l, char text[ACCESS_LINE_MAX])
{
    char *to = put_text(text, "{\"time\":\"");

    to = put_time(to, l->at_ms);
    to = put_string(to, "\",\"client\":", l->client);
    to = put_member(to, ",\"method\":", l->method, ACCESS_METHOD_MAX);
    to = put_member(to, ",\"host\":", l->host, ACCESS_HOST_MAX);
    to = put_member(to, ",\"target\":", l->target, ACCESS_TARGET_MAX);
    to = put_text(to, ",\"protocol\":\"HTTP/1.");
    to = access_line_number(to, (uint64_t)l->minor);
    to = put_text(to, "\",\"status\":");
    to = access_line_number(to, (uint64_t)l->status);
    to = put_text(to, ",\"bytes\":");
    to = access_line_number(to, l->bytes);
    to = put_text(to, ",\"seconds\":");
    to = access_line_number(to, (uint64_t)l->us / 1000000);
    *to++ = '.';
    to = put_digits(to, (uint64_t)l->us % 1000000, 6);
    to = put_string(to, ",\"by\":", l->by);
    to = put_string(to, ",\"environment\":", l->environment);
    to = put_string(to, ",\"task\":", l->task);
    to = put_member(to, ",\"referer\":", l->referer, ACCESS_REFERER_MAX);
    to = put_member(to, ",\"user_agent\":", l->agent, ACCESS_AGENT_MAX);
    to = put_text(to, "}\n");
    return (size_t)(to - text);
}

/* --- combined ----------------------------------------------------------------------------------
 */

/* As Apache does: \", \\, and \xHH for what cannot be shown. */
static char *put_quoted(char *to, struct access_text value, size_t max)
{
    const size_t len = value.len < max ? value.len : max;

    if (!value.bytes)
        return put_text(to, "-");
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)value.bytes[i];
        if (is_plain(c))
            *to++ = (char)c;
        else if (c == '"' || c == '\\')
            *to++ = '\\', *to++ = (char)c;
        else {
            to = put_text(to, "\\x");
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    return to;
}

size_t access_line_combined(const struct access_line *l, char text[ACCESS_LINE_MAX])
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char *to = put_text(text, l->client);
    struct moment m;

    read_time(l->at_ms, &m);
    to = put_text(to, " - - [");
    to = put_digits(to, m.day, 2);
    *to++ = '/';
    to = put_text(to, months[m.month - 1]);
    *to++ = '/';
    to = put_digits(to, m.year, 4);
    *to++ = ':';
    to = put_clock(to, &m);
    to = put_text(to, " +0000] \"");
    if (l->method.bytes) {
        to = put_quoted(to, l->method, ACCESS_METHOD_MAX);
        *to++ = ' ';
        to = put_quoted(to, l->target, ACCESS_TARGET_MAX);
        to = put_text(to, " HTTP/1.");
        to = access_line_number(to, (uint64_t)l->minor);
    } else
        *to++ = '-';
    to = put_text(to, "\" ");
    to = put_digits(to, (uint64_t)l->status, 3);
    *to++ = ' ';
    to = l->bytes ? access_line_number(to, l->bytes) : put_text(to, "-");
    to = put_text(to, " \"");
    to = put_quoted(to, l->referer, ACCESS_REFERER_MAX);
    to = put_text(to, "\" \"");
    to = put_quoted(to, l->agent, ACCESS_AGENT_MAX);
    to = put_text(to, "\"\n");
    return (size_t)(to - text);
}
