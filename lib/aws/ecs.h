/* Amazon ECS's operations (Amazon ECS API Reference), as JSON values in the API's own shape. */
#ifndef MIRAGE_AWS_ECS_H
#define MIRAGE_AWS_ECS_H

#include <jansson.h>

#include "client.h"

#define ECS_TASKS_A_CALL 100 /* DescribeTasks and ListTasks take and give at most */

struct ecs {
    struct aws_client *client;
    const char *cluster;
};

struct ecs_arns {
    const char **items;
    size_t len, cap;
};

/* ListTasks, all pages: appends the ARNs of tasks with this desiredStatus ("RUNNING", "STOPPED").
 */
int ecs_list_tasks(const struct ecs *ecs, const char *desired_status, struct arena *a,
                   struct ecs_arns *arns, struct err *e) __attribute__((warn_unused_result));

/* DescribeTasks with tags, a hundred a call, several calls at once. *tasks: an array of Task, which
 * the caller decrefs; tasks that are MISSING are not in it. Any other failure of one is an error.
 */
int ecs_describe_tasks(const struct ecs *ecs, const char *const *arns, size_t n, struct arena *a,
                       json_t **tasks, struct err *e) __attribute__((warn_unused_result));

/* What became of one of several calls made at once. */
struct ecs_result {
    json_t *value; /* NULL when it failed; the caller decrefs */
    char code[AWS_CODE_SIZE];
    struct err err;
};

/* DescribeTaskDefinition of each name or ARN, at once: the TaskDefinition objects. */
void ecs_describe_task_definitions(const struct ecs *ecs, const char *const *names, size_t n,
                                   struct arena *a, struct ecs_result *results);

/* RunTask of each request object (which it takes over; `cluster` is added), at once: the one Task
 * started. A `failures` entry in the answer is a failure. */
void ecs_run_tasks(const struct ecs *ecs, json_t *const *requests, size_t n, struct arena *a,
                   struct ecs_result *results);

/* StopTask. A task that ECS does not know (any more) is no error. */
int ecs_stop_task(const struct ecs *ecs, const char *arn, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* DescribeServices of one: its Service object, which the caller decrefs; NULL with *e. */
json_t *ecs_describe_service(const struct ecs *ecs, const char *name, struct err *e)
    __attribute__((warn_unused_result));

#endif
