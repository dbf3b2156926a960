"""HTTP/1.1 as the fake speaks it: one thread a connection, keep-alive, and the ways to misbehave that faults need.

Requests are kept as they came: the raw target and all field lines in their order, since a signature covers them.
"""

import gzip
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 8 * 1024 * 1024


class BadMessage(Exception):
    """The request cannot be read; status and reason are the answer."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Reset(Exception):
    """Raised by a handler: end the connection with RST and no answer."""


class Hang(Exception):
    """Raised by a handler: never answer; the client has to give up."""


@dataclass
class Request:
    method: str
    target: str
    headers: list
    body: bytes = b""
    path: str = ""
    query: str = ""
    address: str = ""

    def __post_init__(self):
        self.path, _, self.query = self.target.partition("?")
        if "://" in self.target.split("?")[0]:
            parts = urlsplit(self.target)
            self.path, self.query = parts.path or "/", parts.query

    def header(self, name, default=None):
        """The value of a field, several joined as HTTP joins them."""
        name = name.lower()
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else default

    def content(self):
        """The body without its Content-Encoding, at most MAX_BODY."""
        if (self.header("content-encoding") or "").lower() != "gzip":
            return self.body
        try:
            text = gzip.decompress(self.body)
        except (OSError, EOFError, ValueError) as e:
            raise BadMessage(400, f"not gzip: {e}") from e
        if len(text) > MAX_BODY:
            raise BadMessage(413, "too large")
        return text


@dataclass
class Response:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    truncate: int | None = None  # send that many bytes of the body, then end the connection
    close: bool = False
    endless: bool = False  # the body is sent again and again, until the connection ends


class HttpServer:
    """Listens from construction on; handle(request) → Response; on_head(request) may raise Reset before the body."""

    def __init__(self, address, handle, on_head=None, on_bad_message=None, max_body=MAX_BODY):
        self.max_body = max_body
        self.handle, self.on_head, self.on_bad_message = handle, on_head, on_bad_message
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, 0))
        self.listener.listen(512)
        self.url = "http://%s:%d" % self.listener.getsockname()

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                time.sleep(0.05)  # out of descriptors: those in use come back
                continue
            threading.Thread(target=self._serve, args=(connection, peer[0]), daemon=True).start()

    def _serve(self, connection, peer):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb", 65536)
        try:
            while self._exchange(connection, reader, peer):
                pass
        except Reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except Hang:
            _wait_for_end(connection)
        except OSError:
            pass
        finally:
            reader.close()
            connection.close()

    def _exchange(self, connection, reader, peer):
        try:
            request, version = read_head(reader)
            if request is None:
                return False
            request.address = peer
            if self.on_head:
                self.on_head(request)
            if (request.header("expect") or "").lower() == "100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.body = read_body(reader, request, self.max_body)
        except BadMessage as e:
            if self.on_bad_message:
                self.on_bad_message(str(e))
            connection.sendall(render(Response(e.status, {}, str(e).encode()), "GET", False))
            connection.shutdown(socket.SHUT_WR)  # what is still coming is read, lest RST overtake the answer
            connection.settimeout(2)
            _wait_for_end(connection)
            return False
        response = self.handle(request)
        keep = version == "HTTP/1.1" and (request.header("connection") or "").lower() != "close"
        keep = keep and not response.close and response.truncate is None
        connection.sendall(render(response, request.method, keep))
        while response.endless:
            connection.sendall(response.body)
        return keep


def _wait_for_end(connection):
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def read_head(reader):
    """(Request without body, version), or (None, None) at the end of the connection."""
    line = reader.readline(MAX_HEAD)
    if not line:
        return None, None
    parts = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not line.endswith(b"\r\n"):
        raise BadMessage(400, f"bad request line {line[:80]!r}")
    headers, size = [], len(line)
    while True:
        line = reader.readline(MAX_HEAD)
        size += len(line)
        if size > MAX_HEAD:
            raise BadMessage(431, "head too large")
        if line == b"\r\n":
            break
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if not colon or not name or name != name.strip() or not line.endswith(b"\r\n"):
            raise BadMessage(400, f"bad field line {line[:80]!r}")
        headers.append((name, value.strip(" \t\r\n")))
    return Request(parts[0], parts[1], headers), parts[2]


def read_body(reader, request, limit=MAX_BODY):
    length, coding = request.header("content-length"), request.header("transfer-encoding")
    if coding:
        if length is not None or coding.lower() != "chunked":
            raise BadMessage(400, "bad framing")
        return _read_chunks(reader, limit)
    if length is None:
        return b""
    if not length.isascii() or not length.isdigit():
        raise BadMessage(400, "bad Content-Length")
    if int(length) > limit:
        raise BadMessage(413, "body too large")
    return _read_exactly(reader, int(length))


def _read_chunks(reader, limit):
    body = bytearray()
    while True:
        try:
            size = int(reader.readline(1024).split(b";")[0], 16)
        except ValueError as e:
            raise BadMessage(400, "bad chunk") from e
        if len(body) + size > limit:
            raise BadMessage(413, "body too large")
        if size == 0:
            while reader.readline(MAX_HEAD) not in (b"\r\n", b""):
                pass
            return bytes(body)
        body += _read_exactly(reader, size)
        if reader.readline(8) != b"\r\n":
            raise BadMessage(400, "bad chunk")


def _read_exactly(reader, size):
    data = reader.read(size)
    if len(data) != size:
        raise BadMessage(400, f"body ended after {len(data)} of {size} bytes")
    return data


def render(response, method, keep):
    """The bytes of an answer; `truncate` cuts the body but not what Content-Length says of it."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Status"
    headers = {"Date": formatdate(usegmt=True), **response.headers}
    headers.setdefault("Content-Length", str(1 << 40 if response.endless else len(response.body)))
    if response.status == 204:
        del headers["Content-Length"]
    headers["Connection"] = "keep-alive" if keep else "close"
    lines = [f"HTTP/1.1 {response.status} {phrase}"] + [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
    if method == "HEAD":
        return head
    return head + response.body[:response.truncate]
