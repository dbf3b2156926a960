/* The HTML pages, a handler a page, and what they share. See docs/API.md for what templates get. */
#ifndef MIRAGE_PAGE_H
#define MIRAGE_PAGE_H

#include <jansson.h>

#include "err.h"

struct call;

int page_index(struct call *c, struct err *e);
int page_list(struct call *c, struct err *e);
int page_launcher(struct call *c, struct err *e);
int page_launch(struct call *c, struct err *e);
int page_terminate(struct call *c, struct err *e);
int page_purges(struct call *c, struct err *e);
int page_purge(struct call *c, struct err *e);
int page_trace(struct call *c, struct err *e);
int page_logs(struct call *c, struct err *e);

/* Answers with the template `name` inside the layout. Owns `view` from the call on; NULL is out of
 * memory. */
int page_send(struct call *c, int status, const char *name, const char *title, json_t *view,
              struct err *e) __attribute__((warn_unused_result));

/* What every template may use. */
void page_set_version(json_t *view);

/* Answers with a page that says what went wrong; in plain text when even that fails. */
void page_error(struct call *c, int status, const char *text);

#endif
