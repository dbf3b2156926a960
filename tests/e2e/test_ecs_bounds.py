"""Whatever AWS answers, or does not answer, a request ends in time, and holds up nobody who needs only the database."""

import socket
import statistics
import struct
import threading
import time
from pathlib import Path

import pytest

from stack import SANITIZED, TARGET, WEB, ecs_only, poll

pytestmark = ecs_only
DEADLINE = 20  # seconds for everything that a request does on AWS
SLACK = 8      # for this machine


def api_memory(s):
    """MiB of mirage-api's memory."""
    (pid,) = s.pids("mirage-api")
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


def timed(call):
    begun = time.monotonic()
    answer = call()
    return answer, time.monotonic() - begun


def pair(s, subdomain):
    """An environment of two containers; the id of its task."""
    s.aws.register_task_definition("pair", [
        {"name": "front", "image": "demo", "portMappings": [{"containerPort": TARGET}]},
        {"name": "back", "image": "demo", "portMappings": [{"containerPort": 9001}]}])
    s.launch(subdomain, "pair")
    return s.tasks(subdomain)[0]["short_id"]


def logs(s, subdomain, **query):
    target = "/api/logs?" + "&".join([f"subdomain={subdomain}", *[f"{k}={v}" for k, v in query.items()]])
    return s.api("GET", target, timeout=60)


@pytest.mark.parametrize("pages, words", [
    ({}, "pages without a line"),
    ({"lines": 10000, "bytes": 90}, "only the newest 100000 lines"),
    ({"lines": 1000, "bytes": 1000}, "MiB"),
    ({"lines": 1}, "only the newest 150 pages"),
], ids=["empty", "lines", "bytes", "single-lines"])
def test_log_pages_that_never_end(new_stack, pages, words):
    s = new_stack()
    task = pair(s, "endless")
    s.aws.add_log_events("/tests", f"ecs/front/{task}", [(int(time.time() * 1000), "the other container's line")])
    before = api_memory(s)
    s.aws.fault("GetLogEvents", "endless_pages", where={"logStreamName": f"ecs/back/{task}"}, **pages)
    for _ in range(2):
        r, took = timed(lambda: logs(s, "endless"))
        assert r.status == 200, r.status
        assert took < DEADLINE + SLACK or pages.get("bytes")  # a long answer takes this test's time, too
        assert "the other container's line" in r.json()["result"]
        (note,) = r.json()["notes"]
        assert note.startswith("back: ") and words in note, note
    assert SANITIZED or api_memory(s) < before + 700
    assert s.aws.count("logs.GetLogEvents") < 400


def test_an_open_log_tab_without_lines_asks_little(new_stack):
    s = new_stack()
    s.launch("quiet", "demo")
    s.aws.fault("GetLogEvents", "endless_pages")
    s.aws.reset_calls()
    r, took = timed(lambda: s.api("GET", "/logs/quiet?tail=2000", timeout=60))
    assert r.status == 200 and "pages without a line" in r.text and took < 5, took
    assert s.aws.count("logs.GetLogEvents") <= 20


def test_a_log_page_that_leads_to_itself(new_stack):
    s = new_stack()
    s.launch("circle", "demo")
    s.aws.fault("GetLogEvents", "endless_pages", same=True, lines=2)
    r, took = timed(lambda: logs(s, "circle"))
    assert (r.status, len(r.json()["result"])) == (200, 4) and took < 5, took


def test_a_body_that_never_ends(new_stack):
    s = new_stack()
    task = pair(s, "body")
    before = api_memory(s)
    s.aws.fault("GetLogEvents", "endless", where={"logStreamName": f"ecs/back/{task}"})
    r, took = timed(lambda: logs(s, "body"))
    assert r.status == 200 and took < DEADLINE + SLACK, (r.status, took)
    assert r.json()["notes"][0].startswith("back: CloudWatch Logs GetLogEvents: "), r.json()["notes"]
    assert SANITIZED or api_memory(s) < before + 300


def test_a_container_whose_logs_hang_holds_up_the_others_for_a_moment_only(new_stack):
    s = new_stack()
    task = pair(s, "hangs")
    s.aws.add_log_events("/tests", f"ecs/front/{task}", [(int(time.time() * 1000), "the other container's line")])
    s.aws.fault("GetLogEvents", "hang", where={"logStreamName": f"ecs/back/{task}"})
    r, took = timed(lambda: logs(s, "hangs"))
    assert r.status == 200 and took < 8 + SLACK, (r.status, took)
    assert "the other container's line" in r.json()["result"]
    assert [n.split(":")[0] for n in r.json()["notes"]] == ["back"]


def fastcgi(variables):
    """A FastCGI request without a body (FastCGI Specification 1.0, 3.3 and 5)."""
    def record(kind, content):
        return bytes([1, kind, 0, 1]) + len(content).to_bytes(2, "big") + b"\0\0" + content
    pairs = b"".join(bytes([len(n), len(v)]) + n.encode() + v.encode() for n, v in variables.items())
    return record(1, b"\0\1\0\0\0\0\0\0") + record(4, pairs) + record(4, b"") + record(5, b"")


def leave_by_web_server(s):
    """The web server has closed its connection to mirage-api."""
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(str(s.state / "run/api.sock"))
        c.sendall(fastcgi({"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/api/logs", "REQUEST_URI": "/api/logs",
                           "PATH_INFO": "/api/logs", "HTTP_HOST": "mirage.localhost", "QUERY_STRING": "subdomain=left"}))
        poll(lambda: s.aws.count("logs.GetLogEvents") >= 2, 10, "the logs are read")


def leave_by_reset(s):
    """A client resets its connection, and the web server has it from a connection that it kept."""
    assert s.api("GET", "/api/list").status == 200
    with s.connect() as c:
        c.request("GET", "/api/logs?subdomain=left", "mirage.localhost")
        poll(lambda: s.aws.count("logs.GetLogEvents") >= 2, 10, "the logs are read")
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("leave", [leave_by_web_server, pytest.param(leave_by_reset, marks=pytest.mark.skipif(
    WEB == "apache", reason="Apache notices only when it writes"))])
def test_who_leaves_is_not_worked_for_any_more(new_stack, leave):
    s = new_stack(lambda c: c.update(network={"workers": 1}))  # each keeps connections of its own
    s.launch("left", "demo")
    s.aws.fault("GetLogEvents", "endless_pages", lines=1)
    s.aws.fault("GetLogEvents", "slow", seconds=0.3)
    s.aws.reset_calls()
    leave(s)
    quiet = [0, 0.0]  # calls, and since when there are so many

    def ended():
        calls, now = s.aws.count("logs.GetLogEvents"), time.monotonic()
        if calls != quiet[0]:
            quiet[:] = calls, now
        return now - quiet[1] > 2
    poll(ended, 12, "no more pages are read")
    assert quiet[0] < 20, quiet


def test_task_listings_that_never_end_change_nothing(new_stack):
    s = new_stack()
    s.launch("steady", "web")
    for same, words in ((True, "a page leads to itself"), (False, "too many pages")):
        s.aws.fault("ListTasks", "endless_pages", same=same)
        s.api("POST", "/api/launch", form={"subdomain": "more", "branch": "b", "taskdef": "demo"}, timeout=60)
        poll(lambda: f"ECS ListTasks: the answer does not end: {words}" in s.log_path.read_text(), 60, words)
        assert s.env("steady", "/env").status == 200 and s.tasks("steady")
        s.aws.clear_faults()


def test_metrics_that_never_end(new_stack):
    s = new_stack()
    s.launch("counted", "demo")
    s.aws.fault("GetMetricData", "endless_pages")
    r, took = timed(lambda: s.api("GET", "/api/access?subdomain=counted", timeout=60))
    assert r.status == 500 and took < DEADLINE + SLACK, took
    assert r.json()["result"] == "CloudWatch GetMetricData: the answer does not end: too many pages"
    # what is too young for a purge is not asked about
    (task,) = s.tasks("counted")
    s.aws.change_task(task["id"], startedAt=s.aws.task(task["id"])["startedAt"] - 1000)
    poll(lambda: s.tasks("counted")[0]["created"] != task["created"], 60, "it is seen as old")
    r = s.api("GET", "/purges?duration=300", timeout=60)
    assert r.status == 200 and "the answer does not end" in r.text  # and what is not known is kept


@pytest.mark.slow
def test_aws_that_accepts_and_never_answers(new_stack):
    """Twelve launches hang. What needs the database only is answered as ever; everything is answered in time."""
    s = new_stack()
    s.launch("before", "web")
    s.aws.fault("ecs.*", "hang")
    answers, lock = [], threading.Lock()

    def ask(path, **form):
        r, took = timed(lambda: s.api("POST", path, form=form, timeout=90))
        with lock:
            answers.append((path, r.status, took))
    threads = [threading.Thread(target=ask, args=("/api/launch",), kwargs={
        "subdomain": f"hangs-{i}", "branch": "b", "taskdef": "demo"}) for i in range(12)]
    threads.append(threading.Thread(target=ask, args=("/api/terminate",), kwargs={"subdomain": "before"}))
    for t in threads:
        t.start()
    poll(lambda: s.aws.count("ecs.DescribeTaskDefinition") >= 2, 20, "launches are on their way")
    times = []
    while any(t.is_alive() for t in threads):
        for path in ("/api/list", "/", "/list", "/launcher", "/api/purges"):
            r, took = timed(lambda path=path: s.api("GET", path))
            assert r.status == 200, (path, r.status)
            times.append(took)
        assert s.env("before", "/env").status == 200
        threads[0].join(0.1)
    assert len(answers) == 13 and max(took for _, _, took in answers) < DEADLINE + SLACK, answers
    assert {status for _, status, _ in answers} <= {500, 503}, answers
    assert len(times) > 100 and (SANITIZED or statistics.quantiles(times, n=100)[97] < 0.5), max(times)
