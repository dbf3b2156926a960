#include "sync_health.h"

#include <string.h>

#include <curl/curl.h>

#include "arena.h"

/* The head is all that counts: the first bytes of a body end it. */
static size_t take_no_body(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes, (void)size, (void)n, (void)ctx;
    return CURL_WRITEFUNC_ERROR;
}

static CURL *begin(CURLM *all, struct health_check *c, const char *path, int64_t timeout_ms,
                   struct curl_slist **fields, struct arena *a)
{
    bool v6 = strchr(c->port->address, ':');
    const char *url = arena_printf(a, "http://%s%s%s:%d%s", v6 ? "[" : "", c->port->address,
                                   v6 ? "]" : "", c->port->port, path);
    CURL *one = curl_easy_init();

    if (!one)
        return NULL;
    *fields = c->host ? curl_slist_append(NULL, arena_printf(a, "Host: %s", c->host)) : NULL;
    curl_easy_setopt(one, CURLOPT_URL, url);
    curl_easy_setopt(one, CURLOPT_HTTPHEADER, *fields);
    curl_easy_setopt(one, CURLOPT_USERAGENT, "mirage-ecs (launch.health)");
    curl_easy_setopt(one, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(one, CURLOPT_PROXY, "");
    curl_easy_setopt(one, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(one, CURLOPT_WRITEFUNCTION, take_no_body);
    curl_easy_setopt(one, CURLOPT_PRIVATE, c);
    if (curl_multi_add_handle(all, one) == CURLM_OK)
        return one;
    curl_easy_cleanup(one);
    return NULL;
}

static void wait_for_all(CURLM *all)
{
    int running = 0;

    do {
        if (curl_multi_perform(all, &running) != CURLM_OK)
            return;
        if (running > 0 && curl_multi_poll(all, NULL, 0, 1000, NULL) != CURLM_OK)
            return;
    } while (running > 0); /* each has its timeout */
}

/* A whole head with a good status: take_no_body() ends what has a body. */
static void take_answers(CURLM *all)
{
    struct CURLMsg *done;
    int left;

    while ((done = curl_multi_info_read(all, &left))) {
        bool whole = done->data.result == CURLE_OK || done->data.result == CURLE_WRITE_ERROR;
        struct health_check *check;
        long status = 0;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, &check);
        curl_easy_getinfo(done->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        check->answered = whole && status >= 200 && status < 400;
    }
}

void sync_health_ask(struct health_check *checks, size_t n, const char *path, int64_t timeout_ms)
{
    struct arena a = {0};
    CURLM *all = curl_multi_init();
    CURL **ones = arena_array(&a, n, sizeof *ones);
    struct curl_slist **fields = arena_array(&a, n, sizeof *fields);

    for (size_t i = 0; i < n; i++) {
        checks[i].answered = false;
        fields[i] = NULL;
        ones[i] = all ? begin(all, &checks[i], path, timeout_ms, &fields[i], &a) : NULL;
    }
    if (all)
        wait_for_all(all);
    if (all)
        take_answers(all);
    for (size_t i = 0; i < n; i++) {
        if (ones[i]) {
            curl_multi_remove_handle(all, ones[i]);
            curl_easy_cleanup(ones[i]);
        }
        curl_slist_free_all(fields[i]);
    }
    curl_multi_cleanup(all);
    arena_free(&a);
}
