#include "jws.h"

#include <string.h>

/* The value of a base64url digit (RFC 4648, 5), -1 for any other byte. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Takes a part at text[*at]. Bits that stand for no byte must be zero (RFC 4648, 3.5): else the
 * same bytes could be written in several ways. */
static bool take_part(struct jws_part *part, const char *text, size_t len, size_t *at,
                      enum jws_padding padding)
{
    size_t start = *at, n, pads = 0;
    int last = 0;

    while (*at < len && digit(text[*at]) >= 0)
        last = digit(text[(*at)++]);
    n = *at - start;
    if (n == 0 || n % 4 == 1 || (n % 4 == 2 && (last & 15)) || (n % 4 == 3 && (last & 3)))
        return false;
    while (padding == JWS_MAY_PADDED && *at < len && text[*at] == '=' && pads < 3) {
        pads++;
        ++*at;
    }
    *part = (struct jws_part){text + start, n};
    return pads == 0 || (n + pads) % 4 == 0;
}

bool jws_split(struct jws *j, const char *text, size_t len, enum jws_padding padding)
{
    size_t at = 0;

    return len <= JWS_MAX && take_part(&j->header, text, len, &at, padding) && at < len &&
           text[at++] == '.' && take_part(&j->payload, text, len, &at, padding) && at < len &&
           text[at++] == '.' && take_part(&j->signature, text, len, &at, padding) && at == len;
}

size_t jws_decode(const struct jws_part *part, char *out, size_t size)
{
    unsigned bits = 0;
    size_t n = 0;

    if (part->len / 4 * 3 + part->len % 4 > size)
        return 0;
    for (size_t i = 0; i < part->len; i++) {
        bits = bits << 6 | (unsigned)digit(part->at[i]);
        if (i % 4 != 0)
            out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    return n;
}
