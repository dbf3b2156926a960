/* The values that a client gave by name, in a query string, a form or a JSON object. A form is
 * checked as a whole first. The type of a JSON member is checked when it is asked for, so that
 * members which nobody asks for are ignored. */
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
    struct params_field *fields; /* beside JSON: those of the query string */
    size_t n_fields;
    json_t *json; /* an object; NULL: the values are in `fields` */
};

struct params_list {
    const char **items;
    size_t len;
};

/* Reads `a=b&c=d`, percent-encoded. Errors call the text `what`: "the body". A name that is given
 * twice is refused, unless it may be repeated: taskdef, excludes, exclude_tags. */
int params_read_form(struct params *p, struct arena *a, const char *text, size_t len,
                     const char *what, struct err *e) __attribute__((warn_unused_result));

/* Reads multipart/form-data; files in it are passed over. */
int params_read_multipart(struct params *p, struct arena *a, char *body, size_t len,
                          const char *boundary, struct err *e) __attribute__((warn_unused_result));

/* Adds what the query string of a POST says: another value of a name that may be repeated, and a
 * name that the body does not have. Beside JSON it can give parameters of a launch. */
int params_add_query(struct params *p, struct arena *a, const char *query, struct err *e)
    __attribute__((warn_unused_result));

/* Reads a JSON object. params_free() frees. */
int params_read_json(struct params *p, const char *text, size_t len, struct err *e)
    __attribute__((warn_unused_result));
void params_free(struct params *p);

/* The value; NULL when it was not given, or is JSON's null. */
int params_text(const struct params *p, const char *name, const char **value, struct err *e)
    __attribute__((warn_unused_result));

/* As params_text(), but a JSON integer is fine too and becomes its decimal text. */
int params_number_text(const struct params *p, struct arena *a, const char *name,
                       const char **value, struct err *e) __attribute__((warn_unused_result));

/* All values of a name that may be repeated. In JSON: an array of strings, or one string. */
int params_list(const struct params *p, struct arena *a, const char *name, struct params_list *list,
                struct err *e) __attribute__((warn_unused_result));

/* The subdomain in lower case, or NULL when none was given. */
int params_subdomain(const struct params *p, struct arena *a, const char **subdomain, struct err *e)
    __attribute__((warn_unused_result));

/* The same where it has to be given: ERR_INVALID when it was not. */
int params_need_subdomain(const struct params *p, struct arena *a, const char **subdomain,
                          struct err *e) __attribute__((warn_unused_result));

/* Refuses JSON whose `parameters` is not an object of strings, or whose `branch` is not a string.
 */
int params_check_launch(const struct params *p, struct err *e) __attribute__((warn_unused_result));

/* A parameter of a launch, after params_check_launch(): a field of the form, or a member of the
 * JSON object `parameters`. `branch` may also stand outside that object, and then counts first. One
 * that JSON does not have may be in the query string, but for `branch`, as with the reference.
 * NULL when it was not given. */
const char *params_launch(const struct params *p, const char *name)
    __attribute__((warn_unused_result));

#endif
