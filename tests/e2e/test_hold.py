"""Requests that wait for their environment (wake.hold): they go on when it is ready, and cost nothing until then."""

import contextlib
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from stack import PORT, SANITIZED, poll
from wire import Truncated

LONG = 60
PAGE = [("Accept", "text/html")]


@pytest.fixture
def held(new_stack, folder):
    """A function that makes a stack of which an environment waits for its gate; clients wait for it."""
    def make(**wake):
        s = new_stack(lambda c: c.update(wake={"hold": "40s", "visitors": "all", **wake}))
        s.gate = folder / "gate"
        s.launch("shop", gate=str(s.gate), wait=False)
        poll(lambda: s.env("shop", headers=[("Prefer", "wait=0")]).status == 503, LONG, "it is starting")
        return s
    return make


class Asking(threading.Thread):
    """A request on its way; its answer, or the error that ended it."""
    def __init__(self, s, **request):
        super().__init__(daemon=True)
        self.s, self.request, self.answer = s, request, None
        self.start()

    def run(self):
        try:
            self.answer = self.s.env("shop", timeout=LONG, **self.request)
        except (OSError, Truncated) as e:
            self.answer = e

    def end(self):
        self.join(LONG)
        assert self.answer is not None and not isinstance(self.answer, Exception), self.answer
        return self.answer


def wait_for_held(s, n):
    """Until so many connections wait: the proxy has read their heads, and answers the next one."""
    poll(lambda: connections(s) >= n, LONG, f"{n} wait")


def connections(s):
    """Established connections of clients at the proxy's port."""
    local = f"{int.from_bytes(socket.inet_aton(s.address), 'little'):08X}:{PORT:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if line.split()[1] == local and line.split()[3] == "01")


def test_clients_wait(held):
    s = held()
    asking = [Asking(s, target="/echo?a=b") for _ in range(5)] + [Asking(s, target="/echo", method="POST", body=b"x" * 100_000)]
    wait_for_held(s, 6)
    assert all(a.answer is None for a in asking)
    s.gate.touch()
    for a in asking:
        assert a.end().status == 200
    assert len(asking[5].answer.json()["body"]) > 0


def test_browsers_get_their_page(held):
    s = held()
    began = time.monotonic()
    r = s.env("shop", headers=PAGE)
    assert r.status == 503 and r.header("Mirage-State") == "starting"
    assert s.env("shop", headers=[("Prefer", "respond-async, wait=0")]).status == 503
    assert time.monotonic() - began < (20 if SANITIZED else 5), "at once"


def test_a_client_wakes_what_sleeps_and_waits(held):
    s = held()
    s.gate.touch()
    s.wait_ready("shop")
    assert s.api("POST", "/api/sleep", form={"subdomain": "shop"}).status == 200
    poll(lambda: s.tasks("shop") == [], LONG, "its task stopped")
    assert s.env("shop", "/env", timeout=LONG).status == 200


def test_so_many_at_a_time(held):
    s = held(held=2)
    asking = [Asking(s) for _ in range(2)]
    wait_for_held(s, 2)
    r = poll(lambda: (r := s.env("shop", timeout=LONG)).status == 503 and r, LONG, "the third is refused")
    assert r.header("Retry-After")
    s.gate.touch()
    assert [a.end().status for a in asking] == [200, 200]


def test_not_for_ever(held):
    s = held(hold="1s")
    r = s.env("shop")
    assert r.status == 503 and r.header("Retry-After")


def test_clients_that_leave(held):
    """Their places are free again."""
    s = held(held=2)
    for _ in range(5):
        pair = [socket.create_connection((s.address, PORT)) for _ in range(2)]
        for c in pair:
            c.sendall(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
        poll(lambda: s.env("shop", timeout=LONG).status == 503, LONG, "both places are taken")
        for c in pair:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
    asking = []
    poll(lambda: connections(s) == 0, LONG, "they are gone")
    asking = [Asking(s) for _ in range(2)]
    wait_for_held(s, 2)
    s.gate.touch()
    assert [a.end().status for a in asking] == [200, 200]


def resident(s):
    (pid,) = s.pids("mirage-proxyd")
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_a_large_body_is_not_read(held):
    """It stays with the client until its task can take it."""
    size = 100_000_000
    s = held()
    with contextlib.closing(socket.create_connection((s.address, PORT), timeout=LONG)) as c:
        before = resident(s)
        c.sendall(b"POST /upload HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: %d\r\n\r\n" % size)
        c.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < size:
                sent += c.send(b"x" * min(65536, size - sent))
        assert sent < size // 2 and resident(s) - before < 4_000_000, "what was taken lies in the kernel"
        s.gate.touch()
        c.setblocking(True)
        while sent < size:
            sent += c.send(b"x" * min(65536, size - sent))
        assert c.recv(65536).startswith(b"HTTP/1.1 ")


def test_the_end_of_the_stack(held):
    """Who waits gets an answer."""
    s = held()
    asking = [Asking(s) for _ in range(3)]
    wait_for_held(s, 3)
    s.stop()
    assert [a.end().status for a in asking] == [503] * 3
