/* For programs that do not speak AWS's protocols: they read a configuration in S3 through
 * mirage-ecs, which lies in the same folder. */
#ifndef MIRAGE_CONFIG_FETCH_H
#define MIRAGE_CONFIG_FETCH_H

#include "config.h"

#define CONFIG_FETCH_OPTION "-print-object" /* of mirage-ecs: prints what an s3:// URL names */

extern const struct config_source config_fetch_source;

#endif
