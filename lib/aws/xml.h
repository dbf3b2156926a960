/* XML answers (CloudWatch, Route 53, S3, STS) as a tree of elements. Namespaces and attributes are
 * dropped, because no answer that we read says anything in them. */
#ifndef MIRAGE_AWS_XML_H
#define MIRAGE_AWS_XML_H

#include <stddef.h>
#include <sys/queue.h>

#include "arena.h"

STAILQ_HEAD(xml_list, xml);

struct xml {
    const char *name;
    const char *text; /* of this element itself; "" when it has none */
    struct xml_list children;
    STAILQ_ENTRY(xml) next;
};

/* The root element; NULL when the text is not well-formed XML, has a DOCTYPE, or nests deeper than
 * 64 levels. Everything is allocated from the arena. */
const struct xml *xml_parse(const char *text, size_t len, struct arena *a)
    __attribute__((warn_unused_result));

/* The first child with that name; NULL when there is none, or `parent` is NULL. */
const struct xml *xml_child(const struct xml *parent, const char *name)
    __attribute__((warn_unused_result));

/* The next sibling with the same name; NULL when there is none. */
const struct xml *xml_again(const struct xml *element) __attribute__((warn_unused_result));

/* The text of the child with that name; "" when there is none. */
const char *xml_text(const struct xml *parent, const char *name)
    __attribute__((warn_unused_result));

#endif
