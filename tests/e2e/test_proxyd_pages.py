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


def test_those_who_ask_alike_share_one(make):
    p, web = make(lambda head, n: [page(b"the page, asked %d times" % n)])
    crowd = Crowd(p, MANY)
    poll(lambda: web.got, 5, "one asks")
    web.opened.set()
    answers = crowd.answers()
    assert bodies(answers) == {b"the page, asked 1 times"} and len(web.got) == 1
    assert {r.header("Mirage-State") for r in answers} == {"starting"}

    def again():
        with p.connect() as c:
            c.request("GET", "/", SHOP, [HTML])
            return c.response().body == b"the page, asked 2 times"
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
    crowds = [Crowd(p, 10, *kind) for kind in kinds] + [Crowd(p, 10, HTML, method="HEAD")]
    poll(lambda: len(web.got) == len(crowds), 5, "one of each asks")
    web.opened.set()
    got = [bodies(crowd.answers()) for crowd in crowds]
    assert all(len(one) == 1 for one in got) and got[-1] == {b""}
    for one, kind in zip(got, kinds):
        (head,) = one
        for name, value in kind:
            assert f"{name}: {value}\r\n".encode() in head, (kind, head)
    assert len(set().union(*got)) == len(crowds)


def test_who_asks_for_all_leaves(make):
    p, web = make(lambda head, n: [page(b"the page, asked %d times" % n)])
    with p.connect() as first:
        first.request("GET", "/", SHOP, [HTML])
        poll(lambda: web.got, 5, "it asks")
        crowd = Crowd(p, MANY)
        assert len(web.got) == 1
        first.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    poll(lambda: len(web.got) == 2, 5, "another one asks")
    web.opened.set()
    assert bodies(crowd.answers()) == {b"the page, asked 2 times"}


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
    crowd = Crowd(p, MANY)
    web.opened.set()
    assert bodies(crowd.answers()) == {b"0123456789" * 100} and len(web.got) == 1


@pytest.mark.parametrize("answer", [
    page(b"x" * 40000),
    b"HTTP/1.1 503 Service Unavailable\r\nMirage-State: starting\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" + b"x" * 40000 + b"\r\n0\r\n\r\n",
], ids=["long", "chunked"])
def test_what_is_not_shared_all_get(make, answer):
    p, web = make(lambda head, n: [answer])
    crowd = Crowd(p, 20)
    web.opened.set()
    assert bodies(crowd.answers()) == {b"x" * 40000}


def test_it_does_not_come(make):
    p, web = make(lambda head, n: [])
    crowd = Crowd(p, MANY)
    assert all(is_own(body) for body in bodies(crowd.answers()))
    assert len(web.got) == 1
