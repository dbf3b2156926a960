#include "client_address.h"

#include <arpa/inet.h>
#include <string.h>

/* Copies the entry that ends at `end`, without white space, to text; *begin is where it begins.
 * false: it is no address. */
static bool read_entry(const char *value, size_t end, size_t *begin, char text[CLIENT_ADDRESS_SIZE])
{
    unsigned char unused[16];
    size_t at = end, len;

    while (at > 0 && value[at - 1] != ',')
        at--;
    *begin = at;
    while (at < end && (value[at] == ' ' || value[at] == '\t'))
        at++;
    while (end > at && (value[end - 1] == ' ' || value[end - 1] == '\t'))
        end--;
    len = end - at;
    if (len == 0 || len >= CLIENT_ADDRESS_SIZE)
        return false;
    memcpy(text, value + at, len);
    text[len] = '\0';
    return inet_pton(AF_INET, text, unused) == 1 || inet_pton(AF_INET6, text, unused) == 1;
}

/* Reads a field's value from its end. true: the client is found, or nothing before counts. */
static bool read_value(const struct config *config, const char *value, size_t len,
                       char text[CLIENT_ADDRESS_SIZE])
{
    char entry[CLIENT_ADDRESS_SIZE];
    size_t begin = len;

    for (size_t end = len;; end = begin - 1) {
        if (!read_entry(value, end, &begin, entry))
            return true;
        memcpy(text, entry, sizeof entry);
        if (!network_list_has(config->network.trusted, config->network.n_trusted, text))
            return true;
        if (begin == 0)
            return false;
    }
}

const char *client_address(const struct config *config, const char *head,
                           const struct http_request *r, const char *peer, bool peer_trusted,
                           char text[CLIENT_ADDRESS_SIZE])
{
    memset(text, 0, CLIENT_ADDRESS_SIZE);
    strncpy(text, peer, CLIENT_ADDRESS_SIZE - 1);
    for (size_t i = r->fields.len; peer_trusted && i-- > 0;) {
        const struct http_field *f = &r->fields.items[i];
        if (f->id == HTTP_FIELD_X_FORWARDED_FOR && f->value.len > 0 &&
            read_value(config, head + f->value.at, f->value.len, text))
            break;
    }
    return text;
}
