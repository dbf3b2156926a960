/* Where this installation lies: found from the path of the running program. */
#include <string.h>
#include <unistd.h>

#include "config.h"

const char *config_program_dir(struct arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n < 0)
        return ".";
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    return arena_strdup(a, path);
}

const char *config_data_dir(struct arena *a)
{
    return arena_printf(a, "%s/../share/mirage-ecs", config_program_dir(a));
}
