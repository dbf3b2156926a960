"""The task behind the proxy in these tests: an HTTP server that misbehaves on request.

Standard library only, raw sockets, a thread a connection. It listens on $HOST (127.0.0.1), at $PORTS ("80 8000") or
else at $PORT. Paths are methods `do_<name>` of Exchange. With GATE=<file> it listens once that file exists.
"""

import base64
import hashlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

seen = []  # every request's method and target, in order
held = {}  # name -> Event: responses that wait for /release
sent = {}  # name -> bytes that a /bytes has written, or an /upload has read, so far
lock = threading.Lock()
connections = set()
listeners = []
accepting = threading.Event()


def event(name):
    with lock:
        return held.setdefault(name, threading.Event())


def pattern(n):
    """n bytes, every 4 KiB of them different."""
    out = bytearray()
    counter = 0
    while len(out) < n:
        out += hashlib.sha256(struct.pack(">Q", counter)).digest() * 128
        counter += 1
    return bytes(out[:n])


class Closed(Exception):
    pass


class Exchange:
    """A connection, and the request on it that is being answered."""

    number = 0

    def __init__(self, sock):
        self.sock, self.buffer, self.count = sock, b"", 0
        self.drop_next = False
        with lock:
            Exchange.number += 1
            connections.add(self)
            self.id = Exchange.number

    # --- reading ---

    def fill(self):
        data = self.sock.recv(262144)
        if not data:
            raise Closed
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def exactly(self, n):
        while len(self.buffer) < n:
            self.fill()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def pieces(self, n):
        while n > 0:
            if not self.buffer:
                self.fill()
            data, self.buffer = self.buffer[:n], self.buffer[n:]
            n -= len(data)
            yield data

    def read_head(self):
        self.method, self.target, self.version = self.line().split(" ")
        self.headers = []
        while (line := self.line()) != "":
            name, _, value = line.partition(":")
            self.headers.append((name, value.strip()))
        self.count += 1
        url = urlsplit(self.target)
        self.path = url.path
        self.query = {k: v[-1] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        self.trailers = []
        self.unread = True
        with lock:
            seen.append(f"{self.method} {self.target}")

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name), None)

    def body_pieces(self):
        if not self.unread:
            return
        self.unread = False
        if self.header("expect") and self.query.get("continue") != "no":
            self.send("HTTP/1.1 100 Continue\r\n\r\n")
        if self.header("transfer-encoding"):
            while (size := int(self.line().split(";")[0], 16)) > 0:
                yield from self.pieces(size)
                self.line()
            while (line := self.line()) != "":
                name, _, value = line.partition(":")
                self.trailers.append((name, value.strip()))
        else:
            yield from self.pieces(int(self.header("content-length") or 0))

    def body(self):
        return b"".join(self.body_pieces())

    # --- writing ---

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def reply(self, body, status="200 OK", headers=()):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.send(data if self.method == "HEAD" else data + body)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closed

    # --- what it can be asked for ---

    def do_echo(self):
        body = self.body()
        self.reply({
            "method": self.method, "target": self.target, "version": self.version,
            "headers": self.headers, "body": body.decode("latin-1"), "trailers": self.trailers,
            "connection": self.id, "count": self.count, "pid": os.getpid(),
        })

    def do_bytes(self):
        n, name = int(self.query["n"]), self.query.get("name", "")
        chunked = "chunked" in self.query
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {n}"
        self.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n")
        data = pattern(min(n, 1 << 20)) if "zero" in self.query else pattern(n)
        left = 0 if self.method == "HEAD" else n
        while left > 0:
            at = (n - left) % len(data)
            part = data[at:at + min(left, 65521)]
            self.send(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
            left -= len(part)
            sent[name] = n - left
        if chunked and self.method != "HEAD":
            self.send("0\r\n\r\n")

    def do_split(self):
        """The answer up to byte `at`, a moment later all the rest in one write."""
        body = pattern(int(self.query["n"]))
        if "chunked" in self.query:
            framing = "Transfer-Encoding: chunked"
            data = b"%x\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(body), body)
        else:
            framing, data = f"Content-Length: {len(body)}", body
        answer = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + data
        at = int(self.query["at"])
        self.send(answer[:at])
        time.sleep(0.03)
        self.send(answer[at:])

    def do_sent(self):
        self.reply(str(sent.get(self.query["name"], 0)))

    def do_upload(self):
        digest, n = hashlib.sha256(), 0
        for part in self.body_pieces():
            digest.update(part)
            n += len(part)
            sent[self.query.get("name", "")] = n
        self.reply({"length": n, "sha256": digest.hexdigest(), "trailers": self.trailers,
                    "headers": self.headers})

    def do_chunked(self):
        self.body()
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        for part in ("alpha", "beta", "gamma"):
            self.send(f"{len(part):x};part={part}\r\n{part}\r\n")
        self.send("0\r\nX-Sum: 14\r\nX-Other: b\r\n\r\n")

    def do_until_close(self):
        self.send("HTTP/1.0 200 OK\r\n\r\nno length at all")
        raise Closed

    def do_sse(self):
        """Events, each when /release says so."""
        name = self.query["name"]
        self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n")
        for i in range(3):
            text = f"data: {i}\n\n"
            self.send(f"{len(text):x}\r\n{text}\r\n")
            event(f"{name}{i}").wait(20)
        self.send("0\r\n\r\n")

    def do_hold(self):
        """Answers once /release names it; with `body`, the head and a first part come before."""
        self.body()
        if "body" in self.query:
            self.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            event(self.query["name"]).wait(30)
            self.send("-last")
        else:
            event(self.query["name"]).wait(30)
            self.reply("released")

    def do_release(self):
        event(self.query["name"]).set()
        self.reply("ok")

    def do_slow(self):
        time.sleep(float(self.query["s"]))
        self.reply("slow")

    def do_raw(self):
        """Sends these bytes (URL-safe base64) and closes, or goes on with `keep`."""
        self.body()
        self.send(base64.urlsafe_b64decode(self.query["b"]))
        if "keep" not in self.query:
            raise Closed

    def do_close(self):
        raise Closed

    def do_reset(self):
        self.reset()

    def do_close_mid_body(self):
        if "chunked" in self.query:
            self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe")
        else:
            self.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + "x" * 50)
        if "reset" in self.query:
            time.sleep(0.1)  # a reset overtakes what was sent
            self.reset()
        raise Closed

    def do_drop_next(self):
        """The next request on this connection is met by a close, as an idle timeout does."""
        self.drop_next = True
        self.reply({"connection": self.id})

    def do_early(self):
        """Refuses without reading the body."""
        self.reply("too large", "413 Content Too Large", [("Connection", "close")])
        raise Closed

    def do_hints(self):
        self.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        self.reply("hinted")

    def do_huge_head(self):
        self.reply("", headers=[("X-Huge", "y" * int(self.query["n"]))])

    def do_response_headers(self):
        self.reply("", headers=[
            ("Connection", "X-Secret"), ("X-Secret", "1"), ("Keep-Alive", "timeout=9"),
            ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Kept", "yes"), ("Server", "task")])

    def do_status(self):
        status = self.query["code"]
        body = "" if status in ("204", "304") else "x"
        if body:
            self.reply(body, f"{status} Text")
        else:
            self.send(f"HTTP/1.1 {status} Text\r\nETag: \"e\"\r\n\r\n")

    def do_env(self):
        self.reply(dict(os.environ))

    def do_seen(self):
        with lock:
            self.reply(list(seen))

    def do_print(self):
        stream = sys.stderr if "err" in self.query else sys.stdout
        stream.write(self.query["line"] + "\n")
        stream.flush()
        self.reply("printed")

    def do_exit(self):
        self.reply("bye", headers=[("Connection", "close")])
        self.sock.close()
        os._exit(int(self.query.get("code", 0)))

    def end_others(self):
        with lock:
            others = [c for c in connections if c is not self]
        for other in others:
            try:
                other.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def do_deaf(self):
        """No longer listens: new connections are refused, and those that are open end."""
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.end_others()
        self.reply("deaf", headers=[("Connection", "close")])
        raise Closed

    def do_stall(self):
        """Listens, but accepts nothing any more; the connections that are open end."""
        accepting.clear()
        self.end_others()
        self.reply("stalled", headers=[("Connection", "close")])
        raise Closed

    def do_tunnel(self):
        """No frames: the bytes come back."""
        protocol = self.query.get("protocol", "websocket")
        greeting = pattern(int(self.query.get("greet", 0)))
        lines = f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
        self.send(lines.encode() + greeting)
        while True:
            if not self.buffer:
                self.fill()
            data, self.buffer = self.buffer, b""
            if data == b"bye":
                raise Closed
            self.send(data)

    def do_ws(self):
        key = self.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                  f"Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
        while True:
            first, second = self.exactly(2)
            n = second & 0x7F
            if n == 126:
                (n,) = struct.unpack(">H", self.exactly(2))
            elif n == 127:
                (n,) = struct.unpack(">Q", self.exactly(8))
            mask = self.exactly(4)
            data = self.exactly(n)
            long_mask = int.from_bytes((mask * (n // 4 + 1))[:n], "big")
            data = (int.from_bytes(data, "big") ^ long_mask).to_bytes(n, "big")
            size = struct.pack("B", n) if n < 126 else (
                struct.pack(">BH", 126, n) if n < 65536 else struct.pack(">BQ", 127, n))
            self.send(bytes([first]) + size + data)
            if first & 0x0F == 8:
                raise Closed

    # --- the loop ---

    def serve(self):
        while True:
            self.read_head()
            if self.drop_next:
                raise Closed
            do = getattr(self, "do_" + self.path.strip("/").replace("-", "_"), None)
            if do is None:
                self.body()
                self.reply(f"task {os.environ.get('SUBDOMAINRAW', '')}")
            else:
                do()
            for _ in self.body_pieces():
                pass
            if (self.header("connection") or "").lower() == "close":
                raise Closed

    def run(self):
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.serve()
        except (Closed, OSError):
            pass
        except Exception as e:  # a request that this server cannot read is a finding: show it
            print(f"task_server: {type(e).__name__}: {e} in {self.buffer[:80]!r}", flush=True)
        finally:
            with lock:
                connections.discard(self)
            self.sock.close()


def listen(port):
    host = os.environ.get("HOST", "127.0.0.1")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(16)
    listeners.append(listener)


def accept(listener):
    while True:
        accepting.wait()
        try:
            sock, _ = listener.accept()
        except OSError:
            threading.Event().wait()
        threading.Thread(target=Exchange(sock).run, daemon=True).start()


def main():
    if "IGNORE_SIGTERM" in os.environ and os.environ["IGNORE_SIGTERM"] == "yes":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.environ.get("GATE") and not os.path.exists(os.environ["GATE"]):
        time.sleep(0.02)
    for port in os.environ.get("PORTS", os.environ["PORT"]).split():
        listen(int(port))
    accepting.set()
    print("task_server: listening", flush=True)
    for listener in listeners[1:]:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
    accept(listeners[0])


main()
