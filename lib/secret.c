#include "secret.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

/* Digests have one length, whatever the texts have. */
bool secret_equal(const char *given, const char *secret)
{
    unsigned char a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)given, strlen(given), a);
    SHA256((const unsigned char *)secret, strlen(secret), b);
    return CRYPTO_memcmp(a, b, sizeof a) == 0;
}
