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

json_t *view_again_url(struct arena *a, const char *subdomain, const char *launch)
{
    const char *of = escape_url(a, subdomain);

    return launch && *launch ? view_text(arena_printf(a, "/launcher?again=%s&launch=%s", of,
                                                      escape_url(a, launch)))
                             : view_text(arena_printf(a, "/launcher?again=%s", of));
}
