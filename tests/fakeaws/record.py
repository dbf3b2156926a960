"""What was asked: counts by operation, the last requests, and the violations that a correct client never causes."""

import base64
import collections
import threading
import time
from datetime import datetime


class Record:
    def __init__(self, keep=5000):
        self._lock = threading.Lock()
        self._keep = keep
        self.reset()

    def reset(self):
        with self._lock:
            self._calls = {}
            self._requests = collections.deque(maxlen=self._keep)
            self._violations = []

    def reset_calls(self):
        with self._lock:
            self._calls = {}
            self._requests.clear()

    def reset_violations(self):
        with self._lock:
            self._violations = []

    def call(self, service, operation, params, status, error=None, access_key=None, fault=None):
        """status None: the connection was ended without an answer."""
        name = f"{service}.{operation}"
        now = time.time()
        with self._lock:
            entry = self._calls.setdefault(name, {"count": 0, "failed": 0, "times": []})
            entry["count"] += 1
            entry["failed"] += status is None or status >= 300
            entry["times"].append(now)
            self._requests.append({"operation": name, "params": plain(params), "status": status, "error": error,
                                   "access_key": access_key, "fault": fault, "time": now})

    def violation(self, kind, operation, message):
        """kind: http, signature, model, limit, answer (the fake's own fault)."""
        with self._lock:
            self._violations.append({"kind": kind, "operation": operation, "message": message, "time": time.time()})

    def calls(self):
        with self._lock:
            return {name: {**entry, "times": list(entry["times"])} for name, entry in self._calls.items()}

    def requests(self, operation=None, last=None):
        with self._lock:
            found = [r for r in self._requests if operation is None or r["operation"] == operation
                     or r["operation"].endswith("." + operation)]
        return found[-last:] if last else found

    def violations(self):
        with self._lock:
            return list(self._violations)


def plain(value):
    """Parameters as JSON can hold them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value[:4096]).decode()
    return value
