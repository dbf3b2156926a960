/* The sources of credentials that are reached by HTTP, or by starting a program. */
#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <jansson.h>

#include "buf.h"
#include "clock.h"

#include "fetch.h"
#include "form.h"
#include "service.h"
#include "xml.h"

#define CONTAINER_HOST     "http://169.254.170.2"
#define INSTANCE_HOST      "http://169.254.169.254"
#define CONTAINER_TIMEOUT  5000L /* ms */
#define INSTANCE_TIMEOUT   1000L
#define STS_TIMEOUT        10000L
#define INSTANCE_ROLE      "/latest/meta-data/iam/security-credentials/"
#define TOKEN_FILE_LIMIT   (64 * 1024)
#define PROCESS_ANSWER_MAX (64 * 1024)

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static void wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
    buf_free(b);
}

static const char *text_of(const json_t *object, const char *key, struct arena *a)
{
    return arena_strdup(a, json_string_value(json_object_get(object, key)));
}

/* The object of container and instance credentials, and of credential_process: AccessKeyId,
 * SecretAccessKey, `token` by its name, Expiration. 1, or -1. */
static int read_json(struct credentials *c, const struct buf *text, const char *token,
                     const char *source, struct arena *a, struct err *e)
{
    json_t *answer = json_loadb(buf_text(text), text->len, 0, NULL);
    const char *expires = json_string_value(json_object_get(answer, "Expiration"));
    int rc = 1;

    *c = (struct credentials){.access_key_id = text_of(answer, "AccessKeyId", a),
                              .secret_access_key = text_of(answer, "SecretAccessKey", a),
                              .session_token = text_of(answer, token, a)};
    if (!c->access_key_id || !c->secret_access_key)
        rc = err_set(e, ERR_REFUSED, "%s answered without AccessKeyId and SecretAccessKey", source);
    else if (expires && clock_parse_rfc3339(expires, &c->expires_at) < 0)
        rc = err_set(e, ERR_REFUSED, "%s answered with an Expiration that is no time", source);
    json_decref(answer);
    return rc;
}

/* A secret kept in a file, without its line end. */
static const char *read_token(const char *path, struct arena *a, struct err *e)
{
    struct buf text = {0};
    char *token = NULL;

    if (buf_read_file(&text, path, TOKEN_FILE_LIMIT) < 0)
        err_system(e, errno, "cannot read %s", path);
    else {
        token = arena_strdup(a, buf_text(&text));
        token[strcspn(token, "\r\n")] = '\0';
    }
    wipe(&text);
    return token;
}

/* --- container (AWS SDKs and Tools Reference Guide, "Container credential provider") -----------
 */

/* A full URI may be https, or name this host: loopback, or the agents' link-local addresses. */
static bool is_allowed_uri(const char *uri)
{
    static const char *const hosts[] = {"localhost", "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]", "[::1]"};
    const char *host;
    size_t len;

    if (!strncmp(uri, "https://", 8))
        return true;
    if (strncmp(uri, "http://", 7) != 0)
        return false;
    host = uri + 7;
    len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (strlen(hosts[i]) == len && !strncmp(host, hosts[i], len))
            return !strchr("@", host[len]) || !host[len];
    return !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == len;
}

int credentials_from_container(struct credentials *c, struct arena *a, struct err *e)
{
    const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *headers[2] = {NULL, NULL};
    struct fetch f = {.method = "GET",
                      .url = full,
                      .headers = headers,
                      .timeout_ms = CONTAINER_TIMEOUT,
                      .direct = true};
    struct buf answer = {0};
    struct err why;
    int rc;

    if (relative)
        f.url = arena_printf(a, CONTAINER_HOST "%s", relative);
    if (!f.url)
        return 0;
    if (!relative && !is_allowed_uri(full))
        return err_set(e, ERR_REFUSED,
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https, or this host, got %s",
                       full);
    if (file && !(token = read_token(file, a, e)))
        return -1;
    if (token && strpbrk(token, "\r\n"))
        return err_set(e, ERR_REFUSED, "AWS_CONTAINER_AUTHORIZATION_TOKEN contains a line end");
    if (token)
        headers[0] = arena_printf(a, "Authorization: %s", token);
    rc = fetch_ok(&f, &answer, &why);
    if (rc < 0) /* without the URL: its path is as good as a secret */
        err_set(e, ERR_REFUSED, "asked for them, the container's agent%s",
                strlen(why.text) > strlen(f.url) ? why.text + strlen(f.url) : " failed");
    else
        rc = read_json(c, &answer, "Token", "the container's agent", a, e);
    wipe(&answer);
    return rc;
}

/* --- instance (EC2 User Guide, "Use IMDS", version 2 only) -------------------------------------
 */

/* The answer to a GET with a session token, NULL when there is none. */
static const char *ask_instance(const char *path, int *status, struct arena *a)
{
    const char *base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *ttl[] = {"X-aws-ec2-metadata-token-ttl-seconds: 300", NULL}, *token[2] = {0};
    struct fetch f = {
        .method = "PUT", .headers = ttl, .timeout_ms = INSTANCE_TIMEOUT, .direct = true};
    struct buf answer = {0};
    const char *text = NULL;
    struct err e;

    *status = 0;
    base = base ? base : INSTANCE_HOST;
    f.url = arena_printf(a, "%s/latest/api/token", base);
    if (fetch_ok(&f, &answer, &e) < 0)
        goto out;
    token[0] = arena_printf(a, "X-aws-ec2-metadata-token: %s", buf_text(&answer));
    buf_clear(&answer);
    f.method = "GET";
    f.url = arena_printf(a, "%s%s", base, path);
    f.headers = token;
    if (fetch(&f, status, &answer, &e) == 0 && *status == 200)
        text = arena_strndup(a, buf_text(&answer), answer.len);
out:
    wipe(&answer);
    return text;
}

static bool instance_is_disabled(void)
{
    const char *disabled = variable("AWS_EC2_METADATA_DISABLED");

    return disabled && !strcasecmp(disabled, "true");
}

int credentials_from_instance(struct credentials *c, struct arena *a, struct err *e)
{
    struct buf text = {0};
    const char *role, *answer;
    int status, rc;

    if (instance_is_disabled() || !(role = ask_instance(INSTANCE_ROLE, &status, a)))
        return 0;
    role = arena_strndup(a, role, strcspn(role, "\r\n"));
    answer = ask_instance(arena_printf(a, INSTANCE_ROLE "%s", role), &status, a);
    if (!answer)
        return err_set(e, ERR_REFUSED, "the instance's metadata gave no credentials of its role %s",
                       role);
    buf_str(&text, answer);
    rc = read_json(c, &text, "Token", "the instance's metadata", a, e);
    wipe(&text);
    return rc;
}

const char *credentials_instance_region(struct arena *a)
{
    int status;

    return instance_is_disabled() ? NULL
                                  : ask_instance("/latest/meta-data/placement/region", &status, a);
}

/* --- web identity (STS API Reference, AssumeRoleWithWebIdentity) -------------------------------
 */

static int read_sts(struct credentials *c, int status, const struct buf *text, struct arena *a,
                    struct err *e)
{
    const struct xml *root = xml_parse(buf_text(text), text->len, a);
    const struct xml *result = xml_child(root, "AssumeRoleWithWebIdentityResult");
    const struct xml *found = xml_child(result, "Credentials"), *error = xml_child(root, "Error");

    if (status != 200 || !found)
        return err_set(e, ERR_REFUSED, "STS AssumeRoleWithWebIdentity: %s: %s",
                       error ? xml_text(error, "Code") : "no answer of STS",
                       error ? xml_text(error, "Message") : arena_printf(a, "status %d", status));
    *c = (struct credentials){.access_key_id = xml_text(found, "AccessKeyId"),
                              .secret_access_key = xml_text(found, "SecretAccessKey"),
                              .session_token = xml_text(found, "SessionToken")};
    if (!*c->access_key_id || !*c->secret_access_key ||
        clock_parse_rfc3339(xml_text(found, "Expiration"), &c->expires_at) < 0)
        return err_set(e, ERR_REFUSED, "STS AssumeRoleWithWebIdentity: incomplete credentials");
    return 1;
}

int credentials_from_web_identity(struct credentials *c, const char *role_arn,
                                  const char *token_file, const char *region, struct arena *a,
                                  struct err *e)
{
    const char *token = read_token(token_file, a, e), *session = variable("AWS_ROLE_SESSION_NAME");
    const char *headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct fetch f = {.method = "POST", .headers = headers, .timeout_ms = STS_TIMEOUT};
    struct buf form = {0}, answer = {0};
    int status, rc;

    if (!token)
        return -1;
    f.url = aws_endpoint(AWS_STS, region, NULL, a, e);
    if (!f.url)
        return -1;
    f.url = arena_printf(a, "%s/", f.url);
    buf_str(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    form_add(&form, role_arn, "RoleArn");
    form_add(&form, session ? session : "mirage-ecs", "RoleSessionName");
    form_add(&form, token, "WebIdentityToken");
    f.body = buf_text(&form);
    rc = fetch(&f, &status, &answer, e);
    if (rc == 0)
        rc = read_sts(c, status, &answer, a, e);
    wipe(&form);
    wipe(&answer);
    return rc;
}

/* --- a program (AWS SDKs and Tools Reference Guide, "Process credential provider") -------------
 */

int credentials_from_process(struct credentials *c, const char *command, struct arena *a,
                             struct err *e)
{
    struct buf text = {0};
    char piece[4096];
    size_t n;
    FILE *pipe = popen(command, "re");
    int status, rc;

    if (!pipe)
        return err_system(e, errno, "cannot run the credential_process");
    while ((n = fread(piece, 1, sizeof piece, pipe)) > 0 && text.len < PROCESS_ANSWER_MAX)
        buf_add(&text, piece, n);
    explicit_bzero(piece, sizeof piece);
    status = pclose(pipe);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        rc = err_set(e, ERR_REFUSED, "the credential_process failed; its own words say why");
    else
        rc = read_json(c, &text, "SessionToken", "the credential_process", a, e);
    wipe(&text);
    return rc;
}
