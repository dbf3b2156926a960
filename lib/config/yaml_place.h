/* Where in a YAML text a byte stands, as far as it matters for a value that is put there: within
 * quotes, in a comment, in a block of text, or bare. This knows enough of YAML 1.1 for files that
 * people write; where it is wrong, a value is put as it is. */
#ifndef MIRAGE_YAML_PLACE_H
#define MIRAGE_YAML_PLACE_H

#include <stdbool.h>
#include <stddef.h>

enum yaml_where {
    YAML_BEFORE,  /* a scalar may begin here */
    YAML_PLAIN,   /* within a scalar without quotes, or behind one */
    YAML_SINGLE,  /* within '…' */
    YAML_DOUBLE,  /* within "…" */
    YAML_COMMENT, /* behind # */
    YAML_BLOCK,   /* below | or > */
};

/* `struct yaml_place place = {.is_indent = true, .before = '\n'};` is the beginning of a text. */
struct yaml_place {
    enum yaml_where where;
    bool is_auth;     /* below the top level's key `auth` */
    unsigned flow;    /* how many [ and { are open */
    size_t indent;    /* of this line */
    bool is_indent;   /* only blanks stood before in this line */
    bool is_property; /* within an anchor or a tag */
    bool is_header;   /* behind | or >: the block begins with the next line */
    size_t block;     /* lines with more indent than this belong to the block */
    bool is_escaped;  /* the next byte is: behind \ or the first of '' */
    char before;      /* the byte before */
};

/* Goes past the byte at p. */
void yaml_place_pass(struct yaml_place *place, const char *p, const char *end);

/* Comes to a value, and goes past it. */
void yaml_place_reach_value(struct yaml_place *place);
void yaml_place_pass_value(struct yaml_place *place);

/* Whether `value` at this place, before the text at `behind`, is read as a plain scalar that is
 * this text. An empty value is; and so is, though it is none, a list in brackets. */
bool yaml_place_takes(const struct yaml_place *place, const char *value, const char *behind,
                      const char *end) __attribute__((warn_unused_result));

#endif
