/* `/launcher` and `/launch`: the form, and what it sends. When a launch is refused, the form is
 * shown again with everything that was typed. */
#include "page.h"

#include <string.h>
#include <strings.h>

#include "environment.h"
#include "launch_check.h"
#include "store/store_task.h"

#include "deed.h"
#include "encode.h"
#include "launch_again.h"
#include "launch_input.h"
#include "router.h"
#include "view.h"

/* Room for further task definitions beside those that are filled in. */
enum { SPARE_TASKDEFS = 1 };

/* What the form shows. */
struct form {
    const struct params *given;
    bool sent;         /* it was filled in: no defaults */
    const char *again; /* the subdomain whose launch this repeats; NULL: none */
    const char *message;
    struct launch_problem *problems;
    size_t n_problems;
};

/* The first problem of a field; null when it has none. */
static json_t *problem_of(const struct form *form, const char *field)
{
    for (size_t i = 0; i < form->n_problems; i++)
        if (form->problems[i].field && !strcmp(form->problems[i].field, field))
            return view_text(form->problems[i].message);
    return json_null();
}

static void add_option(json_t *list, const char *label, const char *value, bool selected)
{
    json_array_append_new(list, json_pack("{s:o,s:o,s:b}", "label", view_text(label), "value",
                                          view_text(value), "selected", selected));
}

/* Those of the configuration, and the value that it has if that is none of them: the API takes any.
 */
static json_t *options_view(const struct config_parameter *p, const char *value)
{
    json_t *list = json_array();
    bool found = !*value;

    for (size_t i = 0; i < p->n_options; i++) {
        bool selected = !strcmp(p->options[i].value, value);

        found = found || selected;
        add_option(list, p->options[i].label, p->options[i].value, selected);
    }
    if (!found)
        add_option(list, value, value, true);
    return list;
}

/* The name as a part of an HTML id, which has no blanks. */
static json_t *id_view(struct arena *a, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    char *id = arena_strdup(a, name);

    for (char *c = id; *c; c++)
        if (!strchr(plain, *c))
            *c = '-';
    return view_text(id);
}

static json_t *parameter_view(struct arena *a, const struct form *form,
                              const struct config_parameter *p)
{
    const char *value = params_launch(form->given, p->name);
    json_t *view = json_object();

    if (!value)
        value = form->sent || !p->default_value ? "" : p->default_value;
    json_object_set_new(view, "name", view_text(p->name));
    json_object_set_new(view, "id", id_view(a, p->name));
    json_object_set_new(view, "value", view_text(value));
    json_object_set_new(view, "description", view_text(p->description));
    json_object_set_new(view, "rule", view_text(p->rule));
    json_object_set_new(view, "default", view_text(p->default_value));
    json_object_set_new(view, "required", json_boolean(p->required));
    json_object_set_new(view, "has_options", json_boolean(p->n_options > 0));
    json_object_set_new(view, "options", options_view(p, value));
    json_object_set_new(view, "error", problem_of(form, p->name));
    return view;
}

static void add_taskdef(json_t *list, const char *value)
{
    json_array_append_new(list, json_pack("{s:o,s:b}", "value", view_text(value), "first",
                                          json_array_size(list) == 0));
}

static json_t *taskdefs_view(struct call *c, const struct form *form)
{
    const struct config_strings *linked = &c->with->config->link.default_task_definitions;
    const char *preset = c->with->config->ecs.default_task_definition;
    struct params_list given;
    struct err ignored;
    json_t *list = json_array();

    if (params_list(form->given, c->arena, "taskdef", &given, &ignored) < 0)
        given.len = 0;
    for (size_t i = 0; i < given.len; i++)
        if (*given.items[i])
            add_taskdef(list, given.items[i]);
    if (json_array_size(list) == 0 && !form->sent) {
        for (size_t i = 0; i < linked->len; i++)
            add_taskdef(list, linked->items[i]);
        if (linked->len == 0 && preset && *preset)
            add_taskdef(list, preset);
    }
    for (int i = 0; i < SPARE_TASKDEFS || json_array_size(list) == 0; i++)
        add_taskdef(list, "");
    return list;
}

static void add_known(json_t *names, struct arena *a, const char *taskdef)
{
    size_t len = taskdef ? strcspn(taskdef, ":") : 0;

    if (len > 0)
        json_object_set_new(names, arena_strndup(a, taskdef, len), json_true());
}

/* The keys of an object, which it owns, for a template. */
static json_t *names_view(json_t *names)
{
    json_t *list = json_array();
    const char *name;
    json_t *unused;

    json_object_foreach (names, name, unused)
        json_array_append_new(list, json_pack("{s:o}", "value", view_text(name)));
    json_decref(names);
    return list;
}

/* Names to choose from: those of the configuration, and those that were launched lately. */
static json_t *known_taskdefs(struct call *c, const struct task_list *tasks)
{
    const struct config *config = c->with->config;
    json_t *names = json_object();

    for (size_t i = 0; i < config->local_tasks.n_taskdefs; i++)
        add_known(names, c->arena, config->local_tasks.taskdefs[i].name);
    for (size_t i = 0; i < config->link.default_task_definitions.len; i++)
        add_known(names, c->arena, config->link.default_task_definitions.items[i]);
    add_known(names, c->arena, config->ecs.default_task_definition);
    for (size_t i = 0; i < tasks->len; i++)
        add_known(names, c->arena, tasks->items[i].taskdef);
    return names_view(names);
}

/* The subdomains under which a launch would replace something. */
static json_t *running_subdomains(const struct task_list *tasks)
{
    json_t *names = json_object();

    for (size_t i = 0; i < tasks->len; i++)
        if (task_is_live(&tasks->items[i]))
            json_object_set_new(names, tasks->items[i].subdomain, json_true());
    return names_view(names);
}

static bool is_running(const struct task_list *tasks, const char *subdomain)
{
    for (size_t i = 0; subdomain && i < tasks->len; i++)
        if (task_is_live(&tasks->items[i]) && !strcasecmp(tasks->items[i].subdomain, subdomain))
            return true;
    return false;
}

static int send_form(struct call *c, int status, const struct form *form, struct err *e)
{
    const struct config *config = c->with->config;
    struct task_list tasks;
    json_t *parameters, *taskdefs, *view;
    const char *subdomain;

    if (params_text(form->given, "subdomain", &subdomain, e) < 0)
        subdomain = NULL;
    if (store_task_list(c->with->db, TASK_ALL, c->arena, &tasks, e) < 0)
        return -1;
    parameters = json_array();
    for (size_t i = 0; i < config->n_parameters; i++)
        json_array_append_new(parameters, parameter_view(c->arena, form, &config->parameters[i]));
    taskdefs = taskdefs_view(c, form);
    view = json_object();
    json_object_set_new(view, "message", view_text(form->message));
    json_object_set_new(view, "again", view_text(form->again));
    json_object_set_new(view, "running", json_boolean(is_running(&tasks, subdomain)));
    json_object_set_new(view, "stops_first",
                        json_boolean(launch_stops_first(config, json_array_size(taskdefs))));
    json_object_set_new(view, "running_subdomains", running_subdomains(&tasks));
    json_object_set_new(view, "subdomain", view_text(subdomain));
    json_object_set_new(view, "subdomain_error", problem_of(form, "subdomain"));
    json_object_set_new(view, "suffix", view_text(config->host.reverse_proxy_suffix));
    json_object_set_new(view, "taskdefs", taskdefs);
    json_object_set_new(view, "known_taskdefs", known_taskdefs(c, &tasks));
    json_object_set_new(view, "taskdef_error", problem_of(form, "taskdef"));
    json_object_set_new(view, "parameters", parameters);
    return page_send(
        c, status, "launcher",
        form->again ? arena_printf(c->arena, "Launch %s again", form->again) : "Launch", view, e);
}

/* Query parameters prefill the form, so that a link can offer a launch; `again` fills it with
 * what serves under a subdomain, or was launched last, `launch` with one of its launches. */
int page_launcher(struct call *c, struct err *e)
{
    struct form form = {.given = &c->request->params};
    struct params last;
    const char *again, *launch;

    if (params_text(form.given, "again", &again, e) < 0 ||
        params_text(form.given, "launch", &launch, e) < 0)
        return -1;
    if (again && *again) {
        if (launch_again(c, again, launch, &last, e) < 0)
            return -1;
        form = (struct form){.given = &last, .sent = true, .again = again};
    }
    return send_form(c, 200, &form, e);
}

/* The sentence at the top: whatever has no field to stand beside. */
static const char *loose_message(const struct form *form, const struct err *refused)
{
    for (size_t i = 0; i < form->n_problems; i++)
        if (!form->problems[i].field)
            return form->problems[i].message;
    return form->n_problems == 0 ? refused->text : "";
}

int page_launch(struct call *c, struct err *e)
{
    const struct config *config = c->with->config;
    struct form form = {.given = &c->request->params, .sent = true};
    struct launch_input input;
    struct launch_request request;
    struct err refused;

    if (c->request->method == METHOD_GET) { /* the address of a form that was refused */
        respond_redirect(c->response, "/launcher");
        return 0;
    }
    if (launch_input_read(form.given, c->arena, &input, e) < 0)
        return -1;
    if (launch_check(config, &input, c->arena, &request, &refused) < 0) {
        form.n_problems = launch_problems(config, &input, c->arena, &form.problems);
        form.message = loose_message(&form, &refused);
        return send_form(c, 400, &form, e);
    }
    if (deed_launch(c, &request, &refused) == 0) {
        respond_redirect_to(c->response, "/?launched=", escape_url(c->arena, request.subdomain));
        return 0;
    }
    if (refused.kind != ERR_REFUSED && refused.kind != ERR_INVALID) {
        *e = refused;
        return -1;
    }
    form.message = refused.text;
    return send_form(c, respond_status(refused.kind), &form, e);
}
