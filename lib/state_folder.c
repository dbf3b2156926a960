#include "state_folder.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"

#define OPEN_TO_OTHERS (S_IWGRP | S_IWOTH)
#define NAME_SIZE      64
#define LINKS_MAX      40 /* Linux follows no more */

/* For a sentence: the user's name, or the number. */
static const char *name_of(uid_t uid, char name[NAME_SIZE])
{
    const struct passwd *p = getpwuid(uid);

    if (p)
        snprintf(name, NAME_SIZE, "%s", p->pw_name);
    else
        snprintf(name, NAME_SIZE, "user %lu", (unsigned long)uid);
    return name;
}

static bool is_trusted(uid_t owner, uid_t user)
{
    return owner == 0 || owner == geteuid() || owner == user;
}

/* One folder or link on the way. A group is trusted here: home folders of systems where each user
 * has a group of his own are open to it. */
static int check_step(const char *path, const char *step, const struct stat *st, uid_t user,
                      struct err *e)
{
    char name[NAME_SIZE];

    if (!is_trusted(st->st_uid, user))
        return err_set(e, ERR_INVALID,
                       "the state folder %s: %s belongs to %s, who could put another folder in its "
                       "place; name one elsewhere with -state",
                       path, step, name_of(st->st_uid, name));
    if (S_ISDIR(st->st_mode) && (st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
        return err_set(e, ERR_INVALID,
                       "the state folder %s: everybody may write to %s, and put another folder in "
                       "its place; name one elsewhere with -state, or `chmod o-w %s`",
                       path, step, step);
    return 0;
}

/* The way to the state folder, as far as it has been gone, and what is left of it. Each is empty or
 * begins with a slash. */
struct way {
    struct arena a;
    const char *done, *rest;
};

static const char *parent_of(struct way *w)
{
    const char *slash = strrchr(w->done, '/');

    return slash ? arena_printf(&w->a, "%.*s", (int)(slash - w->done), w->done) : "";
}

/* Goes on by a name. */
static void go_on(struct way *w)
{
    const char *name = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(name, "/");

    if (len == 2 && !strncmp(name, "..", 2))
        w->done = parent_of(w);
    else if (len > 1 || *name != '.')
        w->done = arena_printf(&w->a, "%s/%.*s", w->done, (int)len, name);
    w->rest = name + len;
}

/* Puts what a link, the last name, says before the rest of the way. */
static void follow(struct way *w)
{
    char target[PATH_MAX];
    ssize_t len = readlink(w->done, target, sizeof target);

    w->rest = arena_printf(&w->a, "/%.*s%s", len < 0 ? 0 : (int)len, target, w->rest);
    w->done = len > 0 && *target == '/' ? "" : parent_of(w);
}

static bool is_at_end(const struct way *w)
{
    return !w->rest[strspn(w->rest, "/")];
}

/* Every folder above the state folder, and every link on the way, also one that a link leads to. */
static int check_steps(struct way *w, const char *path, uid_t user, struct err *e)
{
    struct stat st;

    for (int links = 0; links < LINKS_MAX && !is_at_end(w);) {
        go_on(w);
        if (!*w->done)
            continue;
        if (lstat(w->done, &st) < 0)
            break; /* whoever makes or opens the folder says it */
        if ((S_ISLNK(st.st_mode) || !is_at_end(w)) && check_step(path, w->done, &st, user, e) < 0)
            return -1;
        if (S_ISLNK(st.st_mode)) {
            follow(w);
            links++;
        }
    }
    return 0;
}

static int check_way(const char *path, uid_t user, struct err *e)
{
    char here[PATH_MAX] = "";
    struct way w = {.done = ""};
    int rc;

    if (*path != '/' && !getcwd(here, sizeof here))
        return err_system(e, errno, "cannot find the state folder %s", path);
    w.rest = arena_printf(&w.a, "%s/%s", here, path);
    rc = check_steps(&w, path, user, e);
    arena_free(&w.a);
    return rc;
}

int state_folder_check(const char *path, uid_t user, struct err *e)
{
    char name[NAME_SIZE], own[NAME_SIZE];
    struct stat st;

    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return 0; /* whoever makes or opens the folder says it */
    if (!is_trusted(st.st_uid, user))
        return err_set(e, ERR_INVALID,
                       "the state folder %s belongs to %s, and this is %s: name another one with "
                       "-state, or start as that user",
                       path, name_of(st.st_uid, name), name_of(geteuid(), own));
    if (st.st_mode & OPEN_TO_OTHERS)
        return err_set(e, ERR_INVALID,
                       "the state folder %s is %s's, but others may write to it: name one of its "
                       "own with -state, or `chmod go-w` it",
                       path, name_of(st.st_uid, name));
    /* Where something of root's would be given away, only root may have a say. */
    return check_way(path, st.st_uid, e);
}

int state_folder_check_entry(const char *path, const char *entry, bool is_folder, struct err *e)
{
    char at[PATH_MAX + NAME_SIZE], name[NAME_SIZE];
    struct stat st;

    snprintf(at, sizeof at, "%s/%s", path, entry);
    if (lstat(at, &st) < 0)
        return errno == ENOENT ? 0 : err_system(e, errno, "cannot look at %s", at);
    if (is_folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is %s, where a %s is expected: move it away", at,
                       S_ISLNK(st.st_mode) ? "a link" : "something else",
                       is_folder ? "folder" : "file");
    if (!is_trusted(st.st_uid, geteuid()))
        return err_set(e, ERR_INVALID,
                       "%s belongs to %s: move it away, or name another state folder with -state",
                       at, name_of(st.st_uid, name));
    if (st.st_mode & OPEN_TO_OTHERS)
        return err_set(e, ERR_INVALID, "%s: others may write to it: `chmod go-w` it", at);
    return 0;
}

int state_folder_check_entries(const char *path, struct err *e)
{
    static const struct {
        const char *name;
        bool is_folder;
    } entries[] = {{"lock", false},      {"local", true},          {"run", true},
                   {"mirage.db", false}, {"mirage.db-wal", false}, {"mirage.db-shm", false}};

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (state_folder_check_entry(path, entries[i].name, entries[i].is_folder, e) < 0)
            return -1;
    return 0;
}
