"""CloudWatch Logs: groups, streams, and GetLogEvents with its tokens.

A stream's events are ordered by time, then by arrival. A token is a place between two events: f/<n>/s reads on from
event n, b/<n>/s reads back from it. At either end the same token comes back, as with AWS.
"""

import bisect
import re
import threading

from .errors import ApiError

PAGE_BYTES = 1024 * 1024
PAGE_EVENTS = 10000
EVENT_OVERHEAD = 26
KEEP = 200_000  # events a stream
_TOKEN = re.compile(r"([fb])/(\d{56})/s")


class Stream:
    def __init__(self, created):
        self.created = created
        self.events = []  # (timestamp, number, ingestion time, message)
        self.numbers = 0

    def add(self, timestamp, now, message):
        self.numbers += 1
        event = (timestamp, self.numbers, now, message)
        if self.events and self.events[-1] > event:
            bisect.insort(self.events, event)
        else:
            self.events.append(event)
        if len(self.events) > KEEP:
            del self.events[:KEEP // 10]


class Logs:
    def __init__(self, world):
        self.world = world
        self._lock = threading.Lock()
        self.groups = {}  # name → {stream name → Stream}

    def create(self, group, stream=None):
        with self._lock:
            streams = self.groups.setdefault(group, {})
            if stream is not None and stream not in streams:
                streams[stream] = Stream(self.world.now())

    def append(self, group, stream, message, timestamp=None):
        """timestamp: milliseconds, now unless given."""
        now = int(self.world.now() * 1000)
        self.create(group, stream)
        with self._lock:
            self.groups[group][stream].add(now if timestamp is None else timestamp, now, message)

    def delete(self, group, stream=None):
        with self._lock:
            if stream is None:
                self.groups.pop(group, None)
            else:
                self.groups.get(group, {}).pop(stream, None)

    def _stream(self, params):
        name = params.get("logGroupName")
        if name is None and "logGroupIdentifier" in params:
            name = params["logGroupIdentifier"].rpartition("log-group:")[2].removesuffix(":*")
        if name is None or ("logGroupName" in params and "logGroupIdentifier" in params):
            raise ApiError("InvalidParameterException", "Exactly one of logGroupName and logGroupIdentifier is needed.")
        if name not in self.groups:
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
        if params["logStreamName"] not in self.groups[name]:
            raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
        return self.groups[name][params["logStreamName"]]

    def GetLogEvents(self, params, credential):
        limit = self.world.page_size("logs", "GetLogEvents", params.get("limit", PAGE_EVENTS))
        start, end = params.get("startTime", 0), params.get("endTime", 1 << 62)
        from_head = params.get("startFromHead", False)
        with self._lock:
            events = list(self._stream(params).events)
        if start > end:
            raise ApiError("InvalidParameterException", "startTime is after endTime.")
        low = bisect.bisect_left(events, (start,))
        high = max(low, bisect.bisect_left(events, (end,)))
        direction, place = self._place(params.get("nextToken"), from_head, low, high)
        if self.world.faults.take("logs", "GetLogEvents", {"empty_page"}):
            # AWS may answer with nothing and a token that leads on
            token = f"{direction}/{place:056d}/s"
            return {"events": [], "nextForwardToken": token if direction == "f" else f"f/{high:056d}/s",
                    "nextBackwardToken": token if direction == "b" else f"b/{low:056d}/s"}
        if direction == "f":
            first = place
            last = first + _page(events[first:max(first, high)], limit)
        else:
            last = place
            first = last - _page(events[min(low, last):last][::-1], limit)
        return {"events": [{"timestamp": timestamp, "message": message, "ingestionTime": ingested}
                           for timestamp, _, ingested, message in events[first:last]],
                "nextForwardToken": f"f/{last:056d}/s", "nextBackwardToken": f"b/{first:056d}/s"}

    @staticmethod
    def _place(token, from_head, low, high):
        if token is None:
            return ("f", low) if from_head else ("b", high)
        match = _TOKEN.fullmatch(token)
        if not match:
            raise ApiError("InvalidParameterException", "The specified nextToken is invalid.")
        direction, place = match.group(1), int(match.group(2))
        if direction == "f" and not from_head:
            raise ApiError("InvalidParameterException", "A nextForwardToken needs startFromHead to be true.")
        return direction, max(place, low) if direction == "f" else min(place, high)

    def dump(self, group, stream):
        with self._lock:
            return [{"timestamp": timestamp, "message": message}
                    for timestamp, _, _, message in self.groups.get(group, {}).get(stream, Stream(0)).events]


def _page(events, limit):
    """How many of the events, from the first, make a page."""
    size = 0
    for count, event in enumerate(events[:limit]):
        size += len(event[3].encode()) + EVENT_OVERHEAD
        if size > PAGE_BYTES and count:
            return count
    return min(limit, len(events))
