/* Log lines on standard error: `2026-01-02T15:04:05.999Z [info] [file.c:12] text`, or a JSON object
 * on each line. Each line is one write(2), so that lines of several threads and programs do not
 * mix. Control characters, those that turn the direction of text, and what is no UTF-8 are escaped:
 * a client's text can neither begin a new line nor show as something else. A line is UTF-8. */
#ifndef MIRAGE_LOG_H
#define MIRAGE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* The lowest level that is logged. */
extern enum log_level log_threshold;

/* Whether log_debug() says anything: for where even making its arguments would cost too much. */
#define log_is_debug() (log_threshold == LOG_LEVEL_DEBUG)

/* Call once, before threads start. Default: text, info. */
void log_setup(enum log_level level, enum log_format format);

void log_at(enum log_level level, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__)

#endif
