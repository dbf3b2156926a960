"""The server of containers whose image is not known: answers any path with its environment as JSON.

All of them live in one thread with one event loop, so that a thousand tasks cost a thousand sockets and no process.
"""

import asyncio
import json
import socket
import threading

_MAX_HEAD = 64 * 1024


class _Loop:
    """The thread, started with the first server."""

    lock = threading.Lock()
    loop = None

    @classmethod
    def get(cls):
        with cls.lock:
            if cls.loop is None:
                cls.loop = asyncio.new_event_loop()
                threading.Thread(target=cls.loop.run_forever, name="built-in", daemon=True).start()
            return cls.loop


class BuiltinServer:
    """Listens from construction on; OSError when it cannot. on_end(exit code) once it has ended."""

    def __init__(self, address, ports, environment, on_line, on_end):
        self._on_end = on_end
        self._loop = _Loop.get()
        self._lock = threading.Lock()
        self._over = False
        self._servers, self.connections = [], set()
        self.on_line = on_line
        self.body = json.dumps(environment).encode()
        sockets = []
        try:
            for port in ports:
                sockets.append(_listen(address, port))
        except OSError as e:
            for s in sockets:
                s.close()
            raise OSError(e.errno, f"{address}:{port}: {e.strerror}") from e
        for s in sockets:
            asyncio.run_coroutine_threadsafe(self._serve(s), self._loop)
        on_line(f"listening on {address} {' '.join(map(str, ports))}")

    async def _serve(self, listener):
        server = await self._loop.create_server(lambda: _Connection(self), sock=listener, backlog=512)
        self._servers.append(server)
        if self._over:
            server.close()

    def terminate(self):
        self._end(0)

    def kill(self):
        self._end(137)

    def _end(self, code):
        with self._lock:
            if self._over:
                return
            self._over = True
        self._loop.call_soon_threadsafe(self._close, code)

    def _close(self, code):
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        self._on_end(code)


def _listen(address, port):
    s = socket.socket()
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen(512)
    except OSError:
        s.close()
        raise
    return s


class _Connection(asyncio.Protocol):
    """Reads requests, whole with their bodies, and answers each."""

    def __init__(self, server):
        self._server = server
        self._data = bytearray()

    def connection_made(self, transport):
        self._transport = transport
        self._server.connections.add(transport)

    def connection_lost(self, error):
        self._server.connections.discard(self._transport)

    def data_received(self, data):
        self._data += data
        while not self._transport.is_closing() and self._one():
            pass

    def _one(self):
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > _MAX_HEAD:
                self._transport.abort()
            return False
        lines = bytes(self._data[:end]).decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        whole = self._message_end(end + 4, headers)
        if whole is None:
            return False
        del self._data[:whole]
        parts = lines[0].split(" ")
        self._server.on_line(f"{parts[0]} {parts[1] if len(parts) > 1 else '?'}")
        self._answer(parts[0], headers.get("connection", "").lower() != "close" and parts[-1] == "HTTP/1.1")
        return True

    def _message_end(self, start, headers):
        """Where the message ends in the data, None when it is not there yet."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while True:
                line_end = self._data.find(b"\r\n", start)
                if line_end < 0:
                    return None
                size = int(bytes(self._data[start:line_end]).split(b";")[0], 16)
                if size == 0:
                    trailer_end = self._data.find(b"\r\n\r\n", line_end)
                    return None if trailer_end < 0 else trailer_end + 4
                start = line_end + 2 + size + 2
        end = start + int(headers.get("content-length", 0))
        return end if len(self._data) >= end else None

    def _answer(self, method, keep):
        body = self._server.body
        head = (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n").encode()
        self._transport.write(head if method == "HEAD" else head + body)
        if not keep:
            self._transport.close()
