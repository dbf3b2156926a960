#include "xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <expat.h>

#include "buf.h"

#define DEPTH_MAX 64

struct builder {
    struct arena *arena;
    XML_Parser parser;
    struct xml *root;
    struct xml *path[DEPTH_MAX];
    struct buf text[DEPTH_MAX];
    int depth;
    bool refused;
};

static void refuse(struct builder *b)
{
    b->refused = true;
    XML_StopParser(b->parser, XML_FALSE);
}

static void start(void *ctx, const char *name, const char **attributes)
{
    struct builder *b = ctx;
    struct xml *element = arena_alloc(b->arena, sizeof *element);
    const char *colon = strrchr(name, ':');

    (void)attributes;
    if (b->depth == DEPTH_MAX) {
        refuse(b);
        return;
    }
    element->name = arena_strdup(b->arena, colon ? colon + 1 : name);
    element->text = "";
    STAILQ_INIT(&element->children);
    if (b->depth == 0)
        b->root = element;
    else
        STAILQ_INSERT_TAIL(&b->path[b->depth - 1]->children, element, next);
    b->path[b->depth] = element;
    buf_clear(&b->text[b->depth]);
    b->depth++;
}

static void end(void *ctx, const char *name)
{
    struct builder *b = ctx;
    struct buf *text;

    (void)name;
    b->depth--;
    text = &b->text[b->depth];
    if (STAILQ_EMPTY(&b->path[b->depth]->children) && text->len > 0)
        b->path[b->depth]->text = arena_strndup(b->arena, text->data, text->len);
}

static void characters(void *ctx, const char *bytes, int len)
{
    struct builder *b = ctx;

    if (b->depth > 0)
        buf_add(&b->text[b->depth - 1], bytes, (size_t)len);
}

static void doctype(void *ctx, const char *name, const char *system, const char *public, int subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)subset;
    refuse(ctx);
}

const struct xml *xml_parse(const char *text, size_t len, struct arena *a)
{
    struct builder b = {.arena = a, .parser = XML_ParserCreate(NULL)};
    bool good;

    if (!b.parser || len > INT32_MAX) {
        XML_ParserFree(b.parser);
        return NULL;
    }
    XML_SetUserData(b.parser, &b);
    XML_SetElementHandler(b.parser, start, end);
    XML_SetCharacterDataHandler(b.parser, characters);
    XML_SetStartDoctypeDeclHandler(b.parser, doctype);
    good = XML_Parse(b.parser, text, (int)len, 1) == XML_STATUS_OK && !b.refused;
    XML_ParserFree(b.parser);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        buf_free(&b.text[i]);
    return good ? b.root : NULL;
}

const struct xml *xml_child(const struct xml *parent, const char *name)
{
    const struct xml *child = parent ? STAILQ_FIRST(&parent->children) : NULL;

    while (child && strcmp(child->name, name) != 0)
        child = STAILQ_NEXT(child, next);
    return child;
}

const struct xml *xml_again(const struct xml *element)
{
    const struct xml *next = STAILQ_NEXT(element, next);

    while (next && strcmp(next->name, element->name) != 0)
        next = STAILQ_NEXT(next, next);
    return next;
}

const char *xml_text(const struct xml *parent, const char *name)
{
    const struct xml *child = xml_child(parent, name);

    return child ? child->text : "";
}
