/* The environment variables that a program which is about to be started inherits. */
#ifndef MIRAGE_INHERITED_H
#define MIRAGE_INHERITED_H

/* Removes all variables except those in `names`, which ends with NULL. */
void inherited_keep(const char *const *names);

#endif
