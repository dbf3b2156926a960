/* Requests of AWS's query protocol: a form, `Action=…&Version=…&Name.member.1=…`. */
#ifndef MIRAGE_AWS_FORM_H
#define MIRAGE_AWS_FORM_H

#include "buf.h"

/* Appends `&name=value`, the name formatted, the value percent-encoded (RFC 3986, 2.3). */
void form_add(struct buf *form, const char *value, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

#endif
