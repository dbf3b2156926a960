/* Reads what the database knows of an environment that a visitor waits for. */
#ifndef MIRAGE_WAITING_READ_H
#define MIRAGE_WAITING_READ_H

#include "arena.h"
#include "err.h"
#include "store/db.h"

#include "waiting.h"

/* The environment that requests for this subdomain (lower case) go to, as mirage-proxyd finds it:
 * the exact one, else of the matching patterns the one launched earliest, else an exact one that
 * has ended because its launch failed. 1 and *facts, all of one moment; 0 when there is none; -1.
 */
int waiting_read(struct db *db, const char *subdomain, struct arena *a, struct waiting_facts *facts,
                 struct err *e) __attribute__((warn_unused_result));

#endif
