"""Tasks that are gone: connections to one whose environment has ended, and to one that has vanished
from the network without a word."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

from stack import poll
from test_proxyd_scripted import Task, make, ok, read_head  # noqa: F401

UPGRADE = [("Connection", "upgrade"), ("Upgrade", "websocket")]
came = []  # the heads that tasks got


def script(task, s, n):
    """A tunnel, an answer that goes on, or one that never comes; all for as long as the proxy wants it."""
    head, _ = read_head(s)
    came.append(head)
    if b"GET / " in head:
        s.sendall(ok(more=b"Connection: close\r\n"))
        return
    if b"GET /tunnel" in head:
        s.sendall(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    elif b"GET /events" in head:
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    while s.recv(1000):
        pass


def open_three(p, name, stack):
    tunnel, events, waiting = [stack.enter_context(p.connect(60)) for _ in range(3)]
    tunnel.request("GET", "/tunnel", f"{name}.localhost", UPGRADE)
    assert tunnel.head().status == 101
    events.request("GET", "/events", f"{name}.localhost")
    assert events.head().status == 200
    events.chunk()
    before = len(came)
    waiting.request("GET", "/never", f"{name}.localhost")
    poll(lambda: any(b"/never" in head for head in came[before:]), 10, "the task has it")
    return tunnel, events, waiting


def ended(c):
    """The seconds until the connection ends."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while c.sock.recv(65536):
            pass
    return time.monotonic() - begun


def test_an_ended_environments_connections_are_drained(make):
    """What is under way has 30 seconds; that of an environment that stays has no end."""
    p, task = make(), Task(script)
    p.route("one", task.port)
    p.route("stays", task.port)
    with contextlib.ExitStack() as all_:
        kept = open_three(p, "stays", all_)
        tunnel, events, waiting = open_three(p, "one", all_)
        p.sql("DELETE FROM environment WHERE subdomain = 'one'", "DELETE FROM task WHERE subdomain = 'one'")
        poll(lambda: p.get("one.localhost").status == 404, 5, "the route is gone")
        r = waiting.response()
        assert r.status == 502 and "has been ended" in r.text
        assert 0 <= ended(tunnel) < 5 and 0 <= ended(events) < 5, "all of them, at the same time"
        for c in kept:
            c.sock.settimeout(2)
            with pytest.raises(TimeoutError):
                c.sock.recv(1)


def test_one_that_comes_back_in_time_goes_on(make):
    p, task = make(), Task(script)
    p.route("one", task.port)
    with contextlib.ExitStack() as all_:
        tunnel, events, waiting = open_three(p, "one", all_)
        p.sql("UPDATE port SET ready = 0")
        poll(lambda: p.get("one.localhost").status == 503, 5, "the route is gone")
        p.sql("UPDATE port SET ready = 1")
        poll(lambda: p.get("one.localhost").status == 200, 5, "it is back")
        with p.connect(60) as c:  # ends later than the others would
            c.request("GET", "/tunnel", "one.localhost", UPGRADE)
            assert c.head().status == 101
        for c in (tunnel, events, waiting):
            c.sock.settimeout(35)
        with pytest.raises(TimeoutError):
            tunnel.sock.recv(1)
        for c in (events, waiting):
            c.sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                c.sock.recv(1)


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


@pytest.fixture
def host():
    """A host of a task's own: (its name as a network namespace, our address, its address)."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    name = f"mirage-{os.getpid()}"
    net = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"  # of this process alone
    ours, its = f"{net}.1", f"{net}.2"
    try:
        run("ip", "netns", "add", name)
        run("ip", "link", "add", name[:15], "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "addr", "add", f"{ours}/30", "dev", name[:15])
        run("ip", "link", "set", name[:15], "up")
        run("ip", "-n", name, "addr", "add", f"{its}/30", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
    except subprocess.CalledProcessError as e:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
        pytest.skip(f"no network namespaces here: {e.stderr.decode().strip()}")
    yield name, ours, its
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


SERVER = """
import socket, threading
l = socket.socket()
l.bind(("{address}", 8000))
l.listen()
print("listens", flush=True)
def serve(s):
    head = s.recv(65536)
    if b"GET /tunnel" in head:
        s.sendall(b"HTTP/1.1 101 X\\r\\nConnection: upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n")
    while s.recv(65536):
        pass
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
"""


def loaded(p, host):
    """Whether the proxy knows the far task's address by now."""
    with p.connect() as c:
        c.request("GET", "/tunnel", host, UPGRADE)
        return c.head().status == 101


def test_a_task_that_vanished_is_noticed_within_two_minutes(make, host):
    """Whether nothing is under way (keepalive) or bytes are that nobody takes (TCP_USER_TIMEOUT)."""
    name, _, its = host
    server = subprocess.Popen(["ip", "netns", "exec", name, "python3", "-c", SERVER.format(address=its)],
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert server.stdout.readline() == b"listens\n"
        p = make()
        p.route("far", 8000)
        p.sql(f"UPDATE port SET address = '{its}', port = 8000 WHERE arn LIKE 'far%'")
        poll(lambda: loaded(p, "far.localhost"), 5, "the far task is routed")
        with p.connect(150) as quiet, p.connect(150) as busy:
            for c in (quiet, busy):
                c.request("GET", "/tunnel", "far.localhost", UPGRADE)
                assert c.head().status == 101
            run("ip", "-n", name, "link", "set", "eth0", "down")
            busy.send(b"x" * 1000)
            begun = time.monotonic()
            times = {}
            threads = [threading.Thread(target=lambda c=c, key=key: (ended(c), times.update({key: time.monotonic() - begun})))
                       for key, c in (("quiet", quiet), ("busy", busy))]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
        assert max(times.values()) < 135, times
    finally:
        server.kill()
        server.wait()
