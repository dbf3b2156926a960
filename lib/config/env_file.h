/* A file of variables, written as for systemd's EnvironmentFile (systemd.exec(5)). */
#ifndef MIRAGE_ENV_FILE_H
#define MIRAGE_ENV_FILE_H

#include "err.h"

/* Puts the file's variables into the environment, where they replace those of the same name. A
 * path that begins with `-` is that of a file which need not be there, as for systemd. Sets nothing
 * when a line is wrong; the error names file and line, and no value. */
int env_file_read(const char *path, struct err *e) __attribute__((warn_unused_result));

#endif
