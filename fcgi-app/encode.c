/* Percent-encoding and UTF-8. */
#include "encode.h"

#include <string.h>

#include "buf.h"
#include "utf8.h"

json_t *utf8_json(const char *bytes, size_t len)
{
    struct buf fixed = {0};
    json_t *json = NULL;

    if (utf8_valid(bytes, len) == len)
        return json_stringn_nocheck(bytes, len);
    while (len > 0) {
        size_t step = utf8_character(bytes, len);

        if (step == 0) {
            buf_str(&fixed, "\xef\xbf\xbd");
            step = 1;
        } else {
            buf_add(&fixed, bytes, step);
        }
        bytes += step;
        len -= step;
    }
    if (!fixed.failed)
        json = json_stringn_nocheck(fixed.data, fixed.len);
    buf_free(&fixed);
    return json;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int percent_decode(struct arena *a, const char *text, size_t len, const struct percent_input *in,
                   char **decoded, struct err *e)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        const size_t at = in->offset + i + 1;
        char c = text[i];

        if (c == '+' && in->plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 1 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return err_set(e, ERR_INVALID, "bad %% escape at byte %zu of %s", at, in->what);
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return err_set(e, ERR_INVALID, "%s includes invalid characters: NUL at byte %zu",
                           in->what, at);
        out[n++] = c;
    }
    if (utf8_valid(out, n) != n)
        return err_set(e, ERR_INVALID, "%s is not UTF-8 (between byte %zu and %zu)", in->what,
                       in->offset + 1, in->offset + len);
    *decoded = out;
    return 0;
}

const char *escape_url(struct arena *a, const char *text)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    char *escaped = arena_alloc(a, strlen(text) * 3 + 1);
    size_t n = 0;

    for (; *text; text++) {
        if (strchr(unreserved, *text)) {
            escaped[n++] = *text;
        } else {
            escaped[n++] = '%';
            escaped[n++] = digits[(unsigned char)*text >> 4];
            escaped[n++] = digits[(unsigned char)*text & 15];
        }
    }
    return escaped;
}
