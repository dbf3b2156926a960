"""CloudWatch: metrics as sums a minute, PutMetricData's limits, GetMetricData's periods and pages."""

import base64
import json
import math
import threading

from .errors import ApiError, LimitError

BODY_MAX = 1024 * 1024
DATUMS_MAX, VALUES_MAX, DIMENSIONS_MAX = 1000, 150, 30
QUERIES_MAX, POINTS_MAX = 500, 100_800
DAY = 86400
STATISTICS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")


def invalid(message):
    return LimitError("InvalidParameterValue", message)


class CloudWatch:
    def __init__(self, world):
        self.world = world
        self._lock = threading.Lock()
        self.metrics = {}  # (namespace, name, sorted dimensions) → {minute: [sum, count, minimum, maximum]}

    def check_request(self, request, operation):
        if operation == "PutMetricData" and max(len(request.body), len(request.content())) > BODY_MAX:
            raise LimitError("RequestEntityTooLarge", "The request is larger than 1 MB.", 413)

    # --- in ------------------------------------------------------------------------------------

    def PutMetricData(self, params, credential):
        if len(params["MetricData"]) > DATUMS_MAX:
            raise LimitError("ValidationException", "The collection MetricData must not have a size greater than 1000.")
        if params["Namespace"].startswith("AWS/"):
            raise invalid("The value AWS/ for parameter Namespace is invalid.")
        points = []
        for i, datum in enumerate(params["MetricData"], 1):
            points.append(self._datum(params["Namespace"], datum, f"MetricData.member.{i}"))
        with self._lock:  # all or nothing
            for key, minute, sets in points:
                for value, count in sets:
                    self._add(key, minute, value, count)

    def _datum(self, namespace, datum, name):
        dimensions = datum.get("Dimensions", [])
        if len(dimensions) > DIMENSIONS_MAX:
            raise invalid(f"The collection {name}.Dimensions must not have a size greater than {DIMENSIONS_MAX}.")
        if len({d["Name"] for d in dimensions}) != len(dimensions):
            raise invalid(f"{name}.Dimensions has a name twice.")
        now = self.world.now()
        time = datum["Timestamp"].timestamp() if "Timestamp" in datum else now
        if time < now - 14 * DAY:
            raise invalid(f"The parameter {name}.Timestamp must specify a time no more than two weeks in the past.")
        if time > now + 2 * 3600:
            raise invalid(f"The parameter {name}.Timestamp must specify a time within the next 2 hours.")
        key = (namespace, datum["MetricName"], tuple(sorted((d["Name"], d["Value"]) for d in dimensions)))
        return key, int(time // 60) * 60, self._values(datum, name)

    @staticmethod
    def _values(datum, name):
        forms = [form for form in ("Value", "Values", "StatisticValues") if form in datum]
        if len(forms) != 1:
            raise LimitError("InvalidParameterCombination", f"{name} needs one of Value, Values and StatisticValues.")
        if "StatisticValues" in datum:
            s = datum["StatisticValues"]
            if s["SampleCount"] <= 0:
                raise invalid(f"{name}.StatisticValues.SampleCount must be positive.")
            sets = [(s["Sum"] / s["SampleCount"], s["SampleCount"])]
        else:
            values = datum.get("Values", [datum.get("Value")])
            counts = datum.get("Counts", [1.0] * len(values))
            if not 1 <= len(values) <= VALUES_MAX:
                raise invalid(f"The collection {name}.Values must have between 1 and {VALUES_MAX} members.")
            if len(counts) != len(values) or ("Counts" in datum and "Values" not in datum):
                raise invalid(f"{name}.Counts must have as many members as Values.")
            sets = list(zip(values, counts))
        for value, count in sets:
            if not math.isfinite(value) or abs(value) > 2.0 ** 360 or count <= 0:
                raise invalid(f"The value {value} for {name}.Value is invalid.")
        return sets

    def _add(self, key, minute, value, count):
        point = self.metrics.setdefault(key, {}).setdefault(minute, [0.0, 0.0, value, value])
        point[0] += value * count
        point[1] += count
        point[2], point[3] = min(point[2], value), max(point[3], value)

    def put(self, namespace, name, dimensions, value, timestamp=None):
        """By control: no limits, any age."""
        time = self.world.now() if timestamp is None else timestamp
        with self._lock:
            self._add((namespace, name, tuple(sorted(dimensions.items()))), int(time // 60) * 60, float(value), 1.0)

    def dump(self):
        with self._lock:
            return [{"namespace": key[0], "name": key[1], "dimensions": dict(key[2]),
                     "points": [{"time": minute, "sum": p[0], "count": p[1]} for minute, p in sorted(points.items())]}
                    for key, points in self.metrics.items()]

    # --- out -----------------------------------------------------------------------------------

    def GetMetricData(self, params, credential):
        queries = params["MetricDataQueries"]
        start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
        self._check_queries(queries, start, end)
        ascending = params.get("ScanBy") == "TimestampAscending"
        asked = min(params.get("MaxDatapoints", POINTS_MAX), POINTS_MAX)
        room = self.world.page_size("cloudwatch", "GetMetricData", asked)
        number, offset = _from_token(params.get("NextToken"), params)
        results, token = [], None
        for i, query in enumerate(queries[number:], number):
            if not query.get("ReturnData", True):
                continue
            points = self._points(query["MetricStat"], start, end)
            points.sort(reverse=not ascending)
            rest = points[offset:]
            given = rest[:room]
            room -= len(given)
            partial = len(given) < len(rest)
            if given or not partial:
                results.append(self._result(query, given, "PartialData" if partial else "Complete"))
            if partial:
                token = _to_token(i, offset + len(given), params)
                break
            offset = 0
        self._spoil(results)
        answer = {"MetricDataResults": results, "Messages": []}
        if token:
            answer["NextToken"] = token
        return answer

    @staticmethod
    def _check_queries(queries, start, end):
        if len(queries) > QUERIES_MAX:
            raise LimitError("ValidationException", "The collection MetricDataQueries must not have a size greater "
                             f"than {QUERIES_MAX}.")
        if start >= end:
            raise LimitError("ValidationException", "The parameter StartTime must be less than the parameter EndTime.")
        ids = [query["Id"] for query in queries]
        if len(set(ids)) != len(ids):
            raise LimitError("ValidationException", "The values for parameter id in MetricDataQueries are not unique.")
        for query in queries:
            if not (query["Id"][0].islower() and query["Id"].replace("_", "a").isalnum() and query["Id"].isascii()):
                raise LimitError("ValidationException", f"The value {query['Id']} for parameter Id is not matching the "
                               "expression ^[a-z][a-zA-Z0-9_]*$.")
            if "MetricStat" not in query or "Expression" in query:
                raise LimitError("ValidationException", "Only MetricStat queries are in this fake.")
            stat = query["MetricStat"]
            if stat["Stat"] not in STATISTICS:
                raise LimitError("ValidationException", f"The value {stat['Stat']} for parameter Stat is not "
                                 "supported.")
            if stat["Period"] % 60 or stat["Period"] < 60:
                raise LimitError("ValidationException", f"The parameter MetricStat.Period {stat['Period']} must be a "
                               "multiple of 60.")

    def _points(self, stat, start, end):
        """[(time, value)] for every bucket that has data, aligned to the period."""
        metric, period, now = stat["Metric"], stat["Period"], self.world.now()
        start = start // min(period, 3600) * min(period, 3600)
        key = (metric.get("Namespace"), metric.get("MetricName"),
               tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", []))))
        buckets = {}
        with self._lock:
            for minute, point in self.metrics.get(key, {}).items():
                if start <= minute < end and _kept(now - minute, period):
                    bucket = buckets.setdefault(minute // period * period, [0.0, 0.0, point[2], point[3]])
                    bucket[0] += point[0]
                    bucket[1] += point[1]
                    bucket[2], bucket[3] = min(bucket[2], point[2]), max(bucket[3], point[3])
        which = stat["Stat"]
        return [(time, {"Sum": b[0], "SampleCount": b[1], "Average": b[0] / b[1], "Minimum": b[2],
                        "Maximum": b[3]}[which]) for time, b in buckets.items()]

    @staticmethod
    def _result(query, points, status):
        label = query.get("Label") or query["MetricStat"]["Metric"].get("MetricName")
        return {"Id": query["Id"], "Label": label, "Timestamps": [time for time, _ in points],
                "Values": [value for _, value in points], "StatusCode": status}

    def _spoil(self, results):
        """The faults inside a 200; `ids` says which results, else all. partial_data keeps half of the values."""
        fault = self.world.faults.take("cloudwatch", "GetMetricData", {"partial_data", "internal_error"})
        for result in results if fault else ():
            if "ids" in fault and result["Id"] not in fault["ids"]:
                continue
            half = len(result["Values"]) // 2 if fault["kind"] == "partial_data" else 0
            result["Values"], result["Timestamps"] = result["Values"][:half], result["Timestamps"][:half]
            result["StatusCode"] = "PartialData" if fault["kind"] == "partial_data" else "InternalError"
            result["Messages"] = [{"Code": result["StatusCode"], "Value": "by fakeaws"}]


def _kept(age, period):
    """Minutes are kept for 15 days, five minutes for 63, hours for 455."""
    if age > 455 * DAY:
        return False
    return period % 3600 == 0 if age > 63 * DAY else period % 300 == 0 if age > 15 * DAY else True


def _fingerprint(params):
    return hash(repr({name: value for name, value in params.items() if name != "NextToken"}))


def _to_token(number, offset, params):
    return base64.urlsafe_b64encode(json.dumps([number, offset, _fingerprint(params)]).encode()).decode()


def _from_token(token, params):
    if token is None:
        return 0, 0
    try:
        number, offset, fingerprint = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as e:
        raise ApiError("InvalidNextToken", "The NextToken is not valid.") from e
    if fingerprint != _fingerprint(params):
        raise ApiError("InvalidNextToken", "The NextToken is of another request.")
    return number, offset
