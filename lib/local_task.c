#include "local_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"

static char *join(const char *dir, const char *name)
{
    struct buf path = {0};

    buf_printf(&path, "%s/%s", dir, name);
    if (path.failed)
        abort();
    return path.data;
}

json_t *local_task_read(const char *dir, const char *name)
{
    char *path = join(dir, name);
    json_t *value = json_load_file(path, 0, NULL);

    free(path);
    return value;
}

int local_task_write(const char *dir, const char *name, const json_t *value, struct err *e)
{
    char *path = join(dir, name), *text = json_dumps(value, JSON_COMPACT);
    struct buf out = {0};
    int rc;

    if (!text)
        abort();
    buf_str(&out, text);
    rc = buf_write_file(&out, path);
    if (rc < 0)
        err_system(e, errno, "cannot write %s", path);
    buf_free(&out);
    free(text);
    free(path);
    return rc;
}

/* An open file description lock (fcntl(2)): it passes to the process that this one forks, and
 * whether it is held can be asked without taking it. */
static int lock_whole(int fd, int command, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, lock);
}

int local_task_lock(const char *dir, struct err *e)
{
    char *path = join(dir, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock;

    if (fd < 0)
        err_system(e, errno, "cannot open %s", path);
    else if (lock_whole(fd, F_OFD_SETLK, &lock) < 0) {
        err_system(e, errno, "cannot lock %s", path);
        close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

bool local_task_is_supervised(const char *dir)
{
    char *path = join(dir, "lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock lock;
    bool held = fd >= 0 && (lock_whole(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK);

    if (fd >= 0)
        close(fd);
    free(path);
    return held;
}
