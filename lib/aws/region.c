#include "region.h"

#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "profile.h"

static const char *set_region(struct arena *a)
{
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    struct profile p;
    struct err e;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return arena_strdup(a, value);
    }
    return profile_read(&p, a, &e) == 0 && p.region && *p.region ? p.region : NULL;
}

/* The fourth part of arn:aws:ecs:REGION:… */
static const char *region_of(const char *arn, struct arena *a)
{
    for (int i = 0; arn && i < 3; i++) {
        arn = strchr(arn, ':');
        arn = arn ? arn + 1 : NULL;
    }
    return arn && strchr(arn, ':') ? arena_strndup(a, arn, strcspn(arn, ":")) : NULL;
}

const char *region_near(const char *task_arn, struct arena *a)
{
    const char *region = set_region(a);

    return region ? region : region_of(task_arn, a);
}

const char *region_find(struct arena *a)
{
    const char *region = set_region(a);

    return region ? region : credentials_instance_region(a);
}
