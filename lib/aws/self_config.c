#include "self_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "log.h"

#include "ecs.h"
#include "fetch.h"
#include "json_call.h"
#include "region.h"
#include "s3.h"

#define METADATA_TIMEOUT_MS 5000

/* --- S3 ----------------------------------------------------------------------------------------
 */

int self_config_fetch(const char *url, struct buf *text, struct err *e)
{
    struct arena a = {0};
    struct s3_location object;
    struct aws_client *client = NULL;
    int rc = -1;

    if (s3_parse(url, &a, &object, e) < 0)
        goto out;
    if (aws_client_open(&client, NULL, e) < 0) {
        err_prefix(e, "%s", url);
        goto out;
    }
    rc = s3_get(client, &object, text, e);
out:
    aws_client_close(client);
    arena_free(&a);
    return rc;
}

int self_config_htmldir(struct config *config, const char *state_dir, struct err *e)
{
    struct aws_client *client = NULL;
    struct s3_location prefix;
    const char *folder = arena_printf(&config->arena, "%s/run/html", state_dir);
    int rc = -1;

    if (strncmp(config->htmldir, "s3://", 5) != 0)
        return 0;
    if (s3_parse(config->htmldir, &config->arena, &prefix, e) < 0)
        return err_prefix(e, "htmldir");
    if (*prefix.key && prefix.key[strlen(prefix.key) - 1] != '/')
        prefix.key = arena_printf(&config->arena, "%s/", prefix.key);
    if (aws_client_open(&client, config->ecs.region, e) == 0)
        rc = s3_get_folder(client, &prefix, folder, e);
    aws_client_close(client);
    if (rc < 0)
        return err_prefix(e, "htmldir");
    config->htmldir = folder;
    return 0;
}

/* --- where this program runs -------------------------------------------------------------------
 */

/* The answer of the task metadata endpoint, version 4 (Amazon ECS Developer Guide, "Amazon ECS task
 * metadata endpoint version 4"). NULL with *e. */
static json_t *ask_metadata(const char *base, struct err *e)
{
    struct arena a = {0};
    struct buf text = {0};
    struct fetch f = {.method = "GET",
                      .url = arena_printf(&a, "%s/task", base),
                      .timeout_ms = METADATA_TIMEOUT_MS,
                      .direct = true};
    json_t *task = NULL;

    if (fetch_ok(&f, &text, e) == 0) {
        task = json_loadb(buf_text(&text), text.len, 0, NULL);
        if (!json_is_object(task)) {
            err_set(e, ERR_REFUSED, "%s answered with no JSON object", f.url);
            json_decref(task);
            task = NULL;
        }
    }
    buf_free(&text);
    arena_free(&a);
    return task;
}

static struct config_strings strings(const json_t *list, struct arena *a)
{
    struct config_strings s = {.items = arena_array(a, json_array_size(list), sizeof *s.items)};
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item)
        if (json_is_string(item))
            s.items[s.len++] = arena_strdup(a, json_string_value(item));
    return s;
}

static const json_t *vpc_of(const json_t *object)
{
    return json_object_get(json_object_get(object, "networkConfiguration"), "awsvpcConfiguration");
}

/* The network configuration of a service. One that CodeDeploy or somebody else deploys has it in
 * its task sets (Amazon ECS API Reference, "TaskSet"). */
static const json_t *vpc_of_service(const json_t *service)
{
    const json_t *sets = json_object_get(service, "taskSets");
    const json_t *primary = json_find(sets, "status", "PRIMARY");

    if (vpc_of(service))
        return vpc_of(service);
    return vpc_of(primary ? primary : json_array_get(sets, 0));
}

/* A launch then says what is missing; this says it at the start. */
static void warn_of_missing(const char *name, const json_t *service)
{
    const json_t *controller = json_object_get(service, "deploymentController");
    const char *type = json_string_value(json_object_get(controller, "type"));

    log_warn("the service %s, which this task belongs to, has no network configuration%s%s: tasks "
             "with networkMode awsvpc need ecs.network_configuration",
             name, type ? " of its own; it is deployed by " : "", type ? type : "");
}

/* The network configuration of the service that started this task. */
static int copy_network(struct config *c, const struct ecs *ecs, const char *task_arn,
                        struct err *e)
{
    struct arena a = {0};
    json_t *tasks = NULL, *service = NULL;
    const json_t *vpc;
    const char *group, *assign;
    int rc = -1;

    if (ecs_describe_tasks(ecs, &task_arn, 1, &a, &tasks, NULL, e) < 0)
        goto out;
    rc = 0;
    group = json_string_value(json_object_get(json_array_get(tasks, 0), "group"));
    if (!group || strncmp(group, "service:", 8) != 0)
        goto out; /* started by hand: there is no service to learn from */
    service = ecs_describe_service(ecs, group + 8, e);
    rc = service ? 0 : -1;
    vpc = vpc_of_service(service);
    if (rc == 0 && !vpc)
        warn_of_missing(group + 8, service);
    if (!vpc)
        goto out;
    assign = json_string_value(json_object_get(vpc, "assignPublicIp"));
    c->ecs.network_configuration.awsvpc_configuration.subnets =
        strings(json_object_get(vpc, "subnets"), &c->arena);
    c->ecs.network_configuration.awsvpc_configuration.security_groups =
        strings(json_object_get(vpc, "securityGroups"), &c->arena);
    c->ecs.network_configuration.awsvpc_configuration.assign_public_ip =
        arena_strdup(&c->arena, assign);
out:
    json_decref(service);
    json_decref(tasks);
    arena_free(&a);
    return rc;
}

static int fill_in_network(struct config *c, const json_t *metadata, struct err *e)
{
    struct ecs ecs = {.cluster = c->ecs.cluster};
    const char *arn = json_string_value(json_object_get(metadata, "TaskARN"));
    int rc;

    if (!arn || !ecs.cluster || c->ecs.network_configuration.awsvpc_configuration.subnets.len > 0)
        return 0;
    if (aws_client_open(&ecs.client, c->ecs.region, e) < 0)
        return -1;
    rc = copy_network(c, &ecs, arn, e);
    aws_client_close(ecs.client);
    if (rc < 0)
        return err_prefix(e, "cannot take ecs.network_configuration from this task's service (the "
                             "configuration may set it)");
    return 0;
}

/* Fills in what the file leaves open. Under mirage-ecs that was done before. */
static int fill_in(struct config *c, struct err *e)
{
    const char *base = getenv("ECS_CONTAINER_METADATA_URI_V4"), *arn;
    json_t *metadata;
    int rc;

    if (!c->ecs.region)
        c->ecs.region = region_near(NULL, &c->arena);
    if (!base || !*base || getenv("MIRAGE_STACK_PID"))
        return 0;
    metadata = ask_metadata(base, e);
    if (!metadata)
        return err_prefix(e, "cannot ask where this task runs");
    arn = json_string_value(json_object_get(metadata, "TaskARN"));
    if (!c->ecs.region)
        c->ecs.region = region_near(arn, &c->arena);
    if (!c->ecs.cluster)
        c->ecs.cluster =
            arena_strdup(&c->arena, json_string_value(json_object_get(metadata, "Cluster")));
    rc = fill_in_network(c, metadata, e);
    json_decref(metadata);
    return rc;
}

const struct config_source self_config_source = {.fetch = self_config_fetch, .fill_in = fill_in};
