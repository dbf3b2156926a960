/* Gives up what the proxy does not need once it listens: a request that got the better of it would
 * find no file but the database's, no port to listen on, no program to start (landlock(7),
 * seccomp(2)). */
#ifndef MIRAGE_PROXYD_CONFINE_H
#define MIRAGE_PROXYD_CONFINE_H

/* For this thread and all that it starts later; it cannot be undone. What the kernel has not got is
 * left out and said in the log; nothing here keeps the proxy from starting. */
void confine(const char *state_folder);

#endif
