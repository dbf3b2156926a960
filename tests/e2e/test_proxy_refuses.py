"""Messages that two parsers could read in two ways: 400, closed, and nothing reaches the task."""

import itertools

import pytest

from test_proxy_forwarding import raw
from wire import exchange, status_of

HOST = "web.localhost"
_marks = itertools.count(1)

HEADS = {
    "both framings": (400, "POST {m} HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked"),
    "the other order": (400, "POST {m} HTTP/1.1", "Transfer-Encoding: chunked",
                        "Content-Length: 4"),
    "two lengths": (400, "POST {m} HTTP/1.1", "Content-Length: 4", "Content-Length: 5"),
    "the same length twice": (400, "POST {m} HTTP/1.1", "Content-Length: 4", "Content-Length: 4"),
    "list of lengths": (400, "POST {m} HTTP/1.1", "Content-Length: 4, 4"),
    "signed length": (400, "POST {m} HTTP/1.1", "Content-Length: +4"),
    "hexadecimal length": (400, "POST {m} HTTP/1.1", "Content-Length: 0x4"),
    "huge length": (400, "POST {m} HTTP/1.1", "Content-Length: 99999999999999999999"),
    "no length": (400, "POST {m} HTTP/1.1", "Content-Length:"),
    "two codings": (501, "POST {m} HTTP/1.1", "Transfer-Encoding: gzip, chunked"),
    "two coding lines": (400, "POST {m} HTTP/1.1", "Transfer-Encoding: chunked",
                         "Transfer-Encoding: identity"),
    "unknown coding": (501, "POST {m} HTTP/1.1", "Transfer-Encoding: xchunked"),
    "identity": (501, "POST {m} HTTP/1.1", "Transfer-Encoding: identity"),
    "vertical tab": (400, "POST {m} HTTP/1.1", "Transfer-Encoding: \x0bchunked"),
    "space before colon": (400, "POST {m} HTTP/1.1", "Transfer-Encoding : chunked"),
    "folded": (400, "POST {m} HTTP/1.1", "X: y", " Transfer-Encoding: chunked"),
    "folded by tab": (400, "POST {m} HTTP/1.1", "Transfer-Encoding:", "\tchunked"),
    "chunked in 1.0": (400, "POST {m} HTTP/1.0", "Transfer-Encoding: chunked"),
    "bare LF": (400, "GET {m} HTTP/1.1", "X: y\nZ: w"),
    "bare CR": (400, "GET {m} HTTP/1.1", "X: y\rZ: w"),
    "NUL": (400, "GET {m} HTTP/1.1", "X: y\x00z"),
    "DEL": (400, "GET {m} HTTP/1.1", "X: y\x7f"),
    "no colon": (400, "GET {m} HTTP/1.1", "X"),
    "empty name": (400, "GET {m} HTTP/1.1", ": x"),
    "space in name": (400, "GET {m} HTTP/1.1", "X Y: z"),
    "no token": (400, "GET {m} HTTP/1.1", "X(Y): z"),
    "two hosts": (400, "GET {m} HTTP/1.1", "Host: other.localhost"),
    "two spaces": (400, "GET  {m} HTTP/1.1"),
    "tab in the request line": (400, "GET\t{m} HTTP/1.1"),
    "space at the end": (400, "GET {m} HTTP/1.1 "),
    "lower-case version": (400, "GET {m} http/1.1"),
    "no version": (400, "GET {m}"),
    "version 2.0": (505, "GET {m} HTTP/2.0"),
    "version 1.2": (505, "GET {m} HTTP/1.2"),
    "fragment": (400, "GET {m}#f HTTP/1.1"),
    "raw UTF-8": (400, "GET {m}\xc3\xa9 HTTP/1.1"),
    "no slash": (400, "GET x{m} HTTP/1.1"),
    "other authority": (400, "GET http://other.localhost{m} HTTP/1.1"),
    "userinfo": (400, "GET http://a@web.localhost{m} HTTP/1.1"),
    "other scheme": (400, "GET ftp://web.localhost{m} HTTP/1.1"),
    "long method": (400, "A" * 33 + " {m} HTTP/1.1"),
    "expectation": (417, "POST {m} HTTP/1.1", "Expect: tea", "Content-Length: 4"),
}
SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: web.localhost\r\n\r\n"


def nothing_arrived(web_task, mark):
    seen = web_task("/seen").json()
    assert not [s for s in seen if mark in s or "smuggled" in s], seen[-5:]


@pytest.mark.parametrize("case", HEADS)
def test_refused_head(stack, web, web_task, case):
    status, line, *fields = HEADS[case]
    mark = f"/refused-{next(_marks)}-x"
    lines = [line.replace("{m}", mark), f"Host: {HOST}", *fields]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    answer = exchange((stack.address, 8080), head + SMUGGLED)
    assert status_of(answer) == status, answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"connection: close" in answer.lower()
    nothing_arrived(web_task, mark)


@pytest.mark.parametrize("case, says", [
    ("both framings", "has both Content-Length and Transfer-Encoding"), ("two lengths", "two Content-Lengths"),
    ("signed length", "Content-Length is no number"), ("unknown coding", "Transfer-Encoding is not chunked"),
    ("chunked in 1.0", "it is HTTP/1.0"), ("folded", "a folded line"), ("two hosts", "no Host, two of them"),
    ("other authority", "names another host than Host"), ("version 2.0", "another version"),
    ("bare LF", "a bare CR or LF"), ("expectation", "Expect is not 100-continue")])
def test_a_refusal_says_which_rule(stack, case, says):
    _, line, *fields = HEADS[case]
    head = "\r\n".join([line.replace("{m}", "/"), f"Host: {HOST}", *fields]) + "\r\n\r\n"
    answer = exchange((stack.address, 8080), head.encode("latin-1")).decode()
    assert says in answer.partition("\r\n\r\n")[2] and "Cache-Control: no-store" in answer, answer


def test_too_many_fields_are_named(stack):
    head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n" + "X: y\r\n" * 128 + "\r\n"
    answer = exchange((stack.address, 8080), head.encode())
    assert status_of(answer) == 431 and b"more than 128 fields" in answer


@pytest.mark.parametrize("host", ["a b", "web.localhost, x", "web.localhost:99999", "web@localhost",
                                  "web.localhost/", "[::1", "web.localhost:8x", ":8080"])
def test_refused_host(stack, web, host):
    answer = exchange((stack.address, 8080), f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert status_of(answer) == 400, answer[:300]
    assert b"connection: close" in answer.lower()


def test_empty_host_is_nobodys(stack):
    answer = exchange((stack.address, 8080),
                      b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 200 and answer.rstrip().endswith(b"mirage-ecs")


def test_no_host(stack, web):
    answer = exchange((stack.address, 8080), b"GET / HTTP/1.1\r\n\r\n")
    assert status_of(answer) == 400


@pytest.mark.parametrize("noise", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"SSH-2.0-OpenSSH_9.2\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n\r\n\r\n", b"\n\nGET / HTTP/1.1\n\n", b"EHLO x\r\n",
], ids=lambda noise: repr(noise[:12]))
def test_noise_is_answered_at_once(stack, noise):
    answer = exchange((stack.address, 8080), noise, timeout=5)
    assert status_of(answer) in (400, 505)


CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "not hexadecimal": b"g\r\nabc\r\n0\r\n\r\n",
    "prefixed": b"0x3\r\nabc\r\n0\r\n\r\n",
    "negative": b"-3\r\nabc\r\n0\r\n\r\n",
    "space before": b" 3\r\nabc\r\n0\r\n\r\n",
    "space behind": b"3 \r\nabc\r\n0\r\n\r\n",
    "too large": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "bare LF": b"3\nabc\n0\n\n",
    "LF in the extension": b"3;a\nabc\r\n0\r\n\r\n",
    "shorter than it says": b"5\r\nabc\r\n0\r\n\r\n",
    "longer than it says": b"2\r\nabc\r\n0\r\n\r\n",
    "no CRLF behind": b"3\r\nabc0\r\n\r\n",
    "long extension": b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n",
    "bad trailer": b"3\r\nabc\r\n0\r\nX : y\r\n\r\n",
    "folded trailer": b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n",
}


@pytest.mark.parametrize("case", CHUNKS)
def test_bad_chunks(stack, web, web_task, case):
    """The head is on its way already; the task sees its connection end, never a whole request."""
    mark = f"/upload?chunks-{next(_marks)}-x"
    answer = exchange((stack.address, 8080), f"POST {mark} HTTP/1.1\r\nHost: {HOST}\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n".encode() + CHUNKS[case]
                      + b"GET /smuggled HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
    assert status_of(answer) == 400, answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1 and b'"sha256"' not in answer
    assert not [s for s in web_task("/seen").json() if "smuggled" in s]


# --- limits -------------------------------------------------------------------------------------


def test_head_of_almost_32_kib(stack, web):
    r = stack.get(HOST, "/echo", [(f"X-{i}", "y" * 1000) for i in range(31)])
    assert r.status == 200


@pytest.mark.parametrize("fields", [
    [("X", "y" * 33000)],
    [(f"X-{i}", "y" * 1000) for i in range(40)],
    [("X", "y")] * 200,
], ids=["one long", "forty", "two hundred"])
def test_head_too_large(stack, web, fields):
    lines = [f"{k}: {v}" for k, v in fields]
    data = f"GET /echo HTTP/1.1\r\nHost: {HOST}\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    answer = exchange((stack.address, 8080), data.encode())
    assert status_of(answer) == 431, answer[:300]


@pytest.mark.parametrize("length", [16385, 20000, 32768, 34000, 40000, 100000])
def test_target_too_long(stack, web, length):
    data = f"GET /{'a' * (length - 1)} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    assert status_of(exchange((stack.address, 8080), data.encode())) == 414


def test_the_field_is_what_is_too_long_behind_the_longest_target(stack, web):
    data = f"GET /{'a' * 16383} HTTP/1.1\r\nHost: {HOST}\r\nX: {'b' * 20000}\r\n\r\n"
    assert status_of(exchange((stack.address, 8080), data.encode())) == 431


def test_longest_target(stack, web):
    target = "/echo?" + "a" * (16384 - 6)
    assert stack.get(HOST, target).json()["target"] == target


# --- responses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [
    "nonsense\r\n\r\n",
    "HTTP/1.1 200 OK\n\nx",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\x00\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\r\n",
    "",
], ids=lambda a: repr(a[:45]))
def test_response_that_is_not_one(stack, web, answer):
    r = stack.get(HOST, raw(answer))
    assert r.status == 502, r


def test_response_head_too_large(stack, name):
    stack.launch(name)
    with stack.connect() as c:
        c.request("GET", "/huge-head?n=70000", f"{name}.localhost")
        assert c.response().status == 502


def test_a_second_response_is_not_the_next_clients(stack, web):
    """Bytes behind a whole response: the connection is not used again."""
    two = ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
           "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned")
    with stack.connect() as c:
        c.request("GET", raw(two, keep=True), HOST)
        assert c.response().text == "a"
        for _ in range(5):
            c.request("GET", "/echo", HOST)
            assert c.response().json()["target"] == "/echo"
