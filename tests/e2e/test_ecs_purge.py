"""mirage-purge and /api/purge by CloudWatch's counts."""

import base64
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from stack import BIN, CLUSTER, clean_environment, cloud_of, ecs_only, end_cloud, poll, run, zeros_in_cloudwatch

pytestmark = ecs_only
HOUR, DAY = 3600, 86400


def tag(subdomain):
    return base64.urlsafe_b64encode(subdomain.encode()).decode()


def add(aws, subdomain, age=2 * DAY, tags=(), **fields):
    """A running task of that age (seconds)."""
    all_tags = [{"key": "ManagedBy", "value": "mirage-ecs"}, {"key": "Subdomain", "value": tag(subdomain)},
                *({"key": k, "value": v} for k, v in tags)]
    now = time.time()
    return aws.add_task(cluster=CLUSTER, tags=all_tags, **{
        "createdAt": now - age - 30, "startedAt": now - age, **fields})


def history(aws, subdomain, seconds, used=()):
    """Zeros for every minute of the last `seconds`, and a one so many seconds ago, for each of `used`."""
    zeros_in_cloudwatch(aws, subdomain, seconds)
    for ago in used:
        aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": subdomain}, 1, time.time() - ago)


@pytest.fixture
def aws(folder):
    aws = cloud_of(folder)
    aws.folder = folder
    (folder / "purge.yaml").write_text(json.dumps({"ecs": {"cluster": CLUSTER}, "purge": {"settle": "0s"}}))
    yield aws
    end_cloud(folder)


def purge(aws, *arguments, status=0, conf=None):
    """Runs mirage-purge -json; its answer."""
    r = run("mirage-purge", "-conf", conf or aws.folder / "purge.yaml", "-state", aws.folder / "none", "-json",
            *arguments, env=aws.environment(), timeout=120)
    assert r.returncode == status, (r.returncode, r.stdout, r.stderr)
    aws.said = r.stderr
    return json.loads(r.stdout) if r.stdout else None


def decisions(answer):
    return {d["subdomain"]: (d["result"], d["reason"]) for d in answer["decisions"]}


def running(aws):
    return {base64.urlsafe_b64decode(next(t["value"] for t in task["tags"] if t["key"] == "Subdomain")).decode()
            for task in aws.tasks() if task["desiredStatus"] == "RUNNING"}


# --- what goes and what stays -------------------------------------------------------------------


def test_idle_goes_and_everything_else_stays(aws):
    for subdomain in ("idle", "used", "excluded", "tagged", "regexp-1", "nodata", "gaps", "pat-1"):
        add(aws, subdomain, tags=[("branch", "keep:me")] if subdomain == "tagged" else ())
    add(aws, "young", age=HOUR)
    add(aws, "mixed")
    add(aws, "mixed", age=HOUR)
    add(aws, "stopping", lastStatus="DEPROVISIONING", desiredStatus="STOPPED")
    for subdomain in ("idle", "excluded", "tagged", "regexp-1", "young", "mixed", "stopping", "pat-1"):
        history(aws, subdomain, DAY)
    history(aws, "used", DAY, used=[DAY - 600])
    history(aws, "gaps", DAY // 2)
    answer = purge(aws, "-duration", DAY, "-exclude", "excluded", "-exclude", "pat-?", "-exclude-tag",
                   "branch:keep:me", "-exclude-regexp", "^regexp-")
    said = decisions(answer)
    assert said["idle"] == ("stopped", "not accessed within the duration")
    assert said["used"] == ("keep", "1 accesses within the duration")
    assert said["excluded"] == said["pat-1"] == ("keep", "excluded by name")
    assert said["tagged"] == ("keep", "excluded by its tag branch:keep:me")
    assert said["regexp-1"] == ("keep", "excluded by exclude_regexp")
    assert said["young"] == said["mixed"] == ("keep", "started within the duration")
    assert said["nodata"] == said["gaps"] == (
        "keep", "how often it was used is not known: CloudWatch has gaps in its data")
    assert "stopping" not in said
    assert (answer["stopped"], answer["kept"], answer["failed"]) == (1, 9, 0)
    poll(lambda: "idle" not in running(aws), 10, "it is stopped")
    assert running(aws) == set(said) - {"idle"}
    assert "purged" in aws.requests("ecs.StopTask", last=1)[0]["params"]["reason"]


def test_a_count_that_is_refused_keeps_only_its_own_environment(aws):
    for i in range(20):
        add(aws, f"idle-{i}")
        history(aws, f"idle-{i}", HOUR)
    aws.fault("cloudwatch.GetMetricData", "error", code="ValidationError", message="The value is not valid.",
              status=400, where={"MetricDataQueries": "idle-7"})
    answer = purge(aws, "-duration", HOUR, "-dry-run", status=1)
    kept = {name: reason for name, (result, reason) in decisions(answer).items() if result == "keep"}
    assert list(kept) == ["idle-7"] and "ValidationError" in kept["idle-7"], kept
    assert aws.count("cloudwatch.GetMetricData") < 15


@pytest.mark.parametrize("age, kept", [(60, True), (299, True), (250, True), (800, False)])
def test_the_edge_of_the_window(aws, age, kept):
    """With five minutes; a bucket that reaches beyond the window errs toward keeping."""
    add(aws, "edge")
    history(aws, "edge", HOUR, used=[age])
    (result, reason), = decisions(purge(aws, "-duration", 300, "-dry-run")).values()
    assert (result == "keep") == kept, reason


def test_the_window_of_weeks(aws):
    """Data that old is there in buckets of five minutes only."""
    add(aws, "weeks", age=40 * DAY)
    now = time.time()
    start = now - now % 300 - 31 * DAY
    for i in range(0, 31 * DAY + 600, 300):
        aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": "weeks"}, 0, start + i)
    assert decisions(purge(aws, "-duration", 30 * DAY, "-dry-run"))["weeks"][0] == "would-stop"
    aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": "weeks"}, 1, now - 29 * DAY)
    assert decisions(purge(aws, "-duration", 30 * DAY, "-dry-run"))["weeks"][0] == "keep"


def test_dry_run_and_real_run_agree_on_500(aws):
    aws.set_delays(all=0)
    for i in range(500):
        subdomain = f"env-{i}"
        add(aws, subdomain, age=[HOUR // 2, 2 * HOUR][i % 7 != 0], tags=[("team", f"t{i % 5}")])
        if i % 11:
            history(aws, subdomain, HOUR, used=[1800] if i % 3 == 0 else ())
    arguments = ("-duration", HOUR, "-exclude-tag", "team:t4", "-exclude-regexp", "9$")
    aws.reset_calls()
    dry = purge(aws, *arguments, "-dry-run")
    assert not aws.count("ecs.StopTask")
    assert aws.count("cloudwatch.GetMetricData") == 1
    real = purge(aws, *arguments)
    stops = {d["subdomain"] for d in dry["decisions"] if d["stop"]}
    assert {(d["subdomain"], d["stop"], d["reason"]) for d in dry["decisions"]} == {
        (d["subdomain"], d["stop"], d["reason"]) for d in real["decisions"]}
    assert len(dry["decisions"]) == 500 and 100 < len(stops) < 300
    assert real["stopped"] == dry["would_stop"] == len(stops)
    assert running(aws) == {f"env-{i}" for i in range(500)} - stops
    times = aws.calls()["ecs.StopTask"]["times"]
    assert all(times[i + 10] - times[i] > 0.9 for i in range(len(times) - 10)), "ten a second at most"


# --- what may fail ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, detail", [
    ("throttle", {}), ("internal", {}), ("unavailable", {}), ("html", {}), ("reset_after", {}),
    ("access_denied", {"code": "AccessDenied"}), ("truncated", {"bytes": 100})])
def test_cloudwatch_fails(aws, kind, detail):
    add(aws, "idle")
    history(aws, "idle", DAY)
    aws.fault("cloudwatch.GetMetricData", kind, **detail)
    answer = purge(aws, "-duration", DAY, status=1)
    result, reason = decisions(answer)["idle"]
    assert result == "keep" and "CloudWatch GetMetricData" in reason, reason
    assert "what is not known is kept" in aws.said and "idle" in running(aws)


@pytest.mark.parametrize("kind", ["partial_data", "internal_error"])
def test_cloudwatch_gives_a_part(aws, kind):
    for subdomain in ("a-idle", "b-idle"):
        add(aws, subdomain)
        history(aws, subdomain, DAY)
    aws.fault("cloudwatch.GetMetricData", kind, ids=["q1"])
    said = decisions(purge(aws, "-duration", DAY))
    assert said["a-idle"][0] == "stopped"
    assert said["b-idle"] == ("keep", "how often it was used is not known: CloudWatch has not given all of its data")


def test_small_pages(aws):
    for subdomain in ("a-idle", "b-used", "c-idle"):
        add(aws, subdomain)
        history(aws, subdomain, HOUR, used=[1000] if subdomain == "b-used" else ())
    aws.set_page_size("cloudwatch.GetMetricData", 50)
    said = decisions(purge(aws, "-duration", HOUR, "-dry-run"))
    assert [said[s][0] for s in ("a-idle", "b-used", "c-idle")] == ["would-stop", "keep", "would-stop"]
    assert aws.count("cloudwatch.GetMetricData") > 2


def test_a_stop_that_is_throttled_is_tried_again(aws):
    add(aws, "idle")
    history(aws, "idle", DAY)
    aws.fault("ecs.StopTask", "throttle", count=2)
    assert decisions(purge(aws, "-duration", DAY))["idle"][0] == "stopped"


def test_a_stop_that_fails_is_told_and_the_others_go_on(aws):
    for subdomain in ("a-idle", "b-idle"):
        add(aws, subdomain)
        history(aws, subdomain, DAY)
    aws.fault("ecs.StopTask", "access_denied", count=1)
    answer = purge(aws, "-duration", DAY, status=1)
    said = decisions(answer)
    assert said["a-idle"][0] == "failed" and "ecs:StopTask" in said["a-idle"][1]
    assert said["b-idle"][0] == "stopped" and answer["failed"] == 1


def test_a_task_that_is_gone_meanwhile(aws):
    arn = add(aws, "idle")
    history(aws, "idle", DAY)
    aws.fault("ecs.StopTask", "error", count=1, code="InvalidParameterException",
              message="The referenced task was not found.")
    assert decisions(purge(aws, "-duration", DAY))["idle"][0] == "stopped" and arn


def lock_of_purges(region, listens=True):
    """As a purge of this user holds it."""
    lock = socket.socket(socket.AF_UNIX)
    lock.bind(f"\0mirage-purge/{region}/{CLUSTER}")
    if listens:
        lock.listen()
    return lock


@pytest.mark.parametrize("listens", [True, False])
def test_a_stranger_who_holds_the_lock_stops_no_purge(aws, listens):
    """Any user can take the name: systemd and cron would take status 3 for success."""
    if os.getuid() != 0 and listens:
        pytest.skip("only root can become a stranger")
    holder = subprocess.Popen([sys.executable, "-c", f"""
import os, socket
if os.getuid() == 0: os.setuid(65533)
lock = socket.socket(socket.AF_UNIX)
lock.bind("\\0mirage-purge/{aws.region}/{CLUSTER}")
if {listens}: lock.listen()
print("held", flush=True)
input()
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        purge(aws, "-duration", DAY)
        assert ("is held by user 65533, who runs none of ours" if listens else "is held by a process that is no purge") in aws.said
    finally:
        holder.communicate("\n")


def test_another_purge_runs(aws):
    other = lock_of_purges(aws.region)
    try:
        purge(aws, "-duration", DAY, status=3)
        assert "another purge runs" in aws.said
    finally:
        other.close()
    purge(aws, "-duration", DAY)


@pytest.mark.parametrize("arguments, words", [
    ([], "-duration is needed"), (["-duration", "10"], "invalid duration 10 (at least 300)"),
    (["-duration", "x"], "invalid duration x"), (["-duration", "300", "-exclude-tag", "x"], "invalid exclude_tags"),
    (["-duration", "300", "-exclude-regexp", "("], "invalid exclude_regexp"),
    (["-duration", "300", "-settle", "1m"], "option -settle: expected seconds, 0 to 3600, got '1m'"),
    (["-duration", "300", "-settle", "3601"], "got '3601'"), (["-duration", "300", "-settle", "-1"], "got '-1'"), (["-nonsense"], "unknown option")])
def test_wrong_usage(aws, arguments, words):
    purge(aws, *arguments, status=2)
    assert words in aws.said


def test_rules_of_the_configuration_and_lines_for_people(aws):
    conf = aws.folder / "with.yaml"
    conf.write_text(json.dumps({"ecs": {"cluster": CLUSTER}, "purge": {
        "request": {"duration": "3600", "excludes": ["b-*"]}}}))
    for subdomain in ("a-idle", "b-idle"):
        add(aws, subdomain)
        history(aws, subdomain, HOUR)
    r = run("mirage-purge", "-conf", conf, "-dry-run", env=aws.environment())
    lines = r.stdout.splitlines()
    assert r.returncode == 0 and len(lines) == 3, r.stdout + r.stderr
    assert lines[0].split() == "would-stop a-idle not accessed within the duration".split()
    assert lines[1].split() == "keep b-idle excluded by name".split()
    assert lines[2] == "1 would be stopped, 1 kept, 0 failed"


def test_options_stand_for_what_they_name(aws):
    """The rest is the configuration's; what the command line says, it says instead of a variable."""
    conf = aws.folder / "with.yaml"
    conf.write_text(json.dumps({"ecs": {"cluster": CLUSTER}, "purge": {
        "request": {"duration": "3600", "excludes": ["b-*"], "exclude_regexp": "^c"}}}))
    for subdomain in ("a-idle", "b-idle", "c-idle"):
        add(aws, subdomain)
        history(aws, subdomain, HOUR)

    def kept(*arguments, **env):
        r = run("mirage-purge", "-conf", conf, "-dry-run", "-json", *arguments, env={**aws.environment(), **env})
        assert r.returncode == 0, r
        return [d["subdomain"][0] for d in json.loads(r.stdout)["decisions"] if not d["stop"]]
    assert kept() == ["b", "c"]
    assert kept("-exclude", "a-*") == ["a", "c"]
    assert kept("-exclude", "a-*", "-exclude", "b-idle", "-exclude-regexp", "^$") == ["a", "b"]
    assert kept("-exclude", "a-*", MIRAGE_EXCLUDE="b-*") == ["a", "c"]
    assert kept(MIRAGE_EXCLUDE="a-*") == ["a", "c"]
    assert kept("-duration", "3600", "-exclude", "a-*") == ["a"]


# --- the second look ----------------------------------------------------------------------------


def purge_while(aws, seconds, do):
    """`do` while a purge that settles waits for its second look."""
    p = subprocess.Popen([BIN / "mirage-purge", "-conf", aws.folder / "purge.yaml", "-state", aws.folder / "none", "-json",
                          "-duration", "3600", "-settle", str(seconds)],
                         env=clean_environment(**aws.environment()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert any("are unused; they are looked at again in" in line for line in p.stderr)
        do()
        out, err = p.communicate(timeout=60)
    finally:
        p.kill()
        p.wait()
    assert p.returncode == 0, err
    return decisions(json.loads(out))


def test_what_another_copy_reports_meanwhile_keeps_it(aws):
    """Whoever used it came by another copy, whose count CloudWatch shows a little later."""
    for subdomain in ("idle", "used"):
        add(aws, subdomain)
        history(aws, subdomain, 2 * HOUR)

    def use():
        assert running(aws) == {"idle", "used"}, "nothing is stopped before the second look"
        aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": "used"}, 1, time.time() - 120)
    said = purge_while(aws, 5, use)
    assert said["idle"] == ("stopped", "not accessed within the duration")
    assert said["used"][0] == "keep" and "accesses within" in said["used"][1]
    assert running(aws) == {"used"}


def test_what_becomes_old_meanwhile_waits_for_the_next_purge(aws):
    for subdomain, age in (("idle", 2 * HOUR), ("older-soon", HOUR - 20)):
        add(aws, subdomain, age=age)
        history(aws, subdomain, 2 * HOUR)
    said = purge_while(aws, 25, lambda: None)
    assert said == {"idle": ("stopped", "not accessed within the duration"),
                    "older-soon": ("keep", "unused only since this purge began")}


def test_a_launch_meanwhile_is_not_stopped(aws):
    add(aws, "idle")
    history(aws, "idle", 2 * HOUR)
    said = purge_while(aws, 5, lambda: add(aws, "idle", age=1))
    assert said["idle"][0] == "keep" and running(aws) == {"idle"}


def test_without_anything_to_stop_it_looks_once(aws):
    add(aws, "young", age=60)
    begun = time.monotonic()
    assert decisions(purge(aws, "-duration", DAY, "-settle", "60"))["young"][0] == "keep"
    assert time.monotonic() - begun < 30


def test_the_end_of_the_stack_ends_the_wait(new_stack):
    """The purge begins again with the next stack."""
    s = new_stack(change=lambda c: c.update(purge={"settle": "50m"}))
    add(s.aws, "idle")
    history(s.aws, "idle", 2 * HOUR)
    poll(lambda: s.list(), 20, "it is listed")
    assert s.api("POST", "/api/purge", json_body={"duration": 600}).status == 200
    poll(lambda: "are unused; they are looked at again in 3000 s" in s.log_path.read_text(), 20, "it waits")
    begun = time.monotonic()
    s.stop()
    assert time.monotonic() - begun < 30
    assert "idle" in running(s.aws)


def test_no_ecs(aws):
    aws.fault("ecs.ListTasks", "access_denied")
    purge(aws, "-duration", DAY, status=1)
    assert "ecs:ListTasks" in aws.said


# --- over the API -------------------------------------------------------------------------------


def ended(s):
    """The newest run, once it has finished."""
    def newest():
        runs = s.api("GET", "/api/purges").json()["result"]
        return runs[0] if runs and runs[0]["finished"] else None
    return poll(newest, 20, "the purge has ended")


def test_over_the_api_with_what_is_not_reported_yet(new_stack):
    """What this machine has counted in the last minute counts too."""
    s = new_stack()
    for subdomain in ("idle", "busy"):
        s.launch(subdomain, "demo")
        (task,) = s.tasks(subdomain)
        s.aws.change_task(task["id"], startedAt=time.time() - DAY)
        history(s.aws, subdomain, HOUR)
        poll(lambda: s.tasks(subdomain)[0]["created"] < task["created"], 40, "it is seen as old")
    assert s.env("busy").status == 200
    poll(lambda: s.api("GET", "/api/access?subdomain=busy&duration=600").json()["sum"] > 0, 10, "it is counted")
    s.aws.reset_calls()
    with_settling = s.api("GET", "/api/access?subdomain=idle&duration=600").json()["sum"]
    assert s.api("POST", "/api/purge", json_body={"duration": 600}).json() == {"result": "accepted"}
    run_ = ended(s)
    said = {d["subdomain"]: d for d in run_["decisions"]}
    assert said["busy"]["stop"] is False and "accesses within" in said["busy"]["reason"]
    if with_settling == 0:
        assert said["idle"]["stop"] is True and said["idle"]["result"] == "ok", said
        poll(lambda: not s.tasks("idle"), 10, "it is stopped")
    assert run_["requested_by"] == "api" and run_["error"] == "" and run_["request"]["duration"] == "600"
    assert s.tasks("busy")


def test_it_goes_on_after_a_kill(new_stack):
    """Asked for while sync is down; killed while it runs; it ends all the same."""
    s = new_stack()
    for i in range(30):
        add(s.aws, f"idle-{i:02}")
        history(s.aws, f"idle-{i:02}", HOUR)
    poll(lambda: len(s.list()) == 30, 20, "all are listed")
    assert s.api("POST", "/api/purge", json_body={"duration": 600}).status == 200
    poll(lambda: s.aws.count("ecs.StopTask") >= 5, 10, "it has begun")
    s.kill_program("mirage-sync")
    run_ = poll(lambda: (lambda r: r if r["finished"] else None)(
        s.api("GET", "/api/purges").json()["result"][0]), 30, "it has ended")
    poll(lambda: not s.list(), 20, "all are stopped")
    assert run_["error"] == ""


def test_a_purge_waits_for_another_programs(new_stack):
    s = new_stack()
    other = lock_of_purges(s.aws.region)
    assert s.api("POST", "/api/purge", json_body={"duration": 600}).status == 200
    poll(lambda: "a purge waits: another purge runs" in s.log_path.read_text(), 10, "it waits")
    assert s.api("GET", "/api/purges").json()["result"][0]["finished"] is None
    other.close()
    ended(s)


def test_the_schedule(new_stack):
    """Every minute: the next one comes."""
    s = new_stack(change=lambda c: c.update(purge={"schedule": "* * * * ? *", "request": {"duration": 86400}}))
    run_ = poll(lambda: next(iter(s.api("GET", "/api/purges").json()["result"]), None), 65, "a minute begins")
    assert run_["requested_by"] == "schedule" and run_["request"]["duration"] == "86400"
    requested = run_["requested"]
    s.kill_program("mirage-sync")
    poll(lambda: s.pids("mirage-sync"), 10, "it is back")
    poll(lambda: s.aws.count("ecs.ListTasks") > 0, 5, "and works")
    assert [r["requested"] for r in s.api("GET", "/api/purges").json()["result"]].count(requested) == 1


def test_access_over_the_api(new_stack):
    s = new_stack()
    now = time.time()
    for ago, value in ((100, 3), (4000, 5), (90000, 7)):
        s.aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": "app"}, value, now - ago)
    def total(query):
        r = s.api("GET", f"/api/access?subdomain=app{query}")
        assert r.status == 200, r
        return r.json()
    s.aws.put_metric("mirage-ecs", "IgnoredCount", {"subdomain": "app"}, 11, now - 4000)
    assert total("") == {"result": "ok", "duration": 86400, "sum": 8, "ignored": 11}
    assert total("&duration=600") == {"result": "ok", "duration": 600, "sum": 3, "ignored": 0}
    assert total("&duration=nonsense")["sum"] == 8
    assert total("&duration=172800")["sum"] == 15
    s.aws.fault("cloudwatch.GetMetricData", "access_denied", code="AccessDenied", message="no")
    r = s.api("GET", "/api/access?subdomain=app")
    assert r.status == 500 and "cloudwatch:GetMetricData" in r.json()["result"], r
