#include "config_warn.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "regex.h"

void config_warn_of_defaults(const struct config *c, void (*warn)(const char *text))
{
    struct buf text = {0};

    for (size_t i = 0; i < c->n_parameters; i++) {
        const struct config_parameter *p = &c->parameters[i];

        if (!p->compiled || !*p->default_value || regex_match(p->compiled, p->default_value) == 1)
            continue;
        buf_clear(&text);
        buf_printf(&text,
                   "%s:%zu: parameters: the default of '%s' does not match its rule: a launch "
                   "without it is refused",
                   c->path, p->line, p->name);
        warn(buf_text(&text));
    }
    buf_free(&text);
}

void config_warn_of_weakness(const struct config *c, void (*warn)(const char *text))
{
    struct buf text = {0};
    size_t shortest = 32; /* RFC 7518, 3.2 */

    for (size_t i = 0; i < c->auth.cookie_secret.len; i++)
        if (strlen(c->auth.cookie_secret.items[i]) < shortest)
            shortest = strlen(c->auth.cookie_secret.items[i]);
    if (shortest < 32) {
        buf_printf(&text,
                   "%s: auth.cookie_secret: shorter than 32 bytes: who has a cookie can guess it; "
                   "`openssl rand -base64 32` makes a good one",
                   c->path);
        warn(buf_text(&text));
    }
    buf_clear(&text);
    if (c->auth.amzn_oidc.present && !c->auth.amzn_oidc.signer) {
        buf_printf(&text,
                   "%s: auth.amzn_oidc.signer is not set: any load balancer of the region may say "
                   "who a user is; set it to the ARN of yours",
                   c->path);
        warn(buf_text(&text));
    }
    buf_free(&text);
}

void config_warn_of_agents(const struct config *c, void (*warn)(const char *text))
{
    static const char *const browsers[] = {
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/138.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Safari/605.1.15",
    };
    const struct config_strings *list = &c->use.ignore.user_agents;
    struct buf text = {0};

    for (size_t i = 0; i < list->len; i++) {
        size_t k = 0, n = sizeof browsers / sizeof browsers[0];
        while (k < n && !strcasestr(browsers[k], list->items[i]))
            k++;
        if (k == n)
            continue;
        buf_clear(&text);
        buf_printf(&text,
                   "%s: use.ignore.user_agents[%zu]: '%.100s' is found in what browsers send: "
                   "their visits would be no use; name what only the others send",
                   c->path, i, list->items[i]);
        warn(buf_text(&text));
    }
    buf_free(&text);
}

/* Whether the text holds this secret as a word of its own: a short one may be a part of others. */
static bool holds(const struct buf *raw, const char *secret)
{
    static const char inside[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *at = buf_text(raw);
    size_t len = secret ? strlen(secret) : 0;

    for (; len > 0 && (at = strstr(at, secret)); at++)
        if ((at == buf_text(raw) || !strchr(inside, at[-1])) &&
            (!at[len] || !strchr(inside, at[len])))
            return true;
    return false;
}

/* Whether a secret stands in the file itself, not in a variable that it names. */
static bool holds_secret(const struct config *c, const struct buf *raw)
{
    for (size_t i = 0; i < c->auth.cookie_secret.len; i++)
        if (holds(raw, c->auth.cookie_secret.items[i]))
            return true;
    return holds(raw, c->auth.token.token) || holds(raw, c->auth.basic.password);
}

/* The folder counts as well: the package's /etc/mirage-ecs is the service's alone. */
static bool everybody_reads(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf folder = {0};
    struct stat st;
    bool enters;

    if (slash)
        buf_add(&folder, path, (size_t)(slash - path) + 1);
    else
        buf_str(&folder, ".");
    enters = stat(buf_text(&folder), &st) == 0 && (st.st_mode & S_IXOTH);
    buf_free(&folder);
    return enters && stat(path, &st) == 0 && (st.st_mode & S_IROTH);
}

void config_warn_of_readers(const struct config *c, const char *path, const struct buf *raw,
                            void (*warn)(const char *text))
{
    struct buf text = {0};

    if (!everybody_reads(path) || !holds_secret(c, raw))
        return;
    buf_printf(&text,
               "%s: every user of this machine can read the secrets in it; `chmod o-r %s`, or have "
               "them in the environment: {{ must_env \"NAME\" }}",
               path, path);
    warn(buf_text(&text));
    buf_free(&text);
}

void config_warn_of_values(const char *path, const char *list, void (*warn)(const char *text))
{
    struct buf text = {0};

    for (const char *line = list; *line; line += strcspn(line, "\n") + 1) {
        buf_clear(&text);
        buf_printf(&text, "%s:%.*s", path, (int)strcspn(line, "\n"), line);
        warn(buf_text(&text));
    }
    buf_free(&text);
}

void config_warn_of_sleep(const struct config *c, void (*warn)(const char *text))
{
    struct buf text = {0};

    if (c->local || c->state.url || c->sleep.after_ms == 0)
        return;
    buf_printf(&text,
               "%s:%zu: sleep.after without state.url: only this copy of mirage-ecs will know what "
               "sleeps, and a lost disk forgets it; set state.url to s3://bucket/prefix/",
               c->path, c->sleep.line);
    warn(buf_text(&text));
    buf_free(&text);
}

static bool is_loopback(const char *address)
{
    return !strncmp(address, "127.", 4) || !strcmp(address, "::1") || !strncmp(address, "[::1]", 5);
}

void config_warn_of_strangers(const struct config *c, void (*warn)(const char *text))
{
    const char *address = c->listen.foreign_address;
    struct buf text = {0};

    if (c->auth.present)
        return;
    if (c->web.listen && !is_loopback(c->web.listen))
        address = c->web.listen;
    if (is_loopback(address))
        return;
    buf_printf(&text,
               "there is no auth in the configuration: whoever reaches %s can use the pages and "
               "the API; add it, or let nobody reach them whom you do not trust",
               !strcmp(address, "0.0.0.0") || !strcmp(address, "::") ? "this machine" : address);
    warn(buf_text(&text));
    buf_free(&text);
}
