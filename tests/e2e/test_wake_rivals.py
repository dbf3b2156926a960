"""A wake that meets another wake, a purge, a crowd, a robot, or a clock that was wrong."""

import contextlib
import json
import random
import threading
import time

from stack import ecs_only, local_only, poll
from test_api_logs_access_purge import grow_old
from test_sleep import (BROWSER, LONG, all_stopped, asked, asleep, fall_asleep, launches, make, sleep, state, visit,
                        wait_awake, wake, what_it_is)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ROBOT = [*BROWSER, ("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")]


def at_once(*calls):
    """Each is a function and its arguments."""
    threads = [threading.Thread(target=call, args=arguments) for call, *arguments in calls]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def answers(s, name):
    return s.env(name, "/env").status == 200


def test_by_the_api_and_by_visits_at_once(new_stack):
    """Two processes wake it: one launch each time, one task."""
    s = make(new_stack)
    s.launch("shop", nick="joe")
    for round_ in range(5):
        fall_asleep(s, "shop")
        at_once(*[(asked, s, path) for path in ("/api/wake", None, "/api/wake", None)])
        wait_awake(s, "shop")
        assert launches(s, "shop") == round_ + 2 and len(s.tasks("shop")) == 1
    assert what_it_is(s, "shop")["NICK"] == "joe"


@ecs_only
def test_one_that_hangs_delays_no_other(new_stack):
    s = make(new_stack)
    for name, taskdef in (("slow", "web2"), ("quick", "web"), ("third", "web")):
        s.launch(name, taskdef)
        fall_asleep(s, name)
    web2 = s.aws.boto3_client("ecs").describe_task_definition(taskDefinition="web2")["taskDefinition"]
    s.aws.fault("ecs.RunTask", "hang", where={"taskDefinition": web2["taskDefinitionArn"]})
    calls = s.aws.count("ecs.RunTask")
    visit(s, "slow")
    poll(lambda: s.aws.count("ecs.RunTask") > calls, LONG, "the first hangs")
    began = time.monotonic()
    for name in ("quick", "third"):
        visit(s, name)
        poll(lambda: answers(s, name), 12, f"{name} is awake")
    assert time.monotonic() - began < 15, "a call may take 20 s"
    assert not answers(s, "slow")
    s.aws.clear_faults()


def is_settled(s, name):
    """"asleep" without a task, or "awake" with one that answers."""
    tasks = len(s.tasks(name))
    if asleep(s) == [name] and tasks == 0:
        return "asleep"
    return "awake" if asleep(s) == [] and tasks == 1 and answers(s, name) else None


def test_a_purge_meets_a_wake(new_stack):
    """Whoever is first: it ends asleep, or awake once; and is what it was."""
    s = make(new_stack)
    s.launch("shop", nick="joe")
    chance, ends = random.Random(2), set()
    for round_ in range(6):
        if is_settled(s, "shop") == "awake":
            grow_old(s, "shop", 1000)

        def purge():
            r = s.api("POST", "/api/purge", form={"duration": "600", "action": "sleep"})
            assert r.status == 200, r

        def come():
            time.sleep(chance.uniform(0, 0.4))
            for path in (None, "/api/wake", None):
                asked(s, path)
        at_once((purge,), (come,))
        ends.add(poll(lambda: is_settled(s, "shop"), LONG, f"round {round_}: asleep, or awake once"))
        if is_settled(s, "shop") == "asleep":
            wake(s, "shop")
            wait_awake(s, "shop")
    assert "awake" in ends and what_it_is(s, "shop")["NICK"] == "joe"


def copy_asleep(s, name, copies):
    """More environments that sleep, made like this one."""
    with contextlib.closing(s.database()) as db, db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(asleep)")]
        row = dict(zip(columns, db.execute("SELECT * FROM asleep WHERE subdomain = ?", (name,)).fetchone()))
        for copy in copies:
            request = json.dumps({**json.loads(row["request"]), "subdomain": copy})
            values = {**row, "subdomain": copy, "request": request}
            db.execute("INSERT INTO environment (subdomain, launched_at, serving) VALUES (?, ?, ?)", (copy, row["at"], row["launch"]))
            db.execute(f"INSERT INTO asleep VALUES ({', '.join('?' * len(columns))})", [values[c] for c in columns])


def visited(s, names, headers):
    with s.connect() as c:
        for name in names:
            c.request("GET", "/", f"{name}.localhost", headers)
            assert c.response().status == 503, name


def first(s, text):
    with contextlib.closing(s.database()) as db:
        return db.execute(text).fetchone()[0]


@local_only
def test_a_robot_that_knows_all_names(new_stack):
    """One that says what it is wakes none. One that does not wakes as many as wake.limit says."""
    s = make(new_stack, lambda c: c.update(wake={"limit": 3}))
    s.launch("shop")
    fall_asleep(s, "shop")
    names = [f"pr-{i}" for i in range(300)]
    copy_asleep(s, "shop", names)
    poll(lambda: s.env(names[-1]).status == 503, LONG, "the proxy knows them")
    visited(s, names, ROBOT)
    visited(s, ["shop"], BROWSER)
    wait_woken = "SELECT count(*) FROM launch WHERE asked_by = 'a visit'"
    poll(lambda: first(s, wait_woken) == 1, LONG, "a person is heard after the robot")
    assert first(s, "SELECT count(*) FROM asleep WHERE wanted_at + tries + not_before > 0 AND subdomain LIKE 'pr-%'") == 0
    visited(s, names, BROWSER)
    poll(lambda: first(s, "SELECT count(*) FROM asleep WHERE error LIKE '%(wake.limit)'") > 10, LONG, "it is refused")
    poll(lambda: first(s, "SELECT count(*) FROM asleep WHERE wanted_at > 0") == 0, LONG, "all were looked at")
    assert first(s, wait_woken) == 3
    refused = first(s, "SELECT subdomain FROM asleep WHERE error LIKE '%(wake.limit)'")
    r = s.env(refused, headers=[("Accept", "application/json")])
    assert r.json()["cause"] == "limit-wakes" and r.json()["state"] == "failed", r
    assert state(s, refused) == "asleep"
    wake(s, refused)  # a person may
    poll(lambda: answers(s, refused), LONG, "it is awake")


@local_only
def test_limit_awake_on_the_page(new_stack):
    """Where there is no room, the page says so; that is no failure, and the pauses do not grow."""
    s = make(new_stack, lambda c: c.update(limit={"awake": 1}))
    s.launch("shop")
    fall_asleep(s, "shop")
    s.launch("busy")
    visit(s, "shop")
    poll(lambda: first(s, "SELECT error LIKE '%(limit.awake)%' FROM asleep"), LONG, "there is no room")
    assert first(s, "SELECT tries FROM asleep") == 0
    poll(lambda: "No more environments may be awake at once." in s.env("shop", headers=BROWSER).text, LONG, "the page says so")
    poll(lambda: "is launched again by itself" in s.env("shop", headers=BROWSER).text, LONG, "whoever is there is waited for")
    s.terminate("busy")
    poll(lambda: visit(s, "shop").status == 200, 30, "once there is room it is woken")


def moved(id, ms):
    """A ULID of another time."""
    at = 0
    for c in id[:10]:
        at = at * 32 + CROCKFORD.index(c)
    at += ms
    head = ""
    for _ in range(10):
        at, digit = divmod(at, 32)
        head = CROCKFORD[digit] + head
    return head + id[10:]


@local_only
def test_the_clock_was_ahead(new_stack):
    """It was put to sleep, and tried, by a clock that was an hour ahead: it wakes all the same, and sleeps again."""
    hour = 3_600_000
    s = make(new_stack)
    s.launch("shop", nick="joe")
    fall_asleep(s, "shop")
    with contextlib.closing(s.database()) as db, db:
        old, request = db.execute("SELECT launch, request FROM asleep").fetchone()
        new, kept = moved(old, hour), json.loads(request)
        kept.update(launch=new, at=kept["at"] + hour)
        db.execute("UPDATE launch SET id = ?, at = at + ?", (new, hour))
        db.execute("UPDATE task SET launch = ?", (new,))
        db.execute("UPDATE environment SET serving = ?, launched_at = launched_at + ?", (new, hour))
        db.execute("UPDATE asleep SET launch = ?, at = at + ?, request = ?, tried_at = at + ?, not_before = at + ?, tries = 1",
                   (new, hour, json.dumps(kept), hour, hour + 10_000))
    poll(lambda: visit(s, "shop", []).status == 503, LONG, "it sleeps")
    assert asleep(s) == ["shop"] and all_stopped(s, "shop")
    visit(s, "shop")
    wait_awake(s, "shop")
    assert len(s.tasks("shop")) == 1 and what_it_is(s, "shop")["NICK"] == "joe"
    sleep(s, "shop")
    poll(lambda: all_stopped(s, "shop"), LONG, "it stopped")
    wake(s, "shop")
    wait_awake(s, "shop")
    s.terminate("shop")
    poll(lambda: s.env("shop").status == 404, LONG, "it has ended")
    assert s.tasks("shop") == [] and asleep(s) == []
