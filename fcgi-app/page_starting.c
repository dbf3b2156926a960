/* The page on which a visitor of an environment waits, and the same for clients that ask for JSON.
 * mirage-proxyd asks for it in the visitor's name: it is for the hosts of environments, and tells
 * of the one that the Host names only. Whoever gets this far has been let in by mirage-proxyd. */
#include "page.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "auth_cookie.h"
#include "clock.h"
#include "hash.h"

#include "accept.h"
#include "authenticate.h"
#include "host_check.h"
#include "router.h"
#include "waiting_read.h"
#include "waiting_view.h"

#define RETRY_SOON_S  2
#define RETRY_LATER_S 15

/* What an answer depends on, beside the facts. */
struct variant {
    const char *subdomain;
    enum language language;
    bool json, details, wakes;
};

static bool has_cookie(const struct call *c)
{
    const char *cookies = request_variable(c->request, "HTTP_COOKIE");

    return auth_cookie_opens(cookies, strlen(cookies), &c->with->config->auth.cookie_secret,
                             (int64_t)time(NULL));
}

/* mirage-proxyd has asked for the cookie where the port wants it. Where all ports do, it is asked
 * for here, too: with Apache, who connects from this machine looks like mirage-proxyd. */
static bool lets_in(const struct call *c)
{
    const struct config *config = c->with->config;

    for (size_t i = 0; i < config->listen.n_http; i++)
        if (!config->listen.http[i].require_auth_cookie)
            return true;
    return has_cookie(c);
}

static void make_nonce(char nonce[25])
{
    unsigned char random[12];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        memset(random, 0, sizeof random); /* it does not fail; and nothing foreign is in the page */
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(nonce + 2 * i, 3, "%02x", random[i]);
}

/* The answer's slot: where it lies, or where it is to be put. */
static struct waiting_answer *slot_of(struct waiting_cache *cache, const struct variant *v,
                                      char key[96])
{
    snprintf(key, 96, "%s %d%d%d%d", v->subdomain, v->language, v->json, v->details, v->wakes);
    return &cache->answers[hash_bytes(key, strlen(key)) % WAITING_CACHE_SLOTS];
}

/* Makes the answer from the database. */
static int make(struct call *c, const struct variant *v, struct waiting_answer *answer,
                struct err *e)
{
    struct waiting_visitor visitor = {
        v->language, v->details, clock_now_ms(), answer->nonce,
        arena_printf(c->arena, "%s%s", v->subdomain, c->with->config->host.reverse_proxy_suffix)};
    struct waiting_facts facts;
    struct waiting w;
    json_t *view;
    int rc = waiting_read(c->with->db, v->subdomain, c->arena, &facts, e);

    if (rc == 0)
        return err_set(e, ERR_NOT_FOUND, "There is no environment %s.", v->subdomain);
    if (rc < 0)
        return -1;
    facts.wakes = v->wakes;
    w = waiting_of(c->with->config, &facts);
    answer->state = waiting_state_word(w.state);
    answer->retry_after = waiting_goes_on(&w) || w.again_at > 0 ? RETRY_SOON_S : RETRY_LATER_S;
    if (!v->json)
        make_nonce(answer->nonce);
    view =
        v->json ? waiting_json(&facts, &w, &visitor) : waiting_view(&facts, &w, &visitor, c->arena);
    if (!view)
        return err_set(e, ERR_INTERNAL, "out of memory");
    if (v->json) {
        char *text = json_dumps(view, JSON_COMPACT);
        buf_printf(&answer->text, "%s\n", text ? text : "{}");
        free(text);
    } else {
        page_set_version(view);
        rc = templates_render(c->with->templates, "starting", view, &answer->text, e);
    }
    json_decref(view);
    return rc < 0 ? -1 : 0;
}

static int answer_of(struct call *c, const struct variant *v, struct waiting_answer **answer,
                     struct err *e)
{
    const int64_t now = clock_monotonic_ms();
    const int64_t version = db_data_version(c->with->db, e);
    char key[sizeof(*answer)->key];

    if (version < 0)
        return -1;
    *answer = slot_of(c->with->waiting, v, key);
    if (!strcmp((*answer)->key, key) && (*answer)->version == version &&
        now - (*answer)->made_at < WAITING_CACHE_MS)
        return 0;
    *(*answer)->key = *(*answer)->nonce = '\0';
    buf_clear(&(*answer)->text);
    if (make(c, v, *answer, e) < 0)
        return -1;
    strcpy((*answer)->key, key);
    (*answer)->made_at = now;
    (*answer)->version = version;
    return 0;
}

bool page_starting_is_asked(const struct call *c)
{
    return c->request->method == METHOD_GET && !strcmp(c->request->path, PAGE_STARTING_PATH) &&
           peer_is_proxyd(c) && *host_environment(c, c->arena);
}

int page_starting(struct call *c, struct err *e)
{
    struct variant v = {
        .subdomain = host_environment(c, c->arena),
        .language = accept_language(request_variable(c->request, "HTTP_ACCEPT_LANGUAGE")),
        .json = accept_prefers_json(request_variable(c->request, "HTTP_ACCEPT")),
        .details = c->with->config->wake.show_details || has_cookie(c),
        .wakes = strcmp(request_variable(c->request, "QUERY_STRING"), "wakes=no") != 0,
    };
    struct waiting_answer *answer;

    if (!lets_in(c))
        return err_set(e, ERR_NOT_FOUND, "There is no page here.");
    if (answer_of(c, &v, &answer, e) < 0)
        return -1;
    if (v.json)
        respond_json_ready(c->response, 503, &answer->text);
    else
        respond_waiting_page(c->response, answer->nonce, &answer->text);
    c->response->waiting = answer->state;
    c->response->retry_after = answer->retry_after;
    return 0;
}
