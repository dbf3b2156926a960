"""Addresses of tasks: a block 127.X.0.0/16 that this process alone gives out."""

import os
import socket
import threading

CLAIM_PORT = 61999  # who listens there on .0.1 of a block owns it


class Addresses:
    def __init__(self):
        self._lock = threading.Lock()
        self._next = 0
        for n in range(110):
            block = 140 + (os.getpid() + n) % 110
            self._claim = socket.socket()
            try:
                self._claim.bind((f"127.{block}.0.1", CLAIM_PORT))
                self._claim.listen(1)
            except OSError:
                self._claim.close()
                continue
            self.block = block
            return
        raise RuntimeError("no block of loopback addresses is free")

    def take(self, ports=()):
        """An address not given before, nobody listening on these ports of it."""
        for _ in range(63000):
            with self._lock:
                self._next += 1
                n = self._next % 63000
            address = f"127.{self.block}.{1 + n // 250}.{1 + n % 250}"
            if all(_free(address, port) for port in ports):
                return address
        raise RuntimeError("no loopback address is free")


def _free(address, port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, port))
        except PermissionError:
            return True
        except OSError:
            return False
        return True
