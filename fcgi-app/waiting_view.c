#include "waiting_view.h"

#include "view.h"
#include "waiting_text.h"

#define REFRESH_SOON_S  2  /* it is on its way */
#define REFRESH_LATER_S 15 /* somebody has to do something first */

static json_t *steps_view(const struct waiting *w, enum language in, struct arena *a)
{
    json_t *list = json_array();

    for (enum waiting_step step = 0; step < STEP_READY; step++) {
        if (step == STEP_HEALTH && !w->has_health)
            continue;
        json_array_append_new(list, json_pack("{s:o,s:b,s:b}", "name",
                                              view_text(waiting_text_step(step, w->port, in, a)),
                                              "done", step < w->step, "current", step == w->step));
    }
    return list;
}

static void add_cause(json_t *view, const struct waiting *w, enum language in)
{
    if (!w->cause)
        return;
    json_object_set_new(view, "cause", view_text(w->cause->what[in]));
    json_object_set_new(view, "to_do", view_text(w->cause->to_do[in]));
}

/* Only for who may read names and raw reasons. */
static json_t *details_view(const struct waiting_facts *f, const struct waiting *w,
                            enum language in, struct arena *a)
{
    json_t *list = json_array();
    const char *names = "";

    for (size_t i = 0; i < f->n_tasks; i++)
        names = arena_printf(a, "%s%s%s", names, i ? ", " : "", f->tasks[i].taskdef);
    if (*names)
        json_array_append_new(list,
                              json_pack("{s:s,s:o}", "label", waiting_text_label(LABEL_TASKDEF, in),
                                        "text", view_text(names)));
    if (*w->reason)
        json_array_append_new(list,
                              json_pack("{s:s,s:o}", "label", waiting_text_label(LABEL_REASON, in),
                                        "text", view_text(w->reason)));
    return list;
}

/* How long it has taken so far, or slept. */
static void add_elapsed(json_t *view, const struct waiting *w, const struct waiting_visitor *v,
                        struct arena *a)
{
    const int64_t elapsed = v->now > w->since ? v->now - w->since : 0;
    const bool sleeps = w->state == WAITING_ASLEEP;

    if (w->since == 0 || (!sleeps && !waiting_goes_on(w)))
        return;
    json_object_set_new(
        view, "elapsed",
        json_pack("{s:s,s:o,s:I}", "label",
                  waiting_text_label(sleeps ? LABEL_ASLEEP : LABEL_ELAPSED, v->language), "text",
                  view_text(waiting_text_duration(elapsed, v->language, a)), "seconds",
                  (json_int_t)(elapsed / 1000)));
}

json_t *waiting_view(const struct waiting_facts *f, const struct waiting *w,
                     const struct waiting_visitor *v, struct arena *a)
{
    const enum language in = v->language;
    const bool goes_on = waiting_goes_on(w);
    json_t *view =
        json_pack("{s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:b,s:i}", "language", waiting_text_tag(in),
                  "subdomain", view_text(f->subdomain), "nonce", v->nonce, "state",
                  waiting_state_word(w->state), "step", goes_on ? waiting_step_word(w->step) : "",
                  "heading", view_text(waiting_text_heading(w, f->subdomain, in, a)), "message",
                  view_text(waiting_text_message(w, in)), "goes_on", goes_on, "refresh",
                  goes_on || w->again_at > 0 ? REFRESH_SOON_S : REFRESH_LATER_S);

    json_object_set_new(view, "title", view_text(waiting_text_heading(w, v->host, in, a)));
    if (goes_on) {
        json_object_set_new(view, "steps", steps_view(w, in, a));
        json_object_set_new(view, "steps_label", json_string(waiting_text_label(LABEL_STEPS, in)));
        json_object_set_new(view, "done_label", json_string(waiting_text_label(LABEL_DONE, in)));
        if (f->knows_usual)
            json_object_set_new(view, "usual", view_text(waiting_text_usual(&f->usual, in, a)));
    }
    add_elapsed(view, w, v, a);
    add_cause(view, w, in);
    if (v->sees_details) {
        json_t *details = details_view(f, w, in, a);
        json_object_set_new(view, "has_details", json_boolean(json_array_size(details) > 0));
        json_object_set_new(view, "details", details);
    }
    return view;
}

/* Seconds, rounded up; null where nobody knows. */
static json_t *eta_view(const struct waiting_facts *f, const struct waiting *w, int64_t now)
{
    int64_t left = -1;

    if (waiting_goes_on(w) && f->knows_usual && w->since > 0)
        left = start_time_left(&f->usual, now > w->since ? now - w->since : 0);
    return left < 0 ? json_null() : json_integer((left + 999) / 1000);
}

json_t *waiting_json(const struct waiting_facts *f, const struct waiting *w,
                     const struct waiting_visitor *v)
{
    json_t *json = json_pack(
        "{s:s,s:s,s:o,s:o}", "result", "starting", "state", waiting_state_word(w->state), "step",
        waiting_goes_on(w) ? json_string(waiting_step_word(w->step)) : json_null(), "eta_seconds",
        eta_view(f, w, v->now));

    if (json && w->cause) {
        json_object_set_new(json, "cause", json_string(w->cause->key));
        json_object_set_new(json, "message", view_text(w->cause->what[v->language]));
        json_object_set_new(json, "to_do", view_text(w->cause->to_do[v->language]));
    }
    if (json && v->sees_details && *w->reason)
        json_object_set_new(json, "reason", view_text(w->reason));
    return json;
}
