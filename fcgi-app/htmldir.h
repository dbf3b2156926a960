/* The templates that the configuration's htmldir names: a folder, or objects of S3. */
#ifndef MIRAGE_FCGI_HTMLDIR_H
#define MIRAGE_FCGI_HTMLDIR_H

#include "config/config.h"
#include "err.h"

#include "template.h"

/* Fetches what is in S3 to the state folder, and loads. templates_free() frees. */
int htmldir_load(struct templates **templates, struct config *config, const char *state_dir,
                 struct err *e) __attribute__((warn_unused_result));

/* The same for nothing but what is wrong, where AWS need not be asked: no state folder is needed,
 * and none is touched. */
int htmldir_check(struct config *config, struct err *e) __attribute__((warn_unused_result));

#endif
