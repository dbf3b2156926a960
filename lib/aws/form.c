#include "form.h"

#include <string.h>

void form_add(struct buf *form, const char *value, const char *name, ...)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_.~";
    va_list args;

    buf_char(form, '&');
    va_start(args, name);
    buf_vprintf(form, name, args);
    va_end(args);
    buf_char(form, '=');
    for (; *value; value++)
        if (strchr(unreserved, *value))
            buf_char(form, *value);
        else
            buf_printf(form, "%%%02X", (unsigned char)*value);
}
