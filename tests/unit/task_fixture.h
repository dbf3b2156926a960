/* A task as tests make it: every text is there. */
#ifndef MIRAGE_TESTS_TASK_FIXTURE_H
#define MIRAGE_TESTS_TASK_FIXTURE_H

#include "store/store_task.h"
#include "task.h"

/* It runs, without a port; its ARN is its short id. A test changes what it is about. */
static inline struct task plain_task(const char *id, const char *subdomain)
{
    return (struct task){
        .arn = id,
        .short_id = id,
        .subdomain = subdomain,
        .launch = "",
        .serves = true,
        .branch = "topic/x",
        .taskdef = "app:1",
        .ipaddress = "10.0.0.1",
        .last_status = "RUNNING",
        .desired_status = "RUNNING",
        .env = "{}",
        .tags = "[]",
        .stopped_reason = "",
        .stop_code = "",
        .created_at = 1000,
        .started_at = 2000,
    };
}

/* The task's port accepts connections, and answers. */
static inline int put_ready(struct db *db, const char *arn, const struct task_port *port)
{
    struct task_port ready = *port;
    struct err why;

    ready.ready = ready.answers = true;
    return store_task_port_seen(db, arn, &ready, &why);
}

#endif
