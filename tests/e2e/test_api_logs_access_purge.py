"""GET /api/logs, GET /api/access, POST /api/purge."""

import contextlib
import datetime
import json
import time
from urllib.parse import urlencode

import pytest

from stack import LISTING, ask_task, local_only, poll, zeros_in_cloudwatch
from test_proxy_upgrade import websocket


def logs(stack, subdomain, **query):
    r = stack.api("GET", "/api/logs?" + urlencode({"subdomain": subdomain, **query}))
    assert r.status == 200, r
    return r.json()["result"]


def say(stack, subdomain, *lines, **flags):
    for line in lines:
        query = urlencode({"line": line, **flags})
        assert stack.env(subdomain, "/print?" + query).status == 200
    poll(lambda: lines[-1] in "\n".join(logs(stack, subdomain)), 5, "the line is in the logs")


def another_millisecond():
    """Log lines are stamped with milliseconds."""
    now = time.time()
    poll(lambda: time.time() > now + 0.002, 1, "the clock goes on")


# --- logs ---------------------------------------------------------------------------------------


def test_lines_oldest_first(stack, name):
    stack.launch(name)
    say(stack, name, "one", "two", "three")
    said = [word for line in logs(stack, name) for word in ("one", "two", "three") if word in line]
    assert said == ["one", "two", "three"]


def test_standard_error_too(stack, name):
    stack.launch(name)
    say(stack, name, "a complaint", err="1")


def test_two_tasks_merged_by_time(stack, name):
    stack.launch(name, ["web", "web2"])
    for i, address in enumerate(stack.task_addresses(name) * 3):
        ask_task(address, f"/print?line=turn-{i}-end")
        poll(lambda: f"turn-{i}-end" in "\n".join(logs(stack, name)), 5, "the line is there")
        another_millisecond()
    turns = [line[line.index("turn-"):] for line in logs(stack, name) if "turn-" in line]
    assert turns == [f"turn-{i}-end" for i in range(6)]


def test_tail(stack, name):
    stack.launch(name)
    say(stack, name, *[f"line-{i}-end" for i in range(5)])
    lines = logs(stack, name, tail="2")
    assert len(lines) == 2 and "line-3-end" in lines[0] and "line-4-end" in lines[1]
    assert len(logs(stack, name, tail="all")) >= 5


def test_since(stack, name):
    stack.launch(name)
    say(stack, name, "old-line")
    another_millisecond()
    now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    say(stack, name, "new-line")
    text = "\n".join(logs(stack, name, since=now))
    assert "new-line" in text and "old-line" not in text
    assert logs(stack, name, since="2100-01-01T00:00:00+09:00") == []


def test_hostile_output(stack, name):
    stack.launch(name)
    say(stack, name, '<b>"\\\t\x01\x1b[31mred', "plain-end")
    assert any('<b>"\\' in line for line in logs(stack, name))


@pytest.mark.parametrize("query, start", [
    ("", "parameter required: subdomain"),
    ("subdomain=", "parameter required: subdomain"),
    ("subdomain=abc&since=yesterday", "cannot parse since: "),
    ("subdomain=abc&since=2026-13-01T00:00:00Z", "cannot parse since: "),
    ("subdomain=abc&tail=many", "cannot parse tail: "),
    ("subdomain=abc&tail=1.5", "cannot parse tail: "),
])
def test_bad_log_queries(stack, query, start):
    r = stack.api("GET", "/api/logs?" + query)
    assert r.status == 400 and r.json()["result"].startswith(start), r


def test_last_words_of_a_task_that_died(stack, name):
    stack.launch(name, "dies", wait=False)
    poll(lambda: stack.tasks(name, "stopped"), 5, "the task is seen as stopped")
    assert any("last words" in line for line in logs(stack, name))


@local_only
def test_a_command_that_is_not_there(stack, name):
    stack.launch(name, "missing", wait=False)
    poll(lambda: stack.tasks(name, "stopped"), 5, "the task is seen as stopped")
    said = "cannot run /nonexistent/program: No such file or directory"
    assert [line.endswith(said) for line in logs(stack, name)] == [True]
    with contextlib.closing(stack.database()) as db:
        assert db.execute("SELECT stopped_reason FROM task WHERE subdomain = ?", (name,)).fetchone() == (said,)


# --- access -------------------------------------------------------------------------------------


def access(stack, subdomain, **query):
    more = "".join(f"&{k}={v}" for k, v in query.items())
    r = stack.api("GET", f"/api/access?subdomain={subdomain}{more}")
    assert r.status == 200 and r.json()["result"] == "ok", r
    return r.json()


def test_requests_are_counted(stack, name):
    stack.launch(name, wait=False)
    poll(lambda: [t["last_status"] for t in stack.tasks(name)] == ["RUNNING"], 10, "it runs")
    asked = 1  # requests met by the page that says that it starts count too
    while (status := stack.env(name, "/echo").status) != 200:
        asked += status == 503
    for _ in range(7):
        stack.env(name, "/echo")
    with stack.connect() as c:
        websocket(c, f"{name}.localhost")
    poll(lambda: access(stack, name)["sum"] >= asked + 8, 5, "all are counted")
    assert access(stack, name) == {"result": "ok", "duration": 86400, "sum": asked + 8, "ignored": 0}


def test_nobody_came(stack):
    assert access(stack, "nobody") == {"result": "ok", "duration": 86400, "sum": 0, "ignored": 0}


def test_duration(stack):
    assert access(stack, "nobody", duration=300)["duration"] == 300


@pytest.mark.parametrize("duration", ["x", "", "1.5"])
def test_nonsense_means_a_day(stack, duration):
    assert access(stack, "nobody", duration=duration)["duration"] == 86400


def test_access_without_subdomain(stack):
    r = stack.api("GET", "/api/access")
    assert (r.status, r.json()) == (400, {"result": "parameter required: subdomain"})


# --- purge --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields, message", [
    ({"duration": "x"}, "invalid duration x"),
    ({"duration": "299"}, "invalid duration 299 (at least 300)"),
    ({"duration": "-1"}, "invalid duration -1 (at least 300)"),
    ({"duration": "300", "exclude_tags": "nocolon"}, "invalid exclude_tags format nocolon"),
])
def test_bad_purge(stack, fields, message):
    for kind in ("form", "json_body"):
        body = dict(fields)
        if kind == "json_body" and "exclude_tags" in body:
            body["exclude_tags"] = [body["exclude_tags"]]
        r = stack.api("POST", "/api/purge", **{kind: body})
        assert (r.status, r.json()) == (400, {"result": message}), r


def test_purge_without_duration(stack):
    assert stack.api("POST", "/api/purge", form={}).status == 400


def test_purge_with_a_bad_regexp(stack):
    r = stack.api("POST", "/api/purge", form={"duration": "300", "exclude_regexp": "("})
    assert r.status == 400, r


@pytest.mark.parametrize("body", [
    {"duration": 86400}, {"duration": "86400"},
    {"duration": 300, "excludes": ["a", "b"], "exclude_tags": ["branch:preview"],
     "exclude_regexp": "^x"},
], ids=str)
def test_purge_is_accepted_and_keeps_the_young(stack, web, body):
    def answer():
        r = stack.api("POST", "/api/purge", json_body=body)
        return r if r.status != 400 else None  # one purge at a time
    r = poll(answer, 10, "an earlier purge ends")
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    assert stack.tasks(web)


def test_purge_by_form(stack, web):
    def answer():
        r = stack.api("POST", "/api/purge", form=[
            ("duration", "86400"), ("excludes", "a"), ("excludes", "b"),
            ("exclude_tags", "a:b:c")])
        return r if r.status != 400 else None
    r = poll(answer, 10, "an earlier purge ends")
    assert (r.status, r.json()) == (200, {"result": "accepted"})
    assert stack.tasks(web)


def grow_old(stack, subdomain, seconds):
    """Makes the task, and what the database knows, as if it had been launched so long ago."""
    task = stack.tasks(subdomain)[0]
    if stack.aws:
        zeros_in_cloudwatch(stack.aws, subdomain, seconds)
        stack.aws.change_task(task["id"], startedAt=stack.aws.task(task["id"])["startedAt"] - seconds)
    else:
        status = stack.state / "local" / task["short_id"] / "status.json"
        value = json.loads(status.read_text())
        value["started_at"] -= seconds * 1000
        status.write_text(json.dumps(value))
    with contextlib.closing(stack.database()) as db:
        db.execute("UPDATE sync SET made_at = made_at - ?", (seconds * 1000,))
    poll(lambda: stack.tasks(subdomain)[0]["created"] != task["created"], 10 + 2 * LISTING,
         "it is seen as old")


def forget_others(stack, subdomain):
    """No access is known but those to this one. Counts are written all at once: when one is there that
    was made after all others, the others are there too."""
    def count():
        return stack.api("GET", f"/api/access?subdomain={subdomain}&duration=600").json()["sum"]
    before = count()
    assert stack.env(subdomain, "/env").status == 200
    poll(lambda: count() > before, 5, "the access is counted")
    with contextlib.closing(stack.database()) as db:
        db.execute("DELETE FROM access WHERE subdomain <> ?", (subdomain,))


def decision(stack, subdomain):
    """The last purge's decision about it, once there is one: (stop, reason, result)."""
    def ended():
        with contextlib.closing(stack.database()) as db:
            return db.execute(
                "SELECT stop, reason, result FROM purge_decision WHERE subdomain = ? AND run ="
                " (SELECT max(id) FROM purge_run WHERE finished_at > 0)"
                " AND NOT EXISTS (SELECT 1 FROM purge_run WHERE finished_at = 0)",
                (subdomain,)).fetchone()
    return poll(ended, 10, "the purge ends")


def test_purge_stops_what_nobody_used_and_keeps_what_somebody_did(new_stack):
    s = new_stack()
    s.launch("idle-one")
    s.launch("used-one")
    s.launch("kept-one")
    for subdomain in ("idle-one", "used-one", "kept-one"):
        grow_old(s, subdomain, 1000)
    assert s.get("used-one.localhost", "/env").status == 200
    forget_others(s, "used-one")
    assert s.api("POST", "/api/purge", form={"duration": "600", "excludes": "kept-one"}).status == 200
    assert decision(s, "idle-one") == (1, "not accessed within the duration", "ok")
    stop, reason, result = decision(s, "used-one")
    assert (stop, result) == (0, "") and reason.endswith(" accesses within the duration"), reason
    assert decision(s, "kept-one") == (0, "excluded by name", "")
    assert not s.tasks("idle-one")
    assert s.tasks("used-one") and s.tasks("kept-one")


@local_only
def test_purge_keeps_what_is_older_than_the_database(new_stack):
    s = new_stack()
    s.launch("old-one")
    s.launch("other-one")
    grow_old(s, "old-one", 1000)
    forget_others(s, "other-one")
    with contextlib.closing(s.database()) as db:
        db.execute("UPDATE sync SET made_at = made_at + 1000000")
    assert s.api("POST", "/api/purge", form={"duration": "600"}).status == 200
    assert decision(s, "old-one") == (
        0, "how often it was used is not known: the database is younger", "")
    assert s.tasks("old-one")
