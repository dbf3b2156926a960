#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>

#include "arena.h"
#include "log.h"

/* --- files and ports ----------------------------------------------------------------------------
 */

/* struct landlock_ruleset_attr as of ABI 6; older headers have less of it, older kernels are given
 * less of it (Linux, Documentation/userspace-api/landlock.rst). */
struct ruleset {
    uint64_t fs, net, scoped;
};

enum {
    ABI_TRUNCATE = 3,
    ABI_NET = 4,
    ABI_IOCTL = 5,
    ABI_SCOPED = 6,
};

#define FS_TRUNCATE     (1ULL << 14)
#define FS_IOCTL_DEV    (1ULL << 15)
#define NET_BIND_TCP    (1ULL << 0)
#define SCOPED_ABSTRACT (1ULL << 0)
#define SCOPED_SIGNAL   (1ULL << 1)

#define FS_FOLDER       (LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FS_FILE         (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

static int allow(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = rights};
    int rc = -1;

    beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd >= 0) {
        rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
        close(beneath.parent_fd);
    }
    return rc;
}

/* The database's files, which are open already; of what else is in the state folder, that it is
 * there, and to remove what is left at the end. Not to write there: what the other programs are
 * started with again lies there too. */
static int allow_state(int ruleset, const char *state_folder, uint64_t file_rights)
{
    static const char *const names[] = {"mirage.db", "mirage.db-wal", "mirage.db-shm"};
    int rc = allow(ruleset, state_folder, FS_FOLDER);
    struct arena a = {0};

    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++)
        if (allow(ruleset, arena_printf(&a, "%s/%s", state_folder, names[i]), file_rights) < 0 &&
            errno != ENOENT)
            rc = -1;
    arena_free(&a);
    return rc;
}

/* The folder of the access log, in which it is made anew after its being renamed. */
static int allow_log(int ruleset, const char *log_file)
{
    const char *slash = log_file ? strrchr(log_file, '/') : NULL;
    struct arena a = {0};
    const char *folder = !slash ? "."
                         : slash == log_file
                             ? "/"
                             : arena_strndup(&a, log_file, (size_t)(slash - log_file));
    int rc = log_file ? allow(ruleset, folder,
                              LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE)
                      : 0;

    arena_free(&a);
    return rc;
}

/* Only the database's files, and the access log; no TCP port to listen on; no signal to other
 * processes. */
static bool limit_files(const char *state_folder, const char *log_file)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset r = {.fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1}; /* all of ABI 1 */
    uint64_t rights = FS_FILE;
    int fd, rc = -1;

    if (abi < 1)
        return false;
    r.fs |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    r.fs |= abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0;
    rights |= abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0;
    r.fs |= abi >= ABI_IOCTL ? FS_IOCTL_DEV : 0;
    r.net = abi >= ABI_NET ? NET_BIND_TCP : 0;
    r.scoped = abi >= ABI_SCOPED ? SCOPED_ABSTRACT | SCOPED_SIGNAL : 0;
    fd = (int)syscall(SYS_landlock_create_ruleset, &r,
                      abi >= ABI_SCOPED ? sizeof r
                      : abi >= ABI_NET  ? 16
                                        : 8,
                      0);
    if (fd < 0)
        return false;
    if (allow_state(fd, state_folder, rights) == 0 && allow_log(fd, log_file) == 0)
        rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
    return rc == 0;
}

/* --- system calls -------------------------------------------------------------------------------
 */

/* What the proxy, SQLite and glibc call from here on, on 64-bit machines. */
static const int allowed[] = {
    /* sockets and what lies behind them */
    SCMP_SYS(connect),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pipe2),
    SCMP_SYS(splice),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(signalfd4),
    /* SQLite's files, and our own two or three */
    SCMP_SYS(openat),
    SCMP_SYS(open),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getcwd),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchown),
    SCMP_SYS(umask),
    SCMP_SYS(utimensat),
    /* memory and threads */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpriority),
    SCMP_SYS(membarrier),
    /* signals, clocks, who we are */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrlimit),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
};

/* Allowed when (argument & mask) == value. glibc does without clone3(), whose flags lie in memory
 * where no filter sees them. */
struct limited {
    int call;
    unsigned argument;
    uint64_t mask, value;
};

#define INT         UINT32_MAX
#define CLONE_FLAGS (CLONE_THREAD | CLONE_VM)
#ifdef __s390x__
#define CLONE_FLAGS_AT 1 /* clone(2), C library/kernel differences */
#else
#define CLONE_FLAGS_AT 0
#endif

static const struct limited limited[] = {
    {SCMP_SYS(socket), 0, INT, AF_UNIX},
    {SCMP_SYS(socket), 0, INT, AF_INET},
    {SCMP_SYS(socket), 0, INT, AF_INET6},
    {SCMP_SYS(clone), CLONE_FLAGS_AT, CLONE_FLAGS, CLONE_FLAGS}, /* threads, not processes */
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},                           /* no code but what is there */
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(ioctl), 1, INT, TCGETS}, /* isatty(); not to type into the terminal */
    {SCMP_SYS(prctl), 0, INT, PR_SET_NAME},
    {SCMP_SYS(prctl), 0, INT, PR_GET_SECCOMP},
    {SCMP_SYS(prlimit64), 0, INT, 0}, /* our own */
    {SCMP_SYS(setpriority), 1, INT, 0},
};

/* What an intruder would want first ends the process; what else is not allowed fails, as on a
 * kernel that has not got it, so that a newer glibc falls back to what it did before. */
static const int deadly[] = {
    SCMP_SYS(execve),      SCMP_SYS(execveat), SCMP_SYS(fork),   SCMP_SYS(vfork),
    SCMP_SYS(ptrace),      SCMP_SYS(bind),     SCMP_SYS(listen), SCMP_SYS(process_vm_readv),
    SCMP_SYS(init_module), SCMP_SYS(mount),    SCMP_SYS(setuid), SCMP_SYS(bpf),
};

static int allow_limited(scmp_filter_ctx filter, const struct limited *l)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, l->call, 1,
                            SCMP_CMP(l->argument, SCMP_CMP_MASKED_EQ, l->mask, l->value));
}

static bool limit_calls(void)
{
    const struct limited abort_us = {SCMP_SYS(tgkill), 0, INT, (uint64_t)getpid()};
    scmp_filter_ctx filter;
    int rc;

    if (sizeof(void *) < 8) /* where mmap2(), fstat64() and others take their place */
        return false;
    filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    rc = filter ? allow_limited(filter, &abort_us) : -1;
    for (size_t i = 0; rc == 0 && i < sizeof limited / sizeof limited[0]; i++)
        rc = allow_limited(filter, &limited[i]);
    for (size_t i = 0; rc == 0 && i < sizeof allowed / sizeof allowed[0]; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof deadly / sizeof deadly[0]; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc == 0;
}

/* The sanitizers read and start what the proxy never would. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED false
#endif

/* Not even the right to listen below 1024, which systemd or mirage-ecs may have given. Root, if it
 * must be root, may go on using a state folder of somebody else's. */
static void drop_capabilities(void)
{
    const uint32_t kept = geteuid() == 0 ? 1u << CAP_DAC_OVERRIDE : 0;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{kept, kept, 0}};

    if (syscall(SYS_capset, &header, data) < 0)
        log_warn("cannot give up capabilities: %s", strerror(errno));
}

void confine(const char *state_folder, const char *log_file)
{
    bool files, calls;

    drop_capabilities();
    if (SANITIZED)
        return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        log_warn("cannot give up new privileges: %s", strerror(errno));
    files = limit_files(state_folder, log_file);
    calls = limit_calls();
    if (!files || !calls)
        log_info("this kernel does not confine mirage-proxyd:%s%s", files ? "" : " no Landlock",
                 calls ? "" : " no seccomp");
}
