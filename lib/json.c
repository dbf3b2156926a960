#include "json.h"

#include <stdlib.h>
#include <string.h>

char *json_to_text(const json_t *value, struct arena *a)
{
    char *text = json_dumps(value, JSON_COMPACT), *copy;

    if (!text)
        abort();
    copy = arena_strdup(a, text);
    free(text);
    return copy;
}

const char *json_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

const char *json_text(const json_t *object, const char *key, struct arena *a)
{
    return arena_strdup(a, json_member(object, key));
}

const json_t *json_find(const json_t *list, const char *key, const char *text)
{
    const json_t *object;
    size_t i;

    json_array_foreach (list, i, object) {
        const char *value = json_string_value(json_object_get(object, key));
        if (value && !strcmp(value, text))
            return object;
    }
    return NULL;
}
