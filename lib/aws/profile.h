/* The shared files of the AWS SDKs, ~/.aws/config and ~/.aws/credentials (AWS SDKs and Tools
 * Reference Guide, "Shared config and credentials files"): one profile's settings. */
#ifndef MIRAGE_AWS_PROFILE_H
#define MIRAGE_AWS_PROFILE_H

#include <stdbool.h>

#include "arena.h"
#include "err.h"

struct profile {
    const char *name; /* AWS_PROFILE, else "default" */
    bool named;       /* by AWS_PROFILE: it must be there then */
    bool found;
    const char *aws_access_key_id; /* these are NULL when the files do not set them */
    const char *aws_secret_access_key;
    const char *aws_session_token;
    const char *role_arn;
    const char *web_identity_token_file;
    const char *credential_process;
    const char *source_profile;
    const char *credential_source;
    const char *sso_session;
    const char *region;
};

/* Reads both files (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others). Where both have a
 * setting, the credentials file wins. A file that does not exist counts as empty; -1 when one
 * cannot be read. */
int profile_read(struct profile *p, struct arena *a, struct err *e)
    __attribute__((warn_unused_result));

/* Reads the settings of p->name from the text of one file. is_config: sections are [profile NAME].
 */
void profile_parse(struct profile *p, const char *text, bool is_config, struct arena *a);

#endif
