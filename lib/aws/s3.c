#include "s3.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "xml.h"

#define FOLDER_KEYS_MAX 1000
#define PAGES_MAX       100 /* of a thousand keys each */

#define LIST_OBJECTS    "S3 ListObjectsV2"

/* Percent-encodes all but RFC 3986's unreserved characters, as a signature wants it. */
static const char *encode(const char *text, bool keep_slash, struct arena *a)
{
    char *out = arena_alloc(a, 3 * strlen(text) + 1), *p = out;
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((isascii(c) && isalnum(c)) || strchr("-_.~", c) || (keep_slash && c == '/'))
            *p++ = (char)c;
        else {
            *p++ = '%';
            *p++ = digits[c >> 4];
            *p++ = digits[c & 15];
        }
    }
    return out;
}

/* Amazon S3 User Guide, "General purpose bucket naming rules", as far as a URL depends on it. */
static bool is_bucket(const char *name)
{
    size_t len = strlen(name);

    return len >= 3 && len <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len &&
           name[0] != '.' && name[0] != '-' && name[len - 1] != '.' && name[len - 1] != '-' &&
           !strstr(name, "..");
}

/* Whether a key has a part of "." or "..": libcurl takes those out of a path, as RFC 3986 says, and
 * does not sign one that it was told to leave. */
static bool has_dots(const char *key)
{
    for (const char *p = key; *p; p += strcspn(p, "/"), p += *p == '/') {
        size_t len = strcspn(p, "/");
        if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
            return true;
    }
    return false;
}

int s3_parse(const char *url, struct arena *a, struct s3_location *location, struct err *e)
{
    const char *rest = url + 5, *slash;

    if (strncmp(url, "s3://", 5) != 0 || !(slash = strchr(rest, '/')))
        return err_set(e, ERR_INVALID, "%.200s: expected s3://bucket/key", url);
    location->bucket = arena_strndup(a, rest, (size_t)(slash - rest));
    location->key = arena_strdup(a, slash + 1);
    if (!is_bucket(location->bucket))
        return err_set(e, ERR_INVALID, "%.200s: '%.63s' is no name of a bucket", url,
                       location->bucket);
    if (has_dots(location->key))
        return err_set(e, ERR_INVALID,
                       "%.200s: a key with '.' or '..' between slashes cannot be read", url);
    return 0;
}

/* One call for one object. The caller frees the call, whether it failed or not. */
static int perform(struct aws_client *client, const struct s3_location *object,
                   struct aws_call *call, struct arena *a, struct err *e)
{
    int rc;

    call->service = AWS_S3;
    call->bucket = object->bucket;
    call->path = arena_printf(a, "/%s", encode(object->key, true, a));
    aws_perform(client, call, 1);
    rc = aws_call_check(call, 1, e);
    return rc < 0 ? err_prefix(e, "s3://%s/%s", object->bucket, object->key) : 0;
}

int s3_get(struct aws_client *client, const struct s3_location *object, struct buf *bytes,
           struct err *e)
{
    struct arena a = {0};
    struct aws_call call = {.operation = "GetObject", .method = "GET", .repeatable = true};
    int rc = perform(client, object, &call, &a, e);

    if (rc == 0)
        buf_add(bytes, buf_text(&call.answer), call.answer.len);
    else if (call.status == 404)
        e->kind = ERR_NOT_FOUND;
    aws_call_free(&call, 1);
    arena_free(&a);
    return rc;
}

int s3_put_new(struct aws_client *client, const struct s3_location *object, const char *json,
               struct err *e)
{
    struct arena a = {0};
    struct aws_call call = {.operation = "PutObject",
                            .method = "PUT",
                            .content_type = "application/json",
                            .body = json,
                            .condition = "If-None-Match: *",
                            .repeatable = true};
    int rc = perform(client, object, &call, &a, e);

    /* 409: another one is being written at this moment. */
    rc = rc == 0 ? 1 : call.status == 412 || call.status == 409 ? 0 : -1;
    aws_call_free(&call, 1);
    arena_free(&a);
    return rc;
}

int s3_delete(struct aws_client *client, const struct s3_location *object, const char *etag,
              struct err *e)
{
    struct arena a = {0};
    struct aws_call call = {.operation = "DeleteObject",
                            .method = "DELETE",
                            .condition = arena_printf(&a, "If-Match: %s", etag),
                            .repeatable = true};
    int rc = perform(client, object, &call, &a, e);

    /* 409: it is being written, or deleted, at this moment. */
    rc = rc == 0 ? 1 : call.status == 412 || call.status == 409 || call.status == 404 ? 0 : -1;
    aws_call_free(&call, 1);
    arena_free(&a);
    return rc;
}

/* Takes a page's keys; *token becomes that of the next page, NULL when it was the last. */
static int take_keys(const struct buf *answer, struct arena *a, struct s3_keys *keys,
                     const char **token, struct err *e)
{
    const struct xml *root = xml_parse(buf_text(answer), answer->len, a);
    const struct xml *object = xml_child(root, "Contents");

    if (!root || strcmp(root->name, "ListBucketResult") != 0)
        return err_set(e, ERR_REFUSED, LIST_OBJECTS ": the answer is not in AWS's form");
    for (; object; object = xml_again(object)) {
        keys->items = arena_grow(a, keys->items, keys->len, &keys->cap, sizeof *keys->items);
        keys->items[keys->len++] =
            (struct s3_key){xml_text(object, "Key"), xml_text(object, "ETag")};
    }
    *token = xml_text(root, "NextContinuationToken");
    if (strcmp(xml_text(root, "IsTruncated"), "true") != 0 || !**token)
        *token = NULL;
    return 0;
}

int s3_list(struct aws_client *client, const struct s3_location *prefix, struct arena *a,
            struct s3_keys *keys, struct err *e)
{
    struct aws_pages pages = aws_pages_begin(PAGES_MAX);
    const char *token = NULL, *before;
    int rc;

    do {
        const char *from =
            token ? arena_printf(a, "continuation-token=%s&", encode(token, false, a)) : "";
        struct aws_call call = {
            .service = AWS_S3,
            .operation = "ListObjectsV2",
            .method = "GET",
            .query =
                arena_printf(a, "%slist-type=2&prefix=%s", from, encode(prefix->key, false, a)),
            .bucket = prefix->bucket,
            .repeatable = true,
            .give_up_at = pages.give_up_at,
        };
        aws_perform(client, &call, 1);
        rc = aws_call_check(&call, 1, e);
        before = token;
        if (rc == 0)
            rc = take_keys(&call.answer, a, keys, &token, e);
        if (rc == 0 && token)
            rc = aws_pages_turn(&pages, LIST_OBJECTS, before, token, e);
        aws_call_free(&call, 1);
    } while (rc == 0 && token);
    return rc < 0 ? err_prefix(e, "s3://%s/%s", prefix->bucket, prefix->key) : 0;
}

/* Whether a name stays inside of the folder that it is put into. */
static bool is_inside(const char *name)
{
    for (const char *p = name; *p; p += strcspn(p, "/"), p += *p == '/')
        if (*p == '/')
            return false;
    return *name && !has_dots(name);
}

static int make_folders(char *path, struct err *e)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return err_system(e, errno, "cannot make %s", path);
        *p = '/';
    }
    return 0;
}

int s3_get_folder(struct aws_client *client, const struct s3_location *prefix, const char *folder,
                  struct err *e)
{
    struct arena a = {0};
    struct s3_keys keys = {0};
    size_t len = strlen(prefix->key);
    int rc = s3_list(client, prefix, &a, &keys, e);

    if (rc == 0 && keys.len > FOLDER_KEYS_MAX)
        rc = err_set(e, ERR_INVALID, "s3://%s/%s: more than %d objects are no templates",
                     prefix->bucket, prefix->key, FOLDER_KEYS_MAX);
    for (size_t i = 0; i < keys.len && rc == 0; i++) {
        const char *key = keys.items[i].name, *name = key + (strlen(key) > len ? len : strlen(key));
        char *path = arena_printf(&a, "%s/%s", folder, name);
        struct buf bytes = {0};
        if (!is_inside(name) || name[strlen(name) - 1] == '/')
            continue; /* a folder's own entry, or no file's name */
        rc = make_folders(path, e);
        if (rc == 0)
            rc = s3_get(client, &(struct s3_location){prefix->bucket, key}, &bytes, e);
        if (rc == 0 && buf_write_file(&bytes, path) < 0)
            rc = err_system(e, errno, "cannot write %s", path);
        buf_free(&bytes);
    }
    arena_free(&a);
    return rc;
}
