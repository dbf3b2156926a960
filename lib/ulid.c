#include "ulid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TIME_MAX  (((int64_t)1 << 48) - 1)
#define TIME_LEN  10 /* letters of the time; the first has three bits only */
#define TIME_SIZE 6  /* bytes of the time */

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The letter of the five bits that end `shift` bits before the end of the 130 (two of them zero).
 */
static char letter_at(const unsigned char bytes[TIME_SIZE + ULID_REST], int shift)
{
    int at = TIME_SIZE + ULID_REST - 1 - shift / 8;
    unsigned two = bytes[at] | (at > 0 ? (unsigned)bytes[at - 1] << 8 : 0);

    return letters[two >> shift % 8 & 31];
}

void ulid_make(int64_t ms, const unsigned char rest[ULID_REST], char id[ULID_SIZE])
{
    unsigned char bytes[TIME_SIZE + ULID_REST];
    int64_t time = ms < 0 ? 0 : ms > TIME_MAX ? TIME_MAX : ms;

    for (int i = TIME_SIZE - 1; i >= 0; i--, time >>= 8)
        bytes[i] = (unsigned char)(time & 0xff);
    memcpy(bytes + TIME_SIZE, rest, ULID_REST);
    for (int i = 0; i < ULID_LEN; i++)
        id[i] = letter_at(bytes, 5 * (ULID_LEN - 1 - i));
    id[ULID_LEN] = '\0';
}

void ulid_new(int64_t ms, char id[ULID_SIZE])
{
    unsigned char rest[ULID_REST];

    if (getrandom(rest, sizeof rest, 0) != (ssize_t)sizeof rest)
        abort();
    ulid_make(ms, rest, id);
}

bool ulid_is_valid(const char *text)
{
    return strlen(text) == ULID_LEN && strspn(text, letters) == ULID_LEN && *text <= '7';
}

int64_t ulid_ms(const char *id)
{
    int64_t ms = 0;

    for (int i = 0; i < TIME_LEN; i++)
        ms = ms << 5 | (strchr(letters, id[i]) - letters);
    return ms;
}
