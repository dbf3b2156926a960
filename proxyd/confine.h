/* Gives up what the proxy does not need once it listens. Whoever took it over by a request would
 * find no file but the database's, no port to listen on and no program to start (landlock(7),
 * seccomp(2)). */
#ifndef MIRAGE_PROXYD_CONFINE_H
#define MIRAGE_PROXYD_CONFINE_H

/* Holds for this thread and all that it starts later, and cannot be undone. What this kernel
 * does not offer is left out, and the log says so. It never keeps the proxy from starting.
 * log_file: may be written, and made anew in its folder; NULL: none. */
void confine(const char *state_folder, const char *log_file);

#endif
