/* All figures as Prometheus reads them, at listen.metrics: what the workers count, and what the
 * programs of the stack share (lib/metrics.h). */
#ifndef MIRAGE_PROXYD_METRICS_PAGE_H
#define MIRAGE_PROXYD_METRICS_PAGE_H

#include "http.h"

struct conn;

/* Answers a request that came in by listen.metrics: GET or HEAD of /metrics; 404 to all others. */
void metrics_page_answer(struct conn *c, const struct http_request *r);

#endif
