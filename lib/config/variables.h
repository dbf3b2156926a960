/* The environment of a program that is about to be started. */
#ifndef MIRAGE_VARIABLES_H
#define MIRAGE_VARIABLES_H

/* Removes all variables except those in `names`, which ends with NULL. */
void variables_keep(const char *const *names);

#endif
