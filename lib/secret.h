/* Comparing secrets. */
#ifndef MIRAGE_SECRET_H
#define MIRAGE_SECRET_H

#include <stdbool.h>

/* Whether both texts are the same. The time that this takes depends on their lengths only. It tells
 * neither where they differ nor how long their common part is. */
bool secret_equal(const char *given, const char *secret) __attribute__((warn_unused_result));

#endif
