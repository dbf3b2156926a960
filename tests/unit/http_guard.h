/* A buffer whose end is followed by a page that faults: what reads past its input dies here. */
#ifndef MIRAGE_TESTS_HTTP_GUARD_H
#define MIRAGE_TESTS_HTTP_GUARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define GUARD_ROOM   65536
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *guard_end; /* the first byte that faults */

/* A cmocka group setup. */
static int map_guard(void **state)
{
    (void)state;
    char *room =
        mmap(NULL, GUARD_ROOM + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + GUARD_ROOM, 65536, PROT_NONE) < 0)
        return -1;
    guard_end = room + GUARD_ROOM;
    return 0;
}

/* A copy of text that ends where the faulting page begins; the next call overwrites it. */
static const char *guarded(const char *text, size_t len)
{
    assert_true(len <= GUARD_ROOM);
    return memcpy(guard_end - len, text, len);
}

#endif
