#include "answers.h"

#include <stdbool.h>
#include <string.h>

#include <curl/curl.h>

#include "arena.h"

static size_t discard(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * count;
}

static long status_of(const char *url, const char *host_header)
{
    struct curl_slist *headers = curl_slist_append(NULL, host_header);
    CURL *curl = curl_easy_init();
    long status = 0;

    if (curl && headers) {
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 1000L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
        if (curl_easy_perform(curl) == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

enum answers answers(const struct config *config)
{
    struct arena a = {0};
    const char *address = config->listen.foreign_address, *url;
    bool v6 = strchr(address, ':');
    enum answers got = ANSWERS_NOT;

    if (!strcmp(address, "0.0.0.0"))
        address = "127.0.0.1";
    else if (!strcmp(address, "::"))
        address = "::1";
    url = arena_printf(&a, "http://%s%s%s:%ld", v6 ? "[" : "", address, v6 ? "]" : "",
                       config->listen.http[0].listen);
    /* Without the token, which stays where it is needed: to be refused is an answer too. */
    if (status_of(arena_printf(&a, "%s/api/list", url),
                  arena_printf(&a, "Host: %s", config->host.webapi)) ==
        (config->auth.present ? 401 : 200))
        got = status_of(arena_printf(&a, "%s/", url), "Host: health-check") == 200 ? ANSWERS_ALL
                                                                                   : ANSWERS_API;
    arena_free(&a);
    return got;
}
