"""Long bodies through mirage-proxyd alone: whole, slow, broken off on either side, and amid a SIGTERM.
They go through pipes, of which there are fewer than there may be bodies."""

import contextlib
import os
import socket
import threading
import time

import pytest

from stack import SANITIZED, poll
from test_proxyd_scripted import Task, make, ok, read_head  # noqa: F401
from wire import Truncated

MB = 1 << 20
LONG = bytes(range(256)) * (8 * MB // 256)
RESET = b"\1\0\0\0\0\0\0\0"


def head(n=len(LONG)):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n


def read_all(s, n):
    parts = []
    while n > 0:
        more = s.recv(min(n, MB))
        if not more:
            break
        parts.append(more)
        n -= len(more)
    return b"".join(parts)


def download_script(task, s, n):
    rest = b""
    while True:
        _, rest = read_head(s, rest)
        s.sendall(head() + LONG)


def upload_script(task, s, n):
    """Reads what is posted; task.got is what came, one a request."""
    rest = b""
    while True:
        text, rest = read_head(s, rest)
        length = int(text.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = rest[:length] + read_all(s, length - len(rest))
        rest = b""
        task.got.append(body)
        s.sendall(ok())


def routed(make, script, **kw):
    p, task = make(**kw), Task(script)
    p.route("one", task.port)
    return p, task


def ask(c, *fields):
    c.request("GET", "/", "one.localhost", fields)


def post(c, n):
    c.send(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: %d\r\n\r\n" % n)


def test_one_after_the_other_on_one_connection(make):
    p, _ = routed(make, download_script)
    with p.connect() as c:
        for _ in range(5):
            ask(c)
            assert c.response().body == LONG


def test_uploads_one_after_the_other(make):
    p, task = routed(make, upload_script)
    with p.connect() as c:
        for n in (len(LONG), 65536, 65537, 200000):
            post(c, n)
            c.send(LONG[:n])
            assert c.response().status == 200
    assert [len(b) for b in task.got] == [len(LONG), 65536, 65537, 200000]
    assert all(b == LONG[:len(b)] for b in task.got)


def test_a_request_right_behind_an_upload(make):
    p, task = routed(make, upload_script)
    with p.connect() as c:
        post(c, 300000)
        c.send(LONG[:300000] + b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 3\r\n\r\nabc")
        assert [c.response().status for _ in range(2)] == [200, 200]
    assert task.got == [LONG[:300000], b"abc"]


def test_more_slow_downloads_than_pipes(make):
    p, _ = routed(make, download_script)
    clients = [p.connect(timeout=30) for _ in range(60)]
    for c in clients:
        ask(c)
    heads = [c.head() for c in clients]
    assert all(h.status == 200 for h in heads)
    for c in clients:
        assert c.read_exactly(len(LONG)) == LONG
        c.close()


@pytest.mark.skipif(SANITIZED, reason="memory is measured")
def test_slow_clients_cost_a_bounded_memory(make):
    p, _ = routed(make, download_script)

    def resident():
        with open(f"/proc/{p.process.pid}/status") as f:
            return int(f.read().split("RssAnon:")[1].split()[0]) * 1024
    before = resident()
    clients = [p.connect() for _ in range(100)]
    for c in clients:
        ask(c)
        assert c.head().status == 200
    time.sleep(0.3)  # whatever it would still read of 800 MB, it has read
    grown = resident() - before
    for c in clients:
        c.close()
    assert grown < 100 * 2 * 65536 + MB, grown


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_the_task_leaves_amid_a_download(make, reset):
    def script(task, s, n):
        read_head(s)
        s.sendall(head() + LONG[:3 * MB])
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    p, _ = routed(make, script)
    with p.connect() as c:
        ask(c)
        with pytest.raises(Truncated) as e:
            c.response()
    assert LONG.startswith(e.value.got) and (reset or len(e.value.got) == 3 * MB)


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_the_client_leaves_amid_a_download(make, reset):
    left = threading.Event()

    def script(task, s, n):
        read_head(s)
        try:
            s.sendall(head(1 << 40))
            while True:
                s.sendall(LONG)
        except OSError:
            left.set()

    p, _ = routed(make, script)
    with p.connect() as c:
        ask(c)
        c.head()
        c.read_exactly(MB)
        if reset:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert left.wait(10)


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_the_client_leaves_amid_an_upload(make, reset):
    ended = threading.Event()

    def script(task, s, n):
        _, rest = read_head(s)
        with contextlib.suppress(OSError):
            task.got.append(rest + read_all(s, 1 << 40))
        ended.set()

    p, task = routed(make, script)
    with p.connect() as c:
        post(c, 1 << 40)
        c.send(LONG[:3 * MB])
        poll(lambda: task.n == 1, 5, "the task is asked")
        if reset:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert ended.wait(10)
    assert reset or task.got == [LONG[:3 * MB]]


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_the_task_answers_early_and_leaves_amid_an_upload(make, reset):
    def script(task, s, n):
        read_head(s)
        s.recv(65536)
        s.sendall(b"HTTP/1.1 413 X\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        if reset:
            time.sleep(0.2)  # the answer is read before what resets it
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    p, _ = routed(make, script)
    with p.connect() as c:
        post(c, 1 << 30)
        with contextlib.suppress(OSError):
            for _ in range(20):
                c.send(LONG[:MB])
        r = c.response()
        assert (r.status, r.body) == (413, b"big")


def stops_with(p, action):
    """SIGTERM, then the action, then it has ended with status 0 (make() sees to that), and soon."""
    p.process.terminate()
    poll(lambda: refused(p), 5, "it accepts nothing more")
    action()
    begun = time.monotonic()
    p.process.wait(20)
    assert time.monotonic() - begun < 5


def refused(p):
    with socket.socket() as s:
        return s.connect_ex((p.address, 8080)) != 0


def test_sigterm_amid_a_download(make):
    p, _ = routed(make, download_script)
    with p.connect() as c:
        ask(c)
        assert c.head().status == 200
        stops_with(p, lambda: c.read_exactly(len(LONG)) == LONG or pytest.fail("not what was sent"))
        assert c.at_end()


def test_sigterm_amid_an_upload(make):
    p, task = routed(make, upload_script)
    with p.connect() as c:
        post(c, len(LONG))
        c.send(LONG[:MB])
        poll(lambda: task.n == 1, 5, "the task is asked")

        def rest():
            c.send(LONG[MB:])
            assert c.response().header("Connection") == "close"
        stops_with(p, rest)
    assert task.got == [LONG]


def test_sigterm_with_everything_open(make):
    """Idle, half a head, a download nobody reads, a tunnel: what has no end of its own is ended."""
    def script(task, s, n):
        text, _ = read_head(s)
        if b"pgrade: websocket" in text:
            s.sendall(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            s.recv(1)
        else:
            s.sendall(head() + LONG)

    p, _ = routed(make, script)
    with contextlib.ExitStack() as all_:
        idle, half, slow, tunnel = [all_.enter_context(p.connect()) for _ in range(4)]
        half.send(b"GET / HTTP/1.1\r\nHo")
        ask(slow)
        slow.head()
        ask(tunnel, ("Connection", "upgrade"), ("Upgrade", "websocket"))
        assert tunnel.head().status == 101
        p.process.terminate()
        assert idle.at_end() and tunnel.at_end()
        half.send(b"st: nobody.localhost\r\n\r\n")
        assert half.response().status == 404
        assert slow.read_exactly(len(LONG)) == LONG
        p.process.wait(20)


def test_with_few_descriptors_clients_come_first(make):
    """Pipes take none of those that clients and tasks need."""
    p, _ = routed(make, download_script, limit=128)
    with contextlib.ExitStack() as all_:
        clients = [all_.enter_context(p.connect()) for _ in range(32)]
        for c in clients:
            ask(c)
        for c in clients:
            assert c.head().status == 200
        n = len(os.listdir(f"/proc/{p.process.pid}/fd"))
        assert n <= 128
        for c in clients:
            assert c.read_exactly(len(LONG)) == LONG
