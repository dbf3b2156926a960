#include "privileges.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

/* capabilities(7): keeps these, of all, permitted and inheritable, so that they may become ambient;
 * what is ambient survives the execve() of a program that knows nothing of capabilities. */
static int keep_capabilities(uint32_t kept)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{kept, kept, kept}};

    return syscall(SYS_capset, &header, data) < 0 ? -1 : 0;
}

static int become(uid_t uid, gid_t gid, uint32_t kept)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return -1;
    return keep_capabilities(kept);
}

/* --- the whole stack ------------------------------------------------------------------------- */

/* Gives away what lies in `folder` (its descriptor, which this closes), and leaves alone what is
 * not root's, with all below it, what has another name somewhere else, and other file systems. No
 * path is ever walked: who may already write to a folder could put a link into it meanwhile. */
static int give_content(int folder, uid_t uid, gid_t gid)
{
    DIR *dir = fdopendir(folder);
    struct dirent *entry;
    struct stat here, st;
    int rc = dir ? fstat(folder, &here) : -1;

    while (rc == 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") ||
            fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != 0 ||
            st.st_dev != here.st_dev || (!S_ISDIR(st.st_mode) && st.st_nlink > 1))
            continue;
        if (S_ISDIR(st.st_mode)) {
            int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            rc = inner < 0 ? -1 : give_content(inner, uid, gid);
        }
        if (rc == 0)
            rc = fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW);
    }
    if (dir)
        closedir(dir);
    else
        close(folder);
    return rc;
}

/* A folder of somebody else's stays as it is. One of root's that others may write to, like /tmp, is
 * refused. What lies in it goes first, so that its new owner cannot enter it before the end. */
static int give_folder(const char *folder, uid_t uid, gid_t gid, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), inner, rc = 0;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        rc = err_system(e, errno, "cannot open the state folder %s", folder);
    else if (st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)))
        rc = err_set(e, ERR_INVALID,
                     "the state folder %s is root's, but others may write to it: name one of its "
                     "own with -state, or `chmod go-w` it",
                     folder);
    else if (st.st_uid == 0 && ((inner = dup(fd)) < 0 || give_content(inner, uid, gid) < 0 ||
                                fchown(fd, uid, gid) < 0))
        rc = err_system(e, errno, "cannot give %s to the user of -user", folder);
    if (fd >= 0)
        close(fd);
    return rc;
}

static const struct passwd *find_user(const char *user, struct err *e)
{
    const struct passwd *p = NULL;

    if (geteuid() != 0)
        err_set(e, ERR_INVALID,
                "-user %s: only root can become another user; start mirage-ecs as root, or "
                "without -user",
                user);
    else if (!(p = getpwnam(user)))
        err_set(e, ERR_INVALID, "-user %s: there is no such user; `useradd --system %s` makes one",
                user, user);
    return p;
}

int privileges_uid(const char *user, uid_t *uid, struct err *e)
{
    const struct passwd *p = find_user(user, e);

    if (!p)
        return -1;
    *uid = p->pw_uid;
    return 0;
}

int privileges_become(const char *user, const char *state_folder, struct err *e)
{
    const struct passwd *p = find_user(user, e);

    if (!p)
        return -1;
    if (give_folder(state_folder, p->pw_uid, p->pw_gid, e) < 0)
        return -1;
    if (initgroups(user, p->pw_gid) < 0 ||
        become(p->pw_uid, p->pw_gid, 1u << CAP_NET_BIND_SERVICE) < 0)
        return err_system(e, errno, "cannot become %s", user);
    setenv("HOME", p->pw_dir, 1);
    setenv("USER", p->pw_name, 1);
    setenv("LOGNAME", p->pw_name, 1);
    return access(state_folder, R_OK | W_OK | X_OK) < 0
               ? err_system(e, errno, "-user %s cannot use the state folder %s (-state names it)",
                            user, state_folder)
               : 0;
}

void privileges_pass_ports(bool may_listen)
{
    prctl(PR_CAP_AMBIENT, may_listen ? PR_CAP_AMBIENT_RAISE : PR_CAP_AMBIENT_LOWER,
          CAP_NET_BIND_SERVICE, 0, 0);
}

/* --- one program ------------------------------------------------------------------------------ */

int privileges_reduce(struct err *e)
{
    const uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_NET_BIND_SERVICE;
    const struct passwd *user;
    uid_t uid = NOBODY;
    gid_t gid = NOBODY;

    if (geteuid() != 0)
        return 0;
    user = getpwnam("www-data");
    if (user) {
        uid = user->pw_uid;
        gid = user->pw_gid;
    }
    if (setgroups(0, NULL) < 0 || become(uid, gid, kept) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) < 0)
        return err_system(e, errno,
                          "cannot become another user than root, as whom it does not serve; start "
                          "mirage-ecs as an ordinary user, or with -user");
    return 0;
}
