#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static const unsigned kept[] = {CAP_DAC_OVERRIDE, CAP_NET_BIND_SERVICE};
enum { KEPT = sizeof kept / sizeof kept[0] };

/* capabilities(7): what is permitted and inheritable may become ambient, and what is ambient
 * survives the execve() of a program that knows nothing of capabilities. */
static int keep_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    for (size_t i = 0; i < KEPT; i++)
        data[0].permitted |= 1u << kept[i];
    data[0].effective = data[0].inheritable = data[0].permitted;
    if (syscall(SYS_capset, &header, data) < 0)
        return -1;
    for (size_t i = 0; i < KEPT; i++)
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0) < 0)
            return -1;
    return 0;
}

int privileges_reduce(struct err *e)
{
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
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
        setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 || keep_capabilities() < 0)
        return err_system(e, errno,
                          "cannot become another user than root, as whom it does not serve; start "
                          "mirage-ecs as an ordinary user");
    return 0;
}
