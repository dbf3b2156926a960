#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define LINE_MAX_BYTES 4096

enum log_level log_threshold = LOG_LEVEL_INFO;
static enum log_format form = LOG_FORMAT_TEXT;

void log_setup(enum log_level level, enum log_format format)
{
    log_threshold = level;
    form = format;
}

/* Appends text to line[*len..size), control characters (and in JSON `"` and `\`) escaped, those of
 * two bytes as well, which terminals obey; what does not fit is cut. */
static void add_escaped(char *line, size_t size, size_t *len, const char *text, bool json)
{
    for (; *text && *len + 8 < size; text++) {
        unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        if (is_c1) {
            c = next;
            text++;
        }
        if (c < 0x20 || c == 0x7f || is_c1)
            *len += (size_t)snprintf(line + *len, size - *len, json ? "\\u%04x" : "\\x%02x", c);
        else {
            if (json && (c == '"' || c == '\\'))
                line[(*len)++] = '\\';
            line[(*len)++] = (char)c;
        }
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
