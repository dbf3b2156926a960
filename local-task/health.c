#include "health.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#include "command.h"

#define EVERY_MS   5000 /* while it is healthy */
#define SOON_MS    500  /* else */
#define TIMEOUT_MS 5000
#define RETRIES    3

void health_begin(struct health *h, const json_t *task, const json_t *status)
{
    *h = (struct health){.task = task, .status = status};
    if (json_array_size(json_object_get(task, "health")) == 0)
        return;
    h->is = TASK_HEALTH_UNKNOWN;
    h->next_at = clock_monotonic_ms();
}

static void __attribute__((noreturn)) become_command(const struct health *h)
{
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    command_run_check(h->task, json_object_get(h->status, "ports"));
}

int64_t health_run(struct health *h)
{
    int64_t now = clock_monotonic_ms();

    if (h->is == TASK_NO_CHECK)
        return -1;
    if (now < h->next_at)
        return h->next_at - now;
    h->next_at = now + TIMEOUT_MS;
    if (h->pid > 0) {
        kill(-h->pid, SIGKILL);
        return TIMEOUT_MS;
    }
    h->pid = fork();
    if (h->pid == 0)
        become_command(h);
    return TIMEOUT_MS;
}

bool health_ended(struct health *h, pid_t pid, int wait_status)
{
    enum task_health before = h->is;
    bool good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;

    if (h->is == TASK_NO_CHECK || pid != h->pid)
        return false;
    kill(-pid, SIGKILL); /* what it left */
    h->pid = 0;
    h->failures = good ? 0 : h->failures + 1;
    if (good)
        h->is = TASK_HEALTHY;
    else if (h->failures >= RETRIES)
        h->is = TASK_UNHEALTHY;
    h->next_at = clock_monotonic_ms() + (h->is == TASK_HEALTHY ? EVERY_MS : SOON_MS);
    return h->is != before;
}
