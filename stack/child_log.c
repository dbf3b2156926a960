#include "child_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define READS_MAX 16 /* in a row: the signals are looked at in between */

int child_log_open(struct child_log *l, const char *name, struct err *e)
{
    int fds[2];

    *l = (struct child_log){
        .name = name, .in = -1, .out = -1, .credit_ms = CHILD_LOG_BURST * CHILD_LOG_EACH_MS};
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_system(e, errno, "cannot make a pipe for the log of %s", name);
    l->in = fds[0];
    l->out = fds[1];
    return fcntl(l->in, F_SETFL, O_NONBLOCK) < 0
               ? err_system(e, errno, "cannot make a pipe for the log of %s", name)
               : 0;
}

/* lighttpd writes `2026-01-02 15:04:05: ` first, and our line has the time. */
static const char *without_time(const char *line)
{
    const char *p = line;

    for (const char *form = "0000-00-00 00:00:00: "; *form; form++, p++)
        if (*form == '0' ? *p < '0' || *p > '9' : *p != *form)
            return line;
    return p;
}

static void tell_left_out(struct child_log *l)
{
    if (l->left_out > 0)
        log_warn("%s: %u more lines were left out", l->name, l->left_out);
    l->left_out = 0;
}

static void end_line(struct child_log *l)
{
    static const char *const harmless[] = {"server started", "server stopped", ":notice]",
                                           "graceful"};
    enum log_level level = LOG_LEVEL_WARN;

    l->line[l->len] = '\0';
    if (l->len == 0)
        return;
    l->len = 0;
    if (l->credit_ms < CHILD_LOG_EACH_MS) {
        l->left_out++;
        return;
    }
    l->credit_ms -= CHILD_LOG_EACH_MS;
    tell_left_out(l);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strstr(l->line, harmless[i]))
            level = LOG_LEVEL_INFO;
    log_at(level, __FILE__, __LINE__, "%s: %s", l->name, without_time(l->line));
}

static void take(struct child_log *l, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\n')
            end_line(l);
        else if (l->len + 1 < sizeof l->line)
            l->line[l->len++] = bytes[i] ? bytes[i] : ' ';
}

void child_log_pass_on(struct child_log *l, int64_t now_ms)
{
    char bytes[4096];
    ssize_t n = 1;

    if (l->seen_at > 0 && now_ms > l->seen_at)
        l->credit_ms += now_ms - l->seen_at;
    if (l->credit_ms > CHILD_LOG_BURST * CHILD_LOG_EACH_MS)
        l->credit_ms = CHILD_LOG_BURST * CHILD_LOG_EACH_MS;
    l->seen_at = now_ms;
    for (int i = 0; i < READS_MAX && n > 0; i++) {
        n = read(l->in, bytes, sizeof bytes);
        if (n > 0)
            take(l, bytes, (size_t)n);
    }
    if (l->left_out > 0 && l->credit_ms >= CHILD_LOG_EACH_MS) {
        l->credit_ms -= CHILD_LOG_EACH_MS;
        tell_left_out(l);
    }
}

void child_log_close(struct child_log *l, int64_t now_ms)
{
    if (l->in >= 0) {
        child_log_pass_on(l, now_ms);
        end_line(l);
        tell_left_out(l);
        close(l->in);
    }
    if (l->out >= 0)
        close(l->out);
    l->in = l->out = -1;
}
