/* The cookie that opens tasks behind `require_auth_cookie`: a JSON Web Token (RFC 7519), HS256,
 * with the claim `expire_at` in Unix seconds. mirage-api gives it to users whom it has let in.
 * mirage-proxyd accepts it, and removes it from every request that goes further. Pure: the caller
 * reads the clock. */
#ifndef MIRAGE_AUTH_COOKIE_H
#define MIRAGE_AUTH_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define AUTH_COOKIE_NAME    "mirage-ecs-auth"
#define AUTH_COOKIE_SECONDS (24 * 60 * 60)

/* The token, signed with `secret`. The caller frees it. NULL when memory runs out. */
char *auth_cookie_make(const char *secret, int64_t expire_at) __attribute__((warn_unused_result));

/* Whether token[0..len) was signed with one of the secrets and has not expired at `now`, Unix
 * seconds. */
bool auth_cookie_is_valid(const char *token, size_t len, const struct config_strings *secrets,
                          int64_t now) __attribute__((warn_unused_result));

/* The first valid cookie of this name in a Cookie field's value: true, with its token, which lies
 * in `value`. */
bool auth_cookie_find(const char *value, size_t len, const struct config_strings *secrets,
                      int64_t now, const char **token, size_t *token_len)
    __attribute__((warn_unused_result));

/* Whether a Cookie field's value (RFC 6265, 4.2.1) has a valid cookie of this name. A task can set
 * such cookies for the whole domain, so that there may be many: all of them are looked at. */
bool auth_cookie_opens(const char *value, size_t len, const struct config_strings *secrets,
                       int64_t now) __attribute__((warn_unused_result));

/* Whether a Set-Cookie field's value (RFC 6265, 4.1.1) would set a cookie that a browser sends back
 * under this name; a nameless one whose value looks like it included. */
bool auth_cookie_is_set_by(const char *value, size_t len) __attribute__((warn_unused_result));

/* Removes every cookie of this name from value[0..len), in place. The new length. */
size_t auth_cookie_remove(char *value, size_t len) __attribute__((warn_unused_result));

#endif
