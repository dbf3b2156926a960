"""AWS that is slow, throttles, breaks off or refuses: what was routed stays, and the next look mends the rest."""

import threading

import pytest

from stack import Stack, ecs_only, poll, running

pytestmark = ecs_only

OUTAGES = {
    "throttled": ("throttle", {}),
    "internal-errors": ("internal", {}),
    "unavailable": ("unavailable", {}),
    "html-with-200": ("html", {}),
    "empty-answers": ("empty", {}),
    "resets": ("reset_after", {}),
    "truncated": ("truncated", {"bytes": 30}),
    "hangs": ("hang", {}),
    "access-denied": ("access_denied", {}),
    "expired-credentials": ("expired_token", {}),
}


class Traffic:
    """Requests to an environment, one after the other, until told to end; every status is kept."""

    def __init__(self, stack, subdomain):
        self.stack, self.subdomain, self.statuses, self.over = stack, subdomain, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            self.statuses.append(self.stack.env(self.subdomain, "/env").status)
            self.over.wait(0.005)

    def end(self):
        self.over.set()
        self.thread.join()
        assert self.statuses and set(self.statuses) == {200}, set(self.statuses)


@pytest.fixture(scope="module")
def shared():
    """One stack for all outages: after each it must be as before."""
    with running(Stack()) as s:
        s.launch("steady", "web")
        yield s


def failed(stack):
    """How often a sync has failed, as the log has it."""
    return stack.log_path.read_text().count("sync failed: ")


@pytest.mark.parametrize("outage", OUTAGES)
def test_outage(shared, outage):
    s, (kind, detail) = shared, OUTAGES[outage]
    before = failed(s)
    traffic = Traffic(s, "steady")
    s.aws.fault("ecs.*", kind, **detail)
    try:
        # a launch makes sync look at once
        r = s.api("POST", "/api/launch", form={"subdomain": "during", "branch": "b", "taskdef": "demo"}, timeout=90)
        assert r.status == 500 and "failed to launch during: demo: ECS " in r.json()["result"], r
        poll(lambda: failed(s) > before, 60, "a sync fails")
        assert [t["last_status"] for t in s.tasks("steady")] == ["RUNNING"]
        assert s.api("GET", "/").status == 200
    finally:
        s.aws.clear_faults()
        try:
            poll(lambda: s.api("POST", "/api/launch", timeout=90, form={
                "subdomain": "after", "branch": "b", "taskdef": "demo"}).status == 200, 30, "a launch works")
            s.wait_ready("after", seconds=60)  # sync pauses up to 30 s between failures
            s.terminate("after")
        finally:
            traffic.end()
    assert "sync works again" in s.log_path.read_text()


def test_credentials_that_are_not_there(new_stack):
    """The stack is up all the same; its log says what is missing, and a launch too."""
    s = new_stack(start=False, env={
        "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "HOME": "/nonexistent"})
    s.url = poll(s._ready, 60, "it is up without a look at the tasks")
    assert "tasks could not be looked at yet" in s.log_path.read_text()
    assert "sync failed: ECS ListTasks: no AWS credentials" in s.log_path.read_text()
    r = s.api("POST", "/api/launch", form={"subdomain": "none", "branch": "b", "taskdef": "demo"})
    assert r.status == 500 and "no AWS credentials" in r.json()["result"], r
    assert s.get("health.example.net").status == 503


@pytest.mark.parametrize("change, words", [
    ({"cluster": "no-such-cluster"}, "sync failed: ECS ListTasks: ClusterNotFoundException"),
    ({"region": "eu-west-1"}, "sync failed: ECS ListTasks: InvalidSignatureException: Credential should be scoped"),
])
def test_a_wrong_place(new_stack, change, words):
    s = new_stack(start=False, change=lambda c: c["ecs"].update(change))
    s.url = poll(s._ready, 60, "it is up without a look at the tasks")
    poll(lambda: words in s.log_path.read_text(), 20, words)
    poll(lambda: words[13:] in s.api("GET", "/").text, 20, "the page says so too")
    s.aws.reset_violations()
