/* Who may write to the state folder. What lies in it is believed: the configuration in effect names
 * programs to start, and the database names where requests go. So nobody but its user and root may
 * change it, or put another folder in its place. */
#ifndef MIRAGE_STATE_FOLDER_H
#define MIRAGE_STATE_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/* Checks the way to `path` (no folder or link on it may be another user's, or open to others unless
 * it is sticky, as /tmp is), and the folder itself: root's, this process's user's or `user`'s, and
 * writable for its owner alone. A folder that is not there is fine. */
int state_folder_check(const char *path, uid_t user, struct err *e)
    __attribute__((warn_unused_result));

/* Checks with state_folder_check_entry() all that programs keep in it. */
int state_folder_check_entries(const char *path, struct err *e) __attribute__((warn_unused_result));

/* Checks `name` in the folder, which state_folder_check() accepted: a folder (else: a file), no
 * link, of root or this process's user, and writable for its owner alone. What is not there is
 * fine. */
int state_folder_check_entry(const char *path, const char *name, bool is_folder, struct err *e)
    __attribute__((warn_unused_result));

#endif
