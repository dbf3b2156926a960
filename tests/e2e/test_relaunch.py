"""An environment is a series of launches: a relaunch has no gap, and one that fails takes nothing away."""

import contextlib
import os
import threading
import time

import pytest

from stack import ON_ECS, SANITIZED, local_only, poll
from test_proxy_upgrade import frame, read_frame, websocket

LONG = 60 if SANITIZED or ON_ECS else 20
RELAUNCHES = int(os.environ.get("MIRAGE_RELAUNCHES", "3"))


class Visitors(threading.Thread):
    """Ask again and again, and keep what they got."""

    def __init__(self, stack, name, pause=0.005):
        super().__init__()
        self.stack, self.name, self.pause, self.over, self.seen, self.failed = stack, name, pause, threading.Event(), [], []

    def run(self):
        while not self.over.is_set():
            try:
                r = self.stack.env(self.name, "/env", timeout=10)
                (self.seen if r.status == 200 else self.failed).append(r.json().get("NICK", "") if r.status == 200 else r)
            except (OSError, AssertionError) as e:
                self.failed.append(e)
            time.sleep(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def drained(seconds):
    return lambda c: c.update(launch={"drain": f"{seconds}s"})


def ready_at(stack):
    """When the newest launch became ready, in seconds since 1970."""
    with contextlib.closing(stack.database()) as db:
        return db.execute("SELECT ready_at FROM launch ORDER BY id DESC LIMIT 1").fetchone()[0] / 1000


def until_closed(connection):
    connection.sock.settimeout(30)
    with contextlib.suppress(ConnectionResetError):
        while connection.sock.recv(1000):
            pass


def nick(stack, name):
    return stack.env(name, "/env").json()["NICK"]


def test_a_relaunch_has_no_gap(new_stack):
    s = new_stack(drained(2))
    s.launch("shop", "web", nick="one")
    (old,) = s.tasks("shop")
    with Visitors(s, "shop") as visitors:
        for name in ("two", "three"):
            s.launch("shop", "web", nick=name, wait=False)
            poll(lambda: nick(s, "shop") == name, LONG, "the new one serves")
        poll(lambda: len(s.tasks("shop")) == 1, LONG, "the old ones are stopped")
    assert not visitors.failed, visitors.failed[:3]
    assert set(visitors.seen) == {"one", "two", "three"}
    assert old["id"] not in [t["id"] for t in s.tasks("shop")]


@pytest.mark.parametrize("taskdef", ["dies", "missing"])
def test_one_that_fails_takes_nothing_away(new_stack, taskdef):
    s = new_stack(drained(1))
    s.launch("shop", "web", nick="one")
    (old,) = s.tasks("shop")
    with Visitors(s, "shop") as visitors:
        s.launch("shop", taskdef, wait=False)
        poll(lambda: s.tasks("shop", "stopped"), LONG, "the new one has ended")
        with contextlib.closing(s.database()) as db:
            poll(lambda: db.execute("SELECT count(*) FROM launch WHERE state = 'failed' AND reason <> ''").fetchone() == (1,),
                 LONG, "it has failed")
    assert not visitors.failed, visitors.failed[:3]
    assert [t["id"] for t in s.tasks("shop")] == [old["id"]]


def environment(stack, name):
    return stack.api("GET", f"/api/environments/{name}").json()["result"]


# --- when a launch is ready ---------------------------------------------------------------------


def test_health_is_waited_for(new_stack):
    """launch.health: the new one takes over when it is answered."""
    s = new_stack(lambda c: c.update(launch={"drain": "1s", "health": {"path": "/status?of=health", "timeout": "1s"}}))
    s.launch("shop", "web", nick="one", wait=False)
    poll(lambda: s.env("shop", "/env").status == 200, LONG, "where nothing else serves, it does before that")
    assert environment(s, "shop")["launch"]["state"] == "starting"


@local_only
def test_a_health_check_that_comes_to_be_good(new_stack, folder):
    flag = folder / "flag"
    s = new_stack(checked(f"test -e {flag}"))
    s.launch("shop", "web", nick="one")
    s.launch("shop", "checked", nick="two", wait=False)
    poll(lambda: len(s.tasks("shop")) == 2 and "RUNNING" == s.tasks("shop")[1]["last_status"], LONG, "it runs")
    newer = environment(s, "shop")["replacement"]
    assert newer["state"] == "starting" and nick(s, "shop") == "one"
    flag.write_text("")
    poll(lambda: nick(s, "shop") == "two", LONG, "the new one serves")
    flag.unlink()
    poll(lambda: environment(s, "shop")["state"] == "unhealthy", LONG, "it says so")
    assert nick(s, "shop") == "two", "there is nothing better"
    flag.write_text("")
    poll(lambda: environment(s, "shop")["state"] == "ready", LONG, "all is well")


@local_only
def test_a_health_check_that_fails(new_stack):
    s = new_stack(checked("false"))
    s.launch("shop", "web", nick="one")
    s.launch("shop", "checked", nick="two", wait=False)
    poll(lambda: (environment(s, "shop")["replacement"] or {}).get("state") == "failed", LONG, "the newer one has failed")
    assert environment(s, "shop")["replacement"]["reason"] == "its health check failed"
    poll(lambda: len(s.tasks("shop")) == 1, LONG, "and is stopped")
    assert nick(s, "shop") == "one"


def checked(command):
    def change(config):
        config["launch"] = {"drain": "1s"}
        web = config["local"]["taskdefs"]["web"]
        config["local"]["taskdefs"]["checked"] = {**web, "health": ["sh", "-c", command]}
    return change


# --- what is under way --------------------------------------------------------------------------


def test_relaunches_under_load(new_stack):
    """Some 200 requests a second, and 50 WebSockets on what serves before each relaunch."""
    s = new_stack(drained(6))
    s.launch("shop", "web", nick="a")
    with contextlib.ExitStack() as stack:
        visitors = [stack.enter_context(Visitors(s, "shop", 0.03)) for _ in range(10)]
        begun = time.monotonic()
        for i in range(RELAUNCHES):
            with contextlib.ExitStack() as opened:
                connections = [opened.enter_context(s.connect()) for _ in range(50)]
                for c in connections:
                    websocket(c, "shop.localhost")
                name = "ab"[(i + 1) % 2] * (i // 2 + 1)
                s.launch("shop", "web", nick=name, wait=False)
                poll(lambda: nick(s, "shop") == name, LONG, "the new one serves")
                for c in connections:  # each is still there
                    c.send(frame(b"?"))
                    assert read_frame(c) == (2, b"?")
                for c in connections:
                    until_closed(c)
                assert time.time() > ready_at(s) + 6 - 0.1, "they ended with the drain, not before"
            poll(lambda: len(s.tasks("shop")) == 1, LONG, "the old one is stopped")
        seconds = time.monotonic() - begun
    failed = [f for v in visitors for f in v.failed]
    asked = sum(len(v.seen) for v in visitors)
    print(f"{RELAUNCHES} relaunches, {asked / seconds:.0f} requests a second, {len(failed)} failed")
    assert not failed, failed[:3]


def test_websockets_end_with_the_drain(new_stack):
    s = new_stack(drained(4))
    s.launch("shop", "web", nick="one")
    with contextlib.ExitStack() as stack, Visitors(s, "shop") as visitors:
        connections = [stack.enter_context(s.connect()) for _ in range(50)]
        for c in connections:
            websocket(c, "shop.localhost")
        s.launch("shop", "web", nick="two", wait=False)
        poll(lambda: nick(s, "shop") == "two", LONG, "the new one serves")
        for c in connections:
            c.send(frame(b"still there"))
            assert read_frame(c) == (2, b"still there")
        for c in connections:
            until_closed(c)
        assert time.time() > ready_at(s) + 4 - 0.1, "not before the drain's end"
    assert not visitors.failed, visitors.failed[:3]


def test_what_cannot_be_launched_takes_nothing_away(new_stack):
    s = new_stack(drained(1))
    s.launch("shop", "web", nick="one")
    before = [t["id"] for t in s.tasks("shop")]
    with Visitors(s, "shop") as visitors:
        for taskdef in ("no such!", "a" * 600):
            r = s.api("POST", "/api/launch", form={"subdomain": "shop", "branch": "b", "taskdef": taskdef})
            assert r.status >= 400, r
    assert not visitors.failed and [t["id"] for t in s.tasks("shop")] == before


def test_a_launch_during_a_launch_during_a_launch(new_stack):
    """Faster than any of them becomes ready: the last one is left."""
    s = new_stack(drained(1))
    s.launch("shop", "web", nick="one")
    with Visitors(s, "shop") as visitors:
        for name in ("two", "three", "four", "five"):
            s.launch("shop", "web", nick=name, wait=False)
        poll(lambda: nick(s, "shop") == "five", LONG, "the last one serves")
        poll(lambda: len(s.tasks("shop")) == 1, LONG, "alone")
    assert not visitors.failed, visitors.failed[:3]


def test_a_terminate_in_the_middle(new_stack):
    s = new_stack(drained(1))
    s.launch("shop", "web", nick="one")
    s.launch("shop", "web", nick="two", wait=False)
    s.terminate("shop")
    poll(lambda: s.tasks("shop") == [] and s.env("shop").status == 404, LONG, "nothing is left")
    assert environment(s, "shop")["state"] == "ended"


def test_stop_first_is_the_old_way(new_stack):
    s = new_stack(lambda c: c.update(launch={"replace": "stop_first"}))
    s.launch("shop", "web", nick="one")
    (old,) = s.tasks("shop")
    s.launch("shop", "dies", wait=False)
    poll(lambda: s.env("shop").status in (404, 503), LONG, "what ran is stopped")
    assert old["id"] not in [t["id"] for t in s.tasks("shop")]
