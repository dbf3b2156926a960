#include "log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "local_task.h"
#include "utf8.h"

static void open_file(struct log_file *log)
{
    struct buf path = {0}, older = {0};

    buf_printf(&path, "%s/log", log->dir);
    buf_printf(&older, "%s/log.1", log->dir);
    if (log->fd >= 0) {
        close(log->fd);
        rename(buf_text(&path), buf_text(&older));
    }
    log->fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log->size = 0;
    buf_free(&path);
    buf_free(&older);
}

/* Whole characters: what the file has behind the time, up to the newline. */
static void keep_last(struct log_file *log, const char *text, size_t len)
{
    size_t kept = 0, n;

    while (kept < len && (n = utf8_character(text + kept, len - kept)) > 0 &&
           kept + n <= LOG_LAST_MAX)
        kept += n;
    if (kept == 0)
        return;
    memcpy(log->last, text, kept);
    log->last[kept] = '\0';
}

static void write_line(struct log_file *log)
{
    struct buf out = {0};
    size_t at = 0, n, text_at;

    if (log->fd < 0 || log->size > LOCAL_TASK_LOG_MAX)
        open_file(log);
    buf_printf(&out, "%lld ", (long long)clock_now_ms());
    text_at = out.len;
    while (at < log->len) {
        n = utf8_character(log->line + at, log->len - at);
        if (n == 0 || !log->line[at])
            buf_char(&out, '?');
        else
            buf_add(&out, log->line + at, n);
        at += n ? n : 1;
    }
    if (!out.failed)
        keep_last(log, out.data + text_at, out.len - text_at);
    buf_char(&out, '\n');
    if (!out.failed && write(log->fd, out.data, out.len) > 0)
        log->size += out.len;
    buf_free(&out);
    log->len = 0;
}

void log_file_add(struct log_file *log, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            if (log->len > 0 && log->line[log->len - 1] == '\r')
                log->len--;
            write_line(log);
            continue;
        }
        if (log->len == LOG_LINE_MAX)
            write_line(log);
        log->line[log->len++] = bytes[i];
    }
}

void log_file_end(struct log_file *log)
{
    if (log->len > 0)
        write_line(log);
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}
