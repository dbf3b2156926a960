/* The address of the client: the peer's, or what trusted proxies say in X-Forwarded-For. */
#ifndef MIRAGE_PROXYD_CLIENT_ADDRESS_H
#define MIRAGE_PROXYD_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "config/config.h"

#include "http.h"

#define CLIENT_ADDRESS_SIZE 46 /* the text of an IPv6 address */

/* Writes the client's address to text, and returns it. From an untrusted peer it is the peer's own.
 * From a trusted one (network.trusted_proxies) it is the last entry of X-Forwarded-For that is not
 * a trusted proxy's; the first entry, where all are. The list is read from its end, and no further
 * than to an entry that is no address. head: what r was parsed from. */
const char *client_address(const struct config *config, const char *head,
                           const struct http_request *r, const char *peer, bool peer_trusted,
                           char text[CLIENT_ADDRESS_SIZE]);

#endif
