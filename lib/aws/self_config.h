/* What a configuration gets from AWS: its own text and the templates from S3, and the `ecs` section
 * from the place where this program runs. */
#ifndef MIRAGE_AWS_SELF_CONFIG_H
#define MIRAGE_AWS_SELF_CONFIG_H

#include "buf.h"
#include "config/config.h"

/* For config_load(), in a program that speaks AWS's protocols itself. */
extern const struct config_source self_config_source;

/* When htmldir is s3://…, fetches it into STATE/run/html and sets htmldir to that. */
int self_config_htmldir(struct config *config, const char *state_dir, struct err *e)
    __attribute__((warn_unused_result));

/* Appends the object that the URL names. Errors begin with the URL. */
int self_config_fetch(const char *url, struct buf *text, struct err *e)
    __attribute__((warn_unused_result));

#endif
