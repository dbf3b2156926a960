/* The environment of a program that is about to be started. */
#ifndef MIRAGE_VARIABLES_H
#define MIRAGE_VARIABLES_H

/* Takes all variables away but those that `names` has (it ends with NULL). */
void variables_keep(const char *const *names);

#endif
