"""A wake that meets another wake, a purge, a crowd, a robot, or a clock that was wrong."""

import contextlib
import json
import random
import threading
import time

from stack import clouds, ecs_only, local_only, poll, short_folder
from test_api_logs_access_purge import grow_old
from test_ecs_launches import running
from test_sleep import (BROWSER, LONG, all_stopped, asked, asleep, fall_asleep, launches, make, objects, sleep, state, visit,
                        wait_awake, wake, what_it_is)
from wire import Truncated

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


@ecs_only
def test_asleep_here_and_terminated_there(new_stack):
    """A copy that has put it to sleep, and one that ends it at once: no ghost of it is written again and again."""
    first = make(new_stack)
    other = short_folder()
    clouds[other] = first.aws
    try:
        second = make(new_stack, folder=other)
        for round_ in range(2):
            first.launch("shop")
            second.wait_ready("shop", seconds=LONG)
            sleep(first, "shop")
            second.terminate("shop")
            poll(lambda: objects(first) == [] and asleep(first) == [], 60, "it has ended here, too")
            puts = first.aws.count("s3.PutObject")
            lists = first.aws.count("s3.ListObjectsV2")
            poll(lambda: first.aws.count("s3.ListObjectsV2") >= lists + 4, 60, "both look twice more")
            assert first.aws.count("s3.PutObject") == puts and objects(first) == [] and asleep(first) == []
            poll(lambda: first.env("shop").status == 404, 60, "it is gone")
    finally:
        del clouds[other]


@ecs_only
def test_a_launch_by_hand_is_not_completed_with_what_slept(new_stack):
    """mirage-api ends between the two RunTasks of a launch with other parameters: none of those that slept is added to it."""
    s = make(new_stack)
    s.launch("shop", ["web", "web2"], nick="joe")
    fall_asleep(s, "shop")
    web2 = s.aws.boto3_client("ecs").describe_task_definition(taskDefinition="web2")["taskDefinition"]
    s.aws.fault("ecs.RunTask", "hang", where={"taskDefinition": web2["taskDefinitionArn"]})

    def launch():
        with contextlib.suppress(OSError, Truncated, AssertionError, ValueError):  # mirage-api ends meanwhile
            s.launch("shop", ["web", "web2"], wait=False, nick="ann")
    thread = threading.Thread(target=launch)
    thread.start()
    poll(lambda: len(running(s)) == 1, LONG, "one was started")
    s.kill_program("mirage-api")
    thread.join()
    s.aws.clear_faults()
    with contextlib.closing(s.database()) as db, db:
        db.execute("UPDATE launch SET at = at - 61000 WHERE state = 'starting'")
    calls, lists = s.aws.count("ecs.RunTask"), s.aws.count("ecs.ListTasks")
    poll(lambda: s.aws.count("ecs.ListTasks") >= lists + 8, 120, "it is looked at for a while")
    assert s.aws.count("ecs.RunTask") == calls and len(running(s)) == 1


@ecs_only
def test_one_that_cannot_look_takes_nothing_away(new_stack):
    """A wake hangs before its launch; another one launches meanwhile; then the first one fails."""
    s = make(new_stack)
    s.launch("shop", nick="joe")
    fall_asleep(s, "shop")
    s.aws.fault("ecs.DescribeTaskDefinition", "slow", seconds=8, count=1)
    calls = s.aws.count("ecs.DescribeTaskDefinition")
    visit(s, "shop")
    poll(lambda: s.aws.count("ecs.DescribeTaskDefinition") > calls, LONG, "the first one looks")
    wake(s, "shop")
    wait_awake(s, "shop")
    poll(lambda: state(s, "shop") == "ready" and len(running(s)) == 1, 60, "one set is ready")
    lists = s.aws.count("ecs.ListTasks")
    poll(lambda: s.aws.count("ecs.ListTasks") >= lists + 2, 60, "it is looked at again")
    assert state(s, "shop") == "ready" and len(running(s)) == 1 and launches(s, "shop") == 2


@ecs_only
def test_sleep_amid_a_wake_is_refused(new_stack):
    s = make(new_stack)
    s.launch("shop")
    fall_asleep(s, "shop")
    s.aws.fault("ecs.RunTask", "slow", seconds=5)
    visit(s, "shop")
    poll(lambda: launches(s, "shop") == 2, LONG, "it is being woken")
    r = s.api("POST", "/api/sleep", form={"subdomain": "shop"})
    assert r.status == 503 and "cannot be put to sleep while it is being woken" in r.text, r
    s.aws.clear_faults()
    wait_awake(s, "shop")


@ecs_only
def test_started_again_amid_a_wake(new_stack):
    """mirage-sync ends before any task was started: its successor goes on at once, not after a minute."""
    s = make(new_stack)
    s.launch("shop", nick="joe")
    fall_asleep(s, "shop")
    s.aws.fault("ecs.RunTask", "hang")
    visit(s, "shop")
    poll(lambda: launches(s, "shop") == 2, LONG, "it is being woken")
    s.kill_program("mirage-sync")
    s.aws.clear_faults()
    began = time.monotonic()
    poll(lambda: answers(s, "shop"), 50, "it is awake")
    assert time.monotonic() - began < 50 and launches(s, "shop") == 2 and len(running(s)) == 1, "by the same launch"
    assert what_it_is(s, "shop")["NICK"] == "joe"


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
    poll(lambda: s.env(names[-1]).header("Mirage-State") == "asleep", LONG, "the proxy knows them")
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
def test_many_by_the_api_at_once(new_stack):
    """limit.awake holds, however many are launched and woken at the same moment."""
    s = make(new_stack, lambda c: c.update(limit={"awake": 2}))
    s.launch("shop")
    fall_asleep(s, "shop")
    names = [f"pr-{i}" for i in range(10)]
    copy_asleep(s, "shop", names)
    answers = []

    def ask(path, **form):
        answers.append(s.api("POST", path, form=form, timeout=60))
    at_once(*[(lambda n=name: ask("/api/wake", subdomain=n),) for name in names],
            *[(lambda n=n: ask("/api/launch", subdomain=f"new-{n}", taskdef="web", branch="x"),) for n in range(4)])
    assert sorted(r.status for r in answers) == [200] * 2 + [503] * 12
    assert all("as many as may be (limit.awake)" in r.text for r in answers if r.status == 503)
    assert first(s, "SELECT count(DISTINCT subdomain) FROM task WHERE desired_status = 'RUNNING'") == 2


@local_only
def test_what_cannot_be_read_keeps_no_other(new_stack):
    """A row of a newer version's, of which a wake was begun: all others are looked at as ever."""
    s = make(new_stack)
    for name in ("bad", "good"):
        s.launch(name)
        fall_asleep(s, name)
    with contextlib.closing(s.database()) as db, db:
        old, at = db.execute("SELECT launch, at FROM asleep WHERE subdomain = 'bad'").fetchone()
        db.execute("UPDATE asleep SET request = '{\"version\":99}' WHERE subdomain = 'bad'")
        db.execute("INSERT INTO launch (subdomain, id, at, asked_by, request, n_wanted, state) VALUES ('bad', ?, ?, 'a visit', '', 1, 'starting')",
                   (moved(old, 1000), int(time.time() * 1000)))
    visit(s, "good")
    poll(lambda: answers(s, "good"), LONG, "the other one wakes")
    s.launch("fresh")
    assert "sync failed" not in s.log_path.read_text()


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
    poll(lambda: visit(s, "shop", []).header("Mirage-State") == "asleep", LONG, "it sleeps")
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
