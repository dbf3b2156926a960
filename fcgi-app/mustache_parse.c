/* From text to a tree of nodes, in one pass. A tag that stands alone on its line takes the whole
 * line with it; whether it does is read off the source around it. */
#include "mustache.h"

#include <stdbool.h>
#include <string.h>

#include "arena.h"

#include "mustache_node.h"

enum { SECTION_DEPTH = 64 };

struct open_section {
    struct node *node;
    struct node_list *list; /* that holds the section */
};

struct parser {
    struct mustache *m;
    const char *src;
    const char *end;
    const char *pos;
    const char *counted; /* up to where `line` has counted */
    int line;
    const char *open; /* the delimiters in force */
    size_t open_len;
    const char *close;
    size_t close_len;
    struct node_list *list; /* that the next node ends */
    struct open_section sections[SECTION_DEPTH];
    size_t depth;
    struct err *e;
};

/* One tag as it stands in the source. */
struct tag {
    char sigil; /* 0 for a plain variable */
    const char *start;
    const char *end; /* behind its closing delimiter */
    const char *content;
    size_t content_len; /* trimmed */
    bool standalone;
    const char *line_start; /* when standalone */
    const char *line_end;   /* when standalone: where the next line starts */
    int line;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r';
}

/* `at` never goes back. */
static int line_of(struct parser *p, const char *at)
{
    for (; p->counted < at; p->counted++)
        if (*p->counted == '\n')
            p->line++;
    return p->line;
}

static struct node *add_node(struct parser *p, enum node_type type, int line)
{
    struct node *node = arena_alloc(&p->m->arena, sizeof(*node));

    node->type = type;
    node->line = line;
    STAILQ_INIT(&node->children);
    STAILQ_INSERT_TAIL(p->list, node, next);
    return node;
}

static bool is_line_start(const struct parser *p, const char *at)
{
    return at == p->src || at[-1] == '\n';
}

static void add_text(struct parser *p, const char *from, const char *to)
{
    while (from < to) {
        const char *newline = memchr(from, '\n', (size_t)(to - from));
        const char *stop = newline ? newline + 1 : to;
        struct node *node;

        if (is_line_start(p, from))
            add_node(p, NODE_LINE, 0);
        node = add_node(p, NODE_TEXT, 0);
        node->len = (size_t)(stop - from);
        node->text = arena_strndup(&p->m->arena, from, node->len);
        from = stop;
    }
}

static const char *find(const char *from, const char *end, const char *what, size_t len)
{
    return from <= end ? memmem(from, (size_t)(end - from), what, len) : NULL;
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_space((*text)[*len - 1]))
        --*len;
    while (*len > 0 && is_space(**text)) {
        ++*text;
        --*len;
    }
}

static void check_standalone(const struct parser *p, struct tag *tag)
{
    const char *before = tag->start;
    const char *after = tag->end;

    if (!tag->sigil || !strchr("#^/>!=", tag->sigil))
        return;
    while (before > p->src && is_blank(before[-1]))
        before--;
    while (after < p->end && is_blank(*after))
        after++;
    if (!is_line_start(p, before))
        return;
    if (after < p->end && *after == '\r' && after + 1 < p->end && after[1] == '\n')
        after++;
    if (after < p->end && *after != '\n')
        return;
    tag->standalone = true;
    tag->line_start = before;
    tag->line_end = after < p->end ? after + 1 : after;
}

/* Reads the tag whose opening delimiter is at `start`. */
static int read_tag(struct parser *p, const char *start, struct tag *tag)
{
    const char *at = start + p->open_len;
    const char *stop;
    size_t extra = 0;

    *tag = (struct tag){.start = start, .line = line_of(p, start)};
    while (at < p->end && is_space(*at))
        at++;
    if (at < p->end && strchr("#^/>!=&{", *at) && *at)
        tag->sigil = *at++;
    stop = find(at, p->end, p->close, p->close_len);
    if (tag->sigil == '{' || tag->sigil == '=') {
        const char mark = tag->sigil == '{' ? '}' : '=';

        while (stop && (stop == at || stop[-1] != mark)) {
            /* With "}}" the first "}}" of "}}}" starts one byte early. */
            if (mark == *stop && stop + p->close_len < p->end &&
                !memcmp(stop + 1, p->close, p->close_len)) {
                stop++;
                continue;
            }
            stop = find(stop + 1, p->end, p->close, p->close_len);
        }
        extra = 1;
    }
    if (!stop)
        return err_set(p->e, ERR_INVALID, "%s:%d: the tag is not closed by \"%s%s\"", p->m->name,
                       tag->line, extra == 0 ? "" : (tag->sigil == '{' ? "}" : "="), p->close);
    tag->content = at;
    tag->content_len = (size_t)(stop - at) - extra;
    tag->end = stop + p->close_len;
    trim(&tag->content, &tag->content_len);
    check_standalone(p, tag);
    return 0;
}

static int read_name(struct parser *p, const struct tag *tag, const char **name)
{
    if (tag->content_len == 0)
        return err_set(p->e, ERR_INVALID, "%s:%d: a tag has no name", p->m->name, tag->line);
    *name = arena_strndup(&p->m->arena, tag->content, tag->content_len);
    for (size_t i = 0; i < tag->content_len; i++)
        if (is_space(tag->content[i]))
            return err_set(p->e, ERR_INVALID,
                           "%s:%d: the name \"%s\" has a space in it (templates are Mustache; "
                           "docs/MIGRATING.md translates Go's)",
                           p->m->name, tag->line, *name);
    return 0;
}

static int read_path(struct parser *p, struct node *node)
{
    size_t cap = 0;
    const char *part = node->text;

    if (!strcmp(node->text, "."))
        return 0;
    for (;;) {
        size_t len = strcspn(part, ".");

        if (len == 0)
            return err_set(p->e, ERR_INVALID, "%s:%d: the name \"%s\" has an empty part",
                           p->m->name, node->line, node->text);
        node->path = arena_grow(&p->m->arena, node->path, node->n_path, &cap, sizeof(*node->path));
        node->path[node->n_path++] = arena_strndup(&p->m->arena, part, len);
        if (!part[len])
            return 0;
        part += len + 1;
    }
}

static int add_named(struct parser *p, const struct tag *tag, enum node_type type,
                     struct node **added)
{
    const char *name;
    struct node *node;

    if (read_name(p, tag, &name) < 0)
        return -1;
    node = add_node(p, type, tag->line);
    node->text = name;
    node->len = tag->content_len;
    if (added)
        *added = node;
    return type == NODE_PARTIAL ? 0 : read_path(p, node);
}

static int open_section(struct parser *p, const struct tag *tag)
{
    struct node *node;

    if (p->depth == SECTION_DEPTH)
        return err_set(p->e, ERR_INVALID, "%s:%d: sections are nested more than %d deep",
                       p->m->name, tag->line, SECTION_DEPTH);
    if (add_named(p, tag, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED, &node) < 0)
        return -1;
    p->sections[p->depth++] = (struct open_section){node, p->list};
    p->list = &node->children;
    return 0;
}

static int close_section(struct parser *p, const struct tag *tag)
{
    const char *name;
    const struct node *node;

    if (read_name(p, tag, &name) < 0)
        return -1;
    if (p->depth == 0)
        return err_set(p->e, ERR_INVALID, "%s:%d: section \"%s\" is closed but was not opened",
                       p->m->name, tag->line, name);
    node = p->sections[--p->depth].node;
    if (strcmp(node->text, name) != 0)
        return err_set(p->e, ERR_INVALID,
                       "%s:%d: section \"%s\", opened on line %d, is closed by \"%s\"", p->m->name,
                       tag->line, node->text, node->line, name);
    p->list = p->sections[p->depth].list;
    return 0;
}

static int set_delimiters(struct parser *p, const struct tag *tag)
{
    const char *text = tag->content;
    size_t first = 0;
    size_t second;

    while (first < tag->content_len && !is_space(text[first]))
        first++;
    second = first;
    while (second < tag->content_len && is_space(text[second]))
        second++;
    for (size_t i = 0; i < tag->content_len; i++)
        if (text[i] == '=' || (i > second && is_space(text[i])))
            second = tag->content_len;
    if (second == tag->content_len)
        return err_set(p->e, ERR_INVALID, "%s:%d: two new delimiters, without \"=\", are expected",
                       p->m->name, tag->line);
    p->open = arena_strndup(&p->m->arena, text, first);
    p->open_len = first;
    p->close_len = tag->content_len - second;
    p->close = arena_strndup(&p->m->arena, text + second, p->close_len);
    return 0;
}

static int apply_tag(struct parser *p, const struct tag *tag)
{
    struct node *node;

    switch (tag->sigil) {
    case '!':
        return 0;
    case '=':
        return set_delimiters(p, tag);
    case '#':
    case '^':
        return open_section(p, tag);
    case '/':
        return close_section(p, tag);
    case '>':
        if (add_named(p, tag, NODE_PARTIAL, &node) < 0)
            return -1;
        node->indent = tag->standalone ? arena_strndup(&p->m->arena, tag->line_start,
                                                       (size_t)(tag->start - tag->line_start))
                                       : NULL;
        return 0;
    case '{':
    case '&':
        return add_named(p, tag, NODE_RAW, NULL);
    default:
        return add_named(p, tag, NODE_ESCAPED, NULL);
    }
}

static int parse_all(struct parser *p)
{
    while (p->pos < p->end) {
        const char *start = find(p->pos, p->end, p->open, p->open_len);
        struct tag tag;

        if (!start) {
            add_text(p, p->pos, p->end);
            break;
        }
        if (read_tag(p, start, &tag) < 0)
            return -1;
        add_text(p, p->pos, tag.standalone ? tag.line_start : start);
        if (!tag.standalone && is_line_start(p, start))
            add_node(p, NODE_LINE, 0);
        if (apply_tag(p, &tag) < 0)
            return -1;
        p->pos = tag.standalone ? tag.line_end : tag.end;
    }
    if (p->depth > 0) {
        const struct node *node = p->sections[p->depth - 1].node;

        return err_set(p->e, ERR_INVALID, "%s:%d: section \"%s\" is not closed", p->m->name,
                       node->line, node->text);
    }
    return 0;
}

int mustache_parse(struct mustache **m, const char *name, const char *text, size_t len,
                   struct err *e)
{
    struct arena arena = {0};
    struct parser p = {.e = e, .line = 1, .open = "{{", .open_len = 2, .close = "}}"};
    int rc;

    *m = NULL;
    p.close_len = 2;
    p.m = arena_alloc(&arena, sizeof(*p.m));
    p.m->arena = arena;
    p.m->name = arena_strdup(&p.m->arena, name);
    p.src = p.pos = p.counted = text;
    p.end = text + len;
    p.list = &p.m->nodes;
    STAILQ_INIT(p.list);
    rc = parse_all(&p);
    if (rc < 0)
        mustache_free(p.m);
    else
        *m = p.m;
    return rc;
}

void mustache_free(struct mustache *m)
{
    struct arena arena;

    if (!m)
        return;
    arena = m->arena;
    arena_free(&arena);
}

static int each_partial(const struct node_list *list,
                        int (*each)(void *ctx, const char *partial, int line), void *ctx)
{
    const struct node *node;
    int rc = 0;

    STAILQ_FOREACH (node, list, next) {
        if (rc != 0)
            break;
        if (node->type == NODE_PARTIAL)
            rc = each(ctx, node->text, node->line);
        else
            rc = each_partial(&node->children, each, ctx);
    }
    return rc;
}

int mustache_each_partial(const struct mustache *m,
                          int (*each)(void *ctx, const char *partial, int line), void *ctx)
{
    return each_partial(&m->nodes, each, ctx);
}
