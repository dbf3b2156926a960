/* Of a User-Agent the first AGENT_BYTES are looked at. It is compared with what the worker
 * remembers, and searched only when it is new there: a search costs a hundred times as much. */
#include "visitor.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "regex.h"

#include "client_address.h"

#define AGENT_BYTES 1024

struct visitor_rules {
    const struct config *config;
    struct regex *agents; /* NULL: none is named */
};

int visitor_rules_new(struct visitor_rules **rules, const struct config *config, struct err *e)
{
    const struct config_strings *agents = &config->use.ignore.user_agents;
    struct visitor_rules *r = calloc(1, sizeof *r);

    *rules = NULL;
    if (!r)
        return err_set(e, ERR_INTERNAL, "out of memory");
    r->config = config;
    if (agents->len > 0 && regex_compile_texts(&r->agents, agents->items, agents->len, e) < 0) {
        free(r);
        return err_prefix(e, "use.ignore.user_agents");
    }
    *rules = r;
    return 0;
}

void visitor_rules_free(struct visitor_rules *rules)
{
    if (!rules)
        return;
    regex_free(rules->agents);
    free(rules);
}

/* --- use.ignore -------------------------------------------------------------------------------
 */

/* Without the query. A pattern is a whole path, or ends in a star that stands for any rest. */
static bool is_ignored_path(const struct config_strings *paths, const struct visitor_request *v)
{
    const char *path = v->head + v->r->path.at;
    const char *query = memchr(path, '?', v->r->path.len);
    size_t len = query ? (size_t)(query - path) : v->r->path.len;

    if (len == 0) { /* of an absolute target */
        path = "/";
        len = 1;
    }
    for (size_t i = 0; i < paths->len; i++) {
        const char *pattern = paths->items[i];
        size_t n = strlen(pattern);
        bool open = pattern[n - 1] == '*';
        n -= open;
        if ((open ? len >= n : len == n) && !memcmp(path, pattern, n))
            return true;
    }
    return false;
}

static bool is_ignored_address(const struct config *config, const struct visitor_request *v)
{
    char text[CLIENT_ADDRESS_SIZE];

    return network_list_has(config->use.ignore.networks, config->use.ignore.n_networks,
                            client_address(config, v->head, v->r, v->peer, v->peer_trusted, text));
}

/* Where it is remembered. Eight bytes at a time; the last few are not in it, for what is found
 * there is compared whole. */
static struct visitor_agent *place_of(struct visitor_memory *memory, const char *text, size_t len)
{
    uint64_t hash = len, word;

    for (size_t i = 0; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return &memory->agents[hash % VISITOR_MEMORY];
}

static bool is_ignored_agent(const struct visitor_rules *rules, struct visitor_memory *memory,
                             const char *text, size_t len)
{
    struct visitor_agent *known;

    if (len == 0 || len > VISITOR_MEMORY_TEXT)
        return regex_match_bytes(rules->agents, text, len < AGENT_BYTES ? len : AGENT_BYTES) == 1;
    known = place_of(memory, text, len);
    if (known->len != len || memcmp(known->text, text, len) != 0) {
        known->ignored = regex_match_bytes(rules->agents, text, len) == 1;
        known->len = (uint16_t)len;
        memcpy(known->text, text, len);
    }
    return known->ignored;
}

static bool field_is(const char *head, const struct http_field *f, const char *name, size_t len)
{
    return f->name.len == len && http_name_is(head + f->name.at, len, name);
}

bool visitor_is_ignored(const struct visitor_rules *rules, struct visitor_memory *memory,
                        const struct visitor_request *v)
{
    const struct config *config = rules->config;

    if (config->use.ignore.paths.len > 0 && is_ignored_path(&config->use.ignore.paths, v))
        return true;
    if (config->use.ignore.n_networks > 0 && is_ignored_address(config, v))
        return true;
    for (size_t i = 0; rules->agents && i < v->r->fields.len; i++) {
        const struct http_field *f = &v->r->fields.items[i];
        if (field_is(v->head, f, "user-agent", 10) &&
            is_ignored_agent(rules, memory, v->head + f->value.at, f->value.len))
            return true;
    }
    return false;
}

/* --- browsers ---------------------------------------------------------------------------------
 */

/* Whether a field's value is this word, letters in either case. */
static bool value_is(const char *head, const struct http_field *f, const char *word)
{
    return strlen(word) == f->value.len && !strncasecmp(head + f->value.at, word, f->value.len);
}

/* Whether a parameter of this media range, behind its first `;`, is a weight of 0. */
static bool weighs_nothing(const char *at, const char *end)
{
    while ((at = memchr(at, ';', (size_t)(end - at)))) {
        for (at++; at < end && (*at == ' ' || *at == '\t');)
            at++;
        if (end - at < 3 || (at[0] != 'q' && at[0] != 'Q') || at[1] != '=' || at[2] != '0')
            continue;
        for (at += 3; at < end && (*at == '.' || *at == '0');)
            at++;
        return at == end || *at == ' ' || *at == '\t' || *at == ';';
    }
    return false;
}

static bool names_html(const char *value, size_t len)
{
    static const char html[] = "text/html";
    const char *end = value + len;

    while (value < end) {
        const char *comma = memchr(value, ',', (size_t)(end - value)), *stop = comma ? comma : end;
        while (value < stop && (*value == ' ' || *value == '\t'))
            value++;
        if ((size_t)(stop - value) >= sizeof html - 1 &&
            !strncasecmp(value, html, sizeof html - 1)) {
            const char *rest = value + sizeof html - 1;
            if (rest == stop || *rest == ';' || *rest == ' ' || *rest == '\t')
                return !weighs_nothing(rest, stop);
        }
        value = comma ? comma + 1 : end;
    }
    return false;
}

bool visitor_accepts_html(const char *head, const struct http_request *r)
{
    for (size_t i = 0; i < r->fields.len; i++) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_ACCEPT && names_html(head + f->value.at, f->value.len))
            return true;
    }
    return false;
}

/* Whether a field says that nobody looks at the answer as a page of its own. Sec-Fetch-Mode (W3C,
 * Fetch Metadata, 2.3) does where a browser sends it; older ones say less. */
static bool is_not_navigating(const char *head, const struct http_field *f)
{
    static const char *const early[] = {"sec-purpose", "purpose", "x-purpose", "x-moz"};

    if (f->id == HTTP_FIELD_UPGRADE)
        return true;
    if (field_is(head, f, "sec-fetch-mode", 14))
        return !value_is(head, f, "navigate");
    if (field_is(head, f, "x-requested-with", 16)) /* a web view has its program's name in it */
        return value_is(head, f, "xmlhttprequest");
    for (size_t i = 0; i < sizeof early / sizeof *early; i++)
        if (field_is(head, f, early[i], strlen(early[i])))
            return (f->value.len >= 8 && !strncasecmp(head + f->value.at, "prefetch", 8)) ||
                   value_is(head, f, "preview");
    return false;
}

static bool is_browser(const char *head, const struct http_request *r)
{
    if ((r->method != HTTP_METHOD_GET && r->method != HTTP_METHOD_HEAD) ||
        !visitor_accepts_html(head, r))
        return false;
    for (size_t i = 0; i < r->fields.len; i++)
        if (is_not_navigating(head, &r->fields.items[i]))
            return false;
    return true;
}

enum visitor visitor_of(const struct visitor_rules *rules, struct visitor_memory *memory,
                        const struct visitor_request *v)
{
    if (visitor_is_ignored(rules, memory, v))
        return VISITOR_IGNORED;
    return is_browser(v->head, v->r) ? VISITOR_BROWSER : VISITOR_CLIENT;
}

bool visitor_wakes(const struct config *config, enum visitor visitor)
{
    switch (visitor) {
    case VISITOR_IGNORED:
        return false;
    case VISITOR_BROWSER:
        return strcmp(config->wake.visitors, "none") != 0;
    case VISITOR_CLIENT:
        return !strcmp(config->wake.visitors, "all");
    }
    return false;
}
