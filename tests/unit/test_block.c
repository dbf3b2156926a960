/* Blocks: from small to large, what is in them kept, and the pool of freed ones. */
#include "proxyd/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char bytes[BLOCK_LARGE + 1];

static int fill_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 >> 3);
    return 0;
}

static void put_and_get(void **state)
{
    struct block_pool p = {0};
    struct block *b = block_get(&p), *same = b;

    (void)state;
    assert_int_equal(b->cap, BLOCK_SMALL);
    assert_int_equal(b->end - b->start, 0);
    b->start = 5;
    b->end = 10;
    block_put(&p, &b);
    assert_null(b);
    assert_int_equal(p.n_kept, 1);
    block_put(&p, &b);
    assert_int_equal(p.n_kept, 1);
    b = block_get(&p);
    assert_ptr_equal(b, same);
    assert_int_equal(p.n_kept, 0);
    assert_int_equal(b->start, 0);
    assert_int_equal(b->end, 0);
    block_put(&p, &b);
    block_pool_free(&p);
    assert_int_equal(p.n_kept, 0);
    assert_true(SLIST_EMPTY(&p.kept));
}

static void pool_keeps_so_many(void **state)
{
    struct block_pool p = {0};
    struct block *b[BLOCK_KEPT + 10];

    (void)state;
    for (size_t i = 0; i < BLOCK_KEPT + 10; i++)
        b[i] = block_get(&p);
    for (size_t i = 0; i < BLOCK_KEPT + 10; i++)
        block_put(&p, &b[i]);
    assert_int_equal(p.n_kept, BLOCK_KEPT);
    for (size_t i = 0; i < BLOCK_KEPT + 10; i++) { /* all different */
        b[i] = block_get(&p);
        memset(b[i]->bytes, (int)i, BLOCK_SMALL);
    }
    for (size_t i = 0; i < BLOCK_KEPT + 10; i++) {
        assert_int_equal(b[i]->bytes[0], i);
        assert_int_equal(b[i]->bytes[BLOCK_SMALL - 1], i);
        block_put(&p, &b[i]);
    }
    block_pool_free(&p);
}

static void room_by_moving(void **state)
{
    struct block_pool p = {0};
    struct block *b = block_get(&p), *same = b;

    (void)state;
    memcpy(b->bytes, bytes, BLOCK_SMALL);
    b->start = 1000;
    b->end = BLOCK_SMALL;
    assert_true(block_make_room(&p, &b));
    assert_ptr_equal(b, same);
    assert_int_equal(b->start, 0);
    assert_int_equal(b->end, BLOCK_SMALL - 1000);
    assert_memory_equal(b->bytes, bytes + 1000, b->end);
    block_put(&p, &b);
    block_pool_free(&p);
}

static void room_by_growing(void **state)
{
    struct block_pool p = {0};
    struct block *b = block_get(&p);

    (void)state;
    memcpy(b->bytes, bytes, BLOCK_SMALL);
    b->end = BLOCK_SMALL;
    assert_true(block_make_room(&p, &b));
    assert_int_equal(b->cap, BLOCK_LARGE);
    assert_int_equal(b->start, 0);
    assert_int_equal(b->end, BLOCK_SMALL);
    assert_memory_equal(b->bytes, bytes, BLOCK_SMALL);
    assert_int_equal(p.n_kept, 1); /* the small one */
    memcpy(b->bytes, bytes, BLOCK_LARGE);
    b->end = BLOCK_LARGE;
    assert_false(block_make_room(&p, &b));
    assert_memory_equal(b->bytes, bytes, BLOCK_LARGE);
    b->start = 1;
    assert_true(block_make_room(&p, &b));
    assert_int_equal(b->end, BLOCK_LARGE - 1);
    assert_memory_equal(b->bytes, bytes + 1, BLOCK_LARGE - 1);
    block_put(&p, &b);
    assert_int_equal(p.n_kept, 1); /* a large one is not kept */
    block_pool_free(&p);
}

/* Appends pieces of this length up to the most that there is room for, and then one byte. */
static void append_all(size_t piece)
{
    struct block_pool p = {0};
    struct block *b = NULL;
    size_t done = 0;

    while (done < BLOCK_LARGE) {
        size_t n = BLOCK_LARGE - done < piece ? BLOCK_LARGE - done : piece;
        if (!block_append(&p, &b, bytes + done, n))
            fail_msg("no room for %zu bytes behind %zu", n, done);
        done += n;
        assert_int_equal(b->end - b->start, done);
    }
    assert_false(block_append(&p, &b, "x", 1));
    assert_memory_equal(b->bytes + b->start, bytes, BLOCK_LARGE);
    block_put(&p, &b);
    block_pool_free(&p);
}

static void append_small_pieces(void **state)
{
    (void)state;
    append_all(1);
    append_all(64);
    append_all(BLOCK_SMALL);
}

static void append_pieces_that_do_not_fit_evenly(void **state)
{
    (void)state;
    append_all(100);
    append_all(1000);
    append_all(BLOCK_SMALL - 1);
}

static void append_more_than_a_small_block(void **state)
{
    (void)state;
    append_all(BLOCK_SMALL + 1);
    append_all(10000);
    append_all(BLOCK_LARGE);
}

static void append_where_the_front_is_free(void **state)
{
    struct block_pool p = {0};
    struct block *b = NULL;

    (void)state;
    assert_true(block_append(&p, &b, bytes, BLOCK_SMALL));
    b->start = 3000;
    assert_true(block_append(&p, &b, bytes + BLOCK_SMALL, 3000));
    assert_int_equal(b->end - b->start, BLOCK_SMALL);
    assert_memory_equal(b->bytes + b->start, bytes + 3000, BLOCK_SMALL);
    b->start += 10; /* now the free front is not enough */
    assert_true(block_append(&p, &b, bytes + BLOCK_SMALL + 3000, 1000));
    assert_memory_equal(b->bytes + b->start, bytes + 3010, BLOCK_SMALL - 10 + 1000);
    block_put(&p, &b);
    block_pool_free(&p);
}

static void append_too_much(void **state)
{
    struct block_pool p = {0};
    struct block *b = NULL;

    (void)state;
    assert_false(block_append(&p, &b, bytes, BLOCK_LARGE + 1));
    block_put(&p, &b);
    assert_true(block_append(&p, &b, "abc", 3));
    assert_false(block_append(&p, &b, bytes, BLOCK_LARGE - 2));
    assert_int_equal(b->end - b->start, 3);
    assert_memory_equal(b->bytes + b->start, "abc", 3);
    assert_true(block_append(&p, &b, bytes, 0));
    assert_int_equal(b->end - b->start, 3);
    block_put(&p, &b);
    block_pool_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_and_get),
        cmocka_unit_test(pool_keeps_so_many),
        cmocka_unit_test(room_by_moving),
        cmocka_unit_test(room_by_growing),
        cmocka_unit_test(append_small_pieces),
        cmocka_unit_test(append_pieces_that_do_not_fit_evenly),
        cmocka_unit_test(append_more_than_a_small_block),
        cmocka_unit_test(append_where_the_front_is_free),
        cmocka_unit_test(append_too_much),
    };
    return cmocka_run_group_tests_name("block", tests, fill_bytes, NULL);
}
