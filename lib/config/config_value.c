#include "config_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client_field.h"
#include "network.h"
#include "pattern.h"
#include "regex.h"
#include "schedule.h"
#include "socket_address.h"

#define AGENT_MIN 3 /* a shorter text is found in nearly everything */
#define AGENT_MAX 256

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

/* Whether text is one of `choices`, which are separated by blanks. */
static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *p = choices; *p; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == len && !strncmp(p, text, len))
            return true;
    return false;
}

/* Fields that mean something to programs on the way, or come with every request. As a token, some
 * would be known to all, and some never arrive. */
static const char *const taken_headers[] = {
    "Accept",
    "Age",
    "Allow",
    "Cache-Control",
    "Connection",
    "Cookie",
    "Date",
    "Depth",
    "DNT",
    "ETag",
    "Expect",
    "Expires",
    "From",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Last-Modified",
    "Link",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Prefer",
    "Priority",
    "Range",
    "Referer",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Vary",
    "Via",
    "Warning",
    "WWW-Authenticate",
    "Status",
    "Upgrade-Insecure-Requests",
    "X-Requested-With",
    "HTTPS",
};
static const char *const taken_beginnings[] = {
    "Accept-", "Access-Control-", "Content-", "If-", "Proxy-", "Sec-", "X-Amzn-",
};

static bool is_taken_header(const char *text)
{
    bool exact;

    if (client_field_is(text, strlen(text), &exact)) /* a stranger's would never arrive */
        return true;
    for (size_t i = 0; i < sizeof taken_headers / sizeof taken_headers[0]; i++)
        if (!strcasecmp(text, taken_headers[i]))
            return true;
    for (size_t i = 0; i < sizeof taken_beginnings / sizeof taken_beginnings[0]; i++)
        if (!strncasecmp(text, taken_beginnings[i], strlen(taken_beginnings[i])))
            return true;
    return false;
}

/* The name of a header field: letters, digits and hyphens, which CGI tells apart (RFC 3875,
 * 4.1.18). */
static bool is_header(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 64 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           !is_taken_header(text);
}

/* A base that a key's id is put behind, with a slash at its end. Plain HTTP only where nobody else
 * can answer. */
static bool is_key_url(const char *text)
{
    size_t len = strlen(text);

    return len < 512 && text[len ? len - 1 : 0] == '/' && !strpbrk(text, " \t\r\n?#@\\{}") &&
           ((!strncmp(text, "https://", 8) && text[8] != '/') ||
            !strncmp(text, "http://127.0.0.1:", 17) || !strncmp(text, "http://127.0.0.1/", 17));
}

static bool is_address(const char *text)
{
    unsigned char address[16];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool is_listen(const char *text)
{
    struct socket_address address;

    return socket_address_parse(&address, text);
}

static bool is_env_name(const char *text)
{
    return *text && !isdigit((unsigned char)*text) &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
               strlen(text);
}

static bool is_network(const char *text)
{
    struct network network;

    return network_parse(&network, text);
}

static int check_choice(const struct config_field *f, const char *text, struct err *e)
{
    return is_choice(f->choices, text)
               ? 0
               : err_set(e, ERR_INVALID, "expected one of %s, got '%s'", f->choices, text);
}

static int check_schedule(const struct config_field *f, const char *text, struct err *e)
{
    struct schedule schedule;

    (void)f;
    return schedule_parse(&schedule, text, e);
}

static int check_seconds(const struct config_field *f, const char *text, struct err *e)
{
    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9 ||
        strtol(text, NULL, 10) < f->min)
        return err_set(e, ERR_INVALID, "expected seconds, at least %ld, got '%s'", f->min, text);
    return 0;
}

static int check_regex(const struct config_field *f, const char *text, struct err *e)
{
    struct regex *re = NULL;
    struct err why;

    (void)f;
    if (*text && regex_compile(&re, text, &why) < 0)
        return err_set(e, ERR_INVALID, "%s in '%s'", why.text, text);
    regex_free(re);
    return 0;
}

static int check_pattern(const struct config_field *f, const char *text, struct err *e)
{
    (void)f;
    return pattern_is_valid(text) ? 0
                                  : err_set(e, ERR_INVALID, "'%s' is a malformed pattern", text);
}

/* What browsers send too would ignore them all; so would a text that is empty. */
static int check_agent(const struct config_field *f, const char *text, struct err *e)
{
    size_t len = strlen(text);

    (void)f;
    if (len < AGENT_MIN || len > AGENT_MAX)
        return err_set(e, ERR_INVALID,
                       "expected a text of %d to %d bytes that stands in the User-Agent of what is "
                       "to be ignored, got '%.100s'",
                       AGENT_MIN, AGENT_MAX, text);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return err_set(e, ERR_INVALID,
                           "a control character or a line break stands in it; none stands in a "
                           "User-Agent");
    return 0;
}

static int check_path(const struct config_field *f, const char *text, struct err *e)
{
    const char *star = strchr(text, '*');

    (void)f;
    if (*text != '/')
        return err_set(e, ERR_INVALID,
                       "expected a path that begins with /, such as /health or /health/*, got "
                       "'%.100s'",
                       text);
    if (star && star[1])
        return err_set(e, ERR_INVALID,
                       "a * may only stand at the end, where it means any rest, got '%.100s'",
                       text);
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return err_set(e, ERR_INVALID,
                           "only visible ASCII may stand in a path; write the rest as %%XX, as "
                           "clients send it");
        if (*p == '?' || *p == '#')
            return err_set(e, ERR_INVALID,
                           "the path is compared without its query: leave out what begins with %c",
                           *p);
    }
    return 0;
}

/* An empty secret would let in nobody, or everybody. The value itself is never shown. */
static int check_secret(const struct config_field *f, const char *text, struct err *e)
{
    (void)f;
    return *text ? 0 : err_set(e, ERR_INVALID, "is empty: give it a value, or remove the key");
}

/* What the texts of a type are: `is` with what was expected, or else a check with a sentence of its
 * own. A type without either takes any text. */
static const struct {
    bool (*is)(const char *text);
    const char *expected;
    int (*check)(const struct config_field *f, const char *text, struct err *e);
} rules[] = {
    [CONFIG_ADDRESS] = {.is = is_address, .expected = "an IP address"},
    [CONFIG_LISTEN] = {.is = is_listen,
                       .expected = "ADDRESS:PORT such as 0.0.0.0:8090 or [::]:8090"},
    [CONFIG_ENV_NAME] = {.is = is_env_name, .expected = "a name for an environment variable"},
    [CONFIG_HEADER] = {.is = is_header, .expected = "a header such as x-mirage-token"},
    [CONFIG_KEY_URL] = {.is = is_key_url,
                        .expected = "https://HOST/…/ (http:// only to 127.0.0.1)"},
    [CONFIG_NETWORKS] = {.is = is_network,
                         .expected = "an address or a network such as 10.0.0.0/8"},
    [CONFIG_CHOICE] = {.check = check_choice},
    [CONFIG_SCHEDULE] = {.check = check_schedule},
    [CONFIG_SECONDS] = {.check = check_seconds},
    [CONFIG_REGEX] = {.check = check_regex},
    [CONFIG_PATTERNS] = {.check = check_pattern},
    [CONFIG_AGENTS] = {.check = check_agent},
    [CONFIG_PATHS] = {.check = check_path},
    [CONFIG_SECRET] = {.check = check_secret},
    [CONFIG_SECRETS] = {.check = check_secret},
};

int config_check_text(const struct config_field *f, const char *text, struct err *e)
{
    if (f->type >= sizeof rules / sizeof rules[0])
        return 0;
    if (rules[f->type].check)
        return rules[f->type].check(f, text, e);
    if (rules[f->type].is && !rules[f->type].is(text))
        return err_set(e, ERR_INVALID, "expected %s, got '%s'", rules[f->type].expected, text);
    return 0;
}
