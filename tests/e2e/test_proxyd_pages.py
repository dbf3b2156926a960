"""The page on which visitors wait, as mirage-proxyd fetches it: those who ask alike share one. The web server is a script."""

import contextlib
import socket
import struct
import threading

import pytest

from stack import poll
from test_proxyd_scripted import Proxyd, Task, read_head

HTML = ("Accept", "text/html")
SHOP = "shop.localhost"
MANY = 60


def page(body, *, status=b"503 Service Unavailable", field=b"Mirage-State: starting\r\n"):
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, field, len(body)) + body


class Web(Task):
    """Answers once `opened`; `answer(head, number)` makes the pieces that it sends."""

    def __init__(self, answer):
        self.opened, self.pieces = threading.Event(), answer
        super().__init__(self.serve)

    def serve(self, task, s, n):
        rest = b""
        while True:
            head, rest = read_head(s, rest)
            self.got.append(head)
            assert self.opened.wait(30)
            for piece in self.pieces(head, len(self.got)):
                s.sendall(piece)


@pytest.fixture
def make(folder):
    with contextlib.ExitStack() as stack:
        def new(answer):
            web = Web(answer)
            stack.callback(web.close)
            p = Proxyd(folder, options=["-web", f"127.0.0.1:{web.port}"])
            stack.callback(p.stop)
            stack.callback(web.opened.set)
            p.sql("INSERT INTO environment (subdomain, launched_at) VALUES ('shop', 1)")
            with p.connect() as c:
                def is_known():
                    c.request("GET", "/", SHOP)
                    return c.response().status == 503
                poll(is_known, 5, "the environment is known")
            return p, web
        yield new


class Crowd:
    """Connections that have all asked; the proxy has read that."""

    def __init__(self, p, n, *headers, method="GET"):
        self.stack = contextlib.ExitStack()
        self.method = method
        self.all = [self.stack.enter_context(p.connect(timeout=30)) for _ in range(n)]
        for c in self.all:
            c.request(method, "/", SHOP, headers or [HTML])
        assert p.get("nobody.localhost").status == 404, "whoever asks later is answered later"

    def answers(self):
        with self.stack:
            return [c.response(self.method) for c in self.all]


def bodies(answers, status=503):
    assert {r.status for r in answers} == {status}, answers
    return {r.body for r in answers}


def is_own(body):
    return b"This page looks again every two seconds." in body


def shared(p, web, n, *headers, method="GET"):
    """What a crowd gets that asks at once, and how often the web server was asked. Once more where that has taken a second: then
    the web server is taken for dead, and nobody has its page."""
    def once():
        web.opened.clear()
        before = len(web.got)
        crowd = Crowd(p, n, *headers, method=method)
        try:
            poll(lambda: len(web.got) > before, 3, "one asks")
        except AssertionError:
            before = None
        web.opened.set()
        got = bodies(crowd.answers())
        return before is not None and not any(is_own(body) for body in got) and (got, len(web.got) - before)
    return poll(once, 90, "its page comes")


def test_those_who_ask_alike_share_one(make):
    p, web = make(lambda head, n: [page(b"the page, asked %d times" % n)])
    got, n = shared(p, web, MANY)
    assert n == 1 and got == {b"the page, asked %d times" % len(web.got)}
    last = got.pop()

    def again():
        with p.connect() as c:
            c.request("GET", "/", SHOP, [HTML])
            return c.response().body != last
    poll(again, 5, "it does not stay")


def test_the_connection_goes_on(make):
    p, web = make(lambda head, n: [page(b"" if head.startswith(b"HEAD") else b"the page")])
    web.opened.set()
    with p.connect() as c:
        for method in ("GET", "GET", "HEAD", "HEAD", "GET"):
            c.request(method, "/", SHOP, [HTML])
            assert c.response(method).body == (b"" if method == "HEAD" else b"the page")
        c.send(b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nAccept: text/html\r\n\r\n" * 40)
        assert bodies([c.response() for _ in range(40)]) == {b"the page"}
    with p.connect() as c:
        c.send(b"GET / HTTP/1.0\r\nHost: shop.localhost\r\nAccept: text/html\r\n\r\n")
        r = c.response()
        assert r.body == b"the page" and c.at_end()
    with p.connect() as c:
        c.request("GET", "/", SHOP, [HTML, ("Connection", "close")])
        assert c.response().header("Connection") == "close" and c.at_end()


def test_those_who_ask_otherwise_do_not(make):
    """A language, a kind, a method, and a cookie of their own: nobody gets another one's page."""
    p, web = make(lambda head, n: [page(b"" if head.startswith(b"HEAD") else head)])
    kinds = [[HTML], [HTML, ("Accept-Language", "ja")], [HTML, ("Accept-Language", "en")], [("Accept", "application/json")]]
    for kind in kinds:
        (head,), n = shared(p, web, 10, *kind)
        assert n == 1 and all(f"{name}: {value}\r\n".encode() in head for name, value in kind), (kind, head)
        assert (b"Accept-Language" in head) == (len(kind) > 1), head
    assert shared(p, web, 10, HTML, method="HEAD") == ({b""}, 1)


def test_who_asks_for_all_leaves(make):
    p, web = make(lambda head, n: [page(b"the page, asked %d times" % n)])

    def once():
        web.opened.clear()
        before = len(web.got)
        with p.connect() as first:
            first.request("GET", "/", SHOP, [HTML])
            poll(lambda: len(web.got) > before, 3, "it asks")
            crowd = Crowd(p, MANY)
            first.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            poll(lambda: len(web.got) == before + 2, 3, "another one asks")
        except AssertionError:
            before = None
        web.opened.set()
        got = bodies(crowd.answers())
        return before is not None and got == {b"the page, asked %d times" % (before + 2)}
    poll(once, 90, "all get the page of the other")


@pytest.mark.parametrize("answer", [page(b"none", status=b"404 Not Found", field=b""), page(b"busy", field=b""), b"nonsense\r\n\r\n", b""],
                         ids=["404", "another 503", "nonsense", "the end"])
def test_no_page(make, answer):
    """What is no page of mirage-api's nobody gets; and the web server is asked once or, at its end, twice."""
    def answers(head, n):
        yield answer
        raise OSError("ends")
    p, web = make(answers)
    crowd = Crowd(p, MANY)
    web.opened.set()
    assert all(is_own(body) for body in bodies(crowd.answers()))
    assert len(web.got) <= 2


def test_it_comes_in_pieces(make):
    whole = page(b"0123456789" * 100)
    p, web = make(lambda head, n: [whole[:30], whole[30:-700], whole[-700:-1], whole[-1:]])
    assert shared(p, web, MANY) == ({b"0123456789" * 100}, 1)


@pytest.mark.parametrize("answer", [
    page(b"x" * 40000),
    b"HTTP/1.1 503 Service Unavailable\r\nMirage-State: starting\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" + b"x" * 40000 + b"\r\n0\r\n\r\n",
], ids=["long", "chunked"])
def test_what_is_not_shared_all_get(make, answer):
    p, web = make(lambda head, n: [answer])
    got, _ = shared(p, web, 20)
    assert got == {b"x" * 40000}


def test_it_does_not_come(make):
    p, web = make(lambda head, n: [])
    crowd = Crowd(p, MANY)
    assert all(is_own(body) for body in bodies(crowd.answers()))
    assert len(web.got) == 1
