#include "htmldir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
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
    if (strcmp(dir, DEFAULT_HTMLDIR) == 0 && stat(dir, &st) < 0)
        dir = installed;
    rc = templates_load(templates, dir, installed, e);
    if (rc < 0)
        err_prefix(e, "htmldir");
    arena_free(&arena);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

int htmldir_check(struct config *config, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = arena_printf(&config->arena, "%s/mirage-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    struct templates *templates = NULL;
    int rc;

    if (!mkdtemp(folder))
        return err_system(e, errno, "cannot make a folder in %s", tmp && *tmp ? tmp : "/tmp");
    rc = htmldir_load(&templates, config, folder, e);
    templates_free(templates);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return rc;
}
