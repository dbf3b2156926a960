#include "plot.h"

#include "buf.h"

/* Rounded up: a value that is not 0 shows. */
static int64_t height_of(int64_t value, int64_t largest)
{
    return (value * PLOT_HEIGHT + largest - 1) / largest;
}

const char *plot_bars(struct arena *a, const int64_t *values, size_t n)
{
    struct buf path = {0};
    int64_t largest = 0;
    const char *text;

    for (size_t i = 0; i < n; i++)
        if (values[i] > largest)
            largest = values[i];
    for (size_t i = 0; i < n; i++)
        if (values[i] > 0)
            buf_printf(&path, "M%zu %dv-%lld", i * PLOT_STEP + PLOT_STEP / 2, PLOT_HEIGHT,
                       (long long)height_of(values[i], largest));
    text = arena_strdup(a, buf_text(&path));
    buf_free(&path);
    return text;
}
