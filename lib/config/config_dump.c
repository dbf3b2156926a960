/* struct config to YAML, by the schema. */
#include "config_schema.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "utf8.h"

#define MASK "********"

static void dump_fields(struct buf *out, const struct config_field *fields, const char *base,
                        int indent, bool in_list, enum config_secrets secrets);

static void pad(struct buf *out, int indent)
{
    for (int i = 0; i < indent; i++)
        buf_char(out, ' ');
}

/* The code point of the n-byte character at s. */
static unsigned code_point(const unsigned char *s, size_t n)
{
    unsigned c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

/* A double-quoted scalar, which can hold any text (YAML 1.1, 5.7). What YAML takes for a line break
 * or for no text at all is escaped, and so is `{{`, which would be read as a template. */
static void quoted(struct buf *out, const char *text)
{
    size_t left = strlen(text), n;

    buf_char(out, '"');
    for (; left > 0; text += n, left -= n) {
        unsigned c;
        n = utf8_character(text, left);
        n = n ? n : 1;
        c = code_point((const unsigned char *)text, n);
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", (char)c);
        else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c == '{' && text[1] == '{'))
            buf_printf(out, "\\x%02x", c);
        else if (c == 0x2028 || c == 0x2029 || c == 0xfeff)
            buf_printf(out, "\\u%04x", c);
        else
            buf_add(out, text, n);
    }
    buf_char(out, '"');
}

static size_t count_of(const struct config_field *f, const char *base)
{
    return *(const size_t *)(const void *)(base + f->count);
}

static void dump_strings(struct buf *out, const struct config_strings *list, bool masked)
{
    buf_str(out, " [");
    for (size_t i = 0; i < list->len; i++) {
        buf_str(out, i ? ", " : "");
        quoted(out, masked ? MASK : list->items[i]);
    }
    buf_str(out, "]\n");
}

static void dump_integers(struct buf *out, const struct config_field *f, const char *base)
{
    const long *values = *(long *const *)(const void *)(base + f->offset);

    buf_str(out, " [");
    for (size_t i = 0; i < count_of(f, base); i++)
        buf_printf(out, "%s%ld", i ? ", " : "", values[i]);
    buf_str(out, "]\n");
}

static void dump_pairs(struct buf *out, const struct config_field *f, const char *base, int indent)
{
    const struct config_pair *pairs =
        *(struct config_pair *const *)(const void *)(base + f->offset);

    buf_str(out, count_of(f, base) ? "\n" : " {}\n");
    for (size_t i = 0; i < count_of(f, base); i++) {
        pad(out, indent + 2);
        quoted(out, pairs[i].name);
        buf_str(out, ": ");
        quoted(out, pairs[i].value);
        buf_char(out, '\n');
    }
}

static void dump_list(struct buf *out, const struct config_field *f, const char *base, int indent,
                      enum config_secrets secrets)
{
    const char *items = *(char *const *)(const void *)(base + f->offset);

    buf_str(out, count_of(f, base) ? "\n" : f->type == CONFIG_LIST ? " []\n" : " {}\n");
    for (size_t i = 0; i < count_of(f, base); i++) {
        const char *item = items + i * f->size;
        pad(out, indent + 2);
        if (f->type == CONFIG_LIST) {
            buf_str(out, "- ");
            dump_fields(out, f->sub, item, indent + 4, true, secrets);
        } else {
            quoted(out, *(const char *const *)(const void *)item);
            buf_str(out, ":\n");
            dump_fields(out, f->sub, item, indent + 4, false, secrets);
        }
    }
}

static void dump_value(struct buf *out, const struct config_field *f, const char *base, int indent,
                       enum config_secrets secrets)
{
    const void *at = base + f->offset;

    switch (f->type) {
    case CONFIG_INTEGER:
        buf_printf(out, " %ld\n", *(const long *)at);
        break;
    case CONFIG_BOOL:
        buf_printf(out, " %s\n", *(const bool *)at ? "true" : "false");
        break;
    case CONFIG_DURATION:
        buf_printf(out, " %lldms\n", (long long)*(const int64_t *)at);
        break;
    case CONFIG_STRINGS:
    case CONFIG_PATTERNS:
    case CONFIG_AGENTS:
    case CONFIG_PATHS:
    case CONFIG_NETWORKS:
        dump_strings(out, at, false);
        break;
    case CONFIG_SECRETS:
        dump_strings(out, at, secrets == CONFIG_MASKED);
        break;
    case CONFIG_SECRET:
        buf_char(out, ' ');
        quoted(out, secrets == CONFIG_MASKED ? MASK : *(const char *const *)at);
        buf_char(out, '\n');
        break;
    case CONFIG_INTEGERS:
        dump_integers(out, f, base);
        break;
    case CONFIG_PAIRS:
        dump_pairs(out, f, base, indent);
        break;
    case CONFIG_LIST:
    case CONFIG_NAMED:
        dump_list(out, f, base, indent, secrets);
        break;
    case CONFIG_SECTION:
        buf_char(out, '\n');
        dump_fields(out, f->sub, base, indent + 2, false, secrets);
        break;
    default:
        buf_char(out, ' ');
        quoted(out, *(const char *const *)at);
        buf_char(out, '\n');
    }
}

static bool has_value(const struct config_field *f, const char *base)
{
    const void *at = base + f->offset;

    if (f->type <= CONFIG_SECRET) /* a text */
        return *(const char *const *)at;
    if (f->type == CONFIG_SECRETS)
        return ((const struct config_strings *)at)->len > 0;
    return f->type != CONFIG_SECTION || !f->present ||
           *(const bool *)(const void *)(base + f->present);
}

/* In a list the first field stands behind the dash. What has no value is left out. */
static void dump_fields(struct buf *out, const struct config_field *fields, const char *base,
                        int indent, bool in_list, enum config_secrets secrets)
{
    for (const struct config_field *f = fields; f->key; f++) {
        if (!has_value(f, base))
            continue;
        if (!in_list)
            pad(out, indent);
        in_list = false;
        buf_printf(out, "%s:", f->key);
        dump_value(out, f, base, indent, secrets);
    }
}

char *config_dump(const struct config *config, enum config_secrets secrets)
{
    struct buf out = {0};

    dump_fields(&out, config_schema, (const char *)config, 0, false, secrets);
    if (out.failed)
        abort();
    return out.data;
}
