/* Pages that those who ask alike share: whose they are, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxyd/page_share.h"

static struct page_share *s;

static int open_share(void **state)
{
    (void)state;
    s = calloc(1, sizeof *s);
    return s ? 0 : -1;
}

static int close_share(void **state)
{
    (void)state;
    page_share_free(s);
    free(s);
    return 0;
}

/* In two pieces, as requests come. */
static struct page_slot *slot(const char *request, int64_t now)
{
    const size_t half = strlen(request) / 2;
    const struct iovec pieces[] = {{(void *)(uintptr_t)request, half},
                                   {(void *)(uintptr_t)(request + half), strlen(request) - half}};

    return page_share_slot(s, pieces, 2, now);
}

static void the_same_request_has_the_same_page(void **state)
{
    struct page_slot *shop = slot("GET shop", 1000);

    (void)state;
    assert_non_null(shop);
    assert_false(page_slot_is_fresh(shop, 1000));
    page_slot_keep(shop, "head body", 9, 5, 1000);
    assert_ptr_equal(slot("GET shop", 1100), shop);
    assert_int_equal(shop->kind, PAGE_KEPT);
    assert_memory_equal(shop->answer, "head body", 9);
    assert_int_equal(shop->len, 9);
    assert_int_equal(shop->head_len, 5);
    assert_true(page_slot_is_fresh(shop, 1000 + PAGE_SHARE_MS - 1));
    assert_false(page_slot_is_fresh(shop, 1000 + PAGE_SHARE_MS));
}

/* Never the page of one request for another; when all places are in use, none. */
static void another_request_never_gets_it(void **state)
{
    struct page_slot *own[PAGE_SHARE_SLOTS];
    char request[] = "GET shop 00";

    (void)state;
    for (int i = 0; i < PAGE_SHARE_SLOTS; i++) {
        request[9] = (char)('0' + i / 10);
        request[10] = (char)('0' + i % 10);
        own[i] = slot(request, 1000);
        assert_non_null(own[i]);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(own[i], own[k]);
        assert_false(page_slot_is_fresh(own[i], 1000));
        assert_memory_equal(own[i]->key, request, strlen(request));
        page_slot_keep(own[i], request, strlen(request), 1, 1000);
    }
    assert_null(slot("GET blog", 1000 + PAGE_SHARE_MS - 1));
    assert_ptr_equal(slot("GET shop 00", 1100), own[0]);
    assert_memory_equal(own[0]->answer, "GET shop 00", 11);
}

static void a_place_is_free_when_nobody_needs_it(void **state)
{
    struct page_slot *shop = NULL;
    char request[] = "GET 00";

    (void)state;
    for (int i = 0; i < PAGE_SHARE_SLOTS; i++) {
        request[4] = (char)('0' + i / 10);
        request[5] = (char)('0' + i % 10);
        shop = slot(request, 1000);
        shop->asked = true;
    }
    assert_null(slot("GET blog", 100000)); /* however long that takes */
    page_slot_mark(shop, PAGE_ABSENT, 1000);
    page_share_settle(s, shop);
    assert_true(s->news);
    assert_null(slot("GET blog", 1000 + PAGE_SHARE_MS - 1)); /* its answer is fresh */
    assert_ptr_equal(slot("GET blog", 1000 + PAGE_SHARE_MS), shop);
    assert_memory_equal(shop->key, "GET blog", 8);
    assert_false(page_slot_is_fresh(shop, 1000 + PAGE_SHARE_MS));
}

static void long_requests_are_not_shared(void **state)
{
    char request[PAGE_SHARE_KEY + 2];

    (void)state;
    memset(request, 'x', sizeof request);
    request[PAGE_SHARE_KEY] = '\0';
    assert_non_null(slot(request, 1000));
    request[PAGE_SHARE_KEY] = 'x';
    request[PAGE_SHARE_KEY + 1] = '\0';
    assert_null(slot(request, 5000));
}

static void what_is_kept_goes_with_the_next_answer(void **state)
{
    struct page_slot *shop = slot("GET shop", 1000);

    (void)state;
    page_slot_keep(shop, "page", 4, 4, 1000);
    page_slot_mark(shop, PAGE_UNSHARED, 2000);
    assert_null(shop->answer);
    assert_int_equal(shop->kind, PAGE_UNSHARED);
    assert_true(page_slot_is_fresh(shop, 2000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_share, close_share)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_request_has_the_same_page),     TEST(another_request_never_gets_it),
        TEST(a_place_is_free_when_nobody_needs_it),   TEST(long_requests_are_not_shared),
        TEST(what_is_kept_goes_with_the_next_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
