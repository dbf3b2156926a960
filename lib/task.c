#include "task.h"

#include <string.h>

bool task_is_live(const struct task *t)
{
    return strcmp(t->last_status, "STOPPED") != 0 && strcmp(t->desired_status, "STOPPED") != 0;
}
