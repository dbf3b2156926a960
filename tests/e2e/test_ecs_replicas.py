"""Two stacks on one cluster, as behind a load balancer: what one of them launches, the other one stops."""

import pytest

from stack import CLUSTER, clouds, ecs_only, poll

pytestmark = ecs_only


@pytest.fixture
def two(new_stack, folder):
    first = new_stack()
    clouds[folder] = first.aws
    yield first, new_stack(folder=folder)
    del clouds[folder]


def launch(s, subdomain, branch):
    r = s.api("POST", "/api/launch", form={"subdomain": subdomain, "branch": branch, "taskdef": "web"})
    assert r.status == 200, r


def running(s, subdomain):
    """What ECS itself says of the environment: the branches of the tasks that are meant to run."""
    tasks = s.list("all")
    ecs = s.aws.boto3_client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
    return sorted(t["branch"] for t in tasks if t["id"] in arns and t["subdomain"] == subdomain)


def test_a_launch_elsewhere_ends_what_ran(two):
    first, second = two
    launch(first, "again", "one")
    launch(second, "again", "two")
    for s in two:
        poll(lambda: [t["branch"] for t in s.tasks("again")] == ["two"], 30, "it knows of the second launch alone")
        assert running(s, "again") == ["two"]
        s.wait_ready("again")


@pytest.mark.parametrize("by", ["subdomain", "id"])
def test_a_termination_elsewhere_ends_what_was_launched_just_now(two, by):
    first, second = two
    launch(first, "gone", "one")
    (task,) = first.tasks("gone")
    r = second.api("POST", "/api/terminate", form={"id": task["short_id"]} if by == "id" else {"subdomain": "gone"})
    assert (r.status, r.json()) == (200, {"result": "ok"}), r
    poll(lambda: not first.tasks("gone"), 30, "the first sees that it was stopped")
    assert running(first, "gone") == []


def test_the_pages_do_the_same(two):
    first, second = two
    launch(first, "page", "one")
    r = second.api("POST", "/launch", form={"subdomain": "page", "branch": "two", "taskdef": "web"})
    assert r.status == 303, r
    poll(lambda: [t["branch"] for t in first.tasks("page")] == ["two"], 30, "the second launch alone")
    r = first.api("POST", "/terminate", form={"subdomain": "page"})
    assert r.status == 303, r
    poll(lambda: not second.tasks("page"), 30, "the second sees that it was stopped")


def test_the_page_after_a_launch_comes_from_the_other_one(two):
    first, second = two
    r = first.api("POST", "/launch", form={"subdomain": "watched", "branch": "one", "taskdef": "web"})
    assert r.header("Location").endswith("/?launched=watched"), r
    assert "Launching <strong>watched</strong>" in second.api("GET", "/?launched=watched").text


def test_the_question_before_a_termination_comes_from_the_other_one(two):
    first, second = two
    launch(first, "asked", "one")
    assert "Terminate asked?" in second.api("GET", "/terminate?subdomain=asked").text


def test_what_is_not_known_while_ecs_does_not_answer(two):
    """Nobody is told that something was stopped which may run on."""
    first, second = two
    launch(second, "known", "b")
    first.aws.fault("ecs.ListTasks", "access_denied")
    launch(first, "unseen", "b")
    for form in ({"subdomain": "unseen"}, {"id": "0" * 32}):
        r = second.api("POST", "/api/terminate", form=form, timeout=20)
        assert r.status == 503 and r.header("Retry-After"), r
        assert "what runs cannot be looked at now: ECS ListTasks: AccessDenied" in r.json()["result"], r
    r = second.api("POST", "/api/terminate", form={"subdomain": "known"}, timeout=20)
    assert (r.status, r.json()) == (200, {"result": "ok"}), r
    first.aws.clear_faults()
    poll(lambda: second.api("POST", "/api/terminate", form={"id": "0" * 32}, timeout=20).status == 400, 60,
         "sync has looked again: there is none")
    assert second.api("POST", "/api/terminate", form={"subdomain": "unseen"}, timeout=20).status == 200
    poll(lambda: not first.tasks("unseen"), 30, "and it is stopped")
