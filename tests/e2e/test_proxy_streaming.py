"""Large and slow bodies: exact bytes, nothing buffered whole, nothing held back."""

import hashlib
import threading
from pathlib import Path

import pytest

from stack import poll
from wire import Connection

HOST = "web.localhost"
SIZE = 20 << 20


def big(n):
    """What the task's /bytes sends."""
    blocks = [hashlib.sha256(i.to_bytes(8, "big")).digest() * 128 for i in range(n // 4096 + 1)]
    return b"".join(blocks)[:n]


@pytest.mark.parametrize("chunked", ["", "&chunked=1"])
def test_download(stack, web, chunked):
    body = stack.get(HOST, f"/bytes?n={SIZE}{chunked}", timeout=30).body
    assert len(body) == SIZE
    assert body == big(SIZE)


@pytest.mark.parametrize("at", [1, 20, 37, 38, -9, -1])
@pytest.mark.parametrize("chunked", ["", "&chunked=1"])
def test_answer_in_two_parts(stack, web, at, chunked):
    """A head, or a trailer section, that comes in two reads, with a lot behind or before it."""
    with stack.connect() as c:
        c.request("GET", f"/split?n=300000&at={at}{chunked}", HOST)
        assert c.response().body == big(300000)
        c.request("GET", "/echo", HOST)
        assert c.response().status == 200


@pytest.mark.parametrize("at", [1, 30, 60, 100])
def test_request_in_two_parts(stack, web, at):
    body = big(300000)
    head = b"POST /upload HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 300000\r\n\r\n"
    with stack.connect() as c:
        c.send((head + body)[:at])
        poll(lambda: stack.get("health").status == 200, 5, "the proxy has gone round")
        c.send((head + body)[at:])
        assert c.response().json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_upload(stack, web):
    body = big(SIZE)
    r = stack.http("POST", HOST, "/upload", body=body, timeout=30)
    assert r.json()["length"] == SIZE
    assert r.json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_chunked_upload(stack, web):
    body = big(SIZE)
    with stack.connect(timeout=30) as c:
        c.request("POST", "/upload", HOST, [("Transfer-Encoding", "chunked")])
        at = 0
        while at < SIZE:
            part = body[at:at + 100003]
            c.send(b"%x\r\n%s\r\n" % (len(part), part))
            at += len(part)
        c.send(b"0\r\n\r\n")
        r = c.response().json()
    assert (r["length"], r["sha256"]) == (SIZE, hashlib.sha256(body).hexdigest())


def test_both_ways_at_once(stack, web):
    """Eight clients up and eight down together: nobody's bytes are mixed up."""
    body = big(1 << 20)
    failures = []

    def work(i):
        try:
            if i % 2:
                assert stack.http("POST", HOST, "/upload", body=body[i:]).json()["sha256"] == \
                    hashlib.sha256(body[i:]).hexdigest()
            else:
                assert stack.get(HOST, f"/bytes?n={(1 << 20) - i}").body == body[:(1 << 20) - i]
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_events_arrive_when_they_are_sent(stack, web, web_task):
    with stack.connect() as c:
        c.request("GET", "/sse?name=a", HOST, [("Accept", "text/event-stream")])
        assert c.head().header("Content-Type") == "text/event-stream"
        for i in range(3):
            assert c.chunk() == b"data: %d\n\n" % i
            web_task(f"/release?name=a{i}")  # the task sends the next only now
        assert c.chunk() == b""


def test_half_a_body_arrives_at_once(stack, web, web_task):
    with stack.connect() as c:
        c.request("GET", "/hold?name=half&body=1", HOST)
        assert c.head().header("Content-Length") == "10"
        assert c.read_exactly(5) == b"first"
        web_task("/release?name=half")
        assert c.read_exactly(5) == b"-last"


def test_request_body_arrives_when_it_is_sent(stack, web, web_task):
    with stack.connect() as c:
        c.request("POST", "/upload?name=drip", HOST, [("Transfer-Encoding", "chunked")])
        for i in range(1, 4):
            c.send(b"5\r\nhello\r\n")
            poll(lambda: web_task("/sent?name=drip").text == str(5 * i), 5, "the task has it")
        c.send(b"0\r\n\r\n")
        assert c.response().json()["length"] == 15


def resident(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def test_a_client_that_does_not_read_holds_the_task_back(stack, web, web_task):
    size = 300 << 20
    before = sum(resident(p) for p in stack.pids("mirage-proxyd"))
    with Connection((stack.address, 8080)) as c:
        c.request("GET", f"/bytes?n={size}&zero=1&name=lazy", HOST)
        c.head()
        last, calm = -1, 0

        def stands_still():
            nonlocal last, calm
            now = int(web_task("/sent?name=lazy").text)
            calm = calm + 1 if now == last and now > 0 else 0
            last = now
            return calm >= 20
        poll(stands_still, 20, "the task is held back")
        assert last < 100 << 20
        after = sum(resident(p) for p in stack.pids("mirage-proxyd"))
        assert after - before < 32 << 20
        assert len(c.read_exactly(16 << 20)) == 16 << 20


def test_a_task_that_does_not_read_holds_the_client_back(stack, web, web_task):
    with Connection((stack.address, 8080), timeout=1) as c:
        c.request("POST", "/sse?name=deaf", HOST, [("Content-Length", str(1 << 30))])
        sent = 0
        try:
            while sent < 300 << 20:
                sent += c.sock.send(b"x" * 65536)
        except TimeoutError:
            pass
        assert sent < 100 << 20
    for i in range(3):
        web_task(f"/release?name=deaf{i}")


def test_a_client_that_leaves_is_noticed(stack, name):
    """The connection to the task ends with the client's; the task's other requests go on."""
    stack.launch(name)
    for _ in range(20):
        with stack.connect() as c:
            c.request("GET", f"/bytes?n={50 << 20}&zero=1", f"{name}.localhost")
            c.head()
    assert stack.env(name, "/echo").status == 200
