/* Amazon ECS's operations (Amazon ECS API Reference), as JSON values in the API's own shape. */
#ifndef MIRAGE_AWS_ECS_H
#define MIRAGE_AWS_ECS_H

#include <jansson.h>

#include "client.h"

#define ECS_TASKS_A_CALL 100 /* the most that DescribeTasks takes and ListTasks gives */

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

/* Tasks that ECS knows but does not describe. */
struct ecs_undescribed {
    struct ecs_undescribed_task {
        const char *arn, *why;
    } * items;
    size_t len, cap;
};

/* DescribeTasks with tags, a hundred tasks a call, several calls at once. *tasks: an array of Task,
 * which the caller decrefs. Tasks that are MISSING are left out. Those that fail for another reason
 * stand in *failed; where it is NULL they are an error. What ECS refuses for one of its tasks is
 * asked again in halves. */
int ecs_describe_tasks(const struct ecs *ecs, const char *const *arns, size_t n, struct arena *a,
                       json_t **tasks, struct ecs_undescribed *failed, struct err *e)
    __attribute__((warn_unused_result));

/* The result of one of several calls that were made at once. */
struct ecs_result {
    json_t *value; /* NULL when it failed; the caller decrefs */
    char code[AWS_CODE_SIZE];
    struct err err;
};

/* DescribeTaskDefinition of each name or ARN, all at once: the TaskDefinition objects. */
void ecs_describe_task_definitions(const struct ecs *ecs, const char *const *names, size_t n,
                                   struct arena *a, struct ecs_result *results);

/* RunTask of each request object, all at once: the Task that each one started, or that was started
 * before with its clientToken. Takes over the requests, and adds `cluster`. An entry of `failures`
 * in the answer is a failure. */
void ecs_run_tasks(const struct ecs *ecs, json_t *const *requests, size_t n, struct arena *a,
                   struct ecs_result *results);

/* StopTask. It is no error when ECS does not know the task (any more). */
int ecs_stop_task(const struct ecs *ecs, const char *arn, const char *reason, struct err *e)
    __attribute__((warn_unused_result));

/* DescribeServices of one service: its Service object, which the caller decrefs. NULL with *e. */
json_t *ecs_describe_service(const struct ecs *ecs, const char *name, struct err *e)
    __attribute__((warn_unused_result));

#endif
