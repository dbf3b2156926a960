#include "config_merge.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100

struct merger {
    yaml_document_t *document;
    bool *done; /* by the number of a mapping */
    yaml_mark_t *at;
};

static bool is_merge_key(yaml_document_t *d, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(d, pair->key);

    return key->type == YAML_SCALAR_NODE && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           !strcmp((const char *)key->data.scalar.value, "<<");
}

/* `wanted` is a text. */
static bool has_key(yaml_document_t *d, const yaml_node_t *mapping, const yaml_node_t *wanted)
{
    const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;

    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < top; p++) {
        const yaml_node_t *key = yaml_document_get_node(d, p->key);
        if (key->type == YAML_SCALAR_NODE &&
            !strcmp((const char *)key->data.scalar.value, (const char *)wanted->data.scalar.value))
            return true;
    }
    return false;
}

static const char *resolve(struct merger *m, int mapping, int depth);

/* Adds what `source` has and `mapping` has not: texts for keys, so that no file grows without
 * bound. The arrays may move with every pair. */
static const char *add_pairs(struct merger *m, int mapping, int source, int depth)
{
    yaml_node_t *from = yaml_document_get_node(m->document, source);
    const char *wrong;
    size_t n;

    if (from->type != YAML_MAPPING_NODE)
        return "<<: expected a mapping, or a list of mappings";
    if ((wrong = resolve(m, source, depth + 1)))
        return wrong;
    n = (size_t)(from->data.mapping.pairs.top - from->data.mapping.pairs.start);
    for (size_t i = 0; i < n; i++) {
        yaml_node_pair_t pair = from->data.mapping.pairs.start[i];
        const yaml_node_t *key = yaml_document_get_node(m->document, pair.key);
        if (key->type == YAML_SCALAR_NODE && /* others are refused where they stand */
            !has_key(m->document, yaml_document_get_node(m->document, mapping), key) &&
            !yaml_document_append_mapping_pair(m->document, mapping, pair.key, pair.value))
            abort();
    }
    return NULL;
}

static const char *merge(struct merger *m, int mapping, int value, int depth)
{
    const yaml_node_t *node = yaml_document_get_node(m->document, value);
    const char *wrong = NULL;
    size_t n;

    if (node->type != YAML_SEQUENCE_NODE)
        return add_pairs(m, mapping, value, depth);
    n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    for (size_t i = 0; i < n && !wrong; i++)
        wrong = add_pairs(m, mapping, node->data.sequence.items.start[i], depth);
    return wrong;
}

/* A mapping that merges itself, at whatever distance, ends at DEPTH_MAX. */
static const char *resolve(struct merger *m, int mapping, int depth)
{
    yaml_node_t *node = yaml_document_get_node(m->document, mapping);
    const char *wrong = NULL;

    if (node->type != YAML_MAPPING_NODE || m->done[mapping])
        return NULL;
    if (depth > DEPTH_MAX) {
        *m->at = node->start_mark;
        return "<<: mappings merge themselves, or too many each other";
    }
    for (size_t i = 0; !wrong; i++) {
        yaml_node_pair_t *pair = node->data.mapping.pairs.start + i;
        yaml_node_pair_t *top = node->data.mapping.pairs.top;
        int value;
        if (pair >= top)
            break;
        if (!is_merge_key(m->document, pair))
            continue;
        value = pair->value;
        *m->at = yaml_document_get_node(m->document, pair->key)->start_mark;
        memmove(pair, pair + 1, (size_t)(top - pair - 1) * sizeof *pair);
        node->data.mapping.pairs.top--;
        i--;
        wrong = merge(m, mapping, value, depth);
    }
    m->done[mapping] = true;
    return wrong;
}

const char *config_merge(yaml_document_t *document, yaml_mark_t *at)
{
    size_t n = (size_t)(document->nodes.top - document->nodes.start);
    struct merger m = {document, calloc(n + 1, sizeof *m.done), at};
    const char *wrong = NULL;

    if (!m.done)
        abort();
    for (size_t i = 1; i <= n && !wrong; i++)
        wrong = resolve(&m, (int)i, 0);
    free(m.done);
    return wrong;
}
