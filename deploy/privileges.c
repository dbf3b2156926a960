#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
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

static uid_t new_uid;
static gid_t new_gid;

static int change_owner(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return lchown(path, new_uid, new_gid);
}

/* Only what was root's own alone: in a folder of somebody else's there could be a link to anywhere.
 */
static int give_folder(const char *folder, uid_t uid, gid_t gid)
{
    struct stat st;

    if (lstat(folder, &st) < 0)
        return -1;
    if (st.st_uid != 0)
        return 0;
    new_uid = uid;
    new_gid = gid;
    return nftw(folder, change_owner, 16, FTW_PHYS | FTW_MOUNT);
}

int privileges_become(const char *user, const char *state_folder, struct err *e)
{
    const struct passwd *p;

    if (geteuid() != 0)
        return err_set(e, ERR_INVALID, "-user %s: only root can become another user", user);
    errno = 0;
    p = getpwnam(user);
    if (!p)
        return err_set(e, ERR_INVALID,
                       "-user %s: there is no such user; `useradd --system %s` makes one", user,
                       user);
    if (give_folder(state_folder, p->pw_uid, p->pw_gid) < 0)
        return err_system(e, errno, "cannot give %s to %s", state_folder, user);
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

void privileges_pass_ports(int may_listen)
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
