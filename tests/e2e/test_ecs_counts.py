"""Access counts on their way to CloudWatch. Minutes pass in real time here: the tests of a module run side by side with
others, and each waits for one or two of them."""

import contextlib
import os
import random
import subprocess
import threading
import time

import pytest

from stack import BIN, clean_environment, ecs_only, poll

from test_ecs_purge import DAY, HOUR, add, decisions, history, purge  # noqa: F401
from test_ecs_purge import aws  # noqa: F401  (a fixture)

pytestmark = ecs_only
REPORTED = 90  # seconds: a minute to its end, mirage-sync's next look, and room for a busy machine


def reported(cloud, subdomain, name="RequestCount"):
    """minute → sum, as CloudWatch has it."""
    sums = {}
    for metric in cloud.metrics():
        if metric["name"] == name and metric["dimensions"] == {"subdomain": subdomain}:
            for point in metric["points"]:
                minute = int(point["time"]) // 60
                sums[minute] = sums.get(minute, 0) + point["sum"]
    return sums


def unreported(s):
    with contextlib.closing(s.database()) as db:
        return db.execute("SELECT count(*) FROM access WHERE (reported IS NULL OR reported < count)"
                          " AND minute < ?", (int(time.time() - 10) // 60,)).fetchone()[0]


def test_a_minute_is_reported_with_its_zeros_in_one_call(new_stack):
    s = new_stack()
    for i in range(1000):
        add(s.aws, f"env-{i}")
    s.launch("used", "web")
    poll(lambda: len(s.list()) == 1001, 30, "all are listed")
    first = int(time.time()) // 60
    for _ in range(7):
        assert s.env("used", "/env").status == 200
    def calls():
        return [len(r["params"]["MetricData"]) for r in s.aws.requests("cloudwatch.PutMetricData")]
    poll(lambda: 1000 in calls(), 140, "a minute of a thousand and one is reported, a thousand values a call")
    assert max(calls()) == 1000
    poll(lambda: sum(reported(s.aws, "used").values()) >= 7, REPORTED, "the count is reported")
    zeros = [reported(s.aws, f"env-{i}") for i in range(1000)]
    minute = min(max(z) for z in zeros)
    assert all(z.get(minute) == 0 for z in zeros) and minute >= first
    poll(lambda: unreported(s) == 0, 10, "nothing is left")


def test_what_is_ignored_is_a_metric_of_its_own_without_zeros(new_stack, aws):  # noqa: F811
    """A monitor alone keeps nothing: the purge's sum is zero, and known to be."""
    s = new_stack(folder=aws.folder)
    for subdomain in ("watched", "visited"):
        s.launch(subdomain, "web")
        (task,) = s.tasks(subdomain)
        aws.change_task(task["id"], startedAt=time.time() - DAY)
        history(aws, subdomain, HOUR)
    with contextlib.closing(s.database()) as db:  # what the launch itself has asked for
        db.execute("DELETE FROM access")
    first = int(time.time()) // 60
    for _ in range(7):
        assert s.env("watched", "/env", [("User-Agent", "ELB-HealthChecker/2.0")]).status == 200
    assert s.env("visited", "/env").status == 200
    poll(lambda: sum(reported(aws, "watched", "IgnoredCount").values()) == 7, REPORTED, "they are reported")
    poll(lambda: sum(reported(aws, "visited").values()) == 1, REPORTED, "the visit, too")
    assert all(reported(aws, "watched", "IgnoredCount").values()), "there is no zero"
    assert reported(aws, "visited", "IgnoredCount") == {}
    zeros = reported(aws, "watched")
    assert any(minute >= first for minute in zeros) and sum(zeros.values()) == 0, "the minute has its zero"
    assert s.api("GET", "/api/access?subdomain=watched").json()["ignored"] == 7
    said = decisions(purge(aws, "-duration", 600, "-dry-run"))
    assert said["watched"][0] == "would-stop" and said["visited"][0] == "keep", said
    poll(lambda: unreported(s) == 0, 10, "nothing is left")


def test_what_cloudwatch_refuses_waits_and_what_it_never_takes_is_given_up(new_stack):
    s = new_stack()
    s.aws.fault("cloudwatch.PutMetricData", "throttle")
    s.launch("counted", "web")
    assert s.env("counted", "/env").status == 200
    poll(lambda: "report: CloudWatch PutMetricData: Throttling" in s.log_path.read_text(), REPORTED, "it is throttled")
    assert sum(reported(s.aws, "counted").values()) == 0
    s.aws.clear_faults()
    poll(lambda: sum(reported(s.aws, "counted").values()) >= 1, REPORTED, "it is reported later")
    poll(lambda: "report works again" in s.log_path.read_text(), 10, "it says so")
    with contextlib.closing(s.database()) as db:  # a row that CloudWatch will refuse for ever, among good ones
        minute = int(time.time()) // 60 - 1
        db.execute("INSERT INTO access (subdomain, minute, count) VALUES ('', ?, 5)", (minute,))
        db.execute("INSERT INTO access (subdomain, minute, count) VALUES ('good', ?, 5)", (minute,))
    poll(lambda: sum(reported(s.aws, "good").values()) == 5, REPORTED, "the good ones are reported")
    poll(lambda: "is given up" in s.log_path.read_text(), 5, "the other is given up")
    poll(lambda: unreported(s) == 0, 5, "and holds up nothing")
    s.aws.reset_violations()


def test_two_stacks_of_which_the_second_has_the_traffic(new_stack, aws):  # noqa: F811
    """The first one's purge keeps what was used through the second."""
    second = new_stack(folder=aws.folder)
    for subdomain in ("through-second", "idle"):
        second.launch(subdomain, "web")
        (task,) = second.tasks(subdomain)
        aws.change_task(task["id"], startedAt=time.time() - DAY)
        history(aws, subdomain, HOUR)
    assert second.env("through-second", "/env").status == 200
    poll(lambda: sum(reported(aws, "through-second").values()) >= 1, REPORTED, "the second has reported it")
    settled = {"idle"} if sum(reported(aws, "idle").values()) == 0 else set()
    said = decisions(purge(aws, "-duration", 600, "-dry-run"))
    assert said["through-second"][0] == "keep" and "accesses within" in said["through-second"][1]
    assert {s for s, (result, _) in said.items() if result == "would-stop"} == settled


def test_an_open_websocket_keeps_its_environment(new_stack, aws):  # noqa: F811
    s = new_stack(folder=aws.folder)
    s.launch("socket", "web")
    (task,) = s.tasks("socket")
    aws.change_task(task["id"], startedAt=time.time() - DAY)
    with s.connect(timeout=200) as c:
        c.request("GET", "/tunnel", "socket.localhost", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
        assert c.head().status == 101
        opened = int(time.time()) // 60
        poll(lambda: any(v and minute > opened for minute, v in reported(aws, "socket").items()), 200,
             "it counts again in a later minute")
        aws.clear_metrics()  # what follows sees only what comes from now on
        history(aws, "socket", HOUR)
        poll(lambda: any(v for v in reported(aws, "socket").values()), 130, "and again")
        assert decisions(purge(aws, "-duration", 300, "-dry-run"))["socket"][0] == "keep"
    poll(lambda: s.env("socket", "/connections").status in (200, 404), 5, "closed")
    aws.clear_metrics()
    history(aws, "socket", HOUR)
    with contextlib.closing(s.database()) as db:
        db.execute("DELETE FROM access")
    assert decisions(purge(aws, "-duration", 300, "-dry-run"))["socket"][0] == "would-stop"


class Client(threading.Thread):
    """Counts its own requests that were answered by the task, until told to end."""

    def __init__(self, stack, subdomain):
        super().__init__()
        self.stack, self.subdomain, self.answered, self.sent, self.over = stack, subdomain, 0, 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.sent += 1
                self.answered += self.stack.env(self.subdomain, "/env", timeout=5).status == 200
            except (OSError, AssertionError):
                time.sleep(0.01)  # the proxy is being started again


def killed_purge(s, chance):
    """A purge from cron that is killed at a random moment; it finds nothing to stop."""
    p = subprocess.Popen([BIN / "mirage-purge", "-conf", s.conf, "-state", s.state, "-duration", "86400"],
                         env=clean_environment(**s.extra_env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        p.wait(chance.uniform(0, 0.1))
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()


@pytest.mark.parametrize("number", range(int(os.environ.get("MIRAGE_E2E_KILL_STACKS", 1))))
def test_kills_lose_at_most_a_second_each(new_stack, number, kills=int(os.environ.get("MIRAGE_E2E_KILLS", 12))):
    """kill -9 of mirage-proxyd, mirage-sync and mirage-purge at random moments, under load."""
    s = new_stack()
    s.launch("counted", "web")
    client = Client(s, "counted")
    client.start()
    chance, rates = random.Random(number), []
    for i in range(kills):
        before = client.answered
        program = ("mirage-proxyd", "mirage-sync", "mirage-purge")[i % 3]
        pause = chance.uniform(0.5, 2.5)
        started = time.monotonic()
        client.over.wait(pause)
        rates.append((client.answered - before) / (time.monotonic() - started))
        if program == "mirage-purge":
            killed_purge(s, chance)
            continue
        s.kill_program(program)
        poll(lambda: s.pids(program), 40, f"{program} is back")
        before = client.answered
        poll(lambda: client.answered > before, 40, "requests are answered again")
    client.over.set()
    client.join()
    poll(lambda: unreported(s) == 0 and sum(reported(s.aws, "counted").values()) > 0, REPORTED, "all is reported")
    time_of_last = int(time.time()) // 60
    poll(lambda: max(reported(s.aws, "counted")) >= time_of_last - 1, REPORTED, "the last minute too")
    poll(lambda: unreported(s) == 0, REPORTED, "all is reported")
    total = sum(reported(s.aws, "counted").values())
    second = max(rates)
    batch = max(reported(s.aws, "counted").values())
    assert total >= client.answered - kills * second, (total, client.answered, second)
    assert total <= client.sent + 10 + batch, (total, client.sent, batch)  # + wait_ready()'s own
