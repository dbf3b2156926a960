#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "sleep.h"

#define FILE_NAME "run/metrics"
#define SPINS     1000 /* for another process that writes a name */

/* What is in the file: whose it is, and the figures. */
struct shared {
    char version[32]; /* of mirage-ecs: another one may count other things */
    struct metrics figures;
};

static struct metrics own;
struct metrics *metrics = &own;

int metrics_make(const char *state_folder, struct err *e)
{
    struct arena a = {0};
    const char *path = arena_printf(&a, "%s/" FILE_NAME, state_folder);
    const char *new = arena_printf(&a, "%s.new", path);
    struct shared *shared = arena_array(&a, 1, sizeof *shared);
    int fd = -1, rc = 0;

    snprintf(shared->version, sizeof shared->version, "%s", MIRAGE_VERSION);
    unlink(new); /* a link that somebody has put there is not followed */
    fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, shared, sizeof *shared) != (ssize_t)sizeof *shared ||
        rename(new, path) < 0)
        rc = err_system(e, errno, "cannot write %s", path);
    if (fd >= 0)
        close(fd);
    arena_free(&a);
    return rc;
}

void metrics_join(const char *state_folder)
{
    struct arena a = {0};
    int fd = open(arena_printf(&a, "%s/" FILE_NAME, state_folder), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct shared *shared = MAP_FAILED;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof *shared)
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    arena_free(&a);
    if (shared == MAP_FAILED)
        return;
    if (!strncmp(shared->version, MIRAGE_VERSION, sizeof shared->version))
        metrics = &shared->figures;
    else
        munmap(shared, sizeof *shared);
}

/* --- names ------------------------------------------------------------------------------------ */

enum { UNNAMED, BEING_NAMED, NAMED };

const char *metric_label_name(const struct metric_label *label)
{
    struct metric_label *l = (struct metric_label *)(uintptr_t)label;

    return atomic_load_explicit(&l->state, memory_order_acquire) == NAMED ? l->name : "";
}

/* Whether this is the label of the name, after giving it the name where it has none. Who asks for
 * the labels in their order finds the same one for a name, in every process. */
static bool is_for(struct metric_label *l, const char *name)
{
    uint32_t state = UNNAMED;

    if (atomic_compare_exchange_strong(&l->state, &state, BEING_NAMED)) {
        snprintf(l->name, sizeof l->name, "%s", name);
        atomic_store_explicit(&l->state, NAMED, memory_order_release);
        return true;
    }
    for (int i = 0; i < SPINS && atomic_load(&l->state) == BEING_NAMED; i++)
        sched_yield();
    return !strncmp(metric_label_name(l), name, sizeof l->name - 1);
}

/* The last one is for all names that find no other. */
#define FIND(list, n, label, name)                                                                 \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        while (i < (n)-1 && !is_for(&(list)[i].label, name))                                       \
            i++;                                                                                   \
        found = &(list)[i];                                                                        \
        if (i == (n)-1)                                                                            \
            (void)is_for(&found->label, "other");                                                  \
    } while (0)

/* Its family: a revision more is no other task definition. */
static void family_of(const char *taskdef, char family[METRIC_NAME])
{
    const char *slash = strrchr(taskdef, '/'), *colon;

    snprintf(family, METRIC_NAME, "%s", slash ? slash + 1 : taskdef);
    colon = strrchr(family, ':');
    if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        family[colon - family] = '\0';
}

void metrics_started(const char *taskdef, int64_t ms)
{
    static const int bounds[] = METRIC_START_BOUNDS;
    const size_t n = sizeof bounds / sizeof bounds[0];
    struct metric_starts *found;
    char family[METRIC_NAME];
    size_t bucket = 0;

    family_of(taskdef, family);
    FIND(metrics->starts, METRIC_TASKDEFS, taskdef, family);
    while (bucket < n && ms > bounds[bucket] * INT64_C(1000))
        bucket++;
    metric_add(&found->buckets[bucket], 1);
    metric_add(&found->ms, ms > 0 ? (uint64_t)ms : 0);
}

void metrics_failed(const char *reason)
{
    metric_add(&metrics->launches_failed[stop_cause_number(stop_cause_of(reason, ""))], 1);
}

void metrics_called(const char *operation, enum metric_call how)
{
    struct metric_operation *found;

    FIND(metrics->operations, METRIC_OPERATIONS, operation, operation);
    metric_add(&found->calls[how], 1);
}

enum metric_by metrics_by(const char *by)
{
    static const struct {
        const char *by;
        enum metric_by is;
    } all[] = {
        {WAKE_VISIT, METRIC_BY_VISIT},       {WAKE_BOTH, METRIC_BY_VISIT},
        {WAKE_SCHEDULE, METRIC_BY_SCHEDULE}, {WAKE_ITSELF, METRIC_BY_ITSELF},
        {"sleep.after", METRIC_BY_IDLENESS}, {"limit.awake", METRIC_BY_LIMIT},
        {"a purge", METRIC_BY_PURGE},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!strcmp(by, all[i].by))
            return all[i].is;
    return METRIC_BY_PERSON;
}
