/* From parameters to a launch input. */
#include "launch_input.h"

static const char *launch_value(void *ctx, const char *parameter)
{
    return params_launch(ctx, parameter);
}

int launch_input_read(const struct params *params, struct arena *a, struct launch_input *input,
                      struct err *e)
{
    /* The callback's context is not const, so it gets a copy. */
    struct params *copy = arena_alloc(a, sizeof(*copy));
    struct params_list taskdefs;
    size_t used = 0;

    *copy = *params;
    *input = (struct launch_input){.value = launch_value, .ctx = copy};
    if (params_text(params, "subdomain", &input->subdomain, e) < 0 ||
        params_list(params, a, "taskdef", &taskdefs, e) < 0 || params_check_launch(params, e) < 0)
        return -1;
    for (size_t i = 0; i < taskdefs.len; i++)
        if (*taskdefs.items[i])
            taskdefs.items[used++] = taskdefs.items[i];
    input->taskdefs = taskdefs.items;
    input->n_taskdefs = used;
    return 0;
}
