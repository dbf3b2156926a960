/* The configuration: what the YAML file says, checked and completed with defaults. It is read once
 * at the start and never changed afterwards. All strings live as long as the configuration. */
#ifndef MIRAGE_CONFIG_H
#define MIRAGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "network.h"
#include "purge_decision.h"

struct buf;
struct options;

struct config_strings {
    const char **items;
    size_t len;
};

struct config_listen {
    long listen; /* the port that mirage-proxyd listens on */
    long target; /* the container port that requests on it go to */
    bool require_auth_cookie;
    size_t line; /* in the file; 0: a default */
};

struct config_option {
    const char *label;
    const char *value;
};

struct config_parameter {
    const char *name;
    const char *env;
    const char *rule; /* regular expression; "" for none */
    const char *default_value;
    const char *description;
    bool required;
    struct config_option *options;
    size_t n_options;
    struct regex *compiled; /* of rule; NULL for none */
    size_t line;            /* in the file; 0: a default */
};

struct config_pair {
    const char *name;
    const char *value;
};

struct config_capacity_provider {
    const char *capacity_provider;
    long weight;
    long base;
};

/* Which values of a claim are accepted: the whole value, or its end. One of the two is set. */
struct config_matcher {
    const char *exact;
    const char *suffix;
    size_t line;
};

struct config_matchers {
    struct config_matcher *items;
    size_t len;
};

#define CONFIG_PORTS_MAX  16  /* of a local task */
#define CONFIG_IGNORE_MAX 500 /* entries of each list of use.ignore */

struct config_taskdef {
    const char *name;
    struct config_strings command; /* empty: the built-in page */
    struct config_strings health;  /* a command; empty: no check */
    long *ports;                   /* container ports; none means 80 */
    size_t n_ports;
    struct config_pair *env;
    size_t n_env;
};

struct config {
    struct arena arena;
    const char *path; /* as given; NULL: defaults only */
    bool local;
    bool compat_v1;

    struct {
        const char *webapi;               /* lower case */
        const char *reverse_proxy_suffix; /* lower case, with its leading dot */
    } host;
    struct {
        bool per_environment; /* a series for each */
    } metrics;
    struct {
        const char *access;      /* "off", "combined", "json" */
        const char *access_file; /* a path; NULL: standard output */
    } log;
    struct {
        const char *foreign_address;
        const char *metrics; /* ADDRESS:PORT; NULL: nowhere */
        size_t line;         /* in the file; 0: a default */
        struct config_listen *http;
        size_t n_http; /* at least 1 */
    } listen;
    struct {
        int64_t proxy_timeout_ms; /* 0: none */
        int64_t connect_timeout_ms;
        int64_t header_timeout_ms;
        int64_t idle_timeout_ms;
        long workers;                          /* 0: one a CPU */
        struct config_strings trusted_proxies; /* as written */
        struct network *trusted;               /* the same, read */
        size_t n_trusted;
    } network;
    struct {
        const char *server; /* "lighttpd" or "apache" */
        const char *listen; /* for socket_address_parse(); NULL: only mirage-proxyd reaches it */
    } web;
    const char *htmldir;
    struct config_parameter *parameters;
    size_t n_parameters;
    struct {
        const char *region;
        const char *cluster;
        struct config_capacity_provider *capacity_provider_strategy;
        size_t n_capacity_provider_strategy;
        const char *launch_type;
        struct {
            struct {
                struct config_strings subnets;
                struct config_strings security_groups;
                const char *assign_public_ip;
            } awsvpc_configuration;
        } network_configuration;
        const char *default_task_definition;
        bool enable_execute_command;
    } ecs;
    struct {
        const char *schedule; /* as schedule_parse() reads it; NULL: none */
        struct config_strings excludes, exclude_tags;
        struct purge_input request; /* duration NULL: the file has none */
        int64_t settle_ms;          /* 0: nothing is looked at twice */
        int64_t max_age_ms;         /* older than this, it is stopped, used or not; 0: not */
        size_t line, request_line;  /* 0: the file does not have the section */
    } purge;
    struct {
        const char *replace;           /* "auto", "gapless", "stop_first" */
        int64_t drain_ms;              /* between being replaced and being stopped */
        int64_t ready_timeout_ms;      /* for a launch that replaces; 0: no limit */
        struct config_strings recover; /* "spot", "infrastructure", "crash", "start" */
        unsigned recover_kinds;        /* the same, as enum recover_kind */
        size_t line;
        struct {
            const char *path; /* NULL: ports that accept are enough */
            int64_t timeout_ms;
            size_t line;
        } health;
    } launch;
    struct {
        long awake; /* so many environments at once; 0: any number */
    } limit;
    struct {
        const char *url; /* s3://bucket/prefix/, which all copies share; NULL: none */
        size_t line;
    } state;
    struct {
        int64_t after_ms; /* unused for so long, it is put to sleep; 0: never */
        int64_t keep_ms;  /* asleep for so long, it is forgotten; 0: never */
        const char *exclude_regexp;
        struct config_strings awake; /* nothing falls asleep then, as awake_parse() reads it */
        const char *wake_at;         /* a schedule, at which all that sleeps is woken; NULL: none */
        const char *timezone;        /* of those times; NULL: the machine's */
        struct config_strings excludes, exclude_tags;
        struct purge_input request; /* the same, as purge_rules_check() reads it */
        size_t line;
    } sleep;
    struct {
        struct {                                /* whose requests are no use */
            struct config_strings user_agents;  /* texts in User-Agent, in either case */
            struct config_strings paths;        /* as config_path_matches() reads them */
            struct config_strings network_list; /* as written */
            struct network *networks;           /* the same, read */
            size_t n_networks;
        } ignore;
    } use;
    struct {
        const char *visitors; /* "browsers", "all", "none" */
        int64_t hold_ms;      /* clients wait so long for what is not ready; 0: they do not */
        long held;            /* so many of them at once */
        long limit;           /* visits may wake so many an hour; 0: none */
        bool show_details;    /* whoever waits for an environment may read names and raw reasons */
    } wake;
    struct {
        const char *hosted_zone_id; /* NULL: no records are kept */
        struct config_strings default_task_definitions;
        struct config_strings exclude_containers; /* patterns of container names */
    } link;
    struct {
        bool present; /* if it is not there, everybody is let in */
        size_t line;  /* in the file; each of its sections has a line of its own */
        struct config_strings
            cookie_secret; /* the first signs, all are accepted; none: no cookie */
        struct {
            bool present;
            const char *header;
            const char *token;
            size_t line;
        } token;
        struct {
            bool present;
            const char *claim;
            struct config_matchers matchers; /* at least 1 */
            const char *signer;              /* the load balancer's ARN; NULL: any */
            const char *public_key_url;      /* NULL: the region's */
            size_t line;
        } amzn_oidc;
        struct {
            bool present;
            const char *username;
            const char *password;
            size_t line;
        } basic;
    } auth;
    struct {
        struct config_taskdef *taskdefs;
        size_t n_taskdefs;
    } local_tasks;
};

/* What reading a configuration needs from AWS; lib/ itself does not know AWS. */
struct config_source {
    /* Appends the object that an s3:// URL names. Errors begin with the URL. */
    int (*fetch)(const char *url, struct buf *text, struct err *e);
    /* Completes what the file leaves open, unless tasks are local; NULL: nothing is completed. */
    int (*fill_in)(struct config *config, struct err *e);
};

/* Loads the file that the options name, or the defaults. On success the caller gives *config to
 * config_free(). Each warning (an unknown key) is one call of `warn`. Errors name file, line and
 * key. */
int config_load(struct config **config, const struct options *options,
                const struct config_source *source, void (*warn)(const char *text), struct err *e)
    __attribute__((warn_unused_result));
void config_free(struct config *config); /* NULL is fine */

enum config_secrets { CONFIG_MASKED, CONFIG_REVEALED };

/* The effective configuration as YAML. CONFIG_MASKED shows secrets as `********`; the text of
 * CONFIG_REVEALED reads back as the same configuration. The caller frees it. */
char *config_dump(const struct config *config, enum config_secrets secrets)
    __attribute__((warn_unused_result));

/* The folder of the files that are installed with the programs: `../share/mirage-ecs` from the
 * folder that holds this program. Allocated from `a`. */
const char *config_data_dir(struct arena *a) __attribute__((warn_unused_result));

/* The folder that holds this program. Allocated from `a`. */
const char *config_program_dir(struct arena *a) __attribute__((warn_unused_result));

/* Whether a listen entry sends requests to this container port. Every entry does to port 0. */
bool config_has_target(const struct config *c, int container_port)
    __attribute__((warn_unused_result));

/* The configured task definition of this name (any `:revision` is ignored); NULL if there is none.
 */
const struct config_taskdef *config_local_taskdef(const struct config *config, const char *name)
    __attribute__((warn_unused_result));

#endif
