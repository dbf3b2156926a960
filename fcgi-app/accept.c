/* A field value is a list of ranges, each with a weight (RFC 9110, 12.4.2), which is counted in
 * thousandths here. What is malformed is passed over. */
#include "accept.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FULL_WEIGHT 1000

struct range {
    const char *text;
    size_t len;
    int weight;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The weight in `1`, `0.5`, `0.123`; -1 when it is none. */
static int weight_of(const char *text, size_t len)
{
    int weight = 0, digit = 100;

    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return -1;
    weight = text[0] == '1' ? FULL_WEIGHT : 0;
    for (size_t i = 2; i < len; i++, digit /= 10) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        weight += (text[i] - '0') * digit;
    }
    return weight <= FULL_WEIGHT ? weight : -1;
}

/* Reads one parameter, text[0..len), behind a range's semicolon. */
static void read_parameter(struct range *r, const char *text, size_t len)
{
    while (len > 0 && is_blank(*text)) {
        text++;
        len--;
    }
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    if (len >= 2 && (text[0] == 'q' || text[0] == 'Q') && text[1] == '=')
        r->weight = weight_of(text + 2, len - 2);
}

/* Takes the next range off *at; false at the end. */
static bool next_range(const char **at, struct range *r)
{
    const char *end;

    *at += strspn(*at, ", \t");
    if (!**at)
        return false;
    end = *at + strcspn(*at, ",");
    *r = (struct range){*at, strcspn(*at, ",;"), FULL_WEIGHT};
    for (const char *p = *at + r->len; p < end;) {
        size_t len = strcspn(p + 1, ",;");

        read_parameter(r, p + 1, len);
        p += 1 + len;
    }
    while (r->len > 0 && is_blank(r->text[r->len - 1]))
        r->len--;
    *at = end;
    return true;
}

static bool is_text(const struct range *r, const char *text)
{
    return strlen(text) == r->len && !strncasecmp(r->text, text, r->len);
}

/* The weight of the range that names the type most closely. */
static int type_weight(const char *accept, const char *type, const char *group)
{
    int weight = 0, closest = 0;
    struct range r;

    while (next_range(&accept, &r)) {
        int close = is_text(&r, type) ? 3 : is_text(&r, group) ? 2 : is_text(&r, "*/*") ? 1 : 0;

        if (close > closest && r.weight >= 0) {
            closest = close;
            weight = r.weight;
        }
    }
    return weight;
}

bool accept_prefers_json(const char *accept)
{
    return type_weight(accept, "application/json", "application/*") >
           type_weight(accept, "text/html", "text/*");
}

/* Whether a language range is the language, or a kind of it: `ja`, `ja-JP`. */
static bool is_language(const struct range *r, const char *tag)
{
    size_t len = strlen(tag);

    return r->len >= len && !strncasecmp(r->text, tag, len) &&
           (r->len == len || r->text[len] == '-');
}

enum language accept_language(const char *accept_language)
{
    static const char *const tags[LANGUAGES] = {[LANGUAGE_EN] = "en", [LANGUAGE_JA] = "ja"};
    int weights[LANGUAGES], others = 0, position = 0, first[LANGUAGES] = {0};
    enum language best = LANGUAGE_EN;
    struct range r;

    for (int i = 0; i < LANGUAGES; i++)
        weights[i] = -1;
    while (next_range(&accept_language, &r)) {
        position++;
        if (is_text(&r, "*") && r.weight > 0)
            others = r.weight;
        for (int i = 0; i < LANGUAGES; i++)
            if (is_language(&r, tags[i]) && r.weight > weights[i]) {
                weights[i] = r.weight;
                first[i] = position;
            }
    }
    for (int i = 0; i < LANGUAGES; i++)
        if (weights[i] < 0) { /* not named */
            weights[i] = others;
            first[i] = position + 1;
        }
    for (int i = 0; i < LANGUAGES; i++)
        if (weights[i] > weights[best] || (weights[i] == weights[best] && first[i] < first[best]))
            best = (enum language)i;
    return weights[best] > 0 ? best : LANGUAGE_EN;
}
