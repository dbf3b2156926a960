/* YAML's merge keys (`<<: *base`), which libyaml leaves to its caller:
 * https://yaml.org/type/merge.html
 */
#ifndef MIRAGE_CONFIG_MERGE_H
#define MIRAGE_CONFIG_MERGE_H

#include <stdbool.h>

#include <yaml.h>

/* Replaces each merge key of the document by the keys that it stands for, except those that its
 * mapping has itself; of several mappings, the first wins. NULL, or what is wrong, and *at says
 * where. */
const char *config_merge(yaml_document_t *document, yaml_mark_t *at)
    __attribute__((warn_unused_result));

#endif
