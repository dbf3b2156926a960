/* Letters as in protocols: ASCII, whatever the locale. */
#ifndef MIRAGE_ASCII_H
#define MIRAGE_ASCII_H

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Turns a text into lower case, in place. Returns it. */
static inline char *ascii_lower_text(char *text)
{
    for (char *p = text; *p; p++)
        *p = ascii_lower(*p);
    return text;
}

#endif
