/* The command line and the environment variables: each run of program_start() in a process of its
 * own, with what it says and the status that it gives. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX          8

static char folder[PATH_MAX - 64], good[PATH_MAX], broken[PATH_MAX];

static int write_file(const char *path, const char *text)
{
    struct buf b = {0};
    int rc;

    buf_str(&b, text);
    rc = buf_write_file(&b, path);
    buf_free(&b);
    return rc;
}

static int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-options.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(good, sizeof good, "%s/good.yaml", folder);
    snprintf(broken, sizeof broken, "%s/broken.yaml", folder);
    return write_file(good, "ecs:\n  cluster: from-the-file\nunknown: 1\n") < 0
               ? -1
               : write_file(broken, "host:\n  webapi: [a]\n");
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(good);
    unlink(broken);
    return rmdir(folder);
}

/* --- one run ---------------------------------------------------------------------------------- */

struct run {
    int status; /* what program_start() gave; PROGRAM_GOES_ON: 99 */
    char out[16384], err[16384];
};

#define GOES_ON 99

static int fetch_nothing(const char *url, struct buf *text, struct err *e)
{
    (void)text;
    return err_set(e, ERR_REFUSED, "%s: nothing is there", url);
}

static const struct config_source source = {.fetch = fetch_nothing};

/* Prints what the options have become, when the program goes on. */
static void print_options(const struct program *p, const char *file, const char *flag)
{
    static const char *const formats[] = {"text", "json"};
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct options *o = &p->options;

    printf("conf=%s domain=%s port=%ld local=%d compat=%d format=%s level=%s state=%s webapi=%s "
           "file=%s flag=%s\n",
           o->conf ? "given" : "none", o->domain ? o->domain : "none", o->default_port, o->local,
           o->compat_v1, formats[o->log_format], levels[o->log_level], o->state,
           p->config->host.webapi, file, flag);
}

static void in_the_child(const char *const *variables, const char *const *arguments, size_t n)
{
    const char *file = "unset", *flag = "unset";
    const struct option_extra extras[] = {
        {.name = "file", .argument = "PATH", .help = "an option of its own", .value = &file},
        {.name = "flag", .is_flag = true, .help = "a flag of its own", .value = &flag},
        {0},
    };
    struct program p = {
        .name = "test-program", .summary = "Does nothing.", .extras = extras, .source = &source};
    char *argv[MAX + 2] = {(char[]){"test-program"}};
    int rc;

    for (size_t i = 0; i < n; i++)
        argv[i + 1] = strdup(arguments[i]);
    for (size_t i = 0; variables && variables[i]; i += 2)
        setenv(variables[i], variables[i + 1], 1);
    rc = program_start(&p, (int)n + 1, argv);
    if (rc == PROGRAM_GOES_ON) {
        print_options(&p, file, flag);
        program_end(&p);
        rc = p.config ? 98 : GOES_ON;
    } else if (p.config)
        rc = 97; /* it should be gone */
    for (size_t i = 0; i < n; i++)
        free(argv[i + 1]);
    fflush(stdout);
    _exit(rc);
}

static void read_back(FILE *f, char *text, size_t size)
{
    size_t n;

    rewind(f);
    n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    fclose(f);
}

static const struct run *run(const char *const *variables, const char *const *arguments)
{
    static struct run r;
    FILE *out = tmpfile(), *err = tmpfile();
    size_t n = 0;
    int status;
    pid_t pid;

    assert_true(out && err);
    while (arguments[n])
        assert_true(++n <= MAX);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        in_the_child(variables, arguments, n);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    read_back(out, r.out, sizeof r.out);
    read_back(err, r.err, sizeof r.err);
    if (!WIFEXITED(status))
        fail_msg("ended by a signal: %s", r.err);
    r.status = WEXITSTATUS(status);
    return &r;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ARGS   ((const char *const[]){NULL})
#define VARS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* That the program goes on and its options contain this. */
static void goes_on(const char *const *variables, const char *const *arguments,
                    const char *expected)
{
    const struct run *r = run(variables, arguments);

    if (r->status != GOES_ON)
        fail_msg("status %d: %s", r->status, r->err);
    if (!strstr(r->out, expected))
        fail_msg("'%s' is not in: %s", expected, r->out);
}

/* That it ends with 2, and one line that begins with the program's name and contains this. */
static void is_refused(const char *const *variables, const char *const *arguments,
                       const char *expected)
{
    const struct run *r = run(variables, arguments);

    if (r->status != 2)
        fail_msg("%s: status %d", arguments[0] ? arguments[0] : "", r->status);
    assert_string_equal(r->out, "");
    assert_ptr_equal(strstr(r->err, "test-program: "), r->err);
    assert_ptr_equal(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
    if (!strstr(r->err, expected))
        fail_msg("'%s' is not in: %s", expected, r->err);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void defaults(void **state)
{
    (void)state;
    goes_on(NULL, NO_ARGS,
            "conf=none domain=none port=0 local=0 compat=1 format=text level=info "
            "state=/var/lib/mirage-ecs webapi=mirage.local file=unset flag=unset\n");
}

/* Every option in every way that it may be written. */
static void every_option(void **state)
{
    static const struct {
        const char *name, *value, *expected;
    } cases[] = {
        {"domain", ".dev.example.net", " domain=.dev.example.net "},
        {"domain", "dev.example.net", " domain=.dev.example.net "},
        {"default-port", "8000", " port=8000 "},
        {"default-port", "1", " port=1 "},
        {"default-port", "65535", " port=65535 "},
        {"log-format", "json", " format=json "},
        {"log-format", "text", " format=text "},
        {"log-level", "debug", " level=debug "},
        {"log-level", "info", " level=info "},
        {"log-level", "warn", " level=warn "},
        {"log-level", "error", " level=error "},
        {"state", "some/folder", " state=some/folder "},
        {"state", "-odd", " state=-odd "},
        {"file", "x", " file=x "},
        {"file", "", " file= "},
        {"conf", NULL, "conf=given "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *value = cases[i].value ? cases[i].value : good;
        for (int dashes = 1; dashes <= 2; dashes++) {
            char name[64], joined[PATH_MAX + 64];
            snprintf(name, sizeof name, "%s%s", dashes == 2 ? "--" : "-", cases[i].name);
            snprintf(joined, sizeof joined, "%s=%s", name, value);
            goes_on(NULL, ARGS(name, value), cases[i].expected);
            goes_on(NULL, ARGS(joined), cases[i].expected);
        }
    }
}

static void flags(void **state)
{
    (void)state;
    goes_on(NULL, ARGS("-local"), " local=1 ");
    goes_on(NULL, ARGS("-local"), " webapi=mirage.localhost ");
    goes_on(NULL, ARGS("--local"), " local=1 ");
    goes_on(NULL, ARGS("-local=true"), " local=1 ");
    goes_on(NULL, ARGS("-local=1"), " local=1 ");
    goes_on(NULL, ARGS("-local=false"), " local=0 ");
    goes_on(NULL, ARGS("--local=0"), " local=0 ");
    goes_on(NULL, ARGS("-compat-v1=false"), " compat=0 ");
    goes_on(NULL, ARGS("--compat-v1"), " compat=1 ");
    goes_on(NULL, ARGS("-x=false", "-t=false"), "conf=none");
    goes_on(NULL, ARGS("-flag"), " flag=true\n");
    goes_on(NULL, ARGS("-flag=false"), " flag=false\n");
    goes_on(NULL, ARGS("-flag=1"), " flag=true\n"); /* as Go's flags are written */
    goes_on(NULL, ARGS("-flag=F"), " flag=false\n");
    goes_on(NULL, ARGS("-compat-v1=False"), " compat=0 ");
    goes_on(VARS("MIRAGE_COMPAT_V1", "FALSE"), NO_ARGS, " compat=0 ");
    is_refused(NULL, ARGS("-local", "true"), "unknown option 'true'"); /* a flag takes no next */
}

static void last_one_counts(void **state)
{
    (void)state;
    goes_on(NULL, ARGS("-log-level", "warn", "-log-level=debug"), " level=debug ");
    goes_on(NULL, ARGS("-local", "-local=false"), " local=0 ");
    goes_on(NULL, ARGS("-file", "a", "-file", "b"), " file=b ");
}

static const struct {
    const char *argument, *error;
} refused_options[] = {
    {"-unknown", "unknown option '-unknown'; -help lists them"},
    {"--unknown=x", "unknown option '--unknown=x'"},
    {"---local", "unknown option '---local'"},
    {"-", "unknown option '-'"},
    {"--", "unknown option '--'"},
    {"-=x", "unknown option '-=x'"},
    {"", "unknown option ''"},
    {"local", "unknown option 'local'"},
    {"conf=x", "unknown option 'conf=x'"},
    {"-Local", "unknown option '-Local'"},
    {"-loca", "unknown option '-loca'"},
    {"-locally", "unknown option '-locally'"},
    {"-conf", "option -conf needs FILE"},
    {"-conf=", "option -conf: expected FILE, got nothing"},
    {"-state", "option -state needs DIR"},
    {"-state=", "option -state: expected DIR, got nothing"},
    {"-file", "option -file needs PATH"},
    {"-default-port", "option -default-port needs N"},
    {"-default-port=", "option -default-port: expected a port from 1 to 65535, got ''"},
    {"-default-port=0", "expected a port from 1 to 65535, got '0'"},
    {"-default-port=65536", "expected a port from 1 to 65535, got '65536'"},
    {"-default-port=-1", "expected a port from 1 to 65535, got '-1'"},
    {"-default-port=80x", "expected a port from 1 to 65535, got '80x'"},
    {"-default-port=0x50", "expected a port from 1 to 65535, got '0x50'"},
    {"-default-port=http", "expected a port from 1 to 65535, got 'http'"},
    {"-default-port=99999999999999999999", "expected a port from 1 to 65535"},
    {"-local=maybe", "option -local: expected true or false, got 'maybe'"},
    {"-local=", "option -local: expected true or false, got ''"},
    {"-compat-v1=2", "option -compat-v1: expected true or false, got '2'"},
    {"-x=maybe", "option -x: expected true or false, got 'maybe'"},
    {"-log-format=xml", "option -log-format: expected text or json, got 'xml'"},
    {"-log-level=loud", "option -log-level: expected debug, info, warn or error, got 'loud'"},
    {"-log-level=", "option -log-level: expected debug"},
    {"-domain=", "option -domain: expected a domain such as .dev.example.net, got ''"},
    {"-domain=.", "option -domain: expected a domain"},
    {"-domain=a..b", "option -domain: expected a domain"},
    {"-domain=a.", "option -domain: expected a domain"},
    {"-domain=a b", "option -domain: expected a domain"},
    {"-domain=a/b", "option -domain: expected a domain"},
    {"-domain=*.x", "option -domain: expected a domain"},
};

static void refused(void **state)
{
    char longest[400] = "-domain=";

    (void)state;
    for (size_t i = 0; i < COUNT(refused_options); i++)
        is_refused(NULL, ARGS(refused_options[i].argument), refused_options[i].error);
    is_refused(NULL, ARGS("-local", "-t", "extra"), "unknown option 'extra'");
    is_refused(NULL, ARGS("-help", "-unknown"), "unknown option '-unknown'");
    memset(longest + 8, 'a', sizeof longest - 9);
    is_refused(NULL, ARGS(longest), "option -domain: expected a domain");
}

/* "a flag is "true" or "false"", those of one program too. */
static void flags_of_its_own_are_checked(void **state)
{
    (void)state;
    is_refused(NULL, ARGS("-flag=maybe"), "expected true or false, got 'maybe'");
}

static void from_the_environment(void **state)
{
    (void)state;
    goes_on(VARS("MIRAGE_CONF", good), NO_ARGS, "conf=given ");
    goes_on(VARS("MIRAGE_DOMAIN", "dev.example.net"), NO_ARGS, " domain=.dev.example.net ");
    goes_on(VARS("MIRAGE_DEFAULT_PORT", "81"), NO_ARGS, " port=81 ");
    goes_on(VARS("MIRAGE_LOCAL", "true"), NO_ARGS, " local=1 ");
    goes_on(VARS("MIRAGE_COMPAT_V1", "false"), NO_ARGS, " compat=0 ");
    goes_on(VARS("MIRAGE_LOG_FORMAT", "json"), NO_ARGS, " format=json ");
    goes_on(VARS("MIRAGE_LOG_LEVEL", "error"), NO_ARGS, " level=error ");
    goes_on(VARS("MIRAGE_STATE", "here"), NO_ARGS, " state=here ");
    goes_on(VARS("MIRAGE_FILE", "there"), NO_ARGS, " file=there ");
    goes_on(VARS("MIRAGE_FLAG", "true"), NO_ARGS, " flag=true\n");
    goes_on(VARS("MIRAGE_LOG_LEVEL", "", "MIRAGE_LOCAL", "", "MIRAGE_CONF", "", "MIRAGE_FILE", ""),
            NO_ARGS, "conf=none domain=none port=0 local=0 compat=1 format=text level=info");
    goes_on(VARS("MIRAGE_X", "true", "MIRAGE_T", "true", "MIRAGE_HELP", "true", "MIRAGE_V", "1",
                 "MIRAGE_VERSION", "1"),
            NO_ARGS, "conf=none"); /* those are for one run */
}

static void command_line_wins(void **state)
{
    (void)state;
    goes_on(VARS("MIRAGE_LOG_LEVEL", "error", "MIRAGE_STATE", "a", "MIRAGE_FILE", "a"),
            ARGS("-log-level=debug", "-state", "b", "-file=b"), " level=debug state=b ");
    goes_on(VARS("MIRAGE_LOCAL", "true"), ARGS("-local=false"), " local=0 ");
    goes_on(VARS("MIRAGE_COMPAT_V1", "false"), ARGS("-compat-v1"), " compat=1 ");
    goes_on(VARS("MIRAGE_DOMAIN", ".a.example"), ARGS("-domain", ".b.example"),
            " domain=.b.example ");
    goes_on(VARS("MIRAGE_CONF", broken), ARGS("-conf", good), "conf=given ");
}

static void environment_that_is_wrong(void **state)
{
    (void)state;
    is_refused(VARS("MIRAGE_LOG_LEVEL", "loud"), NO_ARGS, "got 'loud'");
    is_refused(VARS("MIRAGE_LOG_LEVEL", "loud"), NO_ARGS, "MIRAGE_LOG_LEVEL");
    is_refused(VARS("MIRAGE_DEFAULT_PORT", "0"), NO_ARGS, "expected a port from 1 to 65535");
    is_refused(VARS("MIRAGE_LOCAL", "maybe"), NO_ARGS, "expected true or false, got 'maybe'");
    is_refused(VARS("MIRAGE_DOMAIN", "a b"), NO_ARGS, "expected a domain");
}

static void version(void **state)
{
    static const char *const ways[] = {"-version", "--version", "-v", "--v"};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        const struct run *r = run(NULL, ARGS(ways[i], "-conf", broken));
        assert_int_equal(r->status, 0);
        assert_string_equal(r->out, "test-program " MIRAGE_VERSION "\n");
        assert_string_equal(r->err, "");
    }
}

static void help(void **state)
{
    static const char *const ways[] = {"-help", "--help", "-h"};
    static const char *const named[] = {"  -conf FILE\n",
                                        "  -domain SUFFIX\n",
                                        "  -default-port N\n",
                                        "  -local\n",
                                        "  -compat-v1\n",
                                        "  -log-format text|json\n",
                                        "  -log-level debug|info|warn|error\n",
                                        "  -state DIR\n",
                                        "  -x\n",
                                        "  -t\n",
                                        "  -version\n",
                                        "  -v\n",
                                        "  -help\n",
                                        "  -file PATH\n",
                                        "an option of its own",
                                        "  -flag\n",
                                        "Does nothing.",
                                        "usage: test-program [options]",
                                        "MIRAGE_CONF"};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        const struct run *r = run(NULL, ARGS(ways[i], "-conf", broken));
        assert_int_equal(r->status, 0);
        assert_string_equal(r->err, "");
        for (size_t k = 0; k < COUNT(named); k++)
            if (!strstr(r->out, named[k]))
                fail_msg("%s is missing in\n%s", named[k], r->out);
    }
}

static void check_alone(void **state)
{
    const struct run *r = run(NULL, ARGS("-t", "-conf", good));

    (void)state;
    assert_int_equal(r->status, 0);
    assert_string_equal(r->out, "");
    assert_non_null(strstr(r->err, "[warn]"));
    assert_non_null(strstr(r->err, "good.yaml:3: unknown: unknown key, ignored\n"));
    r = run(VARS("MIRAGE_STACK_PID", "1"), ARGS("-t", "-conf", good)); /* its parent has said so */
    assert_int_equal(r->status, 0);
    assert_string_equal(r->err, "");
    r = run(NULL, ARGS("-t"));
    assert_int_equal(r->status, 0);
}

static void broken_configuration(void **state)
{
    static const char *const ways[][4] = {
        {"-t", "-conf", broken}, {"-conf", broken}, {"-x", "-conf", broken}};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        const struct run *r = run(NULL, ways[i]);
        assert_int_equal(r->status, 1);
        assert_string_equal(r->out, "");
        assert_non_null(strstr(r->err, "[error]"));
        assert_non_null(strstr(r->err, "broken.yaml:2: host.webapi: expected a host name, got a "
                                       "list\n"));
        assert_ptr_equal(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
    }
    assert_int_equal(run(NULL, ARGS("-conf", "/nonexistent/x.yaml"))->status, 1);
    assert_int_equal(run(NULL, ARGS("-conf", "s3://bucket/x.yaml"))->status, 1);
}

static void errors_in_json(void **state)
{
    const struct run *r = run(NULL, ARGS("-log-format=json", "-conf", broken));

    (void)state;
    assert_int_equal(r->status, 1);
    assert_ptr_equal(strstr(r->err, "{\"time\":\""), r->err);
    assert_non_null(strstr(r->err, "\"level\":\"error\""));
    assert_string_equal(r->err + strlen(r->err) - 3, "\"}\n");
}

static void prints_the_configuration(void **state)
{
    const struct run *r = run(NULL, ARGS("-x", "-conf", good, "-domain", "dev.example.net"));

    (void)state;
    assert_int_equal(r->status, 0);
    assert_non_null(strstr(r->out, "cluster: \"from-the-file\"\n"));
    assert_non_null(strstr(r->out, "webapi: \"mirage.dev.example.net\"\n"));
    assert_non_null(strstr(r->out, "reverse_proxy_suffix: \".dev.example.net\"\n"));
    r = run(NULL, ARGS("-x", "-local"));
    assert_int_equal(r->status, 0);
    assert_non_null(strstr(r->out, "webapi: \"mirage.localhost\"\n"));
    assert_string_equal(r->err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_option),
        cmocka_unit_test(flags),
        cmocka_unit_test(last_one_counts),
        cmocka_unit_test(refused),
        cmocka_unit_test(flags_of_its_own_are_checked),
        cmocka_unit_test(from_the_environment),
        cmocka_unit_test(command_line_wins),
        cmocka_unit_test(environment_that_is_wrong),
        cmocka_unit_test(version),
        cmocka_unit_test(help),
        cmocka_unit_test(check_alone),
        cmocka_unit_test(broken_configuration),
        cmocka_unit_test(errors_in_json),
        cmocka_unit_test(prints_the_configuration),
    };
    extern char **environ;

    for (char **v = environ; *v;) { /* what is set here is not for the tests */
        char name[64];
        size_t len = strcspn(*v, "=");
        if (strncmp(*v, "MIRAGE_", 7) != 0 || len >= sizeof name) {
            v++;
            continue;
        }
        memcpy(name, *v, len);
        name[len] = '\0';
        unsetenv(name);
    }
    return cmocka_run_group_tests_name("options", tests, make_folder, remove_folder);
}
