#include "htmldir.h"

#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "aws/self_config.h"

/* The folder in force when the configuration names none. */
#define DEFAULT_HTMLDIR "./html"

/* The default stands for the installed pages where the working directory has none. */
int htmldir_load(struct templates **templates, struct config *config, const char *state_dir,
                 struct err *e)
{
    struct arena arena = {0};
    const char *installed = arena_printf(&arena, "%s/html", config_data_dir(&arena));
    const char *dir;
    struct stat st;
    int rc;

    if (self_config_htmldir(config, state_dir, e) < 0) {
        arena_free(&arena);
        return -1;
    }
    dir = config->htmldir;
    if (!strcmp(dir, DEFAULT_HTMLDIR) && stat(dir, &st) < 0)
        dir = installed;
    rc = templates_load(templates, dir, installed, e);
    if (rc < 0)
        err_prefix(e, "htmldir");
    arena_free(&arena);
    return rc;
}

int htmldir_check(struct config *config, struct err *e)
{
    struct templates *templates = NULL;
    int rc;

    if (!strncmp(config->htmldir, "s3://", 5))
        return 0;
    rc = htmldir_load(&templates, config, "", e);
    templates_free(templates);
    return rc;
}
