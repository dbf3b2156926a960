"""mirage-proxyd alone, with routes made by hand and tasks that are scripts: what only happens when
reads, ends and resets fall in a certain order."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from stack import BUILD, PORT, SANITIZED, clean_environment, own_address, poll
from wire import Connection, Truncated


class Task:
    """Listens on a port of its own; every connection is given to `script(sock, number)`."""

    def __init__(self, script, backlog=128):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(backlog)
        self.port = self.sock.getsockname()[1]
        self.script, self.got, self.n = script, [], 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.n += 1
            threading.Thread(target=self.run, args=(s, self.n), daemon=True).start()

    def run(self, s, n):
        with s, contextlib.suppress(OSError):
            self.script(self, s, n)

    def close(self):
        self.sock.close()


def read_head(s, left=b""):
    data = left
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise OSError("ended")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def ok(body=b"ok", more=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), more) + body


def echo_script(task, s, n):
    """Answers each request (without body) with its own head."""
    rest = b""
    while True:
        head, rest = read_head(s, rest)
        task.got.append(head)
        if head.startswith(b"GET /warm"):
            time.sleep(0.2)
        s.sendall(ok(head))


class Proxyd:
    def __init__(self, folder, limit=None, build=BUILD, options=(), **network):
        self.address = own_address()
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        config = folder / "config.yaml"
        config.write_text(json.dumps({
            "listen": {"foreign_address": self.address, "http": [{"listen": PORT, "target": 80}]},
            "network": {"workers": 1, **network},
        }))
        self.log = (folder / "log").open("w+")
        args = [str(build / "bin" / "mirage-proxyd"), "-local", "-conf", str(config), "-state",
                str(self.state), *options]
        if limit:
            args = ["/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *args]
        self.process = subprocess.Popen(args, env=clean_environment(), stdin=subprocess.DEVNULL,
                                        stderr=self.log)
        poll(lambda: (self.state / "run" / "proxyd.pid").exists(), 20, "proxyd listens")
        self.sql("UPDATE sync SET succeeded_at = 1")
        poll(lambda: self.get("x").status == 200, 5, "healthy")

    def sql(self, *statements):
        with contextlib.closing(sqlite3.connect(self.state / "mirage.db", timeout=5)) as db:
            with db:
                for text in statements:
                    db.execute(text)

    def route(self, name, *ports):
        arns = [f"{name}{i}" for i in range(len(ports))]
        self.sql(
            f"INSERT INTO environment (subdomain, launched_at) VALUES ('{name}', 1)",
            *[f"INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress, last_status,"
              f" desired_status, env, tags, created_at) VALUES ('{a}', '{a}', '{name}', '', 'a:1',"
              f" '127.0.0.1', 'RUNNING', 'RUNNING', '{{}}', '[]', 1)" for a in arns],
            *[f"INSERT INTO port (arn, container, container_port, address, port, ready)"
              f" VALUES ('{a}', 'app', 80, '127.0.0.1', {p}, 1)"
              for a, p in zip(arns, ports)],
            f"INSERT INTO environment (subdomain, launched_at) VALUES ('{name}-too', 1)")
        poll(lambda: self.get(f"{name}-too.localhost").status == 503, 5, "the routes are loaded")

    def connect(self, timeout=10.0):
        return Connection((self.address, PORT), timeout)

    def get(self, host, target="/"):
        with self.connect() as c:
            c.request("GET", target, host, [("Connection", "close")])
            return c.response()

    def said(self):
        self.log.flush()
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, seconds=35):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        status = self.process.wait(timeout=seconds)
        said = self.said()
        self.log.close()
        assert status == 0 and "Sanitizer" not in said, said[-5000:]


@pytest.fixture
def make(folder):
    made = []

    def new(**kw):
        made.append(Proxyd(folder, **kw))
        return made[-1]
    yield new
    for p in made:
        p.stop()


def dead_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_a_request_passed_over_is_still_itself(make):
    """One of two tasks refuses; what goes to the next is this request, whatever else was read
    meanwhile."""
    p = make()
    task = Task(echo_script)
    p.route("two", dead_port(), task.port)
    p.route("one", task.port)
    clients = [p.connect() for _ in range(8)]
    # connections to wait in the pool
    for c in clients:
        c.send(b"GET /warm HTTP/1.1\r\nHost: one.localhost\r\n\r\n")
    for c in clients:
        c.response()
    bad = []
    for round_ in range(20):
        # all are there in one pass of its loop
        p.process.send_signal(signal.SIGSTOP)
        for i, c in enumerate(clients):
            if i % 2:
                c.send(b"GET /other HTTP/1.1\r\nHost: nobody.localhost\r\n" + b"X-Long: yyyy\r\n" * 20
                       + b"\r\n")
            else:
                c.send(b"GET /mine-%d-%d HTTP/1.1\r\nHost: two.localhost\r\nX-Mine: %d\r\n\r\n"
                       % (round_, i, i))
        time.sleep(0.01)
        p.process.send_signal(signal.SIGCONT)
        for i, c in enumerate(clients):
            try:
                r = c.response()
            except (AssertionError, OSError) as e:
                bad.append((round_, i, repr(e)[:300]))
                c.close()
                clients[i] = p.connect()
                continue
            if i % 2 == 0 and (r.status != 200 or not r.body.startswith(b"GET /mine-%d-%d HTTP/1.1\r\n" % (round_, i))
                               or b"X-Mine: %d\r\n" % i not in r.body):
                bad.append((round_, i, r.status, r.body[:500]))
    assert not bad, (len(bad), bad[:3])


def flood(c, data, stop, read=True):
    """Sends `data` again and again, and reads what comes."""
    def reader():
        with contextlib.suppress(OSError):
            while c.sock.recv(1 << 20) and not stop.is_set():
                pass
    if read:
        threading.Thread(target=reader, daemon=True).start()
    with contextlib.suppress(OSError):
        while not stop.is_set():
            c.sock.sendall(data)


def test_a_request_whose_first_task_does_not_connect_is_still_itself(make):
    """The same by way of exchange_connect_timeout(): every time."""
    with socket.socket() as full, contextlib.ExitStack() as queue:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with contextlib.suppress(TimeoutError):
            for _ in range(10):
                queue.enter_context(socket.create_connection(full.getsockname(), timeout=0.3))
        p = make(connect_timeout="500ms")
        task = Task(echo_script)
        p.route("two", full.getsockname()[1], task.port)
        with p.connect() as a, p.connect() as b:
            for _ in range(2):  # one of them asks the full one first
                b.send(b"GET /warm HTTP/1.1\r\nHost: two.localhost\r\n\r\n")
                assert b.response().status == 200
            for _ in range(2):
                a.send(b"GET /mine HTTP/1.1\r\nHost: two.localhost\r\nX-Mine: 1\r\n\r\n")
                time.sleep(0.2)
                b.send(b"POST /somebody/else HTTP/1.1\r\nHost: nobody.localhost\r\n"
                       b"Cookie: secret\r\nContent-Length: 0\r\n\r\n")
                assert b.response().status == 404
                r = a.response()
                assert r.status == 200 and r.body.startswith(b"GET /mine HTTP/1.1\r\n"), r.body


def test_bytes_behind_an_answer_are_never_the_next_answer(make):
    """upstream_release() keeps a connection whose socket may still hold bytes (can_read), and
    take_idle() forgets that: the last reading ended exactly with the answer."""
    go = threading.Event()

    def script(task, s, n):
        head, _ = read_head(s)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n")
        go.wait(10)
        s.sendall(b"x" * 65536 + ok(b"poisoned"))
        head, _ = read_head(s)
        s.sendall(ok(b"right"))
        time.sleep(1)

    p = make()
    task = Task(script)
    p.route("one", task.port)
    with p.connect() as c, p.connect() as d:
        c.request("GET", "/", "one.localhost")
        assert c.head().status == 200
        time.sleep(0.1)
        p.process.send_signal(signal.SIGSTOP)
        go.set()
        time.sleep(0.3)
        p.process.send_signal(signal.SIGCONT)
        assert c.read_exactly(65536) == b"x" * 65536
        time.sleep(0.3)
        d.request("GET", "/", "one.localhost")
        r = d.response()
        assert r.body != b"poisoned", (task.n, r)


def test_an_answer_that_was_reset_is_not_whole(make):
    """The task's reset is met while writing to it (write_failed), which takes the socket's error:
    the reading then sees a clean end."""
    def script(task, s, n):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        read_head(s)
        s.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf of it")
        time.sleep(0.5)  # and then it dies

    p = make()
    task = Task(script)
    p.route("one", task.port)
    clean = 0
    for i in range(5):
        with p.connect() as c:
            c.send(b"POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 100000000\r\n\r\n")
            stop = threading.Event()
            threading.Thread(target=flood, args=(c, b"x" * 65536, stop, False), daemon=True).start()
            try:
                r = c.response()
                clean += r.body == b"half of it"
            except (Truncated, OSError):
                pass
            stop.set()
    assert clean == 0, clean


def test_pipelined_requests_before_a_half_close_are_all_answered(make):
    p = make()
    task = Task(echo_script)
    p.route("one", task.port)
    with p.connect() as c:
        c.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: one.localhost\r\n\r\n" % i for i in range(5)))
        c.sock.shutdown(socket.SHUT_WR)
        assert c.read_to_end().count(b"HTTP/1.1 200") == 5


def cpu(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(SANITIZED, reason="CPU time is measured")
def test_draining_while_muted_does_not_spin(make):
    """muted stays, unmute_at is past, unmute_when_due() does nothing while draining: epoll_wait
    with timeout 0 until the last request has ended."""
    def script(task, s, n):
        read_head(s)
        time.sleep(4)
        s.sendall(ok())

    p = make(limit=128)  # 32 clients
    task = Task(script)
    p.route("one", task.port)
    clients = [p.connect() for _ in range(32)]
    clients[0].request("GET", "/", "one.localhost")
    time.sleep(0.3)
    clients += [p.connect() for _ in range(5)]  # it mutes
    time.sleep(0.3)
    p.process.terminate()
    time.sleep(0.5)
    before = cpu(p.process.pid)
    time.sleep(2)
    used = cpu(p.process.pid) - before
    assert clients[0].response().status == 200
    for c in clients:
        c.close()
    assert used < 0.5, used


def test_an_upgrade_in_flight_does_not_delay_the_end(make):
    """A 101 that comes after SIGTERM opens a tunnel that nobody ends: 30 s, then _exit()."""
    go = threading.Event()

    def script(task, s, n):
        read_head(s)
        go.wait(10)
        s.sendall(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        s.recv(1)

    p = make()
    task = Task(script)
    p.route("one", task.port)
    with p.connect() as c:
        c.request("GET", "/", "one.localhost", [("Connection", "upgrade"), ("Upgrade", "websocket")])
        time.sleep(0.3)
        p.process.terminate()
        time.sleep(0.3)
        go.set()
        t = time.monotonic()
        p.process.wait(40)
        assert time.monotonic() - t < 8


def test_idle_connections_to_tasks_make_room_for_clients(make):
    """The pool is not counted among the descriptors: full of idle connections, accept() fails for
    up to 30 s, though closing one of them would do."""
    def script(task, s, n):
        while True:
            read_head(s)
            time.sleep(0.5)
            s.sendall(ok())

    p = make(limit=192)  # 64 clients
    tasks = [Task(script) for _ in range(8)]
    for i, t in enumerate(tasks):
        p.route(f"e{i}", t.port)
    for i in range(8):
        clients = [p.connect() for _ in range(24)]
        for c in clients:
            c.request("GET", "/", f"e{i}.localhost", [("Connection", "close")])
        bad = 0
        for c in clients:
            with contextlib.suppress(AssertionError, OSError):
                bad += c.response().status != 200
            c.close()
        time.sleep(0.3)
    clients = [p.connect(timeout=5) for _ in range(60)]
    failed = 0
    for c in clients:
        c.request("GET", "/", "health")
    for c in clients:
        try:
            c.response()
        except (OSError, AssertionError):
            failed += 1
    for c in clients:
        c.close()
    assert failed == 0, (failed, p.said()[-500:])


def test_after_an_interim_answer_nothing_is_tried_again(make):
    """"before any response byte": a 103 is one."""
    def script(task, s, n):
        head, rest = read_head(s)
        s.sendall(ok())
        head, rest = read_head(s)
        s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </%d>\r\n\r\n" % n)
        time.sleep(0.1)

    p = make()
    task = Task(script)
    p.route("one", task.port)
    with p.connect() as c:
        c.request("GET", "/", "one.localhost")
        assert c.response().status == 200
        c.request("GET", "/", "one.localhost")
        r = c.response()
    assert task.n == 1 and r.status == 502, (task.n, r)


def test_two_tasks_share_the_load_of_alternating_requests(make):
    """worker->turn is one counter for all environments: requests to two environments in turn ask
    always the same task of each."""
    p = make()
    a, b = Task(echo_script), Task(echo_script)
    p.route("one", a.port, b.port)
    p.route("two", a.port)
    with p.connect() as c:
        for i in range(20):
            c.request("GET", "/x", "one.localhost")
            c.response()
            c.request("GET", "/y", "two.localhost")
            c.response()
    n = [sum(b"/x" in g for g in t.got) for t in (a, b)]
    assert min(n) > 0, n


def test_http_1_0_with_an_absolute_target_needs_no_host(make):
    p = make()
    task = Task(echo_script)
    p.route("one", task.port)
    with p.connect() as c:
        c.send(b"GET http://one.localhost/x HTTP/1.0\r\n\r\n")
        assert c.response().status == 200
