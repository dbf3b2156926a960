#include "host.h"

#include <string.h>

#include "ascii.h"

enum host host_of(const struct config *config, const char *name, size_t len, char host[HOST_SIZE],
                  size_t *label)
{
    const char *suffix = config->host.reverse_proxy_suffix;
    size_t suffix_len = strlen(suffix);

    for (size_t i = 0; i < len; i++)
        host[i] = ascii_lower(name[i]);
    if (len > 1 && host[len - 1] == '.') /* the root's own dot: the same name */
        len--;
    host[len] = '\0';
    *label = strcspn(host, ".");
    if (!strcmp(host, config->host.webapi))
        return HOST_WEBAPI;
    if (len <= suffix_len || strcmp(host + len - suffix_len, suffix) != 0)
        return HOST_OTHER;
    return *label < HOST_SUBDOMAIN_MAX ? HOST_ENVIRONMENT : HOST_TOO_LONG;
}
