#include "client.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <curl/curl.h>
#include <openssl/sha.h>

#include "clock.h"

#include "credentials.h"
#include "failure.h"
#include "fetch.h"
#include "region.h"
#include "retry.h"

#define RUNNING_MAX        8     /* calls on the wire at once */
#define ATTEMPT_TIMEOUT_MS 10000 /* so that there is time for another one */
#define LOOK_UP_MS         200   /* how often the limit is asked whether anybody still waits */

struct aws_client {
    CURLM *multi; /* holds the connections */
    char *region;
    const struct limit *limit; /* NULL: none */
};

enum step { STEP_WAITING, STEP_RUNNING, STEP_DONE };

/* A call on its way. */
struct transfer {
    struct aws_call *call;
    enum step step;
    int attempts;
    bool renewed;       /* credentials were fetched anew for it once */
    int64_t begin_at;   /* monotonic ms; the next attempt */
    int64_t give_up_at; /* monotonic ms */
    CURL *curl;
    struct curl_slist *headers;
    struct arena arena; /* of the attempt */
    const char *access_key_id;
    char reason[CURL_ERROR_SIZE];
    char error_type[AWS_CODE_SIZE];
    char bucket_region[AWS_REGION_SIZE]; /* of S3's answer; "" when it names none */
    char moved_to[AWS_REGION_SIZE];      /* where the bucket is; "" where it was looked for */
};

/* --- a client ----------------------------------------------------------------------------------
 */

int aws_client_open(struct aws_client **client, const char *region, struct err *e)
{
    struct aws_client *c;
    struct arena a = {0};
    int rc = -1;

    *client = NULL;
    fetch_prepare();
    if (!region)
        region = region_find(&a);
    if (!region) {
        err_set(e, ERR_INVALID,
                "no AWS region: set AWS_REGION, or ecs.region in the configuration; -local runs "
                "tasks on this machine without AWS");
        goto out;
    }
    if (!aws_region_is_valid(region)) {
        err_set(e, ERR_INVALID, "'%.100s' is no AWS region: expected a name such as us-east-1",
                region);
        goto out;
    }
    c = calloc(1, sizeof *c);
    if (!c || !(c->region = strdup(region)) || !(c->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 2L * RUNNING_MAX);
    *client = c;
    rc = 0;
out:
    arena_free(&a);
    return rc;
}

void aws_client_close(struct aws_client *client)
{
    if (!client)
        return;
    curl_multi_cleanup(client->multi);
    free(client->region);
    free(client);
}

const char *aws_client_region(const struct aws_client *client)
{
    return client->region;
}

void aws_client_limit(struct aws_client *client, const struct limit *limit)
{
    client->limit = limit;
}

/* --- an attempt --------------------------------------------------------------------------------
 */

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;

    size_t limit = t->call->answer_limit ? t->call->answer_limit : AWS_ANSWER_LIMIT;

    if (t->call->answer.len + size * count > limit)
        return 0;
    buf_add(&t->call->answer, bytes, size * count);
    return t->call->answer.failed ? 0 : size * count;
}

/* The value of a header line that begins with `name:`, if it is of this name and fits. */
static void take_value(const char *line, size_t len, const char *name, char *value, size_t size)
{
    size_t start = strlen(name), end;

    if (len <= start || strncasecmp(line, name, start) != 0)
        return;
    while (start < len && line[start] == ' ')
        start++;
    for (end = start; end < len && line[end] != '\r' && line[end] != '\n'; end++)
        ;
    if (end - start < size) {
        memcpy(value, line + start, end - start);
        value[end - start] = '\0';
    }
}

static size_t take_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;

    take_value(bytes, size * count, "x-amzn-errortype:", t->error_type, sizeof t->error_type);
    take_value(bytes, size * count, "x-amz-bucket-region:", t->bucket_region,
               sizeof t->bucket_region);
    return size * count;
}

static void add_header(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);

    if (!longer)
        abort();
    t->headers = longer;
}

/* S3 wants the hash of the body in a header of its own (S3 API Reference, "Authenticating Requests:
 * Using the Authorization Header"). */
static const char *content_sha256(const char *body, struct arena *a)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *hex = arena_alloc(a, 2 * sizeof hash + 1);

    SHA256((const unsigned char *)(body ? body : ""), body ? strlen(body) : 0, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    return hex;
}

static void add_headers(struct transfer *t, const struct credentials *c)
{
    const struct aws_call *call = t->call;
    const struct aws_service_info *service = aws_service_info(call->service);
    const char *type = call->content_type;

    if (!type && service->target)
        type = "application/x-amz-json-1.1";
    if (!type && call->body)
        type = "application/x-www-form-urlencoded; charset=utf-8";
    if (type)
        add_header(t, arena_printf(&t->arena, "Content-Type: %s", type));
    if (service->target)
        add_header(
            t, arena_printf(&t->arena, "X-Amz-Target: %s.%s", service->target, call->operation));
    if (call->condition)
        add_header(t, call->condition);
    if (c->session_token)
        add_header(t, arena_printf(&t->arena, "X-Amz-Security-Token: %s", c->session_token));
    if (call->service == AWS_S3)
        add_header(t, arena_printf(&t->arena, "X-Amz-Content-Sha256: %s",
                                   content_sha256(call->body, &t->arena)));
}

static void set_options(struct transfer *t, const struct credentials *c, const char *endpoint,
                        const char *region, int64_t timeout_ms)
{
    struct aws_call *call = t->call;
    const char *path = call->path ? call->path : "/", *query = call->query ? call->query : "";
    CURL *curl = t->curl;

    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_printf(&t->arena, "%s%s%s%s", endpoint, path, *query ? "?" : "", query));
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4,
                     arena_printf(&t->arena, "aws:amz:%s:%s",
                                  aws_signing_region(call->service, region),
                                  aws_service_info(call->service)->signing));
    curl_easy_setopt(curl, CURLOPT_USERNAME, c->access_key_id);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, c->secret_access_key);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->headers);
    if (call->body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method ? call->method : "POST");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)AWS_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mirage-ecs/" MIRAGE_VERSION);
    /* On a connection that was closed meanwhile libcurl would send the request a second time. */
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, call->repeatable ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->reason);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, t);
}

static const char *region_of(const struct aws_client *client, const struct transfer *t)
{
    if (*t->moved_to)
        return t->moved_to;
    return t->call->region ? t->call->region : client->region;
}

/* Puts an attempt on the wire. -1: the call has failed. */
static int begin(struct aws_client *client, struct transfer *t, int64_t now)
{
    const char *region = region_of(client, t);
    int64_t left = t->give_up_at - now;
    const char *endpoint;
    struct credentials c;
    struct err e;

    buf_clear(&t->call->answer);
    t->reason[0] = t->error_type[0] = t->call->code[0] = t->bucket_region[0] = '\0';
    if (left <= 0) { /* to libcurl a timeout of 0 is none */
        failure_of_transport(t->call, "no answer within its time");
        return -1;
    }
    endpoint = aws_endpoint(t->call->service, region, t->call->bucket, &t->arena, &e);
    if (!endpoint || credentials_get(&c, client->region, &t->arena, &e) < 0) {
        failure_of_transport(t->call, e.text);
        return -1;
    }
    t->access_key_id = c.access_key_id;
    t->curl = curl_easy_init();
    if (!t->curl)
        abort();
    add_headers(t, &c);
    set_options(t, &c, endpoint, region,
                t->call->repeatable && left > ATTEMPT_TIMEOUT_MS ? ATTEMPT_TIMEOUT_MS : left);
    if (curl_multi_add_handle(client->multi, t->curl) != CURLM_OK)
        abort();
    t->attempts++;
    t->step = STEP_RUNNING;
    return 0;
}

/* --- its end -----------------------------------------------------------------------------------
 */

/* Whether the request may have reached the service: its connection was ready for it. */
static bool was_sent(CURL *curl)
{
    curl_off_t ready = 0;

    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &ready);
    return ready > 0;
}

static uint32_t chance(void)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0)
        return UINT32_MAX / 2;
    return number;
}

/* Whether S3 has said that the bucket is in another region: it is followed there, once (Amazon S3
 * API Reference, "Error responses": PermanentRedirect, AuthorizationHeaderMalformed). */
static bool has_moved(const struct aws_client *client, struct transfer *t)
{
    struct arena a = {0};
    const char *where = t->bucket_region;
    bool moved;

    if (t->call->service != AWS_S3 || !t->call->bucket || *t->moved_to)
        return false;
    if (!*where)
        where = failure_region(t->call, &a);
    moved = *where && strlen(where) < sizeof t->moved_to && aws_region_is_valid(where) &&
            strcmp(where, region_of(client, t)) != 0;
    if (moved)
        memcpy(t->moved_to, where, strlen(where) + 1);
    arena_free(&a);
    return moved;
}

/* Decides whether the call, which has just failed, is to be made again. */
static bool again(const struct aws_client *client, struct transfer *t,
                  const struct attempt *attempt, int64_t retry_after_s)
{
    int64_t now = clock_monotonic_ms();

    if (attempt->answered && has_moved(client, t)) {
        t->attempts--; /* this one did not count */
        t->begin_at = now;
        return true;
    }
    switch (retry_decide(attempt, t->call->repeatable)) {
    case RETRY_NO:
        return false;
    case RETRY_WITH_CREDENTIALS:
        if (t->renewed || !credentials_refused(t->access_key_id))
            return false;
        t->renewed = true;
        t->attempts--; /* this one did not count */
        t->begin_at = now;
        return true;
    case RETRY_AGAIN:
        break;
    }
    if (retry_after_s > AWS_CALL_TIMEOUT_MS / 1000)
        return false; /* longer than the call may take */
    t->begin_at = now + retry_pause_ms(t->attempts + 1, chance(), retry_after_s);
    return t->attempts < RETRY_ATTEMPTS && t->begin_at < t->give_up_at;
}

/* Takes an attempt off the wire. */
static void drop(struct aws_client *client, struct transfer *t)
{
    curl_multi_remove_handle(client->multi, t->curl);
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    arena_free(&t->arena);
    t->curl = NULL;
    t->headers = NULL;
}

static void finish(struct aws_client *client, struct transfer *t, CURLcode result)
{
    struct aws_call *call = t->call;
    curl_off_t retry_after = 0;
    struct attempt attempt = {.code = call->code};
    long status = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &retry_after);
    attempt.sent = was_sent(t->curl);
    attempt.answered = result == CURLE_OK;
    call->status = attempt.status = result == CURLE_OK ? (int)status : 0;
    call->failed = false;
    if (result != CURLE_OK)
        failure_of_transport(call, *t->reason ? t->reason : curl_easy_strerror(result));
    else if (status < 200 || status > 299)
        failure_of_answer(call, *t->error_type ? t->error_type : NULL);
    t->step = call->failed && again(client, t, &attempt, retry_after) ? STEP_WAITING : STEP_DONE;
    if (t->step == STEP_DONE)
        failure_count(call);
    drop(client, t);
}

/* --- all of them -------------------------------------------------------------------------------
 */

/* Begins what is due. Returns ms until the next is, up to a second; *left: how many have not ended.
 */
static int begin_due(struct aws_client *client, struct transfer *transfers, size_t n, size_t *left)
{
    int64_t now = clock_monotonic_ms(), wait = 1000;
    size_t running = 0;

    *left = 0;
    for (size_t i = 0; i < n; i++)
        running += transfers[i].step == STEP_RUNNING;
    for (size_t i = 0; i < n; i++) {
        struct transfer *t = &transfers[i];
        if (t->step == STEP_WAITING && t->begin_at <= now && running < RUNNING_MAX) {
            if (begin(client, t, now) < 0) {
                failure_count(t->call);
                t->step = STEP_DONE;
                arena_free(&t->arena);
            } else
                running++;
        } else if (t->step == STEP_WAITING && t->begin_at > now && t->begin_at - now < wait)
            wait = t->begin_at - now;
        *left += t->step != STEP_DONE;
    }
    return (int)wait;
}

static bool finish_ended(struct aws_client *client)
{
    CURLMsg *message;
    bool any = false;
    int more;

    while ((message = curl_multi_info_read(client->multi, &more))) {
        char *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        finish(client, (struct transfer *)(void *)t, message->data.result);
        any = true;
    }
    return any;
}

/* Ends all that have not ended. */
static void give_up(struct aws_client *client, struct transfer *transfers, size_t n,
                    const char *why)
{
    for (size_t i = 0; i < n; i++) {
        if (transfers[i].step == STEP_DONE)
            continue;
        if (transfers[i].step == STEP_RUNNING)
            drop(client, &transfers[i]);
        transfers[i].call->status = 0;
        transfers[i].call->code[0] = '\0';
        failure_of_transport(transfers[i].call, why);
        failure_count(transfers[i].call);
        transfers[i].step = STEP_DONE;
    }
}

/* When the call is given up, whatever happens. */
static int64_t end_of(const struct aws_client *client, const struct aws_call *call, int64_t now)
{
    int64_t end = limit_earlier(client->limit, now + AWS_CALL_TIMEOUT_MS);

    return call->give_up_at && call->give_up_at < end ? call->give_up_at : end;
}

void aws_perform(struct aws_client *client, struct aws_call *calls, size_t n)
{
    struct arena a = {0};
    struct transfer *transfers = arena_array(&a, n, sizeof *transfers);
    int64_t now = clock_monotonic_ms();
    const char *over;
    size_t left;
    int running, wait;

    for (size_t i = 0; i < n; i++)
        transfers[i] = (struct transfer){
            .call = &calls[i], .begin_at = now, .give_up_at = end_of(client, &calls[i], now)};
    while (wait = begin_due(client, transfers, n, &left), left > 0) {
        over = limit_over(client->limit);
        if (over) {
            give_up(client, transfers, n, over);
            break;
        }
        curl_multi_perform(client->multi, &running);
        if (!finish_ended(client)) /* else there may be room for another, or an end */
            curl_multi_poll(client->multi, NULL, 0,
                            client->limit && wait > LOOK_UP_MS ? LOOK_UP_MS : wait, NULL);
    }
    arena_free(&a);
}

int aws_call_check(const struct aws_call *calls, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i].failed) {
            *e = calls[i].err;
            return -1;
        }
    return 0;
}

struct aws_pages aws_pages_begin(int most)
{
    return (struct aws_pages){clock_monotonic_ms() + AWS_PAGES_TIMEOUT_MS, most};
}

int aws_pages_turn(struct aws_pages *pages, const char *what, const char *before, const char *next,
                   struct err *e)
{
    if (before && !strcmp(before, next))
        return err_set(e, ERR_REFUSED, "%s: the answer does not end: a page leads to itself", what);
    if (--pages->left <= 0)
        return err_set(e, ERR_REFUSED, "%s: the answer does not end: too many pages", what);
    return 0;
}

void aws_call_free(struct aws_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_free(&calls[i].answer);
}
