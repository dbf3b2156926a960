#include "fetch.h"

#include <pthread.h>
#include <string.h>

#include <curl/curl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void fetch_prepare(void)
{
    pthread_once(&once, prepare);
}

struct taker {
    struct buf *answer;
    size_t limit;
};

static size_t take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct taker *t = ctx;

    if (t->answer->len + size * count > t->limit)
        return 0;
    buf_add(t->answer, bytes, size * count);
    return t->answer->failed ? 0 : size * count;
}

static void set_options(CURL *curl, const struct fetch *f, const struct curl_slist *headers,
                        struct taker *taker, char *reason)
{
    curl_easy_setopt(curl, CURLOPT_URL, f->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, f->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, taker);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    if (f->direct)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (f->body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, f->method);
}

int fetch(const struct fetch *f, int *status, struct buf *answer, struct err *e)
{
    struct taker taker = {answer, f->limit ? f->limit : FETCH_LIMIT};
    char reason[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    CURL *curl;
    long code = 0;

    fetch_prepare();
    curl = curl_easy_init();
    for (size_t i = 0; f->headers && f->headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(headers, f->headers[i]);
        if (!longer)
            goto out;
        headers = longer;
    }
    if (!curl)
        goto out;
    set_options(curl, f, headers, &taker, reason);
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    *status = (int)code;
    if (rc != CURLE_OK)
        return err_set(e, ERR_REFUSED, "%s: %s", f->url, *reason ? reason : curl_easy_strerror(rc));
    return 0;
}

int fetch_ok(const struct fetch *f, struct buf *answer, struct err *e)
{
    int status;

    if (fetch(f, &status, answer, e) < 0)
        return -1;
    if (status != 200)
        return err_set(e, ERR_REFUSED, "%s answered with status %d", f->url, status);
    return 0;
}
