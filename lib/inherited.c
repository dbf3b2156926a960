#include "inherited.h"

#include <stdlib.h>
#include <string.h>

void inherited_keep(const char *const *names)
{
    size_t n = 0;
    char **values;

    while (names[n])
        n++;
    values = calloc(n + 1, sizeof *values);
    if (!values)
        abort();
    for (size_t i = 0; i < n; i++) {
        const char *value = getenv(names[i]);
        if (value && !(values[i] = strdup(value)))
            abort();
    }
    clearenv();
    for (size_t i = 0; i < n; i++) {
        if (values[i])
            setenv(names[i], values[i], 1);
        free(values[i]);
    }
    free(values);
}
