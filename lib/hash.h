/* A hash for short keys (FNV-1a). Keys come from the database and the configuration, not from
 * clients, so that nobody can choose them to collide. */
#ifndef MIRAGE_HASH_H
#define MIRAGE_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t hash_bytes(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 16777619u;
    return hash ^ hash >> 16;
}

#endif
