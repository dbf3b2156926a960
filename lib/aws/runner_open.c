/* The runner that the configuration asks for. It stands here, because lib/ does not know AWS. */
#include "config/config.h"
#include "runner.h"
#include "runner_local.h"

#include "runner_ecs.h"

int runner_open(struct runner **r, const struct config *config, const char *state_dir,
                struct err *e)
{
    return config->local ? runner_local_open(r, config, state_dir, e)
                         : runner_ecs_open(r, config, e);
}
