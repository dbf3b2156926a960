/* Every minute that has ended is reported: one value for each subdomain with a running task, zero
 * included. So no data means that nobody was there to count. Requests that are no use (use.ignore)
 * are a metric of their own, without zeros: it costs nothing where there are none.
 *
 * A row is marked as reported after CloudWatch has taken it. A crash between the two reports it
 * again, which keeps an environment; the other order would stop one. What is counted late, for a
 * minute that was reported already, is reported as a further value of that minute; the metric's sum
 * adds them. */
#include "sync_report.h"

#include <string.h>

#include "aws/cloudwatch.h"
#include "clock.h"
#include "log.h"
#include "store/store_access.h"

#define MINUTE_MS       60000
#define SETTLE_MS       5000           /* for mirage-proxyd to write a minute's last second */
#define ZEROS_MAX       60             /* minutes that are made up for at once */
#define KEEP_MINUTES    (2 * 24 * 60)  /* what was reported, or is of no environment any more */
#define FORGET_MS       3600000        /* how often a local stack looks for what may go */
#define REFUSED_MINUTES (14 * 24 * 60) /* CloudWatch takes nothing that is older */

static bool is_about_values(const char *code)
{
    return !strncmp(code, "InvalidParameter", 16) || !strcmp(code, "ValidationError") ||
           !strcmp(code, "MissingParameter");
}

/* Sends rows; what CloudWatch refuses for its values is sent in halves, until the row at fault
 * stands alone: that one is given up, for it would hold up all others for ever. */
static int send(struct job *job, struct aws_client *client, const struct access_row *rows, size_t n,
                struct arena *a, struct err *e)
{
    struct metric_value *values = arena_array(a, n, sizeof *values);
    char code[AWS_CODE_SIZE];

    for (size_t i = 0; i < n; i++)
        values[i] =
            (struct metric_value){rows[i].subdomain, rows[i].kind, rows[i].minute, rows[i].delta};
    if (cloudwatch_put(client, values, n, code, e) < 0) {
        if (!is_about_values(code))
            return -1;
        if (n > 1)
            return send(job, client, rows, n / 2, a, e) < 0
                       ? -1
                       : send(job, client, rows + n / 2, n - n / 2, a, e);
        log_error("report: the count of %s is given up: %s", rows[0].subdomain, e->text);
    }
    return store_access_reported(job->db, rows, n, e);
}

/* Rows of zero for the minutes that have ended since the last time. */
static int add_zeros(struct job *job, int64_t *zeroed, int64_t minute, struct err *e)
{
    if (*zeroed > minute || *zeroed < minute - ZEROS_MAX) /* the clock was set */
        *zeroed = minute - 1;
    for (; *zeroed < minute; (*zeroed)++)
        if (store_access_zeros(job->db, *zeroed, e) < 0)
            return -1;
    return 0;
}

/* minute: the first that is not over. */
static int pass(struct job *job, struct aws_client *client, int64_t *zeroed, int64_t minute,
                struct err *e)
{
    size_t n;
    int rc = add_zeros(job, zeroed, minute, e);

    do {
        struct arena a = {0};
        struct access_row *rows;
        n = 0;
        if (rc == 0)
            rc = store_access_unreported(job->db, minute, CLOUDWATCH_VALUES_A_CALL, &a, &rows, &n,
                                         e);
        if (rc == 0 && n > 0)
            rc = send(job, client, rows, n, &a, e);
        arena_free(&a);
    } while (rc == 0 && n == CLOUDWATCH_VALUES_A_CALL);
    return rc < 0
               ? -1
               : store_access_forget(job->db, minute - KEEP_MINUTES, minute - REFUSED_MINUTES, e);
}

/* Up to a call's worth, the running minute included. */
static int last_words(struct job *job, struct aws_client *client, struct err *e)
{
    struct arena a = {0};
    struct access_row *rows;
    size_t n;
    int rc = store_access_unreported(job->db, clock_now_ms() / MINUTE_MS + 1,
                                     CLOUDWATCH_VALUES_A_CALL, &a, &rows, &n, e);

    if (rc == 0 && n > 0)
        rc = send(job, client, rows, n, &a, e);
    arena_free(&a);
    return rc;
}

static int64_t first_open(int64_t now_ms)
{
    return (now_ms - SETTLE_MS) / MINUTE_MS;
}

/* Until shortly after this minute has ended, ms. It is the one that the last pass took for open: a
 * wait that ends a moment too early must not cost another minute. */
static int64_t until_over(int64_t minute, int64_t now_ms)
{
    int64_t ms = (minute + 1) * MINUTE_MS + SETTLE_MS - now_ms;

    return ms < 0 ? 0 : ms > MINUTE_MS ? MINUTE_MS : ms; /* the clock may have been set */
}

void sync_report(struct job *job)
{
    struct aws_client *client;
    int64_t zeroed = clock_now_ms() / MINUTE_MS, minute, ms;
    struct err e;
    int failures = 0;

    if (aws_client_open(&client, job->config->ecs.region, &e) < 0) {
        log_error("report: %s", e.text);
        return;
    }
    do {
        minute = first_open(clock_now_ms());
        if (pass(job, client, &zeroed, minute, &e) < 0) {
            log_error("report: %s", e.text);
            ms = job_backoff_ms(++failures);
        } else {
            if (failures > 0)
                log_info("report works again");
            failures = 0;
            ms = until_over(minute, clock_now_ms());
        }
    } while (job_wait(job->db, job->stop, ms, NULL, NULL));
    /* The state folder may go with this program: what the running minute has so far, too. */
    if (failures == 0 && last_words(job, client, &e) < 0)
        log_error("report: %s", e.text);
    aws_client_close(client);
}

void sync_forget(struct job *job)
{
    struct err e;

    do {
        if (store_access_forget_ended(job->db, clock_now_ms() / MINUTE_MS - KEEP_MINUTES, &e) < 0)
            log_error("%s", e.text);
    } while (job_wait(job->db, job->stop, FORGET_MS, NULL, NULL));
}
