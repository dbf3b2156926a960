/* What the tests of environment.h share: an arena, and texts of any length. */
#ifndef MIRAGE_TESTS_ENVIRONMENT_FIXTURE_H
#define MIRAGE_TESTS_ENVIRONMENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "environment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;
static struct err e;

static inline int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* n times `character`, to be freed with the arena. */
static inline const char *repeated(const char *character, size_t n)
{
    char *text = arena_alloc(&arena, n * strlen(character) + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * strlen(character), character, strlen(character));
    return text;
}

#endif
