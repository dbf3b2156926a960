"""Exchanges to the byte: what the task of an environment receives, and what its client does."""

import socket

import pytest

from exchanges import ANSWERED, CUT, FOR, FORWARDED, HOST, OWN, answer, request
from stack import poll, short_folder
from test_proxyd_scripted import Proxyd, Task, ok, read_head

RESET = b"\1\0\0\0\0\0\0\0"


def read_message(s, rest=b""):
    """The bytes of one request as the proxy frames them, and what came behind them."""
    head, rest = read_head(s, rest)
    data, low = head, head.lower()
    if b"transfer-encoding: chunked" in low:
        while not ended(rest):
            rest += receive(s)
        return data + rest, b""
    if b"content-length: " in low:
        n = int(low.split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(rest) < n:
            rest += receive(s)
        return data + rest[:n], rest[n:]
    return data, rest


def receive(s):
    more = s.recv(65536)
    if not more:
        raise OSError("ended")
    return more


def ended(body):
    """Whether a chunked body is whole; what proxyd writes is simple enough to walk through."""
    while True:
        size, found, rest = body.partition(b"\r\n")
        if not found:
            return False
        n = int(size, 16)
        if n == 0:
            return rest.startswith(b"\r\n") or b"\r\n\r\n" in rest
        if len(rest) < n + 2:
            return False
        body = rest[n + 2:]


class Scene:
    """One proxy and two tasks: e.localhost records and answers, s.localhost says `script`."""

    def __init__(self):
        self.proxy = Proxyd(short_folder())
        self.got, self.script, self.reset = [], b"", False
        self.recorder, self.speaker = Task(self.record), Task(self.speak)
        self.proxy.route("e", self.recorder.port)
        self.proxy.route("s", self.speaker.port)

    def record(self, task, s, n):
        rest = b""
        while True:
            data, rest = read_message(s, rest)
            self.got.append(data)
            s.sendall(ok())

    def speak(self, task, s, n):
        read_head(s)
        s.sendall(self.script)
        if self.reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        else:
            s.shutdown(socket.SHUT_WR)
            s.recv(1)


@pytest.fixture(scope="module")
def scene():
    s = Scene()
    yield s
    s.proxy.stop()


def expected(text, peer):
    """With the proxy's own lines put in."""
    for mark, host in ((OWN, b"e.localhost"), (b"<caps>", b"E.LOCALHOST")):
        text = text.replace(mark, b"X-Forwarded-For: " + FOR + b"\r\nX-Forwarded-Proto: http\r\n"
                            b"X-Forwarded-Host: " + host + b"\r\n")
    return text.replace(FOR, peer)


LAST = request(b"GET /last", b"Connection: close")


def send_pieces(c, data, step):
    for at in range(0, len(data), step):
        c.send(data[at:at + step])


@pytest.mark.parametrize("case", FORWARDED)
def test_the_task_receives(scene, case):
    sent, wanted = FORWARDED[case]
    scene.got.clear()
    with scene.proxy.connect() as c:
        peer = c.sock.getsockname()[0].encode()
        c.send(sent)
        assert c.response().status == 200
    assert scene.got == [expected(wanted, peer)]


@pytest.mark.parametrize("case", [c for c in FORWARDED if b"HTTP/1.0" not in FORWARDED[c][0]
                                  and b"pgrade: " not in FORWARDED[c][0]])
def test_the_task_receives_in_front_of_another(scene, case):
    """The next request is right behind it: the end of the first is where the proxy says."""
    sent, wanted = FORWARDED[case]
    scene.got.clear()
    with scene.proxy.connect() as c:
        peer = c.sock.getsockname()[0].encode()
        c.send(sent + LAST)
        assert c.response().status == 200
        assert c.response().status == 200
        assert c.at_end()
    last = expected(b"GET /last HTTP/1.1\r\n" + HOST + OWN + b"\r\n", peer)
    assert scene.got == [expected(wanted, peer), last]


@pytest.mark.parametrize("case, says", [
    ("length and chunks", "both Content-Length and Transfer-Encoding"), ("two lengths that differ", "two Content-Lengths differ"),
    ("a negative length", "Content-Length is no number"), ("an unknown coding", "its Transfer-Encoding is not chunked"),
    ("chunks in HTTP/1.0", "it is HTTP/1.0"), ("a folded line", "a folded line"), ("129 fields", "more than 128 fields"),
    ("HTTP/1.2", "no status line of HTTP/1.x"), ("a bare LF", "a bare CR or LF"),
    ("a first chunk that is none", "its chunks or trailers are malformed")])
def test_a_bad_gateway_says_which_rule(scene, case, says):
    method, scene.script, _ = ANSWERED[case]
    scene.reset = False

    def is_logged():
        with scene.proxy.connect() as c:
            c.request(method.decode(), "/", "s.localhost")
            r = c.response()
        assert r.status == 502 and "its task's answer is not valid HTTP: " in r.text and says in r.text, r.text
        return says in scene.proxy.said()

    poll(is_logged, 5, "the log says it, a line a second")


def test_behind_a_204_that_claims_a_body_the_connection_is_not_used(scene):
    """What comes later would be taken for the next answer."""
    scene.script, scene.reset = answer(b"204 No Content", b"Content-Length: 40"), False
    before = scene.speaker.n
    with scene.proxy.connect() as c:
        for n in (1, 2):
            c.request("GET", "/", "s.localhost")
            assert c.response().status == 204
            assert scene.speaker.n == before + n


@pytest.mark.parametrize("case", ANSWERED)
def test_the_client_receives(scene, case):
    method, said, wanted = ANSWERED[case]
    scene.script, scene.reset = said, False
    if wanted is ...:
        wanted = said
    with scene.proxy.connect() as c:
        c.send(request(method + b" /", host=b"Host: s.localhost\r\n"))
        if wanted is None:
            assert c.response().status == 502
        else:
            assert c.read_exactly(len(wanted)) == wanted
        # and the connection is as good as before
        c.send(LAST)
        assert c.response().status == 200
        assert c.at_end()


@pytest.mark.parametrize("case", CUT)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_the_client_sees_that_it_was_cut_off(scene, case, reset):
    said, wanted = CUT[case]
    scene.script, scene.reset = said, reset
    with scene.proxy.connect() as c:
        c.send(request(b"GET /", host=b"Host: s.localhost\r\n") + LAST)
        got = c.read_to_end()
    wanted = said if wanted is ... else wanted
    if reset and got.startswith(b"HTTP/1.1 502 "):
        return  # it came before the answer was read
    assert wanted.startswith(got) if reset else got == wanted, got


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_requests_in_small_pieces(scene, step):
    cases = ["a plain request", "chunks become one", "a trailer passes", "a length of zero",
             "an extension in quotes is dropped", "X-Forwarded-For is added to"]
    for case in cases:
        sent, wanted = FORWARDED[case]
        scene.got.clear()
        with scene.proxy.connect() as c:
            peer = c.sock.getsockname()[0].encode()
            send_pieces(c, sent, step)
            assert c.response().status == 200
        got = scene.got[0]
        if b"chunked" in got:  # in more chunks, of the same bytes
            got, wanted = joined(got), joined(wanted)
        assert got == expected(wanted, peer)


def joined(message):
    head, _, body = message.partition(b"\r\n\r\n")
    data = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            return head + b"\r\n\r\n" + data + b"|" + rest
        data, body = data + rest[:n], rest[n + 2:]


def test_an_answer_for_an_http_1_0_client_ends_with_its_connection(scene):
    scene.script, scene.reset = answer(b"200 OK", b"Transfer-Encoding: chunked",
                                       body=b"2\r\nab\r\n0\r\n\r\n"), False
    with scene.proxy.connect() as c:
        c.send(b"GET / HTTP/1.0\r\nHost: s.localhost\r\nConnection: keep-alive\r\n\r\n")
        assert c.read_to_end() == answer(b"200 OK", b"Connection: close", body=b"ab")
