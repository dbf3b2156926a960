"""The access log: a line for each request, whatever it was, and never in a request's way."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import threading
import time

import pytest

from stack import ON_ECS, SANITIZED, Stack, poll
from test_metrics import figure, with_metrics

LONG = 60 if SANITIZED or ON_ECS else 20


@pytest.fixture
def logged(new_stack, folder):
    """A function that makes a stack with a log of this form, in a file."""
    def make(form="json", change=None):
        def both(config):
            with_metrics(config)
            config["log"] = {"access": form, "access_file": str(folder / "log" / "access.log")}
            if change:
                change(config)
        (folder / "log").mkdir(exist_ok=True)
        s = new_stack(both)
        s.access = folder / "log" / "access.log"
        return s
    return make


def lines(s, **wanted):
    """Those with these values. Each line is JSON."""
    every = [json.loads(line) for line in s.access.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in every if all(line[key] == value for key, value in wanted.items())]


def wait_lines(s, n, **wanted):
    poll(lambda: len(lines(s, **wanted)) >= n, LONG, f"{n} lines with {wanted}")
    found = lines(s, **wanted)
    assert len(found) == n, found
    return found


def test_a_line_for_each(logged):
    s = logged()
    s.launch("shop")
    s.env("shop", "/a/b?c=d&e", headers=[("User-Agent", 'an "agent" \t \u00e9'.encode().decode("latin-1")), ("Referer", "http://r.example/x")])
    (line,) = wait_lines(s, 1, host="shop.localhost", target="/a/b?c=d&e")
    assert line.pop("time").endswith("Z") and 0 <= line.pop("seconds") < 30 and line.pop("bytes") > 40
    assert re.fullmatch(r"[0-9.]+:\d+", line.pop("task"))
    assert line == {"client": "127.0.0.1", "method": "GET", "host": "shop.localhost", "target": "/a/b?c=d&e", "protocol": "HTTP/1.1",
                    "status": 200, "by": "task", "environment": "shop", "referer": "http://r.example/x",
                    "user_agent": 'an "agent" \t \u00e9'}
    s.env("nobody", "/x")
    (line,) = wait_lines(s, 1, host="nobody.localhost")
    assert (line["status"], line["by"], line["environment"], line["task"], line["user_agent"]) == (404, "proxy", None, None, None)
    s.http("GET", "127.0.0.1", "/health")
    assert wait_lines(s, 1, target="/health")[0]["by"] == "health"
    s.api("GET", "/api/list?status=all")
    assert wait_lines(s, 1, target="/api/list?status=all")[0]["by"] == "web"
    with s.connect() as c:
        c.send(b"GET / HTTP/9\r\n\r\n")
        assert c.response().status in (400, 505)
    (line,) = wait_lines(s, 1, method=None)
    assert line["status"] in (400, 505) and line["host"] is None and line["by"] == "proxy"


def test_who_the_client_is(logged):
    s = logged(change=lambda c: c.setdefault("network", {}).update(trusted_proxies=["127.0.0.1"]))
    s.env("nobody", "/a", headers=[("X-Forwarded-For", "203.0.113.9, 198.51.100.4")])
    assert wait_lines(s, 1, target="/a")[0]["client"] == "198.51.100.4"


def test_what_ends_otherwise(logged):
    """A WebSocket has one line, at its end; who leaves amid an answer has one, too."""
    s = logged()
    s.launch("shop")
    with s.connect() as c:
        c.send(b"GET /ws HTTP/1.1\r\nHost: shop.localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        poll(lambda: figure(s, "mirage_proxy_tunnels") == 1, LONG, "it is open")
        assert lines(s, target="/ws") == []
    assert wait_lines(s, 1, target="/ws")[0]["status"] == 101
    assert figure(s, "mirage_proxy_tunnels") == 0 and figure(s, "mirage_proxy_tunnels_total") == 1
    with s.connect() as c:
        c.request("GET", "/hold?name=x", "shop.localhost")
        poll(lambda: (s.env("shop", "/seen").status == 200), LONG, "it is on its way")
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    (line,) = wait_lines(s, 1, target="/hold?name=x")
    assert (line["status"], line["by"], line["bytes"]) == (0, "proxy", 0)
    assert figure(s, "mirage_proxy_requests_total", **{"class": "none"}) == 1


def test_lines_agree_with_what_was_counted(logged):
    s = logged()
    s.launch("shop")
    s.settle()

    def many(n):
        with s.connect() as c:
            for i in range(n):
                c.request("GET", f"/counted/{i}", "shop.localhost")
                c.response()
    before = figure(s, "mirage_proxy_requests_total", by="task")
    threads = [threading.Thread(target=many, args=(500,)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    poll(lambda: sum("/counted/" in line["target"] for line in lines(s, by="task")) == 4000, LONG, "a line for each")
    assert figure(s, "mirage_proxy_requests_total", by="task") - before == 4000
    assert figure(s, "mirage_access_log_lines_total", result="lost") == 0
    assert figure(s, "mirage_access_log_lines_total", result="written") == len(s.access.read_text().splitlines())


def test_combined(logged):
    s = logged("combined")
    s.env("nobody", '/a"b', headers=[("User-Agent", "Mozilla/5.0 (X11)"), ("Referer", "http://r/\\")])
    poll(lambda: "Mozilla" in s.access.read_text(), LONG, "the line")
    line = next(text for text in s.access.read_text().splitlines() if "Mozilla" in text)
    assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "(GET /a\\"b HTTP/1\.1|-)" (404|400) \d+ '
                        r'"(http://r/\\\\|-)" "Mozilla/5\.0 \(X11\)"', line), line


def test_renamed_and_opened_anew(logged):
    s = logged()
    s.env("nobody", "/old")
    wait_lines(s, 1, target="/old")
    old = s.access.with_name("access.log.1")
    s.access.rename(old)
    os.kill(s.process.pid, signal.SIGHUP)
    poll(s.access.exists, LONG, "it is made anew")
    s.env("nobody", "/new")
    wait_lines(s, 1, target="/new")
    assert "/new" not in old.read_text() and s.access.stat().st_mode & 0o777 == 0o600
    assert s.process.poll() is None


def test_a_reader_that_stops_holds_up_nothing(new_stack):
    """On standard output, a pipe of which nobody reads: what finds no room is lost, and counted."""
    def change(config):
        with_metrics(config)
        config["log"] = {"access": "json"}
    s = new_stack(change)
    slowest, n = 0, 0
    with s.connect() as c:
        while figure(s, "mirage_access_log_lines_total", result="lost") == 0:  # a pipe holds 64 KB, a ring 2 MB
            assert n < 20000, "its lines find room"
            for n in range(n + 1, n + 101):
                began = time.monotonic()
                c.request("GET", "/" + "x" * 2000, "nobody.localhost")
                assert c.response().status == 404
                slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2
    s.out += s.process.stdout.read() or b""

    def read():
        s.env("nobody", "/later")
        s.out += s.process.stdout.read() or b""
        return b'"target":"/later"' in s.out
    poll(read, LONG, "it goes on once somebody reads")
    whole = s.out[:s.out.rindex(b"\n")].decode().splitlines()
    assert all(line.startswith("mirage-ecs ready") or json.loads(line) for line in whole)


def test_the_disk_is_full(new_stack):
    """What cannot be written is lost, and counted; it is said once, and no request waits for it."""
    def change(config):
        with_metrics(config)
        config["log"] = {"access": "json", "access_file": "/dev/full"}
    s = new_stack(change)
    for _ in range(50):
        assert s.env("nobody").status == 404
    poll(lambda: figure(s, "mirage_access_log_lines_total", result="lost") >= 50, LONG, "they are lost")
    said = s.log_path.read_text()
    assert said.count("log.access: cannot write to /dev/full: No space left on device") == 1, said


def test_a_file_that_cannot_be_opened(folder):
    s = Stack(lambda c: c.update(log={"access": "json", "access_file": str(folder / "missing" / "access.log")}))
    try:
        status, said = s.spawn().wait_refused()
        assert status == 1 and f"log.access_file: cannot write {folder}/missing/access.log: No such file or directory" in said, said
    finally:
        s.remove()


def test_off(new_stack):
    s = new_stack()
    s.env("nobody")
    with contextlib.suppress(BlockingIOError):
        s.out += s.process.stdout.read() or b""
    assert b"nobody" not in s.out
