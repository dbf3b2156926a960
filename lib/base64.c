#include "base64.h"

#include <string.h>

#include <openssl/evp.h>

char *base64_encode(const char *text, bool url_safe, struct arena *a)
{
    size_t len = strlen(text);
    char *out = arena_alloc(a, len / 3 * 4 + 5);

    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    for (char *p = out; url_safe && *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    return out;
}

char *base64_decode(const char *text, struct arena *a)
{
    size_t len = strcspn(text, "="), padded = (len + 3) / 4 * 4;
    char *in = arena_alloc(a, padded + 1), *out = arena_alloc(a, padded + 1);
    int n;

    if (len % 4 == 1 || strspn(text + len, "=") != strlen(text + len) || strlen(text + len) > 2)
        return NULL;
    memset(in, '=', padded);
    for (size_t i = 0; i < len; i++)
        in[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)in, (int)padded);
    if (n < 0)
        return NULL;
    out[(size_t)n - (padded - len)] = '\0';
    return strlen(out) == (size_t)n - (padded - len) ? out : NULL;
}
