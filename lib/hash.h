/* FNV-1a. Whoever chooses the keys can make them collide. So do not use it for keys that clients
 * choose, unless nobody gains by a collision. */
#ifndef MIRAGE_HASH_H
#define MIRAGE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* For tables of short keys. */
static inline uint32_t hash_bytes(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 16777619u;
    return hash ^ hash >> 16;
}

static inline uint64_t hash_bytes64(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

#endif
