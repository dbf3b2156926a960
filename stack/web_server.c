/* lighttpd listens on a Unix socket. Apache cannot, so it gets a free loopback port. mirage-ecs
 * keeps a socket bound to this port that never listens. So no outgoing connection takes the port
 * while Apache is started again. Apache may still bind it, because both have SO_REUSEADDR.
 *
 * Why not mod_fcgid: it starts mirage-api itself, where mirage-ecs can neither supervise it nor
 * stop it in its turn. And it gives a process one request at a time: a second page would wait for a
 * slow one, or start a second mirage-api, each with eight threads that have nothing to do. */
#include "web_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "socket_address.h"

#define APACHE_MODULES  "/usr/lib/apache2/modules" /* where Debian's apache2-bin has them */
#define APACHE_FILE_MAX ((UINT64_C(1) << 20) + (UINT64_C(64) << 10)) /* a body: up to 1 MiB */

/* What a web server needs; what else is in the environment may be a secret of ours, or of AWS. */
static const char *const variables[] = {
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMP",
    "TMPDIR",
    "MIRAGE_WEB_SOCKET",
    "MIRAGE_WEB_ADDRESS",
    "MIRAGE_WEB_LISTEN",
    "MIRAGE_API_SOCKET",
    "MIRAGE_RUN_DIR",
    "MIRAGE_STATIC_DIR",
    "MIRAGE_OWN_DIR",
    "MIRAGE_APACHE_MODULES",
    NULL,
};

/* A program on the PATH, or where daemons are. NULL when it is nowhere. */
static const char *find_program(struct arena *a, const char *name)
{
    const char *path = getenv("PATH");
    char *all = arena_printf(a, "%s:/usr/local/sbin:/usr/sbin", path ? path : "/usr/bin");
    char *rest = all, *folder;

    while ((folder = strsep(&rest, ":"))) {
        const char *file = arena_printf(a, "%s/%s", folder, name);
        if (*folder && access(file, X_OK) == 0)
            return file;
    }
    return NULL;
}

/* A socket with SO_REUSEADDR, bound as asked. -1 with errno. */
static int bound_socket(const struct socket_address *at)
{
    int fd = socket(at->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, error;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        (at->address.any.sa_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0) &&
        bind(fd, &at->address.any, at->len) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static const char *advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another program has this port: stop it, or name another in web.listen";
    case EACCES:
        return "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
        return "; that is no address of this machine";
    default:
        return "";
    }
}

/* Before anything is started: the web server's own complaint would not say what to change. */
static int check_port(const char *text, struct err *e)
{
    struct socket_address at;
    int fd;

    if (!socket_address_parse(&at, text))
        return err_set(e, ERR_INVALID, "web.listen %s is no ADDRESS:PORT", text);
    fd = bound_socket(&at);
    if (fd < 0)
        return err_set(e, ERR_INVALID, "web.listen: cannot listen on %s: %s%s", text,
                       strerror(errno), advice(errno));
    close(fd);
    return 0;
}

static int hold_port(struct web_server *w, int *port, struct err *e)
{
    struct socket_address at = {.len = sizeof at.address.v4};

    at.address.v4.sin_family = AF_INET;
    at.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w->held = bound_socket(&at);
    if (w->held < 0 || getsockname(w->held, &at.address.any, &at.len) < 0)
        return err_system(e, errno, "cannot find a free port on 127.0.0.1 for apache2");
    *port = socket_address_port(&at);
    return 0;
}

static int prepare_lighttpd(struct web_server *w, struct child *child, struct arena *a,
                            const struct config *config, const char *run, const char *data,
                            struct err *e)
{
    const char **args = arena_array(a, 5, sizeof *args);

    args[0] = find_program(a, "lighttpd");
    if (!args[0])
        return err_set(e, ERR_INVALID,
                       "lighttpd is not installed; install Debian's package lighttpd");
    args[1] = "-D";
    args[2] = "-f";
    args[3] = arena_printf(a, "%s/lighttpd/%s.conf", data, config->web.listen ? "listen" : "stack");
    *child = (struct child){
        .name = "lighttpd", .argv = args, .variables = variables, .stop_signal = SIGINT};
    w->target = arena_printf(a, "unix:%s/web.sock", run);
    setenv("MIRAGE_WEB_SOCKET", arena_printf(a, "%s/web.sock", run), 1);
    return 0;
}

static int prepare_apache(struct web_server *w, struct child *child, struct arena *a,
                          const struct config *config, const char *run, const char *data,
                          struct err *e)
{
    const char **args = arena_array(a, 6, sizeof *args);
    size_t n = 0;
    int port = 0;

    args[n++] = find_program(a, "apache2");
    if (!args[0] || access(APACHE_MODULES "/mod_proxy_fcgi.so", R_OK) < 0)
        return err_set(e, ERR_INVALID,
                       "apache2 is not installed; install Debian's package apache2-bin, or take "
                       "web.server: apache out of the configuration");
    if (hold_port(w, &port, e) < 0)
        return -1;
    args[n++] = "-DFOREGROUND";
    if (config->web.listen)
        args[n++] = "-DMIRAGE_WEB_LISTEN";
    args[n++] = "-f";
    args[n++] = arena_printf(a, "%s/apache/stack.conf", data);
    *child = (struct child){.name = "apache2",
                            .argv = args,
                            .variables = variables,
                            .stop_signal = SIGWINCH,
                            .file_size_max = APACHE_FILE_MAX,
                            .not_as_root = true};
    w->target = arena_printf(a, "127.0.0.1:%d", port);
    setenv("MIRAGE_WEB_ADDRESS", w->target, 1);
    setenv("MIRAGE_APACHE_MODULES", APACHE_MODULES, 1);
    setenv("TMP", run, 1); /* where it puts bodies until they are whole */
    return 0;
}

/* A team's own files for its templates: served below /static/own/ if they are there. */
static const char *own_folder(struct arena *a, const struct config *config)
{
    char *absolute = realpath(config->htmldir, NULL);
    const char *folder = arena_printf(a, "%s/own", absolute ? absolute : "/nonexistent");

    free(absolute);
    return folder;
}

int web_server_prepare(struct web_server *w, struct child *child, struct arena *a,
                       const struct config *config, const char *run, const char *data,
                       struct err *e)
{
    const char *listen = config->web.listen;

    *w = (struct web_server){.held = -1};
    if (child_log_open(&w->log, config->web.server, e) < 0)
        return -1;
    if (listen && check_port(listen, e) < 0)
        return -1;
    if (listen)
        setenv("MIRAGE_WEB_LISTEN", listen, 1);
    setenv("MIRAGE_API_SOCKET", arena_printf(a, "%s/api.sock", run), 1);
    setenv("MIRAGE_RUN_DIR", run, 1);
    setenv("MIRAGE_STATIC_DIR", arena_printf(a, "%s/html/static", data), 1);
    setenv("MIRAGE_OWN_DIR", own_folder(a, config), 1);
    if ((!strcmp(config->web.server, "apache")
             ? prepare_apache(w, child, a, config, run, data, e)
             : prepare_lighttpd(w, child, a, config, run, data, e)) < 0)
        return -1;
    child->log = w->log.out;
    return 0;
}

void web_server_end(struct web_server *w)
{
    if (w->held >= 0)
        close(w->held);
    w->held = -1;
    child_log_close(&w->log, clock_monotonic_ms());
}
