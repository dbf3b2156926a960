/* Reads since and tail, finds the tasks, asks the runner. */
#include "task_logs.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store/store_task.h"

#include "router.h"

static int read_since(struct call *c, const char *text, int64_t *since_ms, struct err *e)
{
    char *fixed;
    size_t len;

    *since_ms = 0;
    if (!text || !*text)
        return 0;
    /* The plus of an offset is a space once a query string was decoded, unless it was escaped. */
    fixed = arena_strdup(c->arena, text);
    len = strlen(fixed);
    if (len > 6 && fixed[len - 6] == ' ' && fixed[len - 3] == ':')
        fixed[len - 6] = '+';
    if (clock_parse_rfc3339(fixed, since_ms) < 0)
        return err_set(e, ERR_INVALID, "cannot parse since: %s is no RFC 3339 time", text);
    if (*since_ms < 0)
        *since_ms = 0;
    return 0;
}

static int read_tail(const char *text, long default_tail, long *tail, struct err *e)
{
    size_t len;

    *tail = default_tail;
    if (!text || !*text)
        return 0;
    *tail = -1;
    if (!strcmp(text, "all"))
        return 0;
    len = strspn(text, "0123456789");
    if (text[len] || len > 9)
        return err_set(e, ERR_INVALID, "cannot parse tail: %s is neither a number nor \"all\"",
                       text);
    *tail = strtol(text, NULL, 10);
    return 0;
}

int task_logs(struct call *c, const char *subdomain, const char *since, const char *tail,
              long default_tail, struct log_lines *lines, struct err *e)
{
    struct log_query query;
    struct task_list tasks;

    if (read_since(c, since, &query.since_ms, e) < 0 ||
        read_tail(tail, default_tail, &query.tail, e) < 0 ||
        store_task_of(c->with->db, subdomain, TASK_RUNNING, c->arena, &tasks, e) < 0)
        return -1;
    if (tasks.len == 0 && store_task_of(c->with->db, subdomain, TASK_ALL, c->arena, &tasks, e) < 0)
        return -1;
    if (tasks.len == 0)
        return err_set(e, ERR_NOT_FOUND, "subdomain %s is not found", subdomain);
    return runner_logs(c->with->runner, &tasks, &query, c->arena, lines, e);
}
