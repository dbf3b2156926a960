#include "ecs_tag.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "regex.h"
#include "utf8.h"

#define KEY_CHARACTERS 128

static struct regex *character; /* what a tag's text may have; kept until the end */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    struct err e;

    if (regex_compile(&character, "^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]$", &e) < 0)
        abort();
}

/* ECS keeps it for itself, in any case of its letters. */
static bool is_reserved(const char *text)
{
    return !strncasecmp(text, "aws:", 4);
}

char *ecs_tag_text(const char *text, struct arena *a)
{
    struct buf out = {0};
    char one[8];
    char *copy;
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
    copy = arena_strdup(a, buf_text(&out));
    buf_free(&out);
    if (is_reserved(copy))
        copy[3] = '_';
    return copy;
}

const char *ecs_tag_key_problem(const char *name)
{
    static const char *const ours[] = {"ManagedBy", "Subdomain", "MirageLaunch",
                                       "MirageLaunchTasks"};
    size_t characters = 0;

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!strcmp(name, ours[i]))
            return "is the name of a tag that mirage-ecs sets itself";
    for (const char *p = name; *p; p++)
        characters += ((unsigned char)*p & 0xc0) != 0x80;
    if (characters > KEY_CHARACTERS)
        return "is too long for the key of a tag: ECS takes 128 characters";
    return is_reserved(name) ? "cannot be the key of a tag: ECS keeps what begins with 'aws:'"
                             : NULL;
}
