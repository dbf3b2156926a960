/* What pages share: the layout around them, and the page for errors. */
#include "page.h"

#include <string.h>

#include "log.h"

#include "encode.h"
#include "router.h"
#include "view.h"

void page_set_version(json_t *view)
{
    json_object_set_new(view, "version", json_string(MIRAGE_VERSION));
}

int page_send(struct call *c, int status, const char *name, const char *title, json_t *view,
              struct err *e)
{
    const struct templates *templates = c->with->templates;
    struct buf content = {0};
    int rc = -1;

    if (!view) {
        err_set(e, ERR_INTERNAL, "out of memory");
        goto out;
    }
    page_set_version(view);
    if (templates_render(templates, name, view, &content, e) < 0)
        goto out;
    json_object_set_new(view, "title", view_text(title));
    json_object_set_new(view, "content", utf8_json(buf_text(&content), content.len));
    json_object_set_new(view, arena_printf(c->arena, "is_%s", name), json_true());
    respond_page(c->response, status);
    rc = templates_render(templates, "layout", view, &c->response->body, e);
out:
    buf_free(&content);
    json_decref(view);
    return rc;
}

static const char *error_title(int status)
{
    switch (status) {
    case 401:
        return "Not let in";
    case 404:
        return "Not found";
    case 405:
        return "Not possible";
    case 421:
        return "Another host";
    case 503:
        return "Busy";
    default:
        return status < 500 ? "That did not work" : "Something went wrong";
    }
}

void page_error(struct call *c, int status, const char *text)
{
    const char *title = error_title(status);
    struct err e;

    if (page_send(c, status, "error", title,
                  json_pack("{s:i,s:s,s:o}", "status", status, "heading", title, "message",
                            view_text(text)),
                  &e) == 0)
        return;
    log_error("cannot show an error page: %s", e.text);
    respond_page(c->response, status);
    c->response->content_type = "text/plain; charset=UTF-8";
    buf_printf(&c->response->body, "%s\n", title);
}
