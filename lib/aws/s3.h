/* Amazon S3: objects (Amazon S3 API Reference). */
#ifndef MIRAGE_AWS_S3_H
#define MIRAGE_AWS_S3_H

#include <stdbool.h>

#include "client.h"

struct s3_location {
    const char *bucket;
    const char *key; /* or the prefix of several keys */
};

/* Splits `s3://bucket/key`. ERR_INVALID says what is wrong. */
int s3_parse(const char *url, struct arena *a, struct s3_location *location, struct err *e)
    __attribute__((warn_unused_result));

/* Appends the object's bytes. ERR_NOT_FOUND when there is none. Errors begin with
 * `s3://bucket/key`. */
int s3_get(struct aws_client *client, const struct s3_location *object, struct buf *bytes,
           struct err *e) __attribute__((warn_unused_result));

/* Writes an object of JSON, where there is none under its key. 1; 0 when there is one, which stays
 * (PutObject with If-None-Match: *); or -1. */
int s3_put_new(struct aws_client *client, const struct s3_location *object, const char *json,
               struct err *e) __attribute__((warn_unused_result));

/* Deletes the object, if it has this ETag (as s3_list() gives it). 1; 0 when there is none, or
 * another one, which stays (DeleteObject with If-Match; Amazon S3 User Guide, "How to perform
 * conditional deletes"); or -1. */
int s3_delete(struct aws_client *client, const struct s3_location *object, const char *etag,
              struct err *e) __attribute__((warn_unused_result));

struct s3_key {
    const char *name;
    const char *etag; /* another one when the object was written anew */
};

struct s3_keys {
    struct s3_key *items;
    size_t len, cap;
};

/* The keys that begin with the prefix, all pages, in the order of their bytes. */
int s3_list(struct aws_client *client, const struct s3_location *prefix, struct arena *a,
            struct s3_keys *keys, struct err *e) __attribute__((warn_unused_result));

/* Fetches all objects below the prefix into a folder, which is created. Slashes in their names
 * become folders. Other files that are already in the folder stay. */
int s3_get_folder(struct aws_client *client, const struct s3_location *prefix, const char *folder,
                  struct err *e) __attribute__((warn_unused_result));

#endif
