#include "plot.h"

#include "buf.h"

/* Rounded up: a value that is not 0 shows. */
static int height_of(int64_t value, int64_t largest)
{
    return (int)((value * PLOT_HEIGHT + largest - 1) / largest);
}

/* A number below 1000. */
static void add_number(struct buf *b, char command, unsigned n)
{
    buf_char(b, command);
    if (n >= 100)
        buf_char(b, (char)('0' + n / 100));
    if (n >= 10)
        buf_char(b, (char)('0' + n / 10 % 10));
    buf_char(b, (char)('0' + n % 10));
}

/* "M0 24" and then, for each run of equal heights, up or down to it and along: "V12h4". */
const char *plot_steps(struct arena *a, const int64_t *values, size_t n)
{
    struct buf path = {0};
    int64_t largest = 0;
    const char *text;

    for (size_t i = 0; i < n; i++)
        if (values[i] > largest)
            largest = values[i];
    if (largest == 0)
        return "";
    add_number(&path, 'M', 0);
    add_number(&path, ' ', PLOT_HEIGHT);
    for (size_t i = 0, next; i < n; i = next) {
        const int height = height_of(values[i], largest);

        for (next = i + 1; next < n && height_of(values[next], largest) == height; next++)
            continue;
        add_number(&path, 'V', (unsigned)(PLOT_HEIGHT - height));
        add_number(&path, 'h', (unsigned)((next - i) * PLOT_STEP));
    }
    add_number(&path, 'V', PLOT_HEIGHT);
    text = arena_strdup(a, buf_text(&path));
    buf_free(&path);
    return text;
}
