#include "config_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int config_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3},
                 {"ms", 1},    {"s", 1e3},   {"m", 6e4},        {"h", 3.6e6}};
    double total = 0;
    bool negative = *text == '-';

    text += *text == '+' || negative;
    if (!strcmp(text, "0")) {
        *ms = 0;
        return 0;
    }
    while (*text) {
        char *end;
        double number;
        size_t len, i;

        if (!isdigit((unsigned char)*text) && *text != '.')
            return -1;
        number = strtod(text, &end);
        len = strcspn(end, "0123456789.");
        for (i = 0; i < sizeof units / sizeof units[0]; i++)
            if (strlen(units[i].name) == len && !strncmp(units[i].name, end, len))
                break;
        if (end == text || strcspn(text, "eExXpP") < (size_t)(end - text) ||
            i == sizeof units / sizeof units[0])
            return -1;
        total += number * units[i].ms;
        text = end + len;
        if (total > 1e12 || (negative && total > 0))
            return -1;
        if (!*text) {
            *ms = (int64_t)total + (total > (double)(int64_t)total);
            return 0;
        }
    }
    return -1;
}

bool config_is_host(const char *text)
{
    return *text && strlen(text) <= 253 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text) &&
           !strstr(text, "..") && text[strlen(text) - 1] != '.';
}

bool config_is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *p = choices; *p; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == len && !strncmp(p, text, len))
            return true;
    return false;
}

/* What CGI tells apart (RFC 3875, 4.1.18). */
bool config_is_header(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 64 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool config_is_key_url(const char *text)
{
    size_t len = strlen(text);

    return len < 512 && text[len ? len - 1 : 0] == '/' && !strpbrk(text, " \t\r\n?#@\\{}") &&
           ((!strncmp(text, "https://", 8) && text[8] != '/') ||
            !strncmp(text, "http://127.0.0.1:", 17) || !strncmp(text, "http://127.0.0.1/", 17));
}
