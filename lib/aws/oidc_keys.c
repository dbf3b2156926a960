/* One fetch at a time. A thread that asks for the key that is being fetched waits for it, unless
 * too many wait already; if the fetch fails, the thread does not ask again. A thread that asks for
 * another key meanwhile is refused. So made-up ids hold up a few threads of mirage-api at most, and
 * each of them once. */
#include "oidc_keys.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fetch.h"

#define KEYS_MAX         8 /* a region uses few at a time */
#define KID_MAX          64
#define FETCH_TIMEOUT_MS 3000
#define FETCHES_MAX      5     /* in a row */
#define FETCH_EVERY_MS   10000 /* in the long run */
#define UNKNOWN_MS       60000 /* how long an id that is not there is not asked for again */
#define WAITING_MAX      1     /* four threads of mirage-api answer what needs no AWS */

struct key {
    char kid[KID_MAX + 1];
    char pem[OIDC_KEY_MAX];
};

struct unknown {
    char kid[KID_MAX + 1];
    int64_t until;
};

struct oidc_keys {
    const char *url;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t fetched;
    char fetching[KID_MAX + 1]; /* "": nothing */
    unsigned waiting;           /* for it */
    struct key keys[KEYS_MAX];
    size_t next_key; /* where the next one goes */
    struct unknown unknown[KEYS_MAX];
    size_t next_unknown;
    int64_t allowance_ms; /* FETCH_EVERY_MS a fetch */
    int64_t allowed_at;
};

struct oidc_keys *oidc_keys_open(const char *url)
{
    struct oidc_keys *keys = calloc(1, sizeof *keys);

    if (!keys)
        abort();
    keys->url = url;
    keys->allowance_ms = (int64_t)FETCHES_MAX * FETCH_EVERY_MS;
    keys->allowed_at = clock_monotonic_ms();
    pthread_mutex_init(&keys->lock, NULL);
    pthread_cond_init(&keys->fetched, NULL);
    return keys;
}

void oidc_keys_close(struct oidc_keys *keys)
{
    if (!keys)
        return;
    pthread_mutex_destroy(&keys->lock);
    pthread_cond_destroy(&keys->fetched);
    free(keys);
}

/* What an id may be: it becomes part of a URL. AWS's are UUIDs. */
static bool kid_is_valid(const char *kid)
{
    size_t len = strlen(kid);

    return len > 0 && len <= KID_MAX &&
           strspn(kid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool find(const struct oidc_keys *keys, const char *kid, char pem[OIDC_KEY_MAX])
{
    for (size_t i = 0; i < KEYS_MAX; i++)
        if (!strcmp(keys->keys[i].kid, kid)) {
            memcpy(pem, keys->keys[i].pem, OIDC_KEY_MAX);
            return true;
        }
    return false;
}

static bool is_unknown(const struct oidc_keys *keys, const char *kid)
{
    for (size_t i = 0; i < KEYS_MAX; i++)
        if (!strcmp(keys->unknown[i].kid, kid) && keys->unknown[i].until > clock_monotonic_ms())
            return true;
    return false;
}

static bool may_fetch(struct oidc_keys *keys)
{
    int64_t now = clock_monotonic_ms(), most = (int64_t)FETCHES_MAX * FETCH_EVERY_MS;

    keys->allowance_ms += now - keys->allowed_at;
    keys->allowance_ms = keys->allowance_ms > most ? most : keys->allowance_ms;
    keys->allowed_at = now;
    if (keys->allowance_ms < FETCH_EVERY_MS)
        return false;
    keys->allowance_ms -= FETCH_EVERY_MS;
    return true;
}

/* Asks for the key, without the lock. 0, -1 when nothing came, or 1 when there is no such key. */
static int ask(const struct oidc_keys *keys, const char *kid, char pem[OIDC_KEY_MAX], struct err *e)
{
    struct buf url = {0}, answer = {0};
    struct fetch f = {.method = "GET", .timeout_ms = FETCH_TIMEOUT_MS, .limit = OIDC_KEY_MAX - 1};
    int status, rc;

    buf_printf(&url, "%s%s", keys->url, kid);
    f.url = buf_text(&url);
    rc = fetch(&f, &status, &answer, e);
    if (rc == 0 && status != 200) {
        err_set(e, ERR_REFUSED, "%s answered with status %d", f.url, status);
        rc = status >= 400 && status < 500 ? 1 : -1;
    } else if (rc == 0)
        memcpy(pem, buf_text(&answer), answer.len + 1);
    buf_free(&url);
    buf_free(&answer);
    return rc;
}

static void keep(struct oidc_keys *keys, const char *kid, const char pem[OIDC_KEY_MAX])
{
    struct key *key = &keys->keys[keys->next_key++ % KEYS_MAX];

    memcpy(key->kid, kid, strlen(kid) + 1);
    memcpy(key->pem, pem, OIDC_KEY_MAX);
}

static void keep_unknown(struct oidc_keys *keys, const char *kid)
{
    struct unknown *u = &keys->unknown[keys->next_unknown++ % KEYS_MAX];

    memcpy(u->kid, kid, strlen(kid) + 1);
    u->until = clock_monotonic_ms() + UNKNOWN_MS;
}

/* Waits for the fetch of this key, if it is on its way. false: it is, and too many wait. */
static bool wait_for(struct oidc_keys *keys, const char *kid, bool *waited)
{
    *waited = false;
    while (!strcmp(keys->fetching, kid)) {
        if (!*waited && keys->waiting == WAITING_MAX)
            return false;
        keys->waiting += !*waited;
        *waited = true;
        pthread_cond_wait(&keys->fetched, &keys->lock);
    }
    keys->waiting -= *waited;
    return true;
}

/* Fetches the key, the lock held but for the time that it takes. */
static int fetch_key(struct oidc_keys *keys, const char *kid, char pem[OIDC_KEY_MAX], struct err *e)
{
    int rc;

    memcpy(keys->fetching, kid, strlen(kid) + 1);
    pthread_mutex_unlock(&keys->lock);
    rc = ask(keys, kid, pem, e);
    pthread_mutex_lock(&keys->lock);
    if (rc == 0)
        keep(keys, kid, pem);
    else if (rc > 0)
        keep_unknown(keys, kid);
    *keys->fetching = '\0';
    pthread_cond_broadcast(&keys->fetched);
    return rc;
}

int oidc_keys_get(struct oidc_keys *keys, const char *kid, char pem[OIDC_KEY_MAX], struct err *e)
{
    int rc = -1;
    bool may_ask, waited;

    if (!kid_is_valid(kid))
        return err_set(e, ERR_INVALID, "its kid is no key's id");
    pthread_mutex_lock(&keys->lock);
    may_ask = wait_for(keys, kid, &waited) && !waited;
    if (find(keys, kid, pem))
        rc = 0;
    else if (is_unknown(keys, kid))
        err_set(e, ERR_REFUSED, "there is no public key %s", kid);
    else if (!may_ask || *keys->fetching || !may_fetch(keys))
        err_set(e, ERR_BUSY, "too many unknown public keys were asked for; %s has to wait", kid);
    else
        rc = fetch_key(keys, kid, pem, e);
    pthread_mutex_unlock(&keys->lock);
    return rc == 0 ? 0 : -1;
}
