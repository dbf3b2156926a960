#include "retry.h"

#include "conn.h"
#include "upstream.h"

bool retry_is_safe(enum http_method method)
{
    switch (method) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
    case HTTP_METHOD_OPTIONS:
    case HTTP_METHOD_TRACE:
    case HTTP_METHOD_PUT:
    case HTTP_METHOD_DELETE:
        return true;
    default:
        return false;
    }
}

bool retry_is_due(const struct conn *c)
{
    return c->upstream->reused && c->replayable && c->head_len > 0;
}
