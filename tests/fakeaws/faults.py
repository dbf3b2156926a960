"""What goes wrong on demand. A fault is {operation, kind, count, probability, …}; the newest that matches is met.

operation: "ecs.RunTask", "RunTask", "ecs.*" or "*"; for the metadata endpoints "metadata.*" and their names.
count: how many times, None until cleared. Kinds that any operation knows:

  throttle, internal, unavailable (503, HTML), html (200, HTML), expired_token, access_denied, error (code, message,
  status), hang, reset_before (before the body is read), reset_after (the operation is not carried out), answer_lost
  (it is), truncated (after `bytes`), slow (`seconds`), empty (200 without a body), endless (a 200 whose body never ends)

Kinds that single operations ask for with take(): failures (RunTask, DescribeTasks, DescribeServices: `failures`, and
`start` how many tasks start all the same), partial_data and internal_error (GetMetricData: `ids`), empty_page
(GetLogEvents), prior_request (ChangeResourceRecordSets). endless_pages is of every operation in PAGED: each answer leads
on; `same`: to itself; `lines` and `bytes`: what each page of GetLogEvents has. retry_after: seconds, sent with any error, as are
`headers`.
where: parameters that a request must have to meet the fault; of a list, or any depth of lists and objects, one member.
"""

import itertools
import random
import threading
import time

from .errors import ApiError, render_error
from .http_wire import Hang, Reset, Response

GENERAL = {"throttle", "internal", "unavailable", "html", "expired_token", "access_denied", "error", "hang",
           "reset_before", "reset_after", "answer_lost", "truncated", "slow", "empty", "endless"}
SPECIAL = {"failures", "partial_data", "internal_error", "empty_page", "prior_request", "endless_pages"}
PAGED = {
    "ListTasks": lambda token, events: {"taskArns": [], "nextToken": token},
    "GetMetricData": lambda token, events: {"MetricDataResults": [], "NextToken": token},
    "ListObjectsV2": lambda token, events: {"IsTruncated": True, "Contents": [], "NextContinuationToken": token},
    "GetLogEvents": lambda token, events: {"events": events, "nextForwardToken": token, "nextBackwardToken": token},
}
HTML = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>busy</body></html>\n"


class Faults:
    def __init__(self):
        self._faults = []
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._random = random.Random(1)

    def add(self, operation="*", kind="throttle", count=None, probability=1.0, **detail):
        if kind not in GENERAL | SPECIAL:
            raise ValueError(f"no fault {kind}")
        fault = {"id": next(self._ids), "operation": operation, "kind": kind, "count": count,
                 "probability": probability, "met": 0, **detail}
        with self._lock:
            self._faults.insert(0, fault)
        return fault["id"]

    def clear(self, operation=None, id=None):
        with self._lock:
            self._faults = [f for f in self._faults if (operation is not None and f["operation"] != operation)
                            or (id is not None and f["id"] != id)]

    def all(self):
        with self._lock:
            return [dict(f) for f in self._faults]

    def take(self, service, operation, kinds, params=None):
        """The fault of these kinds that this call meets, or None; its count goes down."""
        names = {"*", operation, f"{service}.*", f"{service}.{operation}"}
        with self._lock:
            for fault in self._faults:
                if fault["operation"] not in names or fault["kind"] not in kinds:
                    continue
                if any(not _has((params or {}).get(name), value) for name, value in fault.get("where", {}).items()):
                    continue
                if fault["count"] is not None and fault["met"] >= fault["count"]:
                    continue
                if fault["probability"] < 1 and self._random.random() >= fault["probability"]:
                    continue
                fault["met"] += 1
                return fault
        return None


def _has(found, wanted):
    if isinstance(found, dict):
        return any(_has(member, wanted) for member in found.values())
    return any(_has(member, wanted) for member in found) if isinstance(found, list) else found == wanted


def before(fault, service, operation, credential, world):
    """What a general fault does instead of the operation: a Response, an exception, or None to go on."""
    kind = fault["kind"]
    if kind in ("reset_before", "reset_after"):
        raise Reset()
    if kind == "hang":
        raise Hang()
    if kind == "slow":
        time.sleep(fault.get("seconds", 1))
        return None
    headers = dict(fault.get("headers", {}))
    if "retry_after" in fault:
        headers["Retry-After"] = str(fault["retry_after"])
    if kind == "unavailable":
        return Response(503, {"Content-Type": "text/html", **headers}, HTML)
    if kind == "html":
        return Response(200, {"Content-Type": "text/html"}, HTML)
    if kind == "empty":
        return Response(200)
    if kind == "endless":
        return Response(200, {"Content-Type": "application/x-amz-json-1.1"}, b" " * 65536, endless=True)
    error = _error(fault, service, operation, credential, world)
    if error is None:
        return None
    response = render_error(service, error)
    response.headers.update(headers)
    return response


def endless_page(fault, operation, now):
    """The output of an operation that is answered in pages: one more of them."""
    token = "b/" + f"{0 if fault.get('same') else fault['met']:056d}/s"
    event = {"timestamp": int(now * 1000), "message": "x" * fault.get("bytes", 10), "ingestionTime": int(now * 1000)}
    return PAGED[operation](token, [event] * fault.get("lines", 0))


def _error(fault, service, operation, credential, world):
    kind, status = fault["kind"], fault.get("status")
    if kind == "throttle":
        return ApiError(fault.get("code", "ThrottlingException"), fault.get("message", "Rate exceeded"), status)
    if kind == "internal":
        return ApiError(fault.get("code", "ServerException"), fault.get("message", "Service Unavailable. Please try "
                                                                        "again later."), status or 500)
    if kind == "expired_token":
        return ApiError("ExpiredTokenException", "The security token included in the request is expired", status or 403)
    if kind == "access_denied":
        arn = credential.arn if credential else "anonymous"
        resource = fault.get("resource", f"arn:aws:{service.name}:{world.region}:{world.account}:*")
        message = (f"User: {arn} is not authorized to perform: {service.signing_name}:{operation} on resource: "
                   f"{resource} because no identity-based policy allows the {service.signing_name}:{operation} action")
        return ApiError("AccessDeniedException", fault.get("message", message),
                        status or (400 if service.protocol == "json" else 403))
    if kind == "error":
        return ApiError(fault["code"], fault.get("message", fault["code"]), status)
    return None


def after(fault, response):
    """What a fault does to the answer of an operation that was carried out."""
    if fault["kind"] == "answer_lost":
        raise Reset()
    if fault["kind"] == "truncated":
        response.truncate = fault.get("bytes", max(0, len(response.body) // 2))
    return response
