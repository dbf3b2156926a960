#include "asleep_object.h"

#include <string.h>

#include "base64.h"
#include "pattern.h"

#include "s3.h"

#define TRIES 3 /* other copies may write and delete at the same moment */

static const char folder[] = "asleep/", ending[] = ".json";

/* Where the object of this subdomain is, or (NULL) all of them are. */
static int place(const char *url, const char *subdomain, struct arena *a, struct s3_location *at,
                 struct err *e)
{
    size_t len;

    if (s3_parse(url, a, at, e) < 0)
        return -1;
    len = strlen(at->key);
    at->key = arena_printf(a, "%s%s%s%s%s", at->key, len > 0 && at->key[len - 1] != '/' ? "/" : "",
                           folder, subdomain ? base64_encode(subdomain, true, a) : "",
                           subdomain ? ending : "");
    return 0;
}

/* Whose object this key is; NULL when it is none of ours. `at` is the folder. */
static const char *subdomain_of(const struct s3_location *at, const char *key, struct arena *a)
{
    const char *name = key + strlen(at->key), *subdomain;
    size_t len = strlen(name), end = sizeof ending - 1;

    if (len <= end || strcmp(name + len - end, ending) != 0)
        return NULL;
    subdomain = base64_decode(arena_strndup(a, name, len - end), a);
    if (!subdomain || !pattern_is_subdomain(subdomain) ||
        strncmp(base64_encode(subdomain, true, a), name, len - end) != 0)
        return NULL;
    return subdomain;
}

int asleep_object_list(struct aws_client *client, const char *url, struct arena *a,
                       struct runner_kept_list *list, struct err *e)
{
    struct s3_keys keys = {0};
    struct s3_location at;

    *list = (struct runner_kept_list){0};
    if (place(url, NULL, a, &at, e) < 0 || s3_list(client, &at, a, &keys, e) < 0)
        return err_prefix(e, "state.url");
    list->items = arena_array(a, keys.len, sizeof *list->items);
    for (size_t i = 0; i < keys.len; i++) {
        const char *subdomain = subdomain_of(&at, keys.items[i].name, a);
        if (subdomain)
            list->items[list->len++] = (struct runner_kept){subdomain, keys.items[i].etag};
    }
    return 0;
}

int asleep_object_get(struct aws_client *client, const char *url, const char *subdomain,
                      struct arena *a, struct asleep *asleep, struct err *e)
{
    struct buf bytes = {0};
    struct s3_location at;
    int rc = place(url, subdomain, a, &at, e);

    if (rc == 0)
        rc = s3_get(client, &at, &bytes, e);
    if (rc == 0) {
        rc = asleep_from_json(subdomain, buf_text(&bytes), bytes.len, a, asleep, e);
        rc = rc < 0 ? err_prefix(e, "s3://%s/%s", at.bucket, at.key) : 1;
    } else if (e->kind == ERR_NOT_FOUND)
        rc = 0;
    buf_free(&bytes);
    return rc < 0 ? err_prefix(e, "state.url") : rc;
}

/* The object's ETag: 1, 0 when there is no object, or -1. */
static int find(struct aws_client *client, const struct s3_location *at, struct arena *a,
                const char **etag, struct err *e)
{
    struct s3_keys keys = {0};

    if (s3_list(client, at, a, &keys, e) < 0)
        return -1;
    for (size_t i = 0; i < keys.len; i++)
        if (!strcmp(keys.items[i].name, at->key)) {
            *etag = keys.items[i].etag;
            return 1;
        }
    return 0;
}

/* Deletes the object, unless it is of a launch newer than this one: 1; 0 when it is; or -1. What
 * cannot be understood goes. The ETag is read first: what is written after it stays. */
static int delete_older(struct aws_client *client, const char *url, const struct s3_location *at,
                        const char *subdomain, const char *launch, struct arena *a, struct err *e)
{
    struct asleep there;
    const char *etag;
    int rc = find(client, at, a, &etag, e);

    if (rc <= 0)
        return rc < 0 ? -1 : 1;
    rc = asleep_object_get(client, url, subdomain, a, &there, e);
    if (rc == 0)
        return 1;
    if (rc < 0 && e->kind != ERR_INVALID)
        return -1;
    if (rc > 0 && strcmp(there.launch, launch) > 0)
        return 0;
    return s3_delete(client, at, etag, e) < 0 ? -1 : 1;
}

int asleep_object_keep(struct aws_client *client, const char *url, const struct asleep *asleep,
                       struct err *e)
{
    struct arena a = {0};
    const char *text = asleep_to_json(asleep, &a);
    struct s3_location at;
    struct asleep there;
    int rc = place(url, asleep->subdomain, &a, &at, e);

    for (int i = 0; i < TRIES && rc == 0; i++) {
        rc = s3_put_new(client, &at, text, e);
        if (rc != 0)
            break;
        rc = asleep_object_get(client, url, asleep->subdomain, &a, &there, e);
        if (rc > 0 && strcmp(there.launch, asleep->launch) >= 0)
            break;
        if (rc > 0 || (rc < 0 && e->kind == ERR_INVALID))
            rc = delete_older(client, url, &at, asleep->subdomain, asleep->launch, &a, e);
        rc = rc < 0 ? -1 : 0;
    }
    if (rc == 0)
        rc = err_set(e, ERR_BUSY, "s3://%s/%s is being changed by others", at.bucket, at.key);
    arena_free(&a);
    return rc < 0 ? err_prefix(e, "state.url") : 0;
}

int asleep_object_forget(struct aws_client *client, const char *url, const char *subdomain,
                         const char *launch, struct err *e)
{
    struct arena a = {0};
    struct s3_location at;
    int rc = place(url, subdomain, &a, &at, e);

    if (rc == 0)
        rc = delete_older(client, url, &at, subdomain, launch, &a, e);
    arena_free(&a);
    return rc < 0 ? err_prefix(e, "state.url") : 0;
}
