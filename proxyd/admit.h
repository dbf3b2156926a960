/* Whether a request may go to a task: auth.cookie_secret and require_auth_cookie. */
#ifndef MIRAGE_PROXYD_ADMIT_H
#define MIRAGE_PROXYD_ADMIT_H

#include "config/config.h"

#include "http.h"

enum admit {
    ADMIT_NOT,
    ADMIT_PREFLIGHT, /* it passes without, and does not count */
    ADMIT_USER,
};

/* Whether the request may go to a task by this listen entry. Where require_auth_cookie is set, it
 * needs a valid cookie. A CORS preflight is spared: browsers send it without cookies. It has no
 * body, and its answer must get none. head: what r was parsed from. */
enum admit admit_request(const struct config *config, const struct config_listen *entry,
                         const char *head, const struct http_request *r)
    __attribute__((warn_unused_result));

#endif
