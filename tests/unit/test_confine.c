/* What is left of a process that confine() was called in: each try in a child of its own. */
#include "proxyd/confine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skip.h"

static char state[] = "/tmp/mirage-confine.XXXXXX", outside[64], database[64], config[64];

static int make_file(char path[64], const char *suffix)
{
    int fd;

    snprintf(path, 64, "%s%s", state, suffix);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int make_folder(void **context)
{
    (void)context;
    return !mkdtemp(state) || make_file(outside, "-outside") < 0 ||
                   make_file(database, "/mirage.db") < 0 || make_file(config, "/mirage.yaml") < 0
               ? -1
               : 0;
}

static int remove_folder(void **context)
{
    (void)context;
    unlink(outside);
    unlink(database);
    unlink(config);
    return rmdir(state);
}

static bool is_confined_here(void)
{
    return prctl(PR_GET_SECCOMP) == 2;
}

/* The wait status of a child that confines itself and tries. Its own status: 0, or an errno. */
static int tried(int (*try)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        confine(state, NULL);
        _exit(is_confined_here() ? try() : 255);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 255)
        skip_because("built with a sanitizer, or a kernel without seccomp");
    return status;
}

static int fails_with(int (*try)(void))
{
    int status = tried(try);

    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool kills(int (*try)(void))
{
    int status = tried(try);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static int use_database(void)
{
    int fd = open(database, O_RDWR | O_CLOEXEC);

    return fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) < 0 || close(fd) < 0 ? errno : 0;
}

static int read_config(void)
{
    return open(config, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int write_config(void)
{
    return open(config, O_WRONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int create_in_state(void)
{
    char path[80];

    snprintf(path, sizeof path, "%s/new", state);
    return open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? errno : 0;
}

static int replace_config(void)
{
    return rename(database, config) < 0 ? errno : 0;
}

static int read_outside(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int write_outside(void)
{
    return open(outside, O_WRONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int create_outside(void)
{
    char path[80];

    snprintf(path, sizeof path, "%s-new", state);
    return open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? errno : 0;
}

static int remove_outside(void)
{
    return unlink(outside) < 0 ? errno : 0;
}

static int listen_anew(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ? errno : 0;
}

static int start_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int look_into_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? errno : 0;
}

static int become_another(void)
{
    return (int)syscall(SYS_setuid, 65534) < 0 ? errno : 0;
}

static int chmod_anything(void)
{
    return chmod(outside, 0777) < 0 ? errno : 0;
}

static int fork_by_clone(void)
{
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : 0;
}

static int new_namespace(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : 0;
}

static int write_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return 1;
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return 0;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int kernel_socket(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int type_into_terminal(void)
{
    return ioctl(STDERR_FILENO, TIOCSTI, "x") < 0 ? errno : 0;
}

static int be_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1) < 0 ? errno : 0;
}

static int signal_parent(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 ? errno : 0;
}

static int limit_parent(void)
{
    struct rlimit limit;

    return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) < 0 ? errno : 0;
}

static int abort_itself(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void *nothing(void *context)
{
    return context;
}

static int start_thread(void)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);

    return rc ? rc : pthread_join(thread, NULL);
}

static int connect_somewhere(void)
{
    struct sockaddr_in nobody = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    return connect(fd, (struct sockaddr *)&nobody, sizeof nobody) < 0 ? errno : 0;
}

static void what_it_needs_is_left(void **context)
{
    (void)context;
    assert_int_equal(fails_with(use_database), 0);
    assert_int_equal(fails_with(start_thread), 0);
    assert_int_equal(fails_with(connect_somewhere), ECONNREFUSED);
}

static void files_elsewhere_are_gone(void **context)
{
    (void)context;
    if (!has_landlock())
        skip_because("a kernel without Landlock");
    assert_int_equal(fails_with(read_outside), EACCES);
    assert_int_equal(fails_with(write_outside), EACCES);
    assert_int_equal(fails_with(create_outside), EACCES);
    assert_int_equal(fails_with(remove_outside), EACCES);
    assert_int_equal(fails_with(read_config), EACCES);
    assert_int_equal(fails_with(write_config), EACCES);
    assert_int_equal(fails_with(create_in_state), EACCES);
    assert_int_equal(fails_with(replace_config), EACCES);
}

static void what_an_intruder_wants_ends_it(void **context)
{
    (void)context;
    assert_true(kills(listen_anew));
    assert_true(kills(start_program));
    assert_true(kills(look_into_parent));
    assert_true(kills(become_another));
}

static void other_calls_are_unknown(void **context)
{
    int status;

    (void)context;
    assert_int_equal(fails_with(chmod_anything), ENOSYS);
    assert_int_equal(fails_with(fork_by_clone), ENOSYS);
    assert_int_equal(fails_with(new_namespace), ENOSYS);
    assert_int_equal(fails_with(write_code), ENOSYS);
    assert_int_equal(fails_with(kernel_socket), ENOSYS);
    assert_int_equal(fails_with(type_into_terminal), ENOSYS);
    assert_int_equal(fails_with(be_dumpable), ENOSYS);
    assert_int_equal(fails_with(signal_parent), ENOSYS);
    assert_int_equal(fails_with(limit_parent), ENOSYS);
    status = tried(abort_itself); /* what a failed assertion does */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_needs_is_left),
        cmocka_unit_test(files_elsewhere_are_gone),
        cmocka_unit_test(what_an_intruder_wants_ends_it),
        cmocka_unit_test(other_calls_are_unknown),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
