#include "credentials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#include "profile.h"
#include "service.h"

#define EARLY_MS       (10 * 60 * 1000) /* fetched anew so long before they expire, */
#define EARLY_AGAIN_MS (60 * 1000)      /* tried so often then, */
#define LAST_MS        (60 * 1000)      /* and not used any more so long before */
#define AGAIN_MS       1000             /* until sources that had none are asked again */

/* What was found last. One a process, because the environment that it comes from is. */
static struct {
    pthread_mutex_t lock;
    struct arena arena;
    struct credentials credentials; /* access_key_id NULL: none yet */
    int64_t try_again_at;           /* ms; no renewal is tried before */
    int64_t failed_until;           /* monotonic ms; what failed is not asked again before */
    struct err failure;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static int from_environment(struct credentials *c, struct err *e)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");

    if (!id && !secret)
        return 0;
    if (!id || !secret)
        return err_set(e, ERR_REFUSED, "%s is set, and %s is not",
                       id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                       id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    *c = (struct credentials){.access_key_id = id,
                              .secret_access_key = secret,
                              .session_token = variable("AWS_SESSION_TOKEN")};
    return 1;
}

static int from_web_identity(struct credentials *c, const char *region, struct arena *a,
                             struct err *e)
{
    const char *file = variable("AWS_WEB_IDENTITY_TOKEN_FILE"), *role = variable("AWS_ROLE_ARN");

    if (!file)
        return 0;
    if (!role)
        return err_set(e, ERR_REFUSED,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
    return credentials_from_web_identity(c, role, file, region, a, e);
}

static int from_profile(struct credentials *c, const char *region, struct arena *a, struct err *e)
{
    struct profile p;

    if (profile_read(&p, a, e) < 0)
        return -1;
    if (p.named && !p.found)
        return err_set(e, ERR_REFUSED, "AWS_PROFILE names the profile '%s', which is in no file",
                       p.name);
    if (p.aws_access_key_id && p.aws_secret_access_key) {
        *c = (struct credentials){.access_key_id = p.aws_access_key_id,
                                  .secret_access_key = p.aws_secret_access_key,
                                  .session_token = p.aws_session_token};
        return 1;
    }
    if (p.role_arn && p.web_identity_token_file)
        return credentials_from_web_identity(c, p.role_arn, p.web_identity_token_file, region, a,
                                             e);
    if (p.credential_process)
        return credentials_from_process(c, p.credential_process, a, e);
    if (p.role_arn || p.sso_session || p.aws_access_key_id || p.aws_secret_access_key)
        return err_set(e, ERR_REFUSED,
                       "the profile '%s' has neither a pair of access keys, a "
                       "web_identity_token_file nor a credential_process; other ways (%s) are not "
                       "supported: `aws configure export-credentials` can be its "
                       "credential_process",
                       p.name, p.sso_session ? "sso_session" : "source_profile");
    return 0;
}

static int look(struct credentials *c, const char *region, struct arena *a, struct err *e)
{
    int rc = from_environment(c, e);

    if (rc == 0)
        rc = from_web_identity(c, region, a, e);
    if (rc == 0)
        rc = from_profile(c, region, a, e);
    if (rc == 0)
        rc = credentials_from_container(c, a, e);
    if (rc == 0)
        rc = credentials_from_instance(c, a, e);
    if (rc == 0)
        return err_set(e, ERR_REFUSED,
                       "there are none in the environment (AWS_ACCESS_KEY_ID), in ~/.aws, from "
                       "the container's role or the instance's; give this task's definition a "
                       "taskRoleArn, or set one of them");
    return rc < 0 ? -1 : 0;
}

static struct credentials copy_of(const struct credentials *c, struct arena *a)
{
    return (struct credentials){.access_key_id = arena_strdup(a, c->access_key_id),
                                .secret_access_key = arena_strdup(a, c->secret_access_key),
                                .session_token = arena_strdup(a, c->session_token),
                                .expires_at = c->expires_at};
}

/* Looks again, and keeps what is found. What was kept stays when nothing is. */
static int renew(const char *region, struct err *e)
{
    struct arena a = {0}, fresh = {0};
    struct credentials found;
    int rc = look(&found, region, &a, e);

    if (rc == 0) {
        found = copy_of(&found, &fresh);
        arena_free(&kept.arena);
        kept.arena = fresh;
        kept.credentials = found;
    }
    arena_free(&a);
    return rc;
}

static bool is_usable(int64_t now)
{
    return kept.credentials.access_key_id &&
           (kept.credentials.expires_at == 0 || kept.credentials.expires_at - LAST_MS > now);
}

static bool is_due(int64_t now)
{
    return kept.credentials.expires_at != 0 && kept.credentials.expires_at - EARLY_MS <= now &&
           now >= kept.try_again_at;
}

int credentials_get(struct credentials *c, const char *region, struct arena *a, struct err *e)
{
    int64_t now = clock_now_ms();
    struct err why;
    int rc = 0;

    pthread_mutex_lock(&kept.lock);
    if (!is_usable(now) && clock_monotonic_ms() < kept.failed_until) {
        *e = kept.failure;
        rc = -1;
    } else if (!is_usable(now)) {
        rc = renew(region, e);
        if (rc < 0) {
            kept.failure = *e;
            kept.failed_until = clock_monotonic_ms() + AGAIN_MS;
        }
    } else if (is_due(now)) {
        kept.try_again_at = now + EARLY_AGAIN_MS;
        if (renew(region, &why) < 0)
            log_warn("AWS credentials that expire soon cannot be renewed yet: %s", why.text);
    }
    if (rc == 0)
        *c = copy_of(&kept.credentials, a);
    else
        err_prefix(e, "no AWS credentials");
    pthread_mutex_unlock(&kept.lock);
    return rc;
}

bool credentials_refused(const char *access_key_id)
{
    bool other = !variable("AWS_ACCESS_KEY_ID");

    pthread_mutex_lock(&kept.lock);
    if (other && kept.credentials.access_key_id &&
        !strcmp(kept.credentials.access_key_id, access_key_id))
        kept.credentials.access_key_id = NULL;
    pthread_mutex_unlock(&kept.lock);
    return other;
}
