/* ULIDs: ids that sort by time (https://github.com/ulid/spec). 48 bits of milliseconds since 1970
 * and 80 more, in Crockford's base 32, in capitals. */
#ifndef MIRAGE_ULID_H
#define MIRAGE_ULID_H

#include <stdbool.h>
#include <stdint.h>

#define ULID_LEN  26
#define ULID_SIZE (ULID_LEN + 1)
#define ULID_REST 10 /* bytes behind the time */

/* The id of this time and these bytes. Times outside of 48 bits count as the nearest. */
void ulid_make(int64_t ms, const unsigned char rest[ULID_REST], char id[ULID_SIZE]);

/* A new id of this time: the rest is random. */
void ulid_new(int64_t ms, char id[ULID_SIZE]);

/* Whether the text is one, as ulid_make() writes it. */
bool ulid_is_valid(const char *text) __attribute__((warn_unused_result));

/* The time of a valid id, in ms. */
int64_t ulid_ms(const char *id) __attribute__((warn_unused_result));

#endif
