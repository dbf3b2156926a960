"""More clients than there is room for, most of them strangers who send nothing, or half a head."""

import contextlib
import select
import socket

from stack import PORT
from test_proxyd_scripted import Task, echo_script, make, ok, read_head  # noqa: F401
from wire import Connection


class From(Connection):
    """A client with an address of its own."""

    def __init__(self, p, source, timeout=10.0):
        self.sock = socket.create_connection((p.address, PORT), timeout=timeout, source_address=(source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""


def is_served(p, source="127.200.0.1", seconds=3):
    with From(p, source, seconds) as c:
        c.request("GET", "/", "one.localhost", [("Connection", "close")])
        return c.response().status == 200


def settle(p):
    """Everything sent before has been seen: the one worker answers in turn."""
    for _ in range(3):
        assert is_served(p)


def open_ones(clients):
    """Those that the proxy has not ended."""
    poller = select.poll()
    for c in clients:
        poller.register(c.sock, select.POLLIN | select.POLLRDHUP)
    return len(clients) - len(poller.poll(0))


def resident(p):
    with open(f"/proc/{p.process.pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Rss:")) * 1024


def patient_script(task, s, n):
    """Answers a GET at once, anything else when its body has ended, which it never does."""
    head, _ = read_head(s)
    if head.startswith(b"GET "):
        s.sendall(ok())
    while s.recv(65536):
        pass


def started(make, limit=2400, script=echo_script):
    p, task = make(trusted_proxies=[], limit=limit), Task(script)
    p.route("one", task.port)
    return p


def test_one_address_has_a_share_of_half_sent_heads(make):
    """Its own oldest ones make room; others are served as before."""
    p = started(make)
    with contextlib.ExitStack() as all_:
        others = [all_.enter_context(From(p, f"127.201.0.{n}")) for n in range(1, 21)]
        for c in others:
            c.send(b"GET / HTTP/1.1\r\nHost: one.")
        strangers = []
        for n in range(600):
            strangers.append(all_.enter_context(From(p, "127.202.0.1")))
            if n % 2:
                strangers[-1].send(b"GET / HTTP/1.1\r\nX: ")
        settle(p)
        left = open_ones(strangers)
        assert 32 <= left <= 160, left
        assert open_ones(strangers[-32:]) == 32, "the oldest go first"
        assert open_ones(others) == len(others)
        for c in others:
            c.send(b"localhost\r\n\r\n")
            assert c.response().status == 200


def test_half_sent_heads_have_a_bound_over_all(make):
    """However many addresses they come from."""
    p = started(make)
    before = resident(p)
    with contextlib.ExitStack() as all_:
        strangers = []
        for n in range(600):
            strangers.append(all_.enter_context(From(p, f"127.203.{n % 100}.{n // 100 + 1}")))
            strangers[-1].send(b"GET / HTTP/1.1\r\nX: " + b"x" * 20000)
        settle(p)
        left = open_ones(strangers)
        assert 100 <= left <= 240, left
        assert open_ones(strangers[-100:]) == 100, "the oldest go first"
        assert resident(p) - before < 24 << 20


def test_idle_ones_make_room(make):
    """At the limit, whoever has been idle longest goes, and a new client does not wait."""
    p = started(make, limit=300)
    with contextlib.ExitStack() as all_:
        idle = []
        for n in range(200):
            c = all_.enter_context(From(p, f"127.204.0.{n + 1}"))
            c.request("GET", "/", "one.localhost")
            assert c.response().status == 200
            idle.append(c)
        assert is_served(p)
        left = open_ones(idle)
        assert 20 <= left < 200, left
        assert open_ones(idle[-10:]) == 10, "the longest idle go first"
        silent = [all_.enter_context(From(p, f"127.205.0.{n + 1}")) for n in range(200)]
        assert is_served(p)
        assert open_ones(silent) < 200
        more = [all_.enter_context(From(p, f"127.207.0.{n + 1}")) for n in range(200)]
        assert is_served(p) and open_ones(more) < 200
        assert p.said().count("accepting no connections") <= 1, "strangers write no line each"


def test_bodies_that_stand_still_make_room(make):
    """Whoever sends nothing more of a body, although it is his turn, goes at the limit: the longest first."""
    p = started(make, limit=300, script=patient_script)
    with contextlib.ExitStack() as all_:
        stalled = []
        for n in range(130):
            c = all_.enter_context(From(p, f"127.206.0.{n + 1}"))
            c.send(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 100000\r\n\r\nx")
            stalled.append(c)
        assert is_served(p, seconds=20)
        left = open_ones(stalled)
        assert 20 <= left < 130, left
        assert open_ones(stalled[-10:]) == 10, "the longest go first"
