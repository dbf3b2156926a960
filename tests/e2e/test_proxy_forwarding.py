"""What reaches a task of a request, and a client of a response: heads, framing, connections."""

import base64
import json
import socket

import pytest


from wire import exchange

HOST = "web.localhost"


def echo(stack, headers=(), target="/echo", method="GET", body=b""):
    r = stack.http(method, HOST, target, headers, body)
    assert r.status == 200, r
    seen = r.json()
    seen["all"] = lambda name: [v for k, v in seen["headers"] if k.lower() == name.lower()]
    return seen


def raw(text, keep=False):
    """The target that makes the task send these bytes."""
    return "/raw?b=" + base64.urlsafe_b64encode(text.encode("latin-1")).decode() + (
        "&keep=1" if keep else "")


# --- requests -----------------------------------------------------------------------------------


def test_forwarded_headers_when_absent(stack, web):
    with stack.connect() as c:
        own = c.sock.getsockname()[0]
        c.request("GET", "/echo", "web.localhost:8080")
        headers = dict(c.response().json()["headers"])
    assert headers["X-Forwarded-For"] == own
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Host"] == "web.localhost:8080"


def test_forwarded_headers_when_there(stack, web):
    seen = echo(stack, [("X-Forwarded-For", "192.0.2.1, 192.0.2.2"), ("x-forwarded-proto", "https"),
                        ("X-Forwarded-Host", "shop.example")])
    joined = ", ".join(seen["all"]("x-forwarded-for"))
    assert joined.startswith("192.0.2.1, 192.0.2.2, 127."), joined
    assert seen["all"]("X-Forwarded-Proto") == ["https"]
    assert seen["all"]("X-Forwarded-Host") == ["shop.example"]


@pytest.mark.parametrize("host", ["web.localhost", "WEB.localhost:8080", "web.localhost:"])
def test_host_is_unchanged(stack, web, host):
    r = stack.get(host, "/echo")
    assert [v for k, v in r.json()["headers"] if k.lower() == "host"] == [host]


def test_hop_by_hop_goes_no_further(stack, web):
    seen = echo(stack, [
        ("Connection", "keep-alive, X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic x"),
        ("TE", "trailers"), ("Upgrade", "h2c"), ("X-Kept", "2")])
    for name in ("X-Mine", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Upgrade"):
        assert not seen["all"](name), (name, seen["headers"])
    assert "x-mine" not in ",".join(seen["all"]("Connection")).lower()
    assert seen["all"]("X-Kept") == ["2"]


def test_connection_cannot_take_away_what_matters(stack, web):
    seen = echo(stack, [("Connection", "X-Forwarded-For, Host, Cookie, Authorization"),
                        ("Cookie", "a=b"), ("Authorization", "Bearer x")])
    assert seen["all"]("X-Forwarded-For") and seen["all"]("Host") == [HOST]
    assert seen["all"]("Cookie") == ["a=b"] and seen["all"]("Authorization") == ["Bearer x"]


def test_end_to_end_fields_pass_as_they_are(stack, web):
    fields = [("X-Twice", "1"), ("x-odd_name", "caf\u00e9"), ("X-Twice", "2"), ("X-Empty", ""),
              ("Accept-Encoding", "gzip"), ("Cookie", "a=b; c=d"), ("Range", "bytes=0-")]
    seen = echo(stack, fields)
    passed = [tuple(h) for h in seen["headers"] if tuple(h) in fields]
    assert passed == fields


@pytest.mark.parametrize("target", [
    "/echo", "/echo?", "/echo?a=b&c=%20%zz", "/echo?q={\"|\\^`<>}[]", "/echo;p?x//../y",
])
def test_target_passes_as_it_is(stack, web, target):
    if target.startswith("/echo;"):
        assert stack.get(HOST, target).text == "task web"
    else:
        assert echo(stack, target=target)["target"] == target


def test_dots_and_slashes_are_the_tasks_affair(stack, web, web_task):
    stack.get(HOST, "//a/../b/./%2e%2e/c?d")
    assert "GET //a/../b/./%2e%2e/c?d" in web_task("/seen").json()


def test_absolute_target(stack, web):
    assert echo(stack, target=f"http://{HOST}/echo?x")["target"] == "/echo?x"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_methods(stack, web, method):
    assert echo(stack, method=method)["method"] == method


def test_connect_is_refused(stack, web):
    with stack.connect() as c:
        c.request("CONNECT", "web.localhost:80", "web.localhost:80")
        assert 400 <= c.response().status <= 599


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_body_by_length(stack, web, method):
    seen = echo(stack, method=method, body=b"\x00\xffbody")
    assert seen["body"].encode("latin-1") == b"\x00\xffbody"


def test_empty_body(stack, web):
    seen = echo(stack, [("Content-Length", "0")], method="POST")
    assert seen["body"] == "" and seen["all"]("Content-Length") == ["0"]


def test_get_has_no_framing(stack, web):
    seen = echo(stack)
    assert not seen["all"]("Content-Length") and not seen["all"]("Transfer-Encoding")


def test_chunked_request_with_trailers(stack, web):
    with stack.connect() as c:
        c.request("POST", "/echo", HOST, [("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")])
        for part in (b"5;ext=1\r\nhello\r\n", b"1\r\n \r\n", b"5\r\nworld\r\n"):
            c.send(part)
        c.send(b"0\r\nX-Sum: 11\r\nContent-Length: 3\r\nHost: evil\r\n\r\n")
        seen = c.response().json()
    assert seen["body"] == "hello world"
    names = [k.lower() for k, _ in seen["trailers"]]
    assert "x-sum" in names and "content-length" not in names and "host" not in names


def test_chunked_request_byte_by_byte(stack, web):
    data = (b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    with stack.connect() as c:
        for i in range(len(data)):
            c.send(data[i:i + 1])
        assert c.response().json()["body"] == "abcde"


def test_head_byte_by_byte(stack, web):
    with stack.connect() as c:
        for byte in b"GET /echo HTTP/1.1\r\nHost: web.localhost\r\n\r\n":
            c.send(bytes([byte]))
        assert c.response().status == 200


# --- connections --------------------------------------------------------------------------------


def test_hundred_pipelined_requests(stack, web):
    data = b"".join(b"GET /echo?i=%d HTTP/1.1\r\nHost: web.localhost\r\n\r\n" % i
                    for i in range(100))
    with stack.connect() as c:
        c.send(data)
        answered = [c.response().json()["target"] for _ in range(100)]
    assert answered == [f"/echo?i={i}" for i in range(100)]


def test_pipelined_to_different_places(stack, web):
    hosts = ["web.localhost", "nobody.localhost", "mirage.localhost", "web.localhost", "10.0.0.1"]
    data = b"".join(b"GET /api/list HTTP/1.1\r\nHost: %s\r\n\r\n" % h.encode() for h in hosts)
    with stack.connect() as c:
        c.send(data)
        assert [c.response().status for _ in hosts] == [200, 404, 200, 200, 200]


def test_pipelined_behind_a_body(stack, web):
    with stack.connect() as c:
        c.send(b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 3\r\n\r\nabc"
               b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"3\r\ndef\r\n0\r\n\r\nGET /echo HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
        assert [c.response().json()["body"] for _ in range(3)] == ["abc", "def", ""]


def test_client_connection_is_kept(stack, web):
    with stack.connect() as c:
        for _ in range(5):
            c.request("GET", "/echo", HOST)
            r = c.response()
            assert r.status == 200 and (r.header("Connection") or "").lower() != "close"


def test_upstream_connection_is_reused(stack, web):
    with stack.connect() as c:
        used = []
        for _ in range(5):
            c.request("GET", "/echo", HOST)
            used.append(c.response().json()["connection"])
    assert len(set(used)) == 1, used


def test_connection_close_is_done(stack, web):
    with stack.connect() as c:
        c.request("GET", "/echo", HOST, [("Connection", "close")])
        r = c.response()
        assert r.header("Connection").lower() == "close"
        assert c.at_end()


def test_the_tasks_close_is_not_the_clients(stack, web):
    with stack.connect() as c:
        c.request("GET", raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
                  HOST)
        assert c.response().text == "ok"
        c.request("GET", "/echo", HOST)
        assert c.response().status == 200


def test_empty_lines_before_a_request(stack, web):
    with stack.connect() as c:
        c.send(b"\r\nGET /echo HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
        assert c.response().status == 200


def test_half_closed_client_still_gets_its_answer(stack, web):
    with stack.connect() as c:
        c.request("GET", "/echo", HOST, [("Connection", "close")])
        c.sock.shutdown(socket.SHUT_WR)
        assert c.response().status == 200


# --- HTTP/1.0 -----------------------------------------------------------------------------------


def test_http_1_0_client(stack, web):
    with stack.connect() as c:
        c.request("GET", "/bytes?n=1000", HOST, version="HTTP/1.0")
        r = c.response()
        assert r.status == 200 and len(r.body) == 1000 and c.at_end()


def test_http_1_0_client_gets_no_chunks(stack, web):
    answer = exchange((stack.address, 8080),
                      b"GET /chunked HTTP/1.0\r\nHost: web.localhost\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower() and body == b"alphabetagamma"


def test_http_1_0_keep_alive(stack, web):
    with stack.connect() as c:
        for _ in range(2):
            c.request("GET", "/bytes?n=5", HOST, [("Connection", "keep-alive")], version="HTTP/1.0")
            r = c.response()
            assert len(r.body) == 5 and r.header("Connection").lower() == "keep-alive"


def test_http_1_0_client_gets_no_1xx(stack, web):
    answer = exchange((stack.address, 8080), b"GET /hints HTTP/1.0\r\nHost: web.localhost\r\n\r\n")
    assert answer.split(b" ")[1] == b"200" and b" 103 " not in answer


def test_http_1_0_request_becomes_1_1_for_the_task(stack, web):
    with stack.connect() as c:
        c.request("GET", "/echo", HOST, version="HTTP/1.0")
        assert c.response().json()["version"] == "HTTP/1.1"


# --- responses ----------------------------------------------------------------------------------


def test_chunked_response_with_trailers(stack, web):
    with stack.connect() as c:
        c.request("GET", "/chunked", HOST, [("TE", "trailers")])
        r = c.response()
        assert r.text == "alphabetagamma"
        assert ("X-Sum", "14") in r.trailers
        c.request("GET", "/echo", HOST)
        assert c.response().status == 200


def test_response_until_close(stack, web):
    r = stack.get(HOST, "/until-close")
    assert r.text == "no length at all"


def test_head(stack, web):
    with stack.connect() as c:
        for target in ("/bytes?n=100", "/bytes?n=100&chunked=1", "/echo"):
            c.request("HEAD", target, HOST)
            r = c.response("HEAD")
            assert r.status == 200
        assert r.header("Content-Length") not in (None, "0")
        c.request("HEAD", "/bytes?n=100", HOST)
        assert c.response("HEAD").header("Content-Length") == "100"
        c.request("GET", "/bytes?n=10", HOST)
        assert len(c.response().body) == 10


@pytest.mark.parametrize("code", [204, 304])
def test_responses_without_a_body(stack, web, code):
    with stack.connect() as c:
        c.request("GET", f"/status?code={code}", HOST)
        r = c.response()
        assert r.status == code and r.header("ETag") == '"e"'
        assert r.header("Transfer-Encoding") is None
        c.request("GET", "/echo", HOST)
        assert c.response().status == 200


@pytest.mark.parametrize("code", [201, 302, 400, 404, 418, 500, 503, 599])
def test_status_passes(stack, web, code):
    r = stack.get(HOST, f"/status?code={code}")
    assert (r.status, r.reason, r.text) == (code, "Text", "x")


def test_hop_by_hop_of_a_response(stack, web):
    r = stack.get(HOST, "/response-headers")
    assert r.header("X-Secret") is None and r.header("Keep-Alive") is None
    assert r.all("Set-Cookie") == ["a=1", "b=2"]
    assert r.header("X-Kept") == "yes" and r.header("Server") == "task"


def test_early_hints(stack, web):
    with stack.connect() as c:
        c.request("GET", "/hints", HOST)
        r = c.response()
    assert [i.status for i in r.informational] == [103]
    assert r.informational[0].header("Link") == "</a.css>" and r.text == "hinted"


def test_status_line_without_reason(stack, web):
    r = stack.get(HOST, raw("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"))
    assert (r.status, r.text) == (200, "ok")


def test_http_1_0_task(stack, web):
    r = stack.get(HOST, raw("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    assert (r.status, r.text) == (200, "ok")


# --- Expect -------------------------------------------------------------------------------------


def test_expect_100_continue(stack, web):
    with stack.connect() as c:
        c.request("POST", "/echo", HOST, [("Expect", "100-continue"), ("Content-Length", "4")])
        assert c.head().status == 100
        c.send(b"body")
        assert c.response().json()["body"] == "body"


def test_expect_with_the_body_at_once(stack, web):
    with stack.connect() as c:
        c.send(b"POST /echo HTTP/1.1\r\nHost: web.localhost\r\nExpect: 100-continue\r\n"
               b"Content-Length: 4\r\n\r\nbody")
        assert c.response().json()["body"] == "body"


def test_expect_refused_by_the_task(stack, web):
    with stack.connect() as c:
        c.request("POST", "/early", HOST, [("Expect", "100-continue"), ("Content-Length", "99999")])
        r = c.response()
        assert r.status == 413 and not r.informational


def test_expect_to_the_api(stack):
    with stack.connect() as c:
        c.request("POST", "/api/terminate", "mirage.localhost", [
            ("Expect", "100-continue"), ("Content-Length", "16"),
            ("Content-Type", "application/x-www-form-urlencoded")])
        assert c.head().status == 100
        c.send(b"subdomain=nobody")
        assert c.response().json() == {"result": "ok"}


def test_other_expectations(stack, web):
    assert stack.get(HOST, "/echo", [("Expect", "200-ok")]).status == 417


def test_early_answer_to_a_body(stack, web):
    """The task answers and closes before it has read the body: the answer gets through."""
    with stack.connect() as c:
        c.request("POST", "/early", HOST, [("Content-Length", str(4 << 20))])
        try:
            c.send(b"x" * (1 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert c.response().status == 413


def test_json_of_the_task_is_untouched(stack, web, web_task):
    assert json.loads(stack.get(HOST, "/env").body) == web_task("/env").json()
