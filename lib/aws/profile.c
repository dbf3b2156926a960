#include "profile.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define FILE_LIMIT (1024 * 1024)

static const struct {
    const char *key;
    size_t offset;
} settings[] = {
#define SETTING(name)                                                                              \
    {                                                                                              \
#name, offsetof(struct profile, name)                                                      \
    }
    SETTING(aws_access_key_id),
    SETTING(aws_secret_access_key),
    SETTING(aws_session_token),
    SETTING(role_arn),
    SETTING(web_identity_token_file),
    SETTING(credential_process),
    SETTING(source_profile),
    SETTING(credential_source),
    SETTING(sso_session),
    SETTING(region),
};

/* The text without blanks at both ends, in place. */
static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && strchr(" \t\r", end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t");
}

/* Whether a section's head, without its brackets, is that of this profile. */
static bool is_section_of(const struct profile *p, char *head, bool is_config)
{
    head = trim(head);
    if (is_config && strcmp(head, "default") != 0) {
        if (strncmp(head, "profile", 7) != 0 || !strchr(" \t", head[7]) || !head[7])
            return false;
        head = trim(head + 7);
    }
    return !strcmp(head, p->name);
}

static void set(struct profile *p, char *line, struct arena *a)
{
    char *equals = strchr(line, '=');

    if (!equals)
        return;
    *equals = '\0';
    line = trim(line);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (!strcmp(settings[i].key, line))
            *(const char **)(void *)((char *)p + settings[i].offset) =
                arena_strdup(a, trim(equals + 1));
}

void profile_parse(struct profile *p, const char *text, bool is_config, struct arena *a)
{
    char *rest = arena_strdup(a, text), *line;
    bool ours = false;

    while ((line = strsep(&rest, "\n"))) {
        char *start = trim(line), *bracket;
        if (*start == '#' || *start == ';')
            continue;
        if (*start == '[') {
            bracket = strchr(start, ']');
            if (bracket)
                *bracket = '\0';
            ours = is_section_of(p, start + 1, is_config);
            p->found = p->found || ours;
        } else if (ours && start == line) /* an indented line belongs to a nested setting */
            set(p, start, a);
    }
}

static int read_file(struct profile *p, const char *variable, const char *name, bool is_config,
                     struct arena *a, struct err *e)
{
    const char *path = getenv(variable), *home = getenv("HOME");
    bool named = path && *path;
    struct buf text = {0};
    int rc = 0;

    if (!named) {
        if (!home || !*home)
            return 0;
        path = arena_printf(a, "%s/.aws/%s", home, name);
    }
    if (buf_read_file(&text, path, FILE_LIMIT) == 0)
        profile_parse(p, buf_text(&text), is_config, a);
    else if (errno != ENOENT && errno != ENOTDIR && (errno != EACCES || named))
        /* somebody else's home, as HOME may be under a service manager, has none for us */
        rc = err_system(e, errno, "cannot read %s", path);
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_free(&text);
    return rc;
}

int profile_read(struct profile *p, struct arena *a, struct err *e)
{
    const char *name = getenv("AWS_PROFILE");

    *p = (struct profile){.name = name && *name ? name : "default", .named = name && *name};
    if (read_file(p, "AWS_CONFIG_FILE", "config", true, a, e) < 0)
        return -1;
    return read_file(p, "AWS_SHARED_CREDENTIALS_FILE", "credentials", false, a, e);
}
