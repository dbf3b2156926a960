#include "field_check.h"

#include <stddef.h>
#include <string.h>

#define FIELDS_MAX 256 /* mirage-proxyd lets half of that through */

const char *field_problem(const char *const *variables)
{
    size_t n = 0;

    for (; *variables; variables++) {
        size_t len = strcspn(*variables, "=") + 1;

        if (strncmp(*variables, "HTTP_", 5) != 0)
            continue;
        if (++n > FIELDS_MAX)
            return "there are too many header fields";
        for (const char *const *other = variables + 1; *other; other++)
            if (!strncmp(*variables, *other, len))
                return "a header field comes in two spellings";
    }
    return NULL;
}
