/* The programs of the stack, their order, and their life. */
#ifndef MIRAGE_STACK_STACK_H
#define MIRAGE_STACK_STACK_H

#include "arena.h"
#include "err.h"
#include "program.h"

#include "child.h"
#include "web_server.h"

#define STACK_CHILDREN 4

struct stack {
    struct arena arena;
    const struct program *program;
    const char *state; /* absolute */
    const char *conf;  /* the file with the configuration in effect, which the children read */
    const char *url;   /* where the web API answers */
    struct web_server web;
    struct child children[STACK_CHILDREN]; /* in the order in which they are stopped */
    int lock;                              /* of the state folder */
    const char *user;                      /* the user that it became; NULL: it did not change */
    int signals;
    int64_t figures_at; /* monotonic ms; when the children are looked at next (listen.metrics) */
};

#define STACK_USER_OPTION "user"

/* For -t: runs mirage-api -t with the configuration in effect. mirage-api itself says what is
 * wrong. */
int stack_check(struct program *program, struct err *e) __attribute__((warn_unused_result));

/* Makes the state folder, takes its lock, becomes `user` (NULL: does not change), and checks the
 * database, the runner and the programs. Everything that can be known to fail fails here, before
 * anything is started. argv are this program's arguments; the other programs get them too, except
 * -user. stack_end() frees, also after a failure. */
int stack_prepare(struct stack *s, const struct program *program, const char *user, int argc,
                  char **argv, struct err *e) __attribute__((warn_unused_result));

enum stack_started {
    STACK_READY,       /* it answers */
    STACK_TOLD_TO_END, /* a signal asked for the end before that */
    STACK_FAILED,      /* *e says why */
};

/* Starts everything and waits until the stack answers; if tasks cannot be looked at for half a
 * minute, it goes on without: the page tells why, and sync tries again. Unless it is ready, some of
 * it may run: stack_stop(). */
enum stack_started stack_start(struct stack *s, struct err *e) __attribute__((warn_unused_result));

/* Restarts every program that dies, until SIGTERM or SIGINT. */
void stack_supervise(struct stack *s);

/* Stops the children in their order, each after its requests in flight (up to 30 s for
 * mirage-proxyd; a second signal shortens this). Then stops every process that this one has
 * adopted, and the local tasks of the state folder that it has not. No process is left. */
void stack_stop(struct stack *s);

void stack_end(struct stack *s);

#endif
