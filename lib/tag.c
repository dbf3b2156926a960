#include "tag.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "regex.h"
#include "utf8.h"

static struct regex *character; /* what a tag's text may have; kept until the end */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    struct err e;

    if (regex_compile(&character, "^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]$", &e) < 0)
        abort();
}

json_t *tag_text(const char *text)
{
    struct buf out = {0};
    char one[8];
    json_t *value;
    size_t n;

    pthread_once(&once, prepare);
    for (size_t left = strlen(text); left > 0; text += n, left -= n) {
        n = utf8_character(text, left);
        memcpy(one, text, n ? n : 1);
        one[n] = '\0';
        if (n && regex_match(character, one) == 1)
            buf_add(&out, text, n);
        else
            buf_char(&out, '_');
        n = n ? n : 1;
    }
    value = json_string(buf_text(&out));
    buf_free(&out);
    return value;
}
