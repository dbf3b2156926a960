"""GET /api/list and POST /api/terminate."""

import base64
import re
import threading

import pytest

from stack import poll

KEYS = {"id", "short_id", "subdomain", "branch", "taskdef", "ipaddress", "created", "last_status",
        "port_map", "env", "tags"}


def test_empty_list(new_stack):
    s = new_stack()
    r = s.api("GET", "/api/list")
    assert r.body.strip() in (b'{"result":[]}', b'{"result": []}'), r


def test_a_task(stack, name):
    stack.launch(name, "web", branch="feature/x", nick="joe")
    (task,) = stack.tasks(name)
    assert KEYS <= set(task)
    assert task["id"].endswith("/" + task["short_id"]) and task["id"].startswith("arn:")
    assert task["branch"] == "feature/x" and task["last_status"] == "RUNNING"
    assert re.fullmatch(r"web:\d+", task["taskdef"])
    assert task["ipaddress"] == stack.task(name)[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", task["created"])
    assert task["port_map"] and all(isinstance(p, int) for p in task["port_map"].values())
    assert task["env"]["SUBDOMAIN"] == base64.b64encode(name.encode()).decode()
    assert task["env"]["GIT_BRANCH"] == "feature/x" and task["env"]["NICK"] == "joe"
    tags = {t["Key"]: t["Value"] for t in task["tags"]}
    assert tags["ManagedBy"] == "mirage-ecs"
    assert tags["Subdomain"] == base64.urlsafe_b64encode(name.encode()).decode()
    assert tags["branch"] == "feature/x" and tags["nick"] == "joe"


def test_sorted_by_subdomain(stack):
    names = ["sort-c", "sort-a", "sort-b"]
    for n in names:
        stack.launch(n, "demo", wait=False)
    for n in names:
        stack.wait_ready(n)
    listed = [t["subdomain"] for t in stack.list()]
    assert listed == sorted(listed) and set(names) <= set(listed)
    for n in names:
        stack.terminate(n)


def test_status(stack, name):
    stack.launch(name, "demo")
    (task,) = stack.tasks(name)
    assert not stack.tasks(name, "stopped") and len(stack.tasks(name, "all")) == 1
    stack.terminate(name)
    poll(lambda: stack.tasks(name, "stopped"), 5, "the task is in the list of the stopped")
    assert not stack.tasks(name, "running")
    assert [t["id"] for t in stack.tasks(name, "all")] == [task["id"]]


@pytest.mark.parametrize("which", ["id", "short_id"])
def test_terminate_by_id(stack, name, which):
    stack.launch(name, "demo")
    (task,) = stack.tasks(name)
    r = stack.api("POST", "/api/terminate", form={"id": task[which]})
    assert (r.status, r.json()) == (200, {"result": "ok"})
    poll(lambda: not stack.tasks(name), 5, "it is terminated")


def test_terminate_by_json(stack, name):
    stack.launch(name, "demo")
    r = stack.api("POST", "/api/terminate", json_body={"subdomain": name})
    assert (r.status, r.json()) == (200, {"result": "ok"})
    poll(lambda: not stack.tasks(name), 5, "it is terminated")


def test_id_wins(stack, name):
    other = name + "2"
    stack.launch(name, "demo")
    stack.launch(other, "demo")
    (task,) = stack.tasks(name)
    r = stack.api("POST", "/api/terminate", form={"id": task["short_id"], "subdomain": other})
    assert r.status == 200
    poll(lambda: not stack.tasks(name), 5, "it is terminated")
    assert stack.tasks(other)
    stack.terminate(other)


def test_id_of_one_of_two_tasks(stack, name):
    stack.launch(name, ["web", "web2"])
    first, second = stack.tasks(name)
    assert stack.api("POST", "/api/terminate", form={"id": first["id"]}).status == 200
    poll(lambda: [t["id"] for t in stack.tasks(name)] == [second["id"]], 5, "one is left")
    poll(lambda: stack.env(name, "/env").status == 200, 1, "it answers")


def test_terminating_one_of_two_drops_no_request(stack, name):
    """The route goes first, and only then the task."""
    stack.launch(name, ["web", "web2"])
    first = stack.tasks(name)[0]
    answered = set()
    poll(lambda: answered.add(stack.answering(name)) or len(answered) == 2, 15,
         "both have answered")
    terminate = threading.Thread(
        target=stack.api, args=("POST", "/api/terminate"), kwargs={"form": {"id": first["id"]}})
    terminate.start()
    answers = [stack.env(name, "/env").status for _ in range(200)]
    terminate.join()
    poll(lambda: len(stack.tasks(name)) == 1, 5, "one is left")
    answers += [stack.env(name, "/env").status for _ in range(100)]
    assert set(answers) == {200}, f"{len([a for a in answers if a != 200])} of {len(answers)}"


def test_nothing_runs_there(stack):
    stack.terminate("nobody-here")


def test_neither_id_nor_subdomain(stack):
    for fields in ({}, {"id": "", "subdomain": ""}):
        r = stack.api("POST", "/api/terminate", form=fields)
        assert (r.status, r.json()) == (400, {"result": "parameter required: id or subdomain"})


def test_processes_are_gone(stack, name):
    stack.launch(name, "web")
    pid = stack.env(name, "/echo").json()["pid"]
    stack.terminate(name)
    poll(lambda: pid not in stack.pids(), 5, "the task's process is gone")


def test_a_task_that_ignores_sigterm_ends_too(stack, name):
    stack.launch(name, "stubborn")
    pid = stack.env(name, "/echo").json()["pid"]
    stack.terminate(name)
    poll(lambda: stack.env(name, "/").status == 404, 5, "its route is gone")
    poll(lambda: pid not in stack.pids(), 40, "the task's process is gone")


def test_the_log_says_who_asked_for_what(stack, name):
    stack.launch(name, "demo")
    (task,) = stack.tasks(name)
    for field, value in (("id", task["short_id"]), ("subdomain", name), ("subdomain", "x\ny")):
        assert stack.api("POST", "/api/terminate", form={field: value}).status == 200
    lines = stack.log_path.read_text().splitlines()
    for words in (f"launched {name} (demo)", f"terminated task {task['short_id']}", f"terminated {name}", r"terminated x\x0ay"):
        assert any(f"{words}, asked by 127.0.0.1" in line for line in lines), words


def test_nobody_pushes_his_address_out_of_the_log(stack, name):
    """What a proxy in front appends to X-Forwarded-For is at its end."""
    r = stack.api("POST", "/api/terminate", form={"subdomain": name}, headers=[("X-Forwarded-For", "1.2.3.4, " * 100 + "x")])
    assert r.status == 200, r
    (line,) = [line for line in stack.log_path.read_text().splitlines() if f"terminated {name}, asked by " in line]
    assert line.endswith(", 127.0.0.1") or line.endswith(f", {stack.address}"), line
