/* Ids of launches that nobody asked for: each follows from an earlier one, so that all copies of
 * mirage-ecs come to the same. Pure. */
#ifndef MIRAGE_LAUNCH_ID_H
#define MIRAGE_LAUNCH_ID_H

#include <stdint.h>

#include "ulid.h"

/* The id that follows that of a launch ("" when it has none): a millisecond later, so that it is
 * newer, and older than what anybody launches after that. `why` tells apart what may follow for
 * several reasons. */
void launch_id_after(const char *subdomain, const char *launch, const char *why,
                     char id[ULID_SIZE]);

/* An id for what was launched at this time (ms) without one. */
void launch_id_of_time(const char *subdomain, int64_t ms, char id[ULID_SIZE]);

#endif
