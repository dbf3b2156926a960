"""Launches of one name by several copies of mirage-ecs, and by one that is killed meanwhile: in the end one set is left."""

import base64
import os
import random
import threading
import time

import pytest

from stack import CLUSTER, TARGET, clouds, ecs_only, poll, short_folder
from test_relaunch import Visitors, environment, nick
from wire import Truncated

pytestmark = ecs_only
KILLS = int(os.environ.get("MIRAGE_KILLS", "6"))
PROGRAMS = ("mirage-api", "mirage-sync", "mirage-proxyd")
ROUNDS = int(os.environ.get("MIRAGE_LAUNCHES", "30"))


def config(c, **launch):
    c.update(launch={"drain": "1s", **launch})


def running(s):
    """What ECS means to run: (launch, ARN) of each task."""
    found = []
    for task in s.aws.tasks():
        if task["desiredStatus"] == "RUNNING" and task["_cluster"] == CLUSTER:
            found.append((next(t["value"] for t in task["tags"] if t["key"] == "MirageLaunch"), task["taskArn"]))
    return found


def launch(s, n, answers):
    try:
        r = s.api("POST", "/api/launch", timeout=60,
                  form={"subdomain": "shop", "branch": "b", "taskdef": ["web", "web2"], "nick": "n" * n})
        answers.append(r.status)
    except (OSError, Truncated):  # it was killed
        answers.append(0)


def status(s):
    try:
        return s.env("shop", "/env").status
    except (OSError, Truncated):  # mirage-proxyd is being started again
        return 0


def is_settled(s):
    """Two tasks of one launch, which each copy knows to be ready and serves."""
    found = running(s)
    return len(found) == 2 and found[0][0] == found[1][0]


@pytest.mark.parametrize("replace", ["gapless", "stop_first"])
def test_many_launches_by_three_copies(new_stack, replace):
    def change(c):
        config(c, replace=replace)
    first = new_stack(change)
    folders = [short_folder(), short_folder()]
    for folder in folders:
        clouds[folder] = first.aws
    try:
        copies = [first] + [new_stack(change, folder=folder) for folder in folders]
        answers = []
        threads = [threading.Thread(target=launch, args=(copies[n % 3], n % 20 + 1, answers)) for n in range(ROUNDS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert answers.count(200) > 0 and set(answers) <= {200, 503}, answers
        begun = time.monotonic()
        newest = max(l for t in first.aws.tasks() for l in [next(x["value"] for x in t["tags"] if x["key"] == "MirageLaunch")])
        poll(lambda: is_settled(first) and running(first)[0][0] == newest, 30, "one set, the newest")
        print(f"after {time.monotonic() - begun:.1f} s")
        for s in copies:
            poll(lambda: sorted(t["id"] for t in s.tasks("shop")) == sorted(arn for _, arn in running(first)), 30, "all know it")
            s.wait_ready("shop", 2, 30)
    finally:
        for folder in folders:
            del clouds[folder]


def test_killed_at_any_step(new_stack):
    """Whatever dies whenever: what is left in the end is one set, and it answers."""
    s = new_stack(config)
    s.launch("shop", ["web", "web2"])
    chance = random.Random(15)
    for kill in range(KILLS):
        answers = []
        thread = threading.Thread(target=launch, args=(s, kill % 20 + 1, answers))
        thread.start()
        time.sleep(chance.uniform(0, 1.2))
        s.kill_program(chance.choice([p for p in PROGRAMS if s.pids(p)]))  # one may wait for its next start
        thread.join()
        poll(lambda: is_settled(s), 60, f"kill {kill}: one set is left ({answers})")
        poll(lambda: status(s) == 200, 60, "it answers")


def broken_image(aws):
    aws.register_task_definition("bad", [{"name": "bad", "image": "bad"}])
    aws.set_image("bad", pull_error="CannotPullContainerError: not found")


def wrong_name(_):
    """There is no such task definition."""


def no_role(aws):
    aws.register_task_definition("bad", [{"name": "bad", "image": "web"}], taskRoleArn=None)


def no_capacity(aws):
    aws.register_task_definition("bad", [{"name": "bad", "image": "web"}])
    aws.fault("ecs.RunTask", "failures", count=1, failures=[{"arn": "x", "reason": "Capacity is unavailable at this time"}])


def port_that_never_opens(aws):
    aws.register_task_definition("bad", [{"name": "bad", "image": "deaf"}], ports=(TARGET,))
    aws.set_image("deaf", command=["sleep", "1000"])


@pytest.mark.parametrize("make_bad, refused, reason", [
    (broken_image, False, "CannotPullContainerError"),
    (wrong_name, True, None),
    (no_role, True, None),
    (no_capacity, True, "Capacity is unavailable"),
    (port_that_never_opens, False, "launch.ready_timeout"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_what_fails_takes_nothing_away(new_stack, make_bad, refused, reason):
    s = new_stack(lambda c: c.update(launch={"drain": "1s", "ready_timeout": "4s", "recover": []}))
    s.launch("shop", "web", nick="one")
    before = [t["id"] for t in s.tasks("shop")]
    s.aws.set_delays(deprovisioning=3)  # longer than from one look to the next, as on ECS
    make_bad(s.aws)
    with Visitors(s, "shop") as visitors:
        r = s.api("POST", "/api/launch", form={"subdomain": "shop", "branch": "b", "taskdef": "bad", "nick": "two"}, timeout=30)
        assert (r.status >= 400) == refused, r
        if reason:
            poll(lambda: reason in ((environment(s, "shop")["replacement"] or {}).get("reason") or ""), 60, "it says why")
            poll(lambda: [t["id"] for t in s.tasks("shop")] == before, 60, "what was started is stopped")
    assert not visitors.failed, visitors.failed[:3]
    assert [t["id"] for t in s.tasks("shop")] == before and nick(s, "shop") == "one"


def tags_of(launch):
    return [{"key": key, "value": value} for key, value in (
        ("ManagedBy", "Mirage"), ("Subdomain", base64.urlsafe_b64encode(b"shop").decode()), ("MirageLaunch", launch))]


@pytest.mark.parametrize("id", ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "not an id"])
def test_a_tag_that_was_edited(new_stack, id):
    """It is older than any launch: what has an id of next year would be the newest until then."""
    s = new_stack(config)
    s.aws.boto3_client("ecs").run_task(cluster=CLUSTER, taskDefinition="web2", tags=tags_of(id), launchType="FARGATE",
                                       networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
    poll(lambda: len(s.tasks("shop")) == 1, 60, "it is in view")
    (edited,) = s.tasks("shop")
    s.launch("shop", "web", nick="new", wait=False)
    poll(lambda: environment(s, "shop")["state"] == "ready", 60, "it is ready")
    poll(lambda: s.env("shop", "/env").json().get("NICK") == "new", 60, "what was launched serves")
    poll(lambda: edited["id"] not in [arn for _, arn in running(s)], 60, "the other one is stopped")


def test_a_stop_that_is_refused(new_stack):
    """The older set is stopped in the end, and nobody is asked for it faster than anything else is looked at."""
    s = new_stack(config)
    s.launch("shop", "web", nick="one")
    fault = s.aws.fault("ecs.StopTask", "error", code="AccessDeniedException", message="no", status=400)
    s.launch("shop", "web", nick="two", wait=False)
    poll(lambda: s.aws.count("ecs.StopTask") >= 3, 90, "it is tried again and again")
    times = s.aws.calls()["ecs.StopTask"]["times"]
    assert min(b - a for a, b in zip(times[1:], times[2:])) > 5, times
    assert nick(s, "shop") == "two" and len(running(s)) == 2
    s.aws.clear_faults(id=fault)
    poll(lambda: len(running(s)) == 1, 60, "it is stopped")
    assert nick(s, "shop") == "two"
