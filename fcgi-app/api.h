/* The JSON API, a handler a call. See docs/API.md. */
#ifndef MIRAGE_API_H
#define MIRAGE_API_H

#include "err.h"

struct call;

int api_list(struct call *c, struct err *e);
int api_environments(struct call *c, struct err *e);
int api_launch(struct call *c, struct err *e);
int api_logs(struct call *c, struct err *e);
int api_terminate(struct call *c, struct err *e);
int api_sleep(struct call *c, struct err *e);
int api_wake(struct call *c, struct err *e);
int api_access(struct call *c, struct err *e);
int api_purges(struct call *c, struct err *e);
int api_purge(struct call *c, struct err *e);

#endif
