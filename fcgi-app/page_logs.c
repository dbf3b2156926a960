/* `/logs/:subdomain`: what the tasks of a subdomain wrote, as a page or as a file. */
#include "page.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"

#include "encode.h"
#include "environment_url.h"
#include "router.h"
#include "task_logs.h"
#include "view.h"
#include "view_time.h"

enum { DEFAULT_TAIL = 500 };

/* What was asked for, each as text. */
struct logs_input {
    const char *subdomain;
    const char *since; /* RFC 3339, or "" */
    const char *tail;
    bool download;
};

static bool looks_like(const char *text, const char *shape)
{
    for (; *shape; text++, shape++)
        if (*shape == '0' ? !strchr("0123456789", *text) || !*text : *text != *shape)
            return false;
    return !*text;
}

/* A browser's field for a moment knows no time zone: what it sends is taken for UTC, as shown. */
static const char *complete_since(struct arena *a, const char *text)
{
    if (!text)
        return "";
    if (looks_like(text, "0000-00-00T00:00"))
        return arena_printf(a, "%s:00Z", text);
    if (looks_like(text, "0000-00-00T00:00:00") || looks_like(text, "0000-00-00T00:00:00.000"))
        return arena_printf(a, "%sZ", text);
    return text;
}

static int read_input(struct call *c, struct logs_input *in, struct err *e)
{
    const struct params *params = &c->request->params;
    const char *since;
    const char *download;

    *in = (struct logs_input){.subdomain = c->rest};
    if (params_text(params, "since", &since, e) < 0 ||
        params_text(params, "tail", &in->tail, e) < 0 ||
        params_text(params, "download", &download, e) < 0)
        return -1;
    in->since = complete_since(c->arena, since);
    if (!in->tail || !*in->tail)
        in->tail = arena_printf(c->arena, "%d", DEFAULT_TAIL);
    in->download = download;
    return 0;
}

/* Without what a terminal takes for a colour or the like: ESC [, parameters, a letter
 * (ECMA-48, 5.4).
 */
static const char *plain(struct arena *a, const char *text)
{
    char *copy;
    char *to;

    if (!strchr(text, '\033'))
        return text;
    copy = to = arena_strdup(a, text);
    while (*text) {
        if (text[0] != '\033' || text[1] != '[') {
            *to++ = *text++;
            continue;
        }
        text += 2;
        text += strspn(text, "0123456789:;<=>?");
        text += strspn(text, " !\"#$%&'()*+,-./");
        if (*text >= '@' && *text <= '~')
            text++;
    }
    *to = '\0';
    return copy;
}

static json_t *lines_view(struct arena *a, const struct log_lines *lines)
{
    json_t *list = json_array();

    for (size_t i = 0; i < lines->len; i++)
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:o}", "time", view_time(lines->items[i].time_ms),
                                        "container", view_text(lines->items[i].container), "text",
                                        view_text(plain(a, lines->items[i].text))));
    return list;
}

static json_t *notes_view(const struct log_lines *lines)
{
    json_t *list = json_array();

    for (size_t i = 0; i < lines->n_notes; i++)
        json_array_append_new(list, json_pack("{s:o}", "note", view_text(lines->notes[i])));
    return list;
}

/* The sizes to choose from, and the one that was asked for. */
static json_t *tails_view(const char *tail)
{
    static const char *const sizes[] = {"100", "500", "2000", "10000", "all"};
    json_t *list = json_array();
    bool found = false;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        bool selected = !strcmp(sizes[i], tail);

        found = found || selected;
        json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "value", sizes[i], "label", sizes[i],
                                              "selected", selected));
    }
    if (!found)
        json_array_insert_new(list, 0,
                              json_pack("{s:o,s:o,s:b}", "value", view_text(tail), "label",
                                        view_text(tail), "selected", true));
    return list;
}

static int send_page(struct call *c, const struct logs_input *in, const struct log_lines *lines,
                     struct err *e)
{
    const char *url = arena_printf(c->arena, "/logs/%s", escape_url(c->arena, in->subdomain));
    char *picked = arena_strdup(c->arena, in->since);
    json_t *view = json_object();
    size_t len = strlen(picked);

    if (len > 0 && picked[len - 1] == 'Z')
        picked[len - 1] = '\0';
    json_object_set_new(view, "subdomain", view_text(in->subdomain));
    json_object_set_new(view, "url", environment_url(c, in->subdomain));
    json_object_set_new(view, "logs_url", view_text(url));
    json_object_set_new(
        view, "download_url",
        view_text(arena_printf(c->arena, "%s?download=1&tail=%s&since=%s", url,
                               escape_url(c->arena, in->tail), escape_url(c->arena, in->since))));
    json_object_set_new(view, "since", view_text(in->since));
    json_object_set_new(view, "since_picked", view_text(picked));
    json_object_set_new(view, "tail", view_text(in->tail));
    json_object_set_new(view, "tails", tails_view(in->tail));
    json_object_set_new(view, "lines", lines_view(c->arena, lines));
    json_object_set_new(view, "has_lines", json_boolean(lines->len > 0));
    json_object_set_new(view, "notes", notes_view(lines));
    return page_send(c, 200, "logs", arena_printf(c->arena, "Logs of %s", in->subdomain), view, e);
}

static void send_file(struct call *c, const struct logs_input *in, const struct log_lines *lines)
{
    char time[CLOCK_TEXT_SIZE];

    respond_download(c->response, in->subdomain, ".log");
    for (size_t i = 0; i < lines->len; i++)
        buf_printf(&c->response->body, "%s %s %s\n", clock_rfc3339(lines->items[i].time_ms, time),
                   lines->items[i].container, lines->items[i].text);
    for (size_t i = 0; i < lines->n_notes; i++)
        buf_printf(&c->response->body, "# %s\n", lines->notes[i]);
}

int page_logs(struct call *c, struct err *e)
{
    struct logs_input in;
    struct log_lines lines;

    if (read_input(c, &in, e) < 0 ||
        task_logs(c, in.subdomain, in.since, in.tail, DEFAULT_TAIL, &lines, e) < 0)
        return -1;
    if (!in.download)
        return send_page(c, &in, &lines, e);
    send_file(c, &in, &lines);
    return 0;
}
