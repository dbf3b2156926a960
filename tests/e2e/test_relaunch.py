"""An environment is a series of launches: a relaunch has no gap, and one that fails takes nothing away."""

import contextlib
import threading
import time

import pytest

from stack import SANITIZED, poll

LONG = 40 if SANITIZED else 20


class Visitors(threading.Thread):
    """Ask again and again, and keep what they got."""

    def __init__(self, stack, name):
        super().__init__()
        self.stack, self.name, self.over, self.seen, self.failed = stack, name, threading.Event(), [], []

    def run(self):
        while not self.over.is_set():
            try:
                r = self.stack.env(self.name, "/env", timeout=10)
                (self.seen if r.status == 200 else self.failed).append(r.json().get("NICK", "") if r.status == 200 else r)
            except (OSError, AssertionError) as e:
                self.failed.append(e)
            time.sleep(0.005)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def drained(seconds):
    return lambda c: c.update(launch={"drain": f"{seconds}s"})


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
