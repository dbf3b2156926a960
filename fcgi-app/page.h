/* The HTML pages, a handler for each, and what they share. docs/TEMPLATES.md says what templates
 * get. */
#ifndef MIRAGE_PAGE_H
#define MIRAGE_PAGE_H

#include <stdbool.h>

#include <jansson.h>

#include "err.h"

struct call;

int page_index(struct call *c, struct err *e);
int page_list(struct call *c, struct err *e);
int page_launcher(struct call *c, struct err *e);
int page_launch(struct call *c, struct err *e);
int page_terminate(struct call *c, struct err *e);
int page_sleep(struct call *c, struct err *e);
int page_wake(struct call *c, struct err *e);
int page_dismiss(struct call *c, struct err *e);
int page_purges(struct call *c, struct err *e);
int page_purge(struct call *c, struct err *e);
int page_trace(struct call *c, struct err *e);
int page_trace_launch(struct call *c, struct err *e); /* by page_trace() */
int page_logs(struct call *c, struct err *e);
int page_starting(struct call *c, struct err *e); /* by router_answer(), past authentication */

/* Whether the request is mirage-proxyd's, for the page on which a visitor waits. At any host but an
 * environment's there is no such path. */
#define PAGE_STARTING_PATH "/starting"
bool page_starting_is_asked(const struct call *c) __attribute__((warn_unused_result));

/* Answers with the template `name` inside the layout. Takes over `view`; NULL means that memory ran
 * out. */
int page_send(struct call *c, int status, const char *name, const char *title, json_t *view,
              struct err *e) __attribute__((warn_unused_result));

/* What every template may use. */
void page_set_version(json_t *view);

/* Answers with a page that says what went wrong, or in plain text when not even the page can be
 * made. */
void page_error(struct call *c, int status, const char *text);

#endif
