/* The shape of the configuration as tables. What reads, checks and prints the configuration follows
 * them. */
#ifndef MIRAGE_CONFIG_SCHEMA_H
#define MIRAGE_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

enum config_type {
    CONFIG_STRING,   /* const char * */
    CONFIG_SUFFIX,   /* const char *: a domain, lower-cased, with its leading dot */
    CONFIG_HOST,     /* const char *: a host name, lower-cased */
    CONFIG_ADDRESS,  /* const char *: an IPv4 or IPv6 address */
    CONFIG_LISTEN,   /* const char *: as socket_address_parse() reads it */
    CONFIG_CHOICE,   /* const char *: one of `choices` */
    CONFIG_SCHEDULE, /* const char *: the six fields of EventBridge's cron() */
    CONFIG_SECONDS,  /* const char *: a whole number of at least `min`, as text */
    CONFIG_REGEX,    /* const char *: a regular expression that compiles */
    CONFIG_ENV_NAME, /* const char *: a name for an environment variable */
    CONFIG_HEADER,   /* const char *: the name of a header field */
    CONFIG_KEY_URL,  /* const char *: https://…/, or http:// to a loopback address */
    CONFIG_SECRET,   /* const char *: shown as asterisks, never quoted in a message */
    CONFIG_INTEGER,  /* long from `min` to `max` */
    CONFIG_BOOL,     /* bool */
    CONFIG_DURATION, /* int64_t, ms */
    CONFIG_STRINGS,  /* struct config_strings */
    CONFIG_PATTERNS, /* struct config_strings: patterns as of subdomains */
    CONFIG_AGENTS,   /* struct config_strings: texts to find in User-Agent */
    CONFIG_PATHS,    /* struct config_strings: paths; a `*` at the end stands for any rest */
    CONFIG_NETWORKS, /* struct config_strings: addresses, or networks in CIDR notation */
    CONFIG_SECRETS,  /* struct config_strings: secrets; a single one may stand without a list */
    CONFIG_INTEGERS, /* long *, its size_t count at `count` */
    CONFIG_PAIRS,    /* struct config_pair *, count at `count`: a mapping of names to texts */
    CONFIG_SECTION,  /* fields of `sub`, in place */
    CONFIG_LIST,     /* array of `size`-byte elements with the fields of `sub`, count at `count` */
    CONFIG_NAMED,    /* the same, written as a mapping; the key goes to the field at offset 0 */
};

struct config_field {
    const char *key;       /* NULL ends a table */
    const char *older_key; /* an older name, which is read but not printed; NULL: none */
    bool older_warns;      /* the older name gets a warning that names today's */
    enum config_type type;
    size_t offset;
    size_t count; /* offset of the count */
    const struct config_field *sub;
    size_t size;
    size_t line;         /* offset of the line of an element or a section; 0: it has none */
    long min, max;       /* of a number; of a list, min is the least number of elements */
    size_t most;         /* of CONFIG_INTEGERS: how many at most; 0: any number */
    const char *choices; /* "A B" */
    bool required;       /* the key must be there */
    bool one_or_list;    /* of a list: a single element may stand for a list of one */
    size_t present;      /* of a section: offset of a bool that says whether it is there */
};

extern const struct config_field config_schema[];

/* Reads YAML text into *config by the schema. `path` is for errors and warnings. */
int config_read(struct config *config, const char *path, const char *text, size_t len,
                void (*warn)(const char *text), struct err *e) __attribute__((warn_unused_result));

#endif
