#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "utf8.h"

#define LINE_MAX_BYTES 4096

enum log_level log_threshold = LOG_LEVEL_INFO;
static enum log_format form = LOG_FORMAT_TEXT;

void log_setup(enum log_level level, enum log_format format)
{
    log_threshold = level;
    form = format;
}

/* Characters that change how the rest of a line shows, or that do not show: Unicode's categories
 * Cc, and of Cf those that turn the direction (UAX #9), join or hide; line and paragraph
 * separators. */
static bool is_hidden(unsigned long c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

static unsigned long decode(const char *s, size_t n)
{
    unsigned long c = (unsigned char)*s & (n == 1 ? 0x7fu : 0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3fu);
    return c;
}

/* The escape of a character; in JSON of its two halves where it takes two (RFC 8259, 7). */
static size_t add_escape(char *at, size_t size, unsigned long c, bool json)
{
    if (json && c > 0xffff)
        return (size_t)snprintf(at, size, "\\u%04lx\\u%04lx", 0xd800 + ((c - 0x10000) >> 10),
                                0xdc00 + (c & 0x3ff));
    return (size_t)snprintf(at, size, json || c > 0xff ? "\\u%04lx" : "\\x%02lx", c);
}

/* Appends text to line[*len..size). Escapes what is_hidden(), what is no UTF-8 (terminals obey the
 * byte 9b as they do ESC [), and in JSON `"` and `\`. What does not fit is cut. */
static void add_escaped(char *line, size_t size, size_t *len, const char *text, bool json)
{
    size_t left = strlen(text);

    while (left > 0 && *len + 16 < size) {
        size_t n = utf8_character(text, left);
        unsigned long c = n ? decode(text, n) : (unsigned char)*text;
        if (n == 0 && json)
            *len += (size_t)snprintf(line + *len, size - *len, "\\\\x%02lx", c);
        else if (n == 0 || is_hidden(c))
            *len += add_escape(line + *len, size - *len, c, json);
        else {
            if (json && (c == '"' || c == '\\'))
                line[(*len)++] = '\\';
            memcpy(line + *len, text, n);
            *len += n;
        }
        n = n ? n : 1;
        text += n;
        left -= n;
    }
}

void log_at(enum log_level level, const char *file, int line, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char text[LINE_MAX_BYTES - 512], out[LINE_MAX_BYTES], time[CLOCK_TEXT_SIZE];
    const char *slash = strrchr(file, '/');
    bool json = form == LOG_FORMAT_JSON;
    va_list args;
    size_t len;

    if (level < log_threshold)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clock_rfc3339(clock_now_ms(), time);
    len = (size_t)snprintf(out, sizeof out,
                           json ? "{\"time\":\"%s\",\"level\":\"%s\",\"source\":\"%.64s:%d\","
                                  "\"msg\":\""
                                : "%s [%s] [%.64s:%d] ",
                           time, names[level], slash ? slash + 1 : file, line);
    add_escaped(out, sizeof out - 4, &len, text, json);
    if (json) {
        out[len++] = '"';
        out[len++] = '}';
    }
    out[len++] = '\n';
    if (write(STDERR_FILENO, out, len) < 0)
        return; /* nowhere left to say so */
}
