#include "view.h"

#include <string.h>

#include "encode.h"

json_t *view_text(const char *text)
{
    return utf8_json(text ? text : "", text ? strlen(text) : 0);
}

json_t *view_url(struct arena *a, const char *before, const char *name)
{
    return view_text(arena_printf(a, "%s%s", before, escape_url(a, name)));
}
