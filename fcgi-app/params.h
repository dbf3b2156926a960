/* What a client gave by name, whether in a query string, a form or a JSON object. The text of one
 * form is checked as a whole first; a JSON member's type is checked when it is asked for, so that
 * members nobody asks for are ignored. */
#ifndef MIRAGE_PARAMS_H
#define MIRAGE_PARAMS_H

#include <stddef.h>

#include <jansson.h>

#include "arena.h"
#include "err.h"

struct params_field {
    const char *name;
    const char *value;
};

struct params {
    struct params_field *fields;
    size_t n_fields;
    json_t *json; /* an object; NULL: the fields count */
};

struct params_list {
    const char **items;
    size_t len;
};

/* Reads `a=b&c=d`, percent-encoded. `what` is how errors call the text: "the body". A name given
 * twice is refused unless it is repeatable: taskdef, excludes, exclude_tags. */
int params_read_form(struct params *p, struct arena *a, const char *text, size_t len,
                     const char *what, struct err *e) __attribute__((warn_unused_result));

/* Reads a JSON object. params_free() frees. */
int params_read_json(struct params *p, const char *text, size_t len, struct err *e)
    __attribute__((warn_unused_result));
void params_free(struct params *p);

/* The value, or NULL when it was not given (JSON's null counts as that). */
int params_text(const struct params *p, const char *name, const char **value, struct err *e)
    __attribute__((warn_unused_result));

/* As params_text(), but a JSON integer is fine too and becomes its decimal text. */
int params_number_text(const struct params *p, struct arena *a, const char *name,
                       const char **value, struct err *e) __attribute__((warn_unused_result));

/* All values of a repeatable name; JSON: an array of strings, or one string. */
int params_list(const struct params *p, struct arena *a, const char *name, struct params_list *list,
                struct err *e) __attribute__((warn_unused_result));

/* The subdomain in lower case, or NULL when none was given. */
int params_subdomain(const struct params *p, struct arena *a, const char **subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* Refuses a JSON `parameters` that is no object of strings, and a `branch` that is no string. */
int params_check_launch(const struct params *p, struct err *e) __attribute__((warn_unused_result));

/* A launch parameter, after params_check_launch(): a form's field, or a member of the JSON object
 * `parameters`; `branch` may stand outside of it, and counts there first. NULL when it was not
 * given. */
const char *params_launch(const struct params *p, const char *name)
    __attribute__((warn_unused_result));

#endif
