#include "view_purge.h"

#include <stdlib.h>
#include <string.h>

#include "view.h"
#include "view_time.h"

const char *view_purge_duration(struct arena *a, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *one;
        const char *many;
    } units[] = {{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const int64_t count = seconds / units[i].seconds;

        if (seconds % units[i].seconds == 0)
            return arena_printf(a, "%lld %s", (long long)count,
                                count == 1 ? units[i].one : units[i].many);
    }
    return arena_printf(a, "%lld seconds", (long long)seconds);
}

static json_t *decision_view(const char *subdomain, bool stop, const char *reason,
                             const char *result)
{
    return json_pack("{s:o,s:b,s:o,s:o,s:b}", "subdomain", view_text(subdomain), "stop", stop,
                     "reason", view_text(reason), "result", view_text(result), "failed",
                     *result && strcmp(result, "ok") != 0);
}

json_t *view_purge_preview(const struct purge_decision *decisions, size_t n)
{
    json_t *list = json_array();

    for (int stop = 1; stop >= 0; stop--)
        for (size_t i = 0; i < n; i++)
            if (decisions[i].stop == (stop == 1))
                json_array_append_new(list, decision_view(decisions[i].subdomain, stop == 1,
                                                          decisions[i].reason, ""));
    return list;
}

json_t *view_purge_decided(const struct purge_decided *decisions, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, decision_view(decisions[i].subdomain, decisions[i].stop,
                                                  decisions[i].reason, decisions[i].result));
    return list;
}

/* "main, staging"; "" for none. */
static const char *join(struct arena *a, const char *const *items, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = arena_printf(a, "%s%s%s", text, i > 0 ? ", " : "", items[i]);
    return text;
}

static const char *state_of(const struct purge_past *run)
{
    if (run->finished_at == 0)
        return run->started_at == 0 ? "waiting" : "running";
    return *run->error ? "failed" : "done";
}

json_t *view_purge_past(struct arena *a, const struct purge_past *run)
{
    struct purge_input rules = {0};
    struct err ignored;
    json_t *view = json_object();

    json_object_set_new(view, "id", json_integer(run->id));
    json_object_set_new(view, "state", json_string(state_of(run)));
    json_object_set_new(view, "finished", json_boolean(run->finished_at != 0));
    json_object_set_new(view, "requested_at", view_time(run->requested_at));
    json_object_set_new(view, "requested_by", view_text(run->requested_by));
    json_object_set_new(view, "error", view_text(run->error));
    json_object_set_new(view, "stopped", json_integer(run->stopped));
    json_object_set_new(view, "kept", json_integer(run->kept));
    json_object_set_new(view, "failed", run->failed > 0 ? json_integer(run->failed) : json_null());
    if (purge_input_from_json(run->request, a, &rules, &ignored) < 0)
        return view;
    json_object_set_new(view, "duration",
                        view_text(!rules.duration
                                      ? ""
                                      : view_purge_duration(a, strtoll(rules.duration, NULL, 10))));
    json_object_set_new(view, "excludes", view_text(join(a, rules.excludes, rules.n_excludes)));
    json_object_set_new(view, "exclude_tags",
                        view_text(join(a, rules.exclude_tags, rules.n_exclude_tags)));
    json_object_set_new(view, "exclude_regexp", view_text(rules.exclude_regexp));
    json_object_set_new(view, "sleep",
                        json_boolean(rules.action && !strcmp(rules.action, "sleep")));
    return view;
}
