#include "retry.h"

#include <stddef.h>
#include <string.h>

#define PAUSE_MAX_MS 20000

static bool is_one_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(code, *list))
            return true;
    return false;
}

bool retry_is_throttling(const char *code)
{
    static const char *const codes[] = {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "SlowDown",
        NULL,
    };

    return is_one_of(code, codes);
}

static bool is_about_credentials(const char *code)
{
    static const char *const codes[] = {"ExpiredToken",         "ExpiredTokenException",
                                        "RequestExpired",       "UnrecognizedClientException",
                                        "InvalidClientTokenId", NULL};

    return is_one_of(code, codes);
}

enum retry retry_decide(const struct attempt *attempt, bool repeatable)
{
    if (!attempt->answered)
        return repeatable || !attempt->sent ? RETRY_AGAIN : RETRY_NO;
    if (retry_is_throttling(attempt->code) || attempt->status == 429)
        return RETRY_AGAIN;
    if (is_about_credentials(attempt->code))
        return RETRY_WITH_CREDENTIALS;
    if (attempt->status >= 500 || !strcmp(attempt->code, "RequestTimeout") ||
        !strcmp(attempt->code, "RequestTimeoutException"))
        return repeatable ? RETRY_AGAIN : RETRY_NO;
    return RETRY_NO;
}

int64_t retry_pause_ms(int next, uint32_t chance, int64_t retry_after_s)
{
    int64_t limit = 1000LL << (next < 8 ? next - 2 : 6), pause;

    if (limit > PAUSE_MAX_MS)
        limit = PAUSE_MAX_MS;
    pause = limit * chance / UINT32_MAX;
    return retry_after_s * 1000 > pause ? retry_after_s * 1000 : pause;
}
