/* The templates that the configuration's htmldir names: a folder, or objects of S3. */
#ifndef MIRAGE_FCGI_HTMLDIR_H
#define MIRAGE_FCGI_HTMLDIR_H

#include "config/config.h"
#include "err.h"

#include "template.h"

/* Fetches templates that are in S3 into the state folder, and loads them. templates_free() frees.
 */
int htmldir_load(struct templates **templates, struct config *config, const char *state_dir,
                 struct err *e) __attribute__((warn_unused_result));

/* Only checks the templates, without asking AWS: templates in S3 are not checked. Needs no state
 * folder, and touches none. */
int htmldir_check(struct config *config, struct err *e) __attribute__((warn_unused_result));

#endif
