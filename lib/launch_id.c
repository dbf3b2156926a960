#include "launch_id.h"

#include <string.h>

#include <openssl/evp.h>

static void make(const char *subdomain, const char *launch, const char *why, int64_t ms,
                 char id[ULID_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;

    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(ctx, subdomain, strlen(subdomain) + 1) != 1 ||
        EVP_DigestUpdate(ctx, launch, strlen(launch)) != 1 ||
        EVP_DigestUpdate(ctx, why, strlen(why)) != 1 || EVP_DigestFinal_ex(ctx, hash, &len) != 1)
        memset(hash, 0, sizeof hash);
    EVP_MD_CTX_free(ctx);
    ulid_make(ms, hash, id);
}

void launch_id_after(const char *subdomain, const char *launch, const char *why, char id[ULID_SIZE])
{
    make(subdomain, launch, why, (*launch ? ulid_ms(launch) : 0) + 1, id);
}

void launch_id_of_time(const char *subdomain, int64_t ms, char id[ULID_SIZE])
{
    make(subdomain, "", " untagged", ms, id);
}
