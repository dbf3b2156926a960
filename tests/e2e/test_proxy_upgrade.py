"""Upgrades: WebSocket and other protocols as a tunnel."""

import base64
import hashlib
import os
import struct

import pytest

from test_proxy_streaming import big

HOST = "web.localhost"


def websocket(c, host, target="/ws"):
    """The opening handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    c.request("GET", target, host, [
        ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13")])
    r = c.head()
    assert r.status == 101 and r.header("Upgrade").lower() == "websocket", r
    assert "upgrade" in r.header("Connection").lower()
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    assert r.header("Sec-WebSocket-Accept") == base64.b64encode(digest).decode()


def frame(data, opcode=2):
    mask = os.urandom(4)
    n = len(data)
    size = struct.pack("B", 0x80 | n) if n < 126 else (
        struct.pack(">BH", 0x80 | 126, n) if n < 65536 else struct.pack(">BQ", 0x80 | 127, n))
    masked = int.from_bytes(data, "big") ^ int.from_bytes((mask * (n // 4 + 1))[:n], "big")
    return bytes([0x80 | opcode]) + size + mask + masked.to_bytes(n, "big")


def read_frame(c):
    first, n = c.read_exactly(2)
    if n == 126:
        (n,) = struct.unpack(">H", c.read_exactly(2))
    elif n == 127:
        (n,) = struct.unpack(">Q", c.read_exactly(8))
    return first & 0x0F, c.read_exactly(n)


@pytest.mark.parametrize("size", [0, 5, 1000, 1 << 20])
def test_echo(stack, web, size):
    data = os.urandom(size)
    with stack.connect() as c:
        websocket(c, HOST)
        c.send(frame(data))
        assert read_frame(c) == (2, data)
        c.send(frame(b"again", 1))
        assert read_frame(c) == (1, b"again")


def test_close_from_the_client_side(stack, web):
    with stack.connect() as c:
        websocket(c, HOST)
        c.send(frame(b"\x03\xe8", 8))
        assert read_frame(c) == (8, b"\x03\xe8")
        assert c.at_end()


def test_any_bytes_once_upgraded(stack, web):
    with stack.connect() as c:
        c.request("GET", "/tunnel", HOST, [
            ("Connection", "keep-alive, UPGRADE"), ("Upgrade", "websocket")])
        assert c.head().status == 101
        data = b"\x00\xff raw \r\n\r\n GET / HTTP/1.1"
        c.send(data)
        assert c.read_exactly(len(data)) == data


@pytest.mark.parametrize("size", [5, 20000, 300000])
def test_bytes_right_behind_the_head(stack, web, size):
    """What the client sends with its request, and the task with its 101, is not lost."""
    data = big(size)
    with stack.connect() as c:
        c.send(b"GET /tunnel?greet=%d HTTP/1.1\r\nHost: web.localhost\r\nConnection: upgrade\r\n"
               b"Upgrade: websocket\r\n\r\n" % size + data)
        assert c.head().status == 101
        assert c.read_exactly(size) == data
        assert c.read_exactly(size) == data


def test_the_task_closes(stack, web):
    with stack.connect() as c:
        c.request("GET", "/tunnel", HOST, [("Connection", "upgrade"), ("Upgrade", "websocket")])
        assert c.head().status == 101
        c.send(b"bye")
        assert c.at_end()


def test_the_task_does_not_want_to(stack, web):
    with stack.connect() as c:
        c.request("GET", "/echo", HOST, [("Connection", "upgrade"), ("Upgrade", "websocket")])
        assert c.response().status == 200
        c.request("GET", "/echo", HOST)
        assert c.response().status == 200


def test_upgrade_without_connection_is_no_upgrade(stack, web):
    r = stack.get(HOST, "/echo", [("Upgrade", "websocket")])
    assert r.status == 200 and not [k for k, _ in r.json()["headers"] if k.lower() == "upgrade"]


def test_forwarded_headers_on_an_upgrade(stack, web):
    r = stack.get(HOST, "/echo", [("Connection", "upgrade"), ("Upgrade", "websocket")])
    headers = {k.lower(): v for k, v in r.json()["headers"]}
    assert headers["upgrade"] == "websocket" and "upgrade" in headers["connection"].lower()
    assert headers["x-forwarded-for"].startswith("127.")


def test_uninvited_101(stack, web):
    answer = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
    assert stack.get(HOST, "/raw?b=" + base64.urlsafe_b64encode(answer).decode()).status == 502


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "echo"])
def test_another_protocol_is_not_upgraded_to(stack, web, protocol):
    """The request goes on as HTTP/1.1 (RFC 9110, 7.8). A stranger would speak the other protocol past every rule."""
    seen = stack.get(HOST, "/echo", [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", protocol),
                                     ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")]).json()
    names = {name.lower() for name, _ in seen["headers"]}
    assert not names & {"upgrade", "http2-settings", "connection"}, names
    assert stack.get(HOST, "/tunnel", [("Connection", "Upgrade"), ("Upgrade", protocol)]).status == 502


def test_a_101_to_another_protocol(stack, web):
    r = stack.get(HOST, "/tunnel?protocol=h2c", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
    assert r.status == 502


def test_unknown_environment(stack):
    with stack.connect() as c:
        c.request("GET", "/ws", "nobody.localhost",
                  [("Connection", "upgrade"), ("Upgrade", "websocket")])
        assert c.response().status == 404


def test_terminate_ends_the_tunnel(stack, name):
    stack.launch(name)
    with stack.connect() as c:
        websocket(c, f"{name}.localhost")
        stack.terminate(name)
        assert c.at_end()
