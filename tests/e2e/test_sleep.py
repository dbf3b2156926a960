"""An environment sleeps, and wakes exactly as it was: by the API, by a visit, on several copies, through S3."""

import contextlib
import json
import random
import threading
import time
from base64 import urlsafe_b64encode
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from stack import CLUSTER, ON_ECS, SANITIZED, clouds, ecs_only, local_only, poll, run, short_folder, zeros_in_cloudwatch
from test_api_logs_access_purge import decision, forget_others, grow_old
from test_ecs_launches import KILLS, PROGRAMS, running, status
from test_ecs_tasks import add
from wire import Truncated

LONG = 60 if SANITIZED or ON_ECS else 20
BROWSER = [("Accept", "text/html,application/xhtml+xml"), ("Sec-Fetch-Mode", "navigate")]
BUCKET = "mirage-state"


def shared(config):
    if ON_ECS:
        config["state"] = {"url": f"s3://{BUCKET}/tests/"}


def make(new_stack, change=None, **more):
    """A stack that keeps what sleeps in S3, where it can."""
    def both(config):
        shared(config)
        if change:
            change(config)
    s = new_stack(both, start=False, **more)
    if ON_ECS:
        s.aws.create_bucket(BUCKET)
    s.url = poll(s._ready, 30, "it is ready")
    return s


def objects(s):
    listed = s.aws.boto3_client("s3").list_objects_v2(Bucket=BUCKET, Prefix="tests/asleep/")
    return [o["Key"].rpartition("/")[2] for o in listed.get("Contents", [])]


def key(name):
    return urlsafe_b64encode(name.encode()).decode() + ".json"


def sleep(s, name):
    r = s.api("POST", "/api/sleep", form={"subdomain": name})
    assert (r.status, r.json()) == (200, {"result": "ok"}), r


def wake(s, name, **more):
    r = s.api("POST", "/api/wake", form={"subdomain": name, **more})
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r


def state(s, name):
    r = s.api("GET", f"/api/environments/{name}")
    return r.json()["result"]["state"] if r.status == 200 else r.status


def asleep(s):
    with contextlib.closing(s.database()) as db:
        return [row[0] for row in db.execute("SELECT subdomain FROM asleep ORDER BY subdomain")]


def launches(s, name):
    with contextlib.closing(s.database()) as db:
        return db.execute("SELECT count(*) FROM launch WHERE subdomain = ?", (name,)).fetchone()[0]


def etag(s, name):
    with contextlib.closing(s.database()) as db:
        return db.execute("SELECT etag FROM asleep WHERE subdomain = ?", (name,)).fetchone()[0]


def visit(s, name, headers=BROWSER):
    return s.env(name, headers=headers)


def wait_awake(s, name):
    poll(lambda: s.env(name, "/env").status == 200, LONG, f"{name} answers")
    poll(lambda: asleep(s) == [], LONG, "it sleeps no longer")


def all_stopped(s, name):
    return not s.tasks(name)


def wait_asleep(s, name):
    """Until its tasks are stopped, and the proxy knows it: so long the old ones may answer a visit, which wakes nothing."""
    poll(lambda: all_stopped(s, name), LONG, f"the tasks of {name} stopped")
    poll(lambda: visit(s, name, []).header("Mirage-State") == "asleep", LONG, f"{name} is known as asleep")


def fall_asleep(s, name):
    sleep(s, name)
    wait_asleep(s, name)


def what_it_is(s, name):
    """All that a visitor's environment was launched with, as its task sees it."""
    env = s.env(name, "/env").json()
    kept = ("SUBDOMAIN", "SUBDOMAINRAW", "GIT_BRANCH", "NICK", "COLOR", "GATE")
    return {k: env[k] for k in kept if k in env}


def test_sleep_and_a_visit(new_stack):
    s = make(new_stack)
    s.launch("shop", "web", nick="joe", branch="topic/é#1")
    before = what_it_is(s, "shop")
    sleep(s, "shop")
    assert state(s, "shop") == "asleep"
    wait_asleep(s, "shop")
    assert state(s, "shop") == "asleep" and all_stopped(s, "shop"), "who does not ask for a page does not wake it"
    r = visit(s, "shop")
    assert r.status == 503 and r.header("Retry-After")
    wait_awake(s, "shop")
    assert what_it_is(s, "shop") == before
    assert state(s, "shop") == "ready"
    assert 'woken by a visit' in s.api("GET", "/").text
    assert s.api("GET", "/api/environments/shop").json()["result"]["launch"]["by"] == "a visit"
    if ON_ECS:
        poll(lambda: objects(s) == [], LONG, "nothing is kept any more")


def test_sleep_again_and_again(new_stack):
    s = make(new_stack)
    s.launch("shop", "web", nick="joe")
    for _ in range(3):
        fall_asleep(s, "shop")
        wake(s, "shop")
        wait_awake(s, "shop")
    assert what_it_is(s, "shop")["NICK"] == "joe"


def test_what_cannot_sleep(new_stack):
    s = make(new_stack)
    r = s.api("POST", "/api/sleep", form={"subdomain": "nobody"})
    assert r.status == 400 and "nothing runs under nobody" in r.text
    r = s.api("POST", "/api/wake", form={"subdomain": "nobody"})
    assert r.status == 400 and "nobody does not sleep" in r.text
    for path in ("/api/sleep", "/api/wake"):
        r = s.api("POST", path, form={"branch": "x"})
        assert r.status == 400 and "parameter required: subdomain" in r.text
    r = s.api("POST", "/api/wake", form={"subdomain": "nobody", "revisions": "old"})
    assert r.status == 400 and "expected same or newest" in r.text


def test_terminate_what_sleeps(new_stack):
    s = make(new_stack)
    s.launch("shop", "web")
    sleep(s, "shop")
    page = s.api("GET", "/terminate?subdomain=shop")
    assert "<h1>Terminate shop?</h1>" in page.text, page
    s.terminate("shop")
    poll(lambda: visit(s, "shop").status == 404, LONG, "it is gone")
    assert asleep(s) == [] and state(s, "shop") == "ended"
    if ON_ECS:
        assert objects(s) == []


def test_launch_what_sleeps(new_stack):
    """A launch by hand is a newer one: what slept is forgotten once it is ready."""
    s = make(new_stack)
    s.launch("shop", "web", nick="joe")
    fall_asleep(s, "shop")
    s.launch("shop", "web2", nick="ann")
    wait_awake(s, "shop")
    assert what_it_is(s, "shop")["NICK"] == "ann"


def test_a_restart(new_stack, folder):
    s = make(new_stack, folder=folder)
    s.launch("shop", "web", nick="joe")
    fall_asleep(s, "shop")
    s.stop()
    t = make(new_stack, folder=folder)
    assert state(t, "shop") == "asleep"
    assert visit(t, "shop").status == 503
    wait_awake(t, "shop")
    assert what_it_is(t, "shop")["NICK"] == "joe"


def test_a_pattern_sleeps(new_stack):
    s = make(new_stack)
    s.launch("pr-*", "web", nick="joe")
    sleep(s, "pr-*")
    poll(lambda: all_stopped(s, "pr-*"), LONG, "its task stopped")
    poll(lambda: visit(s, "pr-7", []).header("Mirage-State") == "asleep", LONG, "it is known as asleep")
    assert visit(s, "pr-7").status == 503
    poll(lambda: s.env("pr-7", "/env").status == 200, LONG, "it answers")


def test_a_wake_that_fails(new_stack):
    """It says why, sleeps on, and is not tried again at once."""
    s = make(new_stack)
    s.launch("shop", "web")
    fall_asleep(s, "shop")
    with contextlib.closing(s.database()) as db:
        request = json.loads(db.execute("SELECT request FROM asleep").fetchone()[0])
        request["taskdefs"] = ["gone:7"] if ON_ECS else ["missing"]
        db.execute("UPDATE asleep SET request = ?, etag = ''", (json.dumps(request),))

    def error():
        with contextlib.closing(s.database()) as db:
            return db.execute("SELECT error FROM asleep").fetchone()[0]

    assert visit(s, "shop").status == 503
    poll(error, LONG, "it says why")
    assert state(s, "shop") == "asleep"
    assert ("Try the newest revisions" in s.api("GET", "/").text) == bool(ON_ECS), error()
    with contextlib.closing(s.database()) as db:
        tries, tried, after = db.execute("SELECT tries, tried_at, not_before FROM asleep").fetchone()
    assert tries == 1 and after - tried == 10_000


def test_the_limit_of_visits(new_stack):
    s = make(new_stack, lambda c: c.update(wake={"limit": 1}))
    for name in ("one", "two"):
        s.launch(name, "web")
        sleep(s, name)
    for name in ("one", "two"):
        wait_asleep(s, name)
    visit(s, "one")
    poll(lambda: asleep(s) == ["two"], LONG, "the first is awake")
    visit(s, "two")
    poll(lambda: "wake.limit" in s.log_path.read_text(), LONG, "it says so")
    assert state(s, "two") == "asleep"
    wake(s, "two")  # a person may
    wait_awake(s, "two")


@ecs_only
def test_what_is_kept(new_stack):
    s = make(new_stack)
    s.launch("shop", ["web", "web2"], nick="joe", branch="topic/é#1")
    sleep(s, "shop")
    assert objects(s) == [key("shop")]
    body = s.aws.boto3_client("s3").get_object(Bucket=BUCKET, Key="tests/asleep/" + key("shop"))["Body"].read()
    kept = json.loads(body)
    assert kept["taskdefs"] == ["web2:1", "web:1"] and kept["subdomain"] == "shop"
    assert {p["name"]: p["value"] for p in kept["parameters"]}["branch"] == "topic/é#1"


@ecs_only
def test_another_copy(new_stack, folder):
    """One puts it to sleep, the other knows and wakes it; both then know that it is awake."""
    first = make(new_stack)
    other = short_folder()
    clouds[other] = first.aws
    try:
        second = make(new_stack, folder=other)
        first.launch("shop", ["web", "web2"], nick="joe")
        second.wait_ready("shop", 2, seconds=LONG)
        before = what_it_is(first, "shop")
        tasks = {t["taskArn"] for t in first.aws.tasks()}
        sleep(first, "shop")
        poll(lambda: asleep(second) == ["shop"], LONG, "the other knows it")
        poll(lambda: visit(second, "shop").header("Mirage-State") == "waking", LONG, "and its proxy")
        wait_awake(second, "shop")
        wait_awake(first, "shop")
        assert what_it_is(first, "shop") == what_it_is(second, "shop") == before
        assert len({t["taskArn"] for t in first.aws.tasks()} - tasks) == 2
        poll(lambda: objects(first) == [], LONG, "nothing is kept")
    finally:
        del clouds[other]


@ecs_only
def test_two_copies_at_once(new_stack, folder):
    """Both put it to sleep at the same moment, and both wake it: one set each time."""
    first = make(new_stack)
    other = short_folder()
    clouds[other] = first.aws
    try:
        second = make(new_stack, folder=other)
        first.launch("shop", ["web", "web2"], nick="joe")
        second.wait_ready("shop", 2, seconds=LONG)
        for _ in range(3):
            for path, wanted in (("/api/sleep", "asleep"), ("/api/wake", "awake")):
                poll(lambda: asleep(second) == asleep(first), LONG, "both know the same")
                threads = [threading.Thread(target=asked, args=(s, path)) for s in (first, second, first, second)]
                for t in threads:
                    t.start()
                for t in threads:
                    t.join()
                poll(lambda: outcome(first) == wanted, LONG, f"it is {wanted}")
        assert what_it_is(first, "shop")["NICK"] == "joe"
    finally:
        del clouds[other]


@ecs_only
def test_a_thousand_asleep(new_stack):
    """One call of S3 every ten seconds, and one each to learn of them."""
    s = make(new_stack)
    s.launch("shop")
    sleep(s, "shop")
    s3 = s.aws.boto3_client("s3")
    kept = json.loads(s3.get_object(Bucket=BUCKET, Key="tests/asleep/" + key("shop"))["Body"].read())
    for i in range(999):
        name = f"pr-{i}"
        s.aws.put_object(BUCKET, "tests/asleep/" + key(name), json.dumps({**kept, "subdomain": name}).encode())
    poll(lambda: len(asleep(s)) == 1000, 120, "all are known")
    before, began = s.aws.count("s3.ListObjectsV2"), time.monotonic()
    poll(lambda: s.aws.count("s3.ListObjectsV2") - before >= 3, 120, "it looks again and again")
    assert time.monotonic() - began > 19 and s.aws.count("s3.GetObject") < 1100
    poll(lambda: visit(s, "pr-500").header("Mirage-State") == "waking", LONG, "the proxy knows it")
    poll(lambda: s.env("pr-500", "/env").status == 200, LONG, "one of them wakes")
    assert len(asleep(s)) >= 999


@ecs_only
def test_500_visitors_and_two_copies(new_stack, folder):
    first = make(new_stack)
    other = short_folder()
    clouds[other] = first.aws
    try:
        second = make(new_stack, folder=other)
        first.launch("shop", ["web", "web2", "demo"], nick="joe")
        second.wait_ready("shop", 3, seconds=LONG)
        originals = first.aws.tasks()
        sleep(first, "shop")
        poll(lambda: asleep(second) == ["shop"], LONG, "the other knows it")
        poll(lambda: visit(second, "shop", []).header("Mirage-State") == "asleep", LONG, "its proxy, too")
        ended = []

        def come(s):
            """As the page does: again and again, until the application answers."""
            poll(lambda: visit(s, "shop").status == 200, LONG, "the application answers")
            ended.append(s)
        threads = [threading.Thread(target=come, args=((first, second)[i % 2],)) for i in range(500)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(ended) == 500, "each of them got there"
        for s in (first, second):
            poll(lambda: asleep(s) == [], LONG, "it is awake")
        arns = {t["taskArn"] for t in originals}
        woken = [t for t in first.aws.tasks() if t["taskArn"] not in arns]
        assert len(woken) == 3

        def shape(task):
            tags = {t["key"]: t["value"] for t in task["tags"] if t["key"] != "MirageLaunch"}
            return (task["taskDefinitionArn"], json.dumps(task["overrides"], sort_keys=True), json.dumps(tags, sort_keys=True))
        assert sorted(map(shape, woken)) == sorted(map(shape, originals))
    finally:
        del clouds[other]


def asked(s, path):
    """A call of the API, or a visit (None), that may be cut off; its status."""
    try:
        return (s.api("POST", path, form={"subdomain": "shop"}, timeout=60) if path else visit(s, "shop")).status
    except (OSError, Truncated):  # it was killed
        return 0


def outcome(s):
    """"asleep" with its object and no task, "awake" with one set that answers; None while it is neither."""
    found = running(s)
    if not found and objects(s) == [key("shop")]:
        return "asleep"
    if len(found) == 2 and found[0][0] == found[1][0] and status(s) == 200:
        return "awake"
    return None


@ecs_only
def test_killed_at_any_step(new_stack):
    s = make(new_stack)
    s.launch("shop", ["web", "web2"], nick="joe")
    chance = random.Random(16)
    for kill in range(KILLS):
        is_asleep = outcome(s) == "asleep"
        path = chance.choice([None, "/api/wake"]) if is_asleep else "/api/sleep"
        thread = threading.Thread(target=asked, args=(s, path))
        thread.start()
        time.sleep(chance.uniform(0, 1.2 if is_asleep else 0.3))
        s.kill_program(chance.choice([p for p in PROGRAMS if s.pids(p)]))  # one may wait for its next start
        thread.join()
        came = poll(lambda: outcome(s), 60, f"kill {kill} at {path}: asleep with its object, or one set awake")
        if is_asleep and came == "asleep":  # the request was lost
            poll(lambda: asked(s, "/api/wake") == 200, 60, "it can be woken")
            poll(lambda: outcome(s) == "awake", 60, "it is awake")
    if outcome(s) == "asleep":
        poll(lambda: asked(s, None) == 200, 60, "a visit wakes it")
    assert what_it_is(s, "shop")["NICK"] == "joe"
    poll(lambda: objects(s) == [], 60, "its object is gone")


@ecs_only
def test_a_launch_on_its_way_is_not_put_to_sleep(new_stack):
    s = make(new_stack)
    s.launch("shop", "web", nick="joe")
    s.aws.fault("ecs.RunTask", "slow", seconds=4)
    thread = threading.Thread(target=s.launch, args=("shop", "web2"), kwargs={"wait": False, "nick": "ann"})
    thread.start()
    poll(lambda: launches(s, "shop") == 2, LONG, "it is being started")
    r = s.api("POST", "/api/sleep", form={"subdomain": "shop"})
    assert r.status == 503 and "a newer launch of it is on its way" in r.text, r
    thread.join()
    s.aws.clear_faults()
    poll(lambda: what_it_is(s, "shop")["NICK"] == "ann", LONG, "the newer one serves")
    assert asleep(s) == []


@ecs_only
def test_tasks_without_an_id(new_stack):
    """As the Go mirage-ecs has launched them, also under a name that was terminated before."""
    s = make(new_stack)
    tags = [{"key": "ManagedBy", "value": "Mirage"}, {"key": "Subdomain", "value": urlsafe_b64encode(b"old").decode()}]
    for _ in range(2):
        add(s, "old", tags=tags)
        poll(lambda: len(s.tasks("old")) == 1, LONG, "it is seen")
        s.terminate("old")
        poll(lambda: s.tasks("old") == [], LONG, "it has ended")
    add(s, "old", tags=tags)
    poll(lambda: len(s.tasks("old")) == 1, LONG, "it is seen again")
    sleep(s, "old")
    poll(lambda: all_stopped(s, "old"), LONG, "it stopped")
    assert state(s, "old") == "asleep" and objects(s) == [key("old")]
    wake(s, "old")
    poll(lambda: len(s.tasks("old")) == 1, LONG, "it is launched again, and stays")


@ecs_only
def test_a_wake_that_was_broken_off(new_stack):
    """One of two tasks was started when mirage-sync ended: the other follows."""
    s = make(new_stack)
    s.launch("shop", ["web", "web2"], nick="joe")
    fall_asleep(s, "shop")
    web2 = s.aws.boto3_client("ecs").describe_task_definition(taskDefinition="web2")["taskDefinition"]
    s.aws.fault("ecs.RunTask", "hang", where={"taskDefinition": web2["taskDefinitionArn"]})
    visit(s, "shop")
    poll(lambda: len(s.tasks("shop")) == 1 or len(running(s)) == 1, LONG, "one was started")
    s.kill_program("mirage-sync")
    s.aws.clear_faults()
    poll(lambda: len(running(s)) == 2, 150, "the other one, too")
    poll(lambda: asleep(s) == [], LONG, "it is awake")
    assert len({launch for launch, _ in running(s)}) == 1


def test_who_asks_in_no_text(new_stack):
    """What stands in X-Forwarded-For is a client's; it is kept as JSON."""
    s = make(new_stack)
    s.launch("shop", "web")
    r = s.api("POST", "/api/sleep", form={"subdomain": "shop"}, headers=[("X-Forwarded-For", "1.2.3.4, \xff\xfe\xc3")])
    assert r.status == 200 and asleep(s) == ["shop"]
    assert s.api("GET", "/api/environments/shop").json()["result"]["reason"].startswith("1.2.3.4, ?")


@ecs_only
def test_s3_hangs(new_stack):
    """Who wants something awake does not wait for S3; nor does a termination of what never slept."""
    s = make(new_stack)
    s.launch("shop", "web")
    s.launch("blog", "web")
    fall_asleep(s, "shop")
    poll(lambda: etag(s, "shop"), LONG, "its object was seen")
    s.aws.fault("s3.*", "hang")
    began = time.monotonic()
    wake(s, "shop")
    s.terminate("blog")
    assert time.monotonic() - began < 10
    poll(lambda: s.env("shop").status == 200, LONG, "it is awake")
    s.aws.clear_faults()


@ecs_only
def test_s3_away(new_stack):
    """It stays awake, and the answer says why; what sleeps is woken all the same."""
    s = make(new_stack)
    s.launch("shop", "web")
    s.launch("blog", "web")
    sleep(s, "blog")
    s.aws.deny_object(BUCKET)
    r = s.api("POST", "/api/sleep", form={"subdomain": "shop"})
    assert r.status == 500 and "state.url" in r.text and "cannot be put to sleep" in r.text, r
    assert s.env("shop").status == 200
    wait_asleep(s, "blog")
    visit(s, "blog")
    poll(lambda: s.env("blog").status == 200, LONG, "it is woken from what is known")


@ecs_only
@pytest.mark.parametrize("body, why", [
    (b"nonsense", "it is no JSON"), (b"{}", "version: expected 1"), (b'{"version": 2}', "a newer mirage-ecs has written it"),
    (b"x" * 300_000, "it has more than 256 KiB"),
], ids=["no JSON", "nothing", "newer", "too big"])
def test_an_object_that_is_nonsense(new_stack, body, why):
    s = make(new_stack)
    s.aws.boto3_client("s3").put_object(Bucket=BUCKET, Key="tests/asleep/" + key("shop"), Body=body)
    s.aws.boto3_client("s3").put_object(Bucket=BUCKET, Key="tests/asleep/other.txt", Body=b"not ours")
    poll(lambda: why in s.log_path.read_text(), LONG, "it says so")
    assert asleep(s) == []
    s.launch("shop", "web")
    if b"2" in body:
        r = s.api("POST", "/api/sleep", form={"subdomain": "shop"})
        assert r.status == 500 and why in r.text, "it is another version's"
    else:
        sleep(s, "shop")
        assert asleep(s) == ["shop"]


@local_only
def test_a_launch_of_0_1_0(new_stack):
    """Tasks without an id sleep, too."""
    s = make(new_stack)
    s.launch("shop", "web", nick="joe")
    with contextlib.closing(s.database()) as db:
        before = db.execute("SELECT id FROM launch").fetchone()[0]
    fall_asleep(s, "shop")
    visit(s, "shop")
    wait_awake(s, "shop")
    with contextlib.closing(s.database()) as db:
        assert db.execute("SELECT max(id) FROM launch").fetchone()[0] > before


# --- by idleness, and by purges -----------------------------------------------------------------


def test_a_purge_that_puts_to_sleep(new_stack):
    s = make(new_stack)
    s.launch("idle", nick="joe")
    s.launch("used")
    for name in ("idle", "used"):
        grow_old(s, name, 1000)
    assert s.env("used").status == 200
    forget_others(s, "used")
    r = s.api("POST", "/api/purge", form={"duration": "600", "action": "nap"})
    assert r.status == 400 and "invalid action nap (expected terminate or sleep)" in r.text
    assert s.api("POST", "/api/purge", form={"duration": "600", "action": "sleep"}).status == 200
    assert decision(s, "idle") == (1, "not accessed within the duration", "ok")
    assert decision(s, "used")[0] == 0
    assert asleep(s) == ["idle"] and state(s, "idle") == "asleep"
    environment = s.api("GET", "/api/environments/idle").json()["result"]
    assert environment["reason"] == "not accessed within the duration"
    wait_asleep(s, "idle")
    visit(s, "idle")
    wait_awake(s, "idle")
    assert what_it_is(s, "idle")["NICK"] == "joe"


def test_idleness(new_stack):
    """sleep.after, but for what is excluded."""
    s = make(new_stack, lambda c: c.update(sleep={"after": "600s", "excludes": ["kept"]}))
    for name in ("idle", "kept", "used"):
        s.launch(name)
    for name in ("idle", "kept", "used"):
        grow_old(s, name, 1000)
    assert s.env("used").status == 200
    forget_others(s, "used")
    poll(lambda: asleep(s) == ["idle"], 90, "what is idle sleeps")
    poll(lambda: "put idle to sleep: not used for 10 minutes (sleep.after)" in s.log_path.read_text(), LONG, "it says why")
    assert len(s.tasks("kept")) == len(s.tasks("used")) == 1


def test_awake_hours(new_stack):
    """Within them nothing falls asleep; after them, at the next look, it does."""
    now = time.time()
    end = (int(now) + 140) // 60 * 60  # a look is before it: the first is a minute after the start
    zone = "UTC" if 1 <= datetime.fromtimestamp(now, timezone.utc).hour < 23 else "Asia/Tokyo"  # far from its midnight
    until = datetime.fromtimestamp(end, ZoneInfo(zone))
    s = make(new_stack, lambda c: c.update(sleep={"after": "600s", "awake": f"daily 00:00-{until:%H:%M}", "timezone": zone}))
    s.launch("idle")
    grow_old(s, "idle", 1000)
    r = s.api("POST", "/api/purge", form={"duration": "600", "action": "sleep", "excludes": "idle"})
    assert r.status == 200 and decision(s, "idle")[0] == 0
    poll(lambda: asleep(s) == ["idle"], 240, "it sleeps in the end")
    with contextlib.closing(s.database()) as db:
        assert db.execute("SELECT at FROM asleep").fetchone()[0] >= end * 1000


def test_wake_at(new_stack):
    """Every minute: what sleeps is woken, though nobody comes, and though visits may wake nothing more."""
    s = make(new_stack, lambda c: c.update(sleep={"wake_at": "* * * * ? *", "timezone": "UTC"}, wake={"visitors": "none"}))
    s.launch("shop")
    sleep(s, "shop")
    poll(lambda: all_stopped(s, "shop"), LONG, "it stopped")
    poll(lambda: "sleep.wake_at: 1 environments are woken" in s.log_path.read_text(), 90, "it says so")
    poll(lambda: s.tasks("shop") and s.env("shop", "/env").status == 200, LONG, "it is awake")


@ecs_only
def test_mirage_purge_without_a_database(new_stack, folder):
    """As a scheduled task has it; then a visit, through a copy that has not seen it fall asleep."""
    s = make(new_stack)
    s.launch("shop", ["web", "web2"], nick="joe")
    before = what_it_is(s, "shop")
    zeros_in_cloudwatch(s.aws, "shop", 1000)
    for task in s.aws.tasks():
        s.aws.change_task(task["taskArn"], startedAt=task["startedAt"] - 1000)
    conf = folder / "purge.json"
    conf.write_text(json.dumps({"ecs": {"cluster": CLUSTER}, "purge": {"settle": "0s"}}))

    def purge(*more):
        return run("mirage-purge", "-conf", conf, "-state", folder / "none", "-duration", "600", "-action", "sleep", *more,
                   env=s.aws.environment())
    r = purge()
    assert r.returncode == 1 and "set state.url in the configuration" in r.stderr, r
    assert len(s.tasks("shop")) == 2
    conf.write_text(json.dumps({"ecs": {"cluster": CLUSTER}, "purge": {"settle": "0s"},
                                "state": {"url": f"s3://{BUCKET}/tests/"}}))
    assert "would-sleep" in purge("-dry-run").stdout
    r = purge()
    assert r.returncode == 0 and "asleep" in r.stdout, r
    poll(lambda: asleep(s) == ["shop"], LONG, "the copy knows it")
    wait_asleep(s, "shop")
    visit(s, "shop")
    wait_awake(s, "shop")
    assert what_it_is(s, "shop") == before and len(s.tasks("shop")) == 2


def test_max_age(new_stack):
    """What has run for too long is ended, used or not."""
    s = make(new_stack, lambda c: c.update(purge={"settle": "0s", "max_age": "900s"}))
    for name in ("old", "kept", "young"):
        s.launch(name)
    for name in ("old", "kept"):
        grow_old(s, name, 1000)
    assert s.env("old").status == 200
    assert s.api("POST", "/api/purge", form={"duration": "600", "excludes": "kept"}).status == 200
    assert decision(s, "old") == (1, "it has run for longer than purge.max_age", "ok")
    assert decision(s, "kept") == (0, "excluded by name", "")
    assert decision(s, "young")[0] == 0


def test_how_soon_it_is_woken(new_stack):
    """The launch begins within 300 ms of the visit."""
    s = make(new_stack)
    s.launch("shop", "web")
    fall_asleep(s, "shop")
    at = time.time() * 1000
    visit(s, "shop")
    wait_awake(s, "shop")
    with contextlib.closing(s.database()) as db:
        wanted, launched = at, db.execute("SELECT at FROM launch WHERE asked_by = 'a visit'").fetchone()[0]
    assert launched - wanted < (3000 if SANITIZED else 1000)


def test_as_many_as_may_be_awake(new_stack):
    """One more puts to sleep what was used least lately, or is refused."""
    s = make(new_stack, lambda c: c.update(limit={"awake": 2}, sleep={"after": "600s", "excludes": ["kept"]}))
    s.launch("kept")
    s.launch("idle")
    s.launch("idle", nick="ann")  # what is awake needs no room
    r = s.api("POST", "/api/launch", form={"subdomain": "more", "taskdef": "web", "branch": "x"})
    assert r.status == 503 and "2 environments are awake, as many as may be (limit.awake)" in r.text, r
    for name in ("kept", "idle"):
        grow_old(s, name, 1000)
    s.launch("more")
    assert asleep(s) == ["idle"] and len(s.tasks("kept")) == 1
    r = s.api("POST", "/api/wake", form={"subdomain": "idle"})
    assert r.status == 503 and "none gives way to idle" in r.text
    wait_asleep(s, "idle")
    visit(s, "idle")
    poll(lambda: "limit.awake" in s.api("GET", "/api/environments/idle").json()["result"]["reason"], LONG, "it says why")
    page = poll(lambda: "It could not be woken: " in (text := s.api("GET", "/").text) and text, LONG, "the list says it, too")
    assert "as many as may be (limit.awake)" in page and "Try the newest revisions" not in page
    s.terminate("more")
    wake(s, "idle")
    wait_awake(s, "idle")


def test_what_is_ahead(new_stack):
    """When it may fall asleep, and what keeps it from that."""
    s = make(new_stack, lambda c: c.update(sleep={"after": "600s", "exclude_tags": ["branch:pinned"]}))
    s.launch("idle")
    s.launch("kept", branch="pinned")
    idle, kept = (s.api("GET", f"/api/environments/{name}").json()["result"] for name in ("idle", "kept"))
    assert kept["kept_awake"] == "excluded by its tag branch:pinned" and kept["sleeps_at"] is None
    at = datetime.fromisoformat(idle["sleeps_at"]).timestamp()
    assert idle["kept_awake"] == "" and 590 < at - time.time() < 661
    page = s.api("GET", "/").text
    assert "may fall asleep from" in page and "does not fall asleep: excluded by its tag branch:pinned" in page


def test_what_is_ahead_within_awake_hours(new_stack):
    """Not before their end; never, where they are the whole week."""
    end = (int(time.time()) + 7200) // 60 * 60
    s = make(new_stack, lambda c: c.update(sleep={"after": "600s", "timezone": "UTC",
                                                  "awake": [f"daily {datetime.fromtimestamp(end - 10800, timezone.utc):%H:%M}-"
                                                            f"{datetime.fromtimestamp(end, timezone.utc):%H:%M}"]}))
    s.launch("shop")
    shop = s.api("GET", "/api/environments/shop").json()["result"]
    assert datetime.fromisoformat(shop["sleeps_at"]).timestamp() == end and shop["kept_awake"] == "", shop
    s.stop()
    s = make(new_stack, lambda c: c.update(sleep={"after": "600s", "awake": ["daily 00:00-12:00", "daily 12:00-24:00"]}))
    s.launch("shop")
    shop = s.api("GET", "/api/environments/shop").json()["result"]
    assert shop["sleeps_at"] is None and shop["kept_awake"] == "sleep.awake is the whole week", shop
