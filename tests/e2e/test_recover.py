"""What is lost comes back: a process that ends, where that is asked for; a task that Amazon takes away; once, however
many copies of mirage-ecs see it."""

import contextlib

import pytest

from stack import CLUSTER, ON_ECS, SANITIZED, clouds, ecs_only, poll, short_folder
from test_relaunch import environment

LONG = 60 if SANITIZED or ON_ECS else 20


def recovering(*kinds):
    return lambda c: c.update(launch={"recover": list(kinds), "drain": "1s"})


def trouble(s, name):
    with contextlib.closing(s.database()) as db:
        return db.execute("SELECT trouble FROM environment WHERE subdomain = ?", (name,)).fetchone()[0]


def live(s, name):
    """What runs, and is not about to be stopped: the ids."""
    return [t["id"] for t in s.tasks(name)]


def test_a_crash(new_stack):
    s = new_stack(recovering("crash"))
    s.launch("shop", "web", nick="joe", branch="topic/é#1")
    (before,) = s.tasks("shop")
    assert s.env("shop", "/exit?code=3").text == "bye"
    poll(lambda: live(s, "shop") not in ([], [before["id"]]), LONG, "it is launched again")
    s.wait_ready("shop", seconds=LONG)
    env = s.env("shop", "/env").json()
    assert (env["NICK"], env["GIT_BRANCH"]) == ("joe", "topic/é#1")
    poll(lambda: trouble(s, "shop") == "", LONG, "all is well")


def test_one_of_two(new_stack):
    """The other one goes on until both have come back."""
    s = new_stack(recovering("crash"))
    s.launch("shop", ["web", "web2"], nick="joe")
    before = live(s, "shop")
    s.env("shop", "/exit?code=3")
    poll(lambda: len(live(s, "shop")) == 2 and not set(live(s, "shop")) & set(before), LONG, "there is a new pair, alone")
    assert s.env("shop", "/env").json()["NICK"] == "joe"


@pytest.mark.parametrize("kinds", [("spot", "infrastructure"), ()])
def test_what_is_not_asked_for(new_stack, kinds):
    s = new_stack(recovering(*kinds))
    s.launch("shop", "web")
    s.env("shop", "/exit?code=3")
    poll(lambda: s.tasks("shop", "stopped"), LONG, "it has ended")
    poll(lambda: s.env("shop").status == 404, LONG, "it is gone")
    assert live(s, "shop") == []


def test_a_terminate_is_none(new_stack):
    s = new_stack(recovering("crash", "start", "spot", "infrastructure"))
    s.launch("shop", "web")
    s.terminate("shop")
    poll(lambda: [t["last_status"] for t in s.tasks("shop", "stopped")] == ["STOPPED"], LONG, "it has ended")
    assert live(s, "shop") == [] and trouble(s, "shop") == ""


def test_the_second_pause_is_a_minute(new_stack):
    s = new_stack(recovering("crash"))
    s.launch("shop", "dies", wait=False)
    poll(lambda: len(s.tasks("shop", "stopped")) == 2, LONG, "it was launched again, and died again")
    poll(lambda: "was lost (EssentialContainerExited)" in trouble(s, "shop"), LONG, "it says so")

    def pause():
        """From the newest launch to the next, in milliseconds; what was said before that launch is below zero."""
        with contextlib.closing(s.database()) as db:
            at, newest = db.execute("SELECT recover_at, (SELECT max(at) FROM launch) FROM environment").fetchone()
        return at - newest
    poll(lambda: pause() > 0, LONG, "the next launch has its time")
    assert pause() > 55_000


@ecs_only
def test_what_is_still_stopping(new_stack):
    """Spot gives two minutes; what comes in its place does not wait for its end."""
    s = new_stack(recovering("spot"))
    s.launch("shop", "stubborn")
    (task,) = live(s, "shop")
    s.aws.take_away(task=task)
    poll(lambda: live(s, "shop") not in ([], [task]), LONG, "it is launched again")
    old, new = sorted(s.aws.tasks(), key=lambda t: t["taskArn"] != task)
    assert "stoppedAt" not in old or new["createdAt"] < old["stoppedAt"]


@ecs_only
def test_three_copies_see_two_tasks_taken_away(new_stack, folder):
    first = new_stack(recovering("spot"))
    third = short_folder()
    clouds[folder] = clouds[third] = first.aws
    try:
        copies = [first, new_stack(recovering("spot"), folder=folder), new_stack(recovering("spot"), folder=third)]
        first.launch("shop", ["web", "web2"], nick="joe")
        for s in copies:
            poll(lambda: len(live(s, "shop")) == 2, LONG, "all know it")
        before = live(first, "shop")
        for task in before:
            first.aws.take_away(task=task)
        for s in copies:
            poll(lambda: len(live(s, "shop")) == 2 and not set(live(s, "shop")) & set(before), LONG, "a new pair")
            s.wait_ready("shop", 2, seconds=LONG)
        ecs = first.aws.boto3_client("ecs")
        running = ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
        assert len(running) == 2 and sorted(running) == sorted(live(first, "shop"))
        started = [t for t in first.aws.tasks() if t["taskArn"] not in before]
        assert len(started) == 2, "exactly one new set was ever started"
    finally:
        del clouds[folder], clouds[third]


def meant_to_run(aws):
    """The ARNs of what ECS means to run."""
    return [t["taskArn"] for t in aws.tasks() if t["desiredStatus"] == "RUNNING"]


@ecs_only
@pytest.mark.slow
def test_terminated_while_another_copy_waits(new_stack):
    """It is to come back in a minute, when it is terminated at one copy: the other one does not know, and is put right."""
    first = new_stack(recovering("spot"))
    folder = short_folder()
    clouds[folder] = first.aws
    try:
        second = new_stack(recovering("spot"), folder=folder)
        first.launch("shop", "web", nick="joe")
        for _ in range(2):
            first.wait_ready("shop", seconds=LONG)
            poll(lambda: live(second, "shop") == live(first, "shop") != [], LONG, "both know it")
            (lost,) = live(first, "shop")
            first.aws.take_away(task=lost)
            for s in (first, second):
                poll(lambda: lost not in live(s, "shop"), LONG, "it is gone")
        for s in (first, second):
            poll(lambda: trouble(s, "shop") and not live(s, "shop"), LONG, "it waits")
        first.terminate("shop")
        poll(lambda: len(first.aws.tasks()) == 3, 90, "the other copy launches it again")
        poll(lambda: not meant_to_run(first.aws), 30, "and it is stopped")
        for s in (first, second):
            poll(lambda: not live(s, "shop") and s.env("shop").status == 404, LONG, "it is gone")
    finally:
        del clouds[folder]


@ecs_only
def test_terminated_while_it_is_launched_again(new_stack):
    s = new_stack(recovering("spot"))
    s.launch("shop", "web", nick="joe")
    (task,) = live(s, "shop")
    s.aws.fault("ecs.RunTask", "slow", seconds=4)
    s.aws.take_away(task=task)
    with contextlib.closing(s.database()) as db:
        poll(lambda: db.execute("SELECT count(*) FROM launch WHERE subdomain = 'shop'").fetchone()[0] == 2, LONG, "it has begun")
    s.terminate("shop")
    poll(lambda: len(s.aws.tasks()) == 2, LONG, "the task comes")
    poll(lambda: not meant_to_run(s.aws), LONG, "and is stopped")
    assert environment(s, "shop")["state"] == "ended"
    s.aws.clear_faults()
    s.launch("shop", "web", nick="new")  # what is launched after that is none of it
    assert s.env("shop", "/env").json()["NICK"] == "new"


@ecs_only
def test_what_cannot_be_prepared_is_tried_after_the_pauses(new_stack):
    s = new_stack(recovering("spot"))
    s.launch("shop", "web", nick="joe")
    (task,) = live(s, "shop")
    s.aws.fault("ecs.DescribeTaskDefinition", "error", code="AccessDeniedException", message="no", status=400)
    s.aws.take_away(task=task)
    with contextlib.closing(s.database()) as db:
        def launches():
            return db.execute("SELECT at, state, reason FROM launch WHERE subdomain = 'shop' ORDER BY id").fetchall()

        def pause():
            return db.execute("SELECT recover_at FROM environment WHERE subdomain = 'shop'").fetchone()[0] - launches()[-1][0]
        poll(lambda: len(launches()) == 2, LONG, "it was tried")
        _, state, reason = launches()[1]
        assert state == "failed" and "AccessDenied" in reason
        poll(lambda: pause() > 55_000, LONG, "it is tried again in a minute")
        assert len(launches()) == 2
