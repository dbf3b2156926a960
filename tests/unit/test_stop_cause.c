/* Why a task stopped: messages as ECS, its agents and container runtimes write them, and the words
 * for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stop_cause.h"

#define PULL "CannotPullContainerError: "
#define INIT "ResourceInitializationError: "
#define PULLED                                                                                     \
    "pull image manifest has been retried 5 time(s): failed to resolve ref r.example/a:v1: "

static const struct {
    const char *reason, *code, *key;
} cases[] = {
    {"2 environments are awake, as many as may be (limit.awake), and none gives way to shop: each "
     "was used within ten minutes, is starting, or is excluded from sleep",
     "", "limit-awake"},
    {"failed to launch shop: web:3: ECS DescribeTaskDefinition: ClientException: Unable to "
     "describe "
     "task definition.",
     "", "revision-gone"},
    {"failed to launch shop: web:3: its status is INACTIVE: register a revision, or name one that "
     "is "
     "ACTIVE",
     "", "revision-gone"},
    {"visits have woken as many environments in the last hour as they may (wake.limit)", "",
     "limit-wakes"},
    {PULL PULLED "r.example/a:v1: not found", "TaskFailedToStart", "image-not-found"},
    {PULL "Error response from daemon: manifest for r.example/a:v1 not found: manifest unknown",
     "TaskFailedToStart", "image-not-found"},
    {PULL "Error response from daemon: pull access denied for a, repository does not exist or may "
          "require 'docker login': denied: requested access to the resource is denied",
     "TaskFailedToStart", "image-denied"},
    {PULL PULLED "unexpected status from HEAD request to https://r.example/v2/a/manifests/v1: 403 "
                 "Forbidden",
     "TaskFailedToStart", "image-denied"},
    {PULL "Error response from daemon: Get https://r.example/v2/a/manifests/v1: no basic auth "
          "credentials",
     "TaskFailedToStart", "image-denied"},
    {PULL PULLED "failed to do request: Head \"https://r.example/v2/a/manifests/v1\": dial tcp "
                 "192.0.2.1:443: i/o timeout",
     "TaskFailedToStart", "registry-unreachable"},
    {PULL "Error response from daemon: Get https://r.example/v2/: net/http: request canceled while "
          "waiting for connection",
     "TaskFailedToStart", "registry-unreachable"},
    {PULL PULLED "dial tcp: lookup r.example on 192.0.2.2:53: no such host", "TaskFailedToStart",
     "registry-unreachable"},
    {PULL
     "inspect image has been retried 5 time(s): httpReadSeeker: failed open: unexpected status "
     "code https://r.example/v2/a/manifests/v1: 429 Too Many Requests - Server message: "
     "toomanyrequests: You have reached your pull rate limit.",
     "TaskFailedToStart", "pull-limit"},
    {PULL
     "ref pull has been retried 1 time(s): failed to extract layer sha256:0: write /var/lib/x: "
     "no space left on device",
     "TaskFailedToStart", "disk-full"},
    {PULL "image Manifest does not contain descriptor matching platform 'linux/amd64'",
     "TaskFailedToStart", "wrong-platform"},
    {PULL "ref pull has been retried 5 time(s): failed to copy", "TaskFailedToStart", "image"},
    {INIT "unable to pull secrets or registry auth: execution resource retrieval failed: unable to "
          "retrieve secret from asm: service call has been retried 1 time(s): failed to fetch "
          "secret arn:aws:secretsmanager:r:1:secret:a from secrets manager: AccessDeniedException",
     "TaskFailedToStart", "secret-missing"},
    {INIT "unable to pull secrets or registry auth: execution resource retrieval failed: unable to "
          "retrieve secrets from ssm: service call has been retried 1 time(s): Invalid SSM "
          "Parameters: invalid parameters: /a",
     "TaskFailedToStart", "secret-missing"},
    {INIT "unable to pull secrets or registry auth: execution resource retrieval failed: unable to "
          "retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send "
          "request failed",
     "TaskFailedToStart", "registry-credentials"},
    {INIT "failed to download env files: file download command: non empty error stream: "
          "RequestCanceled: request context canceled",
     "TaskFailedToStart", "env-file-missing"},
    {INIT
     "failed to validate logger args: create stream has been retried 1 times: failed to create "
     "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
     "exist.",
     "TaskFailedToStart", "logs-not-writable"},
    {"CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
     "CredentialsEndpointError",
     "TaskFailedToStart", "logs-not-writable"},
    {INIT "failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: "
          "Connection timed out : unsuccessful EFS utils command execution; code: 32",
     "TaskFailedToStart", "volume"},
    {"Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': "
     "InsufficientFreeAddressesInSubnet",
     "TaskFailedToStart", "no-network"},
    {"Timeout waiting for network interface provisioning to complete.", "TaskFailedToStart",
     "no-network"},
    {INIT "failed to configure ENI: failed to setup regular eni: netplugin failed with no error "
          "message: context deadline exceeded: signal: killed",
     "TaskFailedToStart", "no-network"},
    {INIT "something that nobody has seen: access denied", "TaskFailedToStart", "not-set-up"},
    {"OutOfMemoryError: Container killed due to memory usage; app: exit code 137",
     "EssentialContainerExited", "out-of-memory"},
    {"CannotStartContainerError: Error response from daemon: failed to create task for container: "
     "exec: \"serve\": executable file not found in $PATH: unknown",
     "TaskFailedToStart", "command-not-found"},
    {"CannotStartContainerError: Error response from daemon: exec /start.sh: permission denied",
     "TaskFailedToStart", "command-not-executable"},
    {"CannotStartContainerError: exec /start.sh: exec format error", "TaskFailedToStart",
     "wrong-platform"},
    {"CannotCreateContainerError: API error (400): No command specified", "TaskFailedToStart",
     "command-not-found"},
    {"DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
     "TaskFailedToStart", "not-started"},
    {"Essential container in task exited; app: exit code 1", "EssentialContainerExited", "exited"},
    {"Essential container in task exited", "EssentialContainerExited", "exited"},
    {"its process exited with status 3", "EssentialContainerExited", "exited"},
    {"Essential container in task exited; app: exit code 125", "EssentialContainerExited",
     "not-started"},
    {"Essential container in task exited; app: exit code 126", "EssentialContainerExited",
     "command-not-executable"},
    {"Essential container in task exited; app: exit code 127", "EssentialContainerExited",
     "command-not-found"},
    {"Essential container in task exited; app: exit code 137", "EssentialContainerExited",
     "killed"},
    {"Essential container in task exited; app: exit code 139", "EssentialContainerExited",
     "crashed"},
    {"Essential container in task exited; app: exit code 143", "EssentialContainerExited", "ended"},
    {"Your Spot Task was interrupted.", "SpotInterruption", "taken-away"},
    {"ECS is performing maintenance on the underlying infrastructure", "TerminationNotice",
     "maintenance"},
    {"Host EC2 (instance i-0) stopped/terminated.", "EssentialContainerExited", "maintenance"},
    {"Capacity is unavailable at this time. Please try again later or in a different availability "
     "zone",
     "", "no-capacity"},
    {"RESOURCE:MEMORY", "", "no-capacity"},
    {"You've reached the limit on the number of vCPUs you can run concurrently", "", "quota"},
    {"Task failed container health checks", "EssentialContainerExited", "unhealthy"},
    {"its health check failed", "", "unhealthy"},
    {"it was not ready within 30m (launch.ready_timeout)", "", "timed-out"},
    {"", "", "unknown"},
    {"Something new", "SomethingNew", "unknown"},
};

static void every_message_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct stop_cause *c = stop_cause_of(cases[i].reason, cases[i].code);
        if (strcmp(c->key, cases[i].key) != 0)
            fail_msg("%s, not %s: %s", c->key, cases[i].key, cases[i].reason);
        for (int l = 0; l < LANGUAGES; l++)
            assert_true(c->what[l] && *c->what[l] && c->to_do[l] && *c->to_do[l]);
    }
}

/* Each of the table is met by a message above. */
static void every_cause_is_met(void **state)
{
    const char *met[sizeof cases / sizeof cases[0]];
    size_t n = 0, k;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (k = 0; k < n && strcmp(met[k], cases[i].key) != 0; k++)
            continue;
        if (k == n)
            met[n++] = cases[i].key;
    }
    assert_int_equal(n, STOP_CAUSES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_its_words),
        cmocka_unit_test(every_cause_is_met),
    };

    return cmocka_run_group_tests_name("stop_cause", tests, NULL, NULL);
}
