"""An HTTP/1.1 client that shows the bytes: what was sent, what came, and when the connection ended.

http.client repairs and hides too much for tests of a proxy. Everything here is strict: a response
that is framed wrongly fails the test.
"""

import json
import socket


class Truncated(AssertionError):
    """The connection ended inside a message; `got` is what had come."""

    def __init__(self, got):
        super().__init__(f"the connection ended early, after {got[-200:]!r}")
        self.got = got


class Response:
    def __init__(self, status, reason, version, headers):
        self.status, self.reason, self.version, self.headers = status, reason, version, headers
        self.body, self.trailers, self.informational = b"", [], []

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        """The field's only value; two lines of one name fail."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else default

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.headers} {self.body[:300]!r}>"


class Connection:
    """One TCP connection. Close it, or use it in a `with`."""

    def __init__(self, address, timeout=10.0):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def request(self, method, target, host, headers=(), body=b"", version="HTTP/1.1"):
        lines = [f"{method} {target} {version}"] + ([f"Host: {host}"] if host else [])
        lines += [f"{name}: {value}" for name, value in headers]
        if body and not any(name.lower() == "content-length" for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def _fill(self):
        try:
            data = self.sock.recv(262144)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Truncated(self.buffer)
        self.buffer += data

    def read_until(self, mark):
        while mark not in self.buffer:
            self._fill()
        found, self.buffer = self.buffer.split(mark, 1)
        return found + mark

    def read_exactly(self, n):
        parts, left = [], n
        while left > 0:
            if not self.buffer:
                try:
                    self._fill()
                except Truncated:
                    raise Truncated(b"".join(parts)) from None
            parts.append(self.buffer[:left])
            self.buffer = self.buffer[left:]
            left -= len(parts[-1])
        return b"".join(parts)

    def read_to_end(self):
        """All that comes until the other side closes; a reset counts as an end."""
        try:
            while True:
                self._fill()
        except Truncated:
            rest, self.buffer = self.buffer, b""
            return rest

    def at_end(self):
        """Whether the other side closed, and sent nothing before."""
        return self.read_to_end() == b""

    def head(self):
        lines = self.read_until(b"\r\n\r\n")[:-4].decode("latin-1").split("\r\n")
        version, status, reason = (lines[0] + " ").split(" ", 2)
        assert version in ("HTTP/1.0", "HTTP/1.1"), lines[0]
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            assert colon and name and name == name.strip(), f"no field line: {line!r}"
            headers.append((name, value.strip()))
        return Response(int(status), reason.strip(), version, headers)

    def response(self, method="GET"):
        informational = []
        head = self.head()
        while 100 <= head.status < 200 and head.status != 101:
            informational.append(head)
            head = self.head()
        head.informational = informational
        self._body(head, method)
        return head

    def chunk(self):
        """The next chunk's data, b"" for the last."""
        size = int(self.read_until(b"\r\n")[:-2].split(b";")[0], 16)
        if size == 0:
            return b""
        data = self.read_exactly(size)
        assert self.read_exactly(2) == b"\r\n"
        return data

    def chunk_trailers(self):
        trailers = []
        while (line := self.read_until(b"\r\n")[:-2]) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            trailers.append((name, value.strip()))
        return trailers

    def _body(self, r, method):
        length, coding = r.header("Content-Length"), r.header("Transfer-Encoding")
        assert not (length is not None and coding is not None), f"two framings: {r}"
        if method == "HEAD" or r.status in (101, 204, 304):
            return
        if coding is not None:
            assert coding == "chunked" and r.version == "HTTP/1.1", r
            parts = []
            while data := self.chunk():
                parts.append(data)
            r.body, r.trailers = b"".join(parts), self.chunk_trailers()
        elif length is not None:
            r.body = self.read_exactly(int(length))
        else:
            r.body = self.read_to_end()


def exchange(address, data, timeout=10.0):
    """Sends these bytes and returns all that comes until the other side closes."""
    with Connection(address, timeout) as c:
        try:
            c.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered and closed before it had read everything
        return c.read_to_end()


def status_of(answer):
    """The status of a raw answer."""
    assert answer.startswith(b"HTTP/1."), answer[:200]
    return int(answer.split(b" ", 2)[1])
