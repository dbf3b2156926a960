/* Which site a request is for, and whether another site made the browser send it: what Host, Origin
 * and Sec-Fetch-Site say. Pure. */
#ifndef MIRAGE_CROSS_SITE_H
#define MIRAGE_CROSS_SITE_H

#include <stdbool.h>

#include "arena.h"

#include "request.h"

/* Whether Host names `webapi`, with any port. */
bool cross_site_host_is_ours(const struct request *r, const char *webapi)
    __attribute__((warn_unused_result));

/* Host and port as the client knows them: Host, or with the port that a trusted proxy in front has
 * taken off Host and says in X-Forwarded-Host or X-Forwarded-Port. */
const char *cross_site_authority(const struct request *r, struct arena *a, bool is_proxy_trusted)
    __attribute__((warn_unused_result));

/* Whether a page of another site may have made this request, which changes something: Origin
 * disagrees with Host and with `authority`, or does not name `webapi`, or Sec-Fetch-Site says so.
 * The name is compared too, because any name can be made to lead here (DNS rebinding). */
bool cross_site_request(const struct request *r, const char *webapi, const char *authority)
    __attribute__((warn_unused_result));

#endif
