/* A parsed template, which the parser makes and the renderer walks. No other file includes this. */
#ifndef MIRAGE_MUSTACHE_NODE_H
#define MIRAGE_MUSTACHE_NODE_H

#include <stddef.h>
#include <sys/queue.h>

#include "arena.h"

enum node_type {
    NODE_TEXT,
    NODE_LINE, /* a line of the template starts: where a partial's indentation goes */
    NODE_ESCAPED,
    NODE_RAW,
    NODE_SECTION,
    NODE_INVERTED,
    NODE_PARTIAL,
};

STAILQ_HEAD(node_list, node);

struct node {
    enum node_type type;
    int line;
    STAILQ_ENTRY(node) next;
    struct node_list children; /* of a section */
    const char *text;  /* NODE_TEXT: the bytes; otherwise the name as written, NUL-terminated */
    size_t len;        /* of text */
    const char **path; /* the name's parts; none for "." */
    size_t n_path;
    const char *indent; /* NODE_PARTIAL: what goes before each of its lines */
};

struct mustache {
    struct arena arena; /* holds this struct as well */
    const char *name;
    struct node_list nodes;
};

#endif
