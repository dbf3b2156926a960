#include "start_time.h"

#include <stdlib.h>

static int by_length(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The smallest of the sorted values that `percent` of them do not exceed. */
static int64_t percentile(const int64_t *sorted, size_t n, size_t percent)
{
    return sorted[(n * percent + 99) / 100 - 1];
}

bool start_time_usual(int64_t *took, size_t n, struct start_usual *usual)
{
    if (n < START_TIMES_LEAST)
        return false;
    qsort(took, n, sizeof *took, by_length);
    *usual = (struct start_usual){percentile(took, n, 50), percentile(took, n, 90)};
    return true;
}

int64_t start_time_left(const struct start_usual *usual, int64_t elapsed_ms)
{
    if (elapsed_ms <= usual->median_ms)
        return usual->median_ms - elapsed_ms;
    return elapsed_ms <= usual->p90_ms ? usual->p90_ms - elapsed_ms : -1;
}
