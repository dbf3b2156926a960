/* A careless HTTP/1.1 reader, as many servers have one: bare LF ends a line, folded lines are
 * joined, white space hardly matters, chunk sizes are read as far as they go. Written without a
 * look at proxyd's own. Where this one and proxyd's both take a message, they have to take the
 * same; and what proxyd writes has to be read by it as what was meant. */
#ifndef MIRAGE_FUZZ_LENIENT_H
#define MIRAGE_FUZZ_LENIENT_H

#include <ctype.h>
#include <stdbool.h>
#include <strings.h>

#include "fuzz_check.h"

#define LENIENT_FIELDS 300
#define LENIENT_LINE   40000

struct lenient {
    char start[3][LENIENT_LINE]; /* the three parts of the first line */
    struct {
        char name[256];
        char value[LENIENT_LINE / 8];
    } fields[LENIENT_FIELDS];
    size_t n_fields;
    char *body;
    size_t body_len;
    size_t end;    /* of the message in the input */
    bool complete; /* all of it was there */
    bool chunked, has_length;
    int framings; /* fields that say how long it is: with two, readers differ in which one counts */
    int lengths;  /* those of them that are Content-Length */
    bool differ;  /* not all of these say the same */
    unsigned long long length;
};

/* The line at *at without its end, into text. false: there is no whole one. */
static bool lenient_line(const char *in, size_t len, size_t *at, char *text)
{
    const char *lf = memchr(in + *at, '\n', len - *at);
    size_t n = lf ? (size_t)(lf - in) - *at : 0;

    if (!lf || n >= LENIENT_LINE)
        return false;
    memcpy(text, in + *at, n);
    *at += n + 1;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    text[n] = '\0';
    return true;
}

static void lenient_trim(const char *from, char *to, size_t room)
{
    size_t len;

    from += strspn(from, " \t");
    len = strlen(from);
    while (len > 0 && strchr(" \t", from[len - 1]))
        len--;
    if (len >= room)
        len = room - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

static void lenient_start(struct lenient *m, const char *line)
{
    for (int i = 0; i < 3; i++) {
        size_t n;
        line += strspn(line, " \t");
        n = i < 2 ? strcspn(line, " \t") : strlen(line);
        memcpy(m->start[i], line, n);
        m->start[i][n] = '\0';
        line += n;
    }
}

static void lenient_field(struct lenient *m, const char *line)
{
    const char *colon = strchr(line, ':');
    size_t i = m->n_fields;
    char name[LENIENT_LINE];

    if (!colon || i == LENIENT_FIELDS)
        return;
    memcpy(name, line, (size_t)(colon - line));
    name[colon - line] = '\0';
    lenient_trim(name, m->fields[i].name, sizeof m->fields[i].name);
    lenient_trim(colon + 1, m->fields[i].value, sizeof m->fields[i].value);
    m->n_fields++;
    if (!strcasecmp(m->fields[i].name, "transfer-encoding") &&
        strcasestr(m->fields[i].value, "chunked"))
        m->chunked = true;
    if (!strcasecmp(m->fields[i].name, "transfer-encoding"))
        m->framings++;
    if (!strcasecmp(m->fields[i].name, "content-length")) {
        unsigned long long length = strtoull(m->fields[i].value, NULL, 10);
        m->differ = m->differ || (m->has_length && length != m->length);
        m->has_length = true;
        m->framings++;
        m->lengths++;
        m->length = length;
    }
}

/* The head at *at. false: it is not whole. */
static bool lenient_head(struct lenient *m, const char *in, size_t len, size_t *at)
{
    static char line[LENIENT_LINE], next[LENIENT_LINE];

    m->n_fields = m->body_len = m->length = 0;
    m->chunked = m->has_length = m->complete = false;
    m->framings = m->lengths = 0;
    m->differ = false;
    do
        if (!lenient_line(in, len, at, line))
            return false;
    while (!*line);
    lenient_start(m, line);
    *line = '\0';
    for (;;) {
        if (!lenient_line(in, len, at, next))
            return false;
        if (*next == ' ' || *next == '\t') {
            if (strlen(line) + strlen(next) < sizeof line)
                strcat(line, next);
            continue;
        }
        if (*line)
            lenient_field(m, line);
        if (!*next)
            return true;
        strcpy(line, next);
    }
}

static void lenient_add(struct lenient *m, const char *bytes, size_t n)
{
    memcpy(m->body + m->body_len, bytes, n);
    m->body_len += n;
}

/* A chunked body at *at; its trailers are read like a head's lines and forgotten. */
static bool lenient_chunks(struct lenient *m, const char *in, size_t len, size_t *at)
{
    static char line[LENIENT_LINE];

    for (;;) {
        unsigned long long n;
        if (!lenient_line(in, len, at, line))
            return false;
        n = strtoull(line, NULL, 16);
        if (n == 0)
            break;
        if (n > len - *at)
            return false;
        lenient_add(m, in + *at, (size_t)n);
        *at += (size_t)n;
        if (!lenient_line(in, len, at, line))
            return false;
    }
    do
        if (!lenient_line(in, len, at, line))
            return false;
    while (*line);
    return true;
}

/* Reads the message at `at`. bodyless: it has none whatever it says; until_close: without a length
 * it is all that follows. m->body must have room for all of the input. */
static void lenient_read(struct lenient *m, const char *in, size_t len, size_t at, bool bodyless,
                         bool until_close)
{
    m->complete = false;
    if (!lenient_head(m, in, len, &at))
        return;
    m->complete = true;
    if (bodyless) {
    } else if (m->chunked)
        m->complete = lenient_chunks(m, in, len, &at);
    else if (m->has_length && m->length > len - at)
        m->complete = false;
    else if (m->has_length || until_close) {
        size_t n = m->has_length ? (size_t)m->length : len - at;
        lenient_add(m, in + at, n);
        at += n;
    }
    m->end = at;
}

static const char *lenient_value(const struct lenient *m, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < m->n_fields; i++)
        if (!strcasecmp(m->fields[i].name, name)) {
            CHECK(!found || strcasecmp(name, "host")); /* whoever asks for it means the only one */
            found = m->fields[i].value;
        }
    return found;
}

#endif
