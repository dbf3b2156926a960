"""PutMetricData's limits and forms; GetMetricData's buckets, retention, pages and states."""

import datetime
import json
import math
import time

import pytest

from . import raw
from .conftest import error_of, take_violations

DAY = 86400
UTC = datetime.timezone.utc


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def cloudwatch(aws):
    yield aws.boto3_client("cloudwatch")
    aws.clear_metrics()


def datum(value=1.0, subdomain="x", **more):
    return {"MetricName": "RequestCount", "Dimensions": [{"Name": "subdomain", "Value": subdomain}],
            **({} if value is None else {"Value": value}), **more}


def put(cloudwatch, *data, namespace="mirage-ecs"):
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=list(data))


def query(id="q", subdomain="x", period=60, stat="Sum"):
    return {"Id": id, "MetricStat": {"Period": period, "Stat": stat, "Metric": {
        "Namespace": "mirage-ecs", "MetricName": "RequestCount",
        "Dimensions": [{"Name": "subdomain", "Value": subdomain}]}}}


def get(cloudwatch, *queries, start=-3600, end=60, **more):
    now = time.time()
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=at(now + start), EndTime=at(now + end),
                                      **more)


def test_minute_sums(aws, cloudwatch):
    minute = int(time.time()) // 60 * 60 - 120
    put(cloudwatch, datum(3, Timestamp=at(minute + 1)), datum(4, Timestamp=at(minute + 59)))
    put(cloudwatch, datum(None, Values=[5.0, 1.0], Counts=[2.0, 1.0], Timestamp=at(minute)))
    put(cloudwatch, datum(0, subdomain="idle", Timestamp=at(minute)))
    by_name = {m["dimensions"]["subdomain"]: m for m in aws.metrics()}
    assert by_name["x"]["points"] == [{"time": minute, "sum": 18.0, "count": 5.0}]
    assert by_name["idle"]["points"] == [{"time": minute, "sum": 0.0, "count": 1.0}]
    results = get(cloudwatch, query(), query("n", stat="SampleCount"), query("hi", stat="Maximum"),
                  query("idle", "idle"), query("none", "none"))["MetricDataResults"]
    assert {r["Id"]: r["Values"] for r in results} == {"q": [18], "n": [5], "hi": [5], "idle": [0], "none": []}
    assert {r["StatusCode"] for r in results} == {"Complete"}
    assert results[0]["Timestamps"] == [at(minute)]


def test_buckets_and_order(cloudwatch):
    base = int(time.time()) // 300 * 300 - 3000
    put(cloudwatch, *[datum(i, Timestamp=at(base + 60 * i)) for i in range(10)])
    result = get(cloudwatch, query(period=300))["MetricDataResults"][0]
    assert result["Timestamps"] == [at(base + 300), at(base)]
    assert result["Values"] == [5 + 6 + 7 + 8 + 9, 0 + 1 + 2 + 3 + 4]
    result = get(cloudwatch, query(period=300), ScanBy="TimestampAscending")["MetricDataResults"][0]
    assert result["Timestamps"] == [at(base), at(base + 300)]
    result = cloudwatch.get_metric_data(MetricDataQueries=[query()], StartTime=at(base + 60),
                                        EndTime=at(base + 180))["MetricDataResults"][0]
    assert result["Values"] == [2, 1]  # the start is within, the end is not


@pytest.mark.parametrize("data, namespace, words", [
    ([datum()], "AWS/ECS", "Namespace is invalid"),
    ([datum(Timestamp=at(time.time() - 15 * DAY))], "n", "two weeks"),
    ([datum(Timestamp=at(time.time() + 3 * 3600))], "n", "2 hours"),
    ([datum(None)], "n", "one of Value"),
    ([datum(1, Values=[1.0])], "n", "one of Value"),
    ([datum(None, Values=[1.0] * 151)], "n", "150"),
    ([datum(None, Values=[1.0, 2.0], Counts=[1.0])], "n", "as many members"),
    ([datum(Dimensions=[{"Name": f"d{i}", "Value": "v"} for i in range(31)])], "n", "30"),
    ([datum(Dimensions=[{"Name": "d", "Value": "v"}] * 2)], "n", "twice"),
    ([datum(math.pow(2, 361))], "n", "is invalid"),
    ([datum()] * 1001, "n", "1000"),
    ([datum(), datum(Timestamp=at(time.time() - 15 * DAY))], "n", "two weeks"),
])
def test_put_refused_whole(aws, cloudwatch, data, namespace, words):
    code, message, status = error_of(put, cloudwatch, *data, namespace=namespace)
    assert status == 400 and words in message, (code, message)
    assert aws.metrics() == []
    assert len(aws.violations()) == 1
    take_violations(aws, "model" if len(data[0]["Dimensions"]) == 31 else "limit")  # the model has that one too


def test_put_a_thousand_and_too_much(aws, cloudwatch):
    put(cloudwatch, *[datum(1, f"s{i}") for i in range(1000)])
    assert len(aws.metrics()) == 1000
    long = [{"Name": f"d{i}", "Value": "v" * 1000} for i in range(30)]
    code, _, status = error_of(put, cloudwatch, *[datum(Dimensions=long)] * 40)
    assert (code, status) == ("RequestEntityTooLarge", 413)
    assert len(take_violations(aws, "limit")) == 1


def test_get_limits(aws, cloudwatch):
    assert "500" in error_of(get, cloudwatch, *[query(f"q{i}") for i in range(501)])[1]
    assert "StartTime" in error_of(get, cloudwatch, query(), start=10, end=10)[1]
    assert "multiple of 60" in error_of(get, cloudwatch, query(period=90))[1]
    assert "unique" in error_of(get, cloudwatch, query(), query())[1]
    assert "expression" in error_of(get, cloudwatch, query("Q"))[1]
    assert len(take_violations(aws, "limit")) == 5
    assert error_of(get, cloudwatch, query(), NextToken="nonsense")[0] == "InvalidNextToken"


def test_retention(aws, cloudwatch):
    for days in (1, 20, 100, 500):
        aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": "x"}, days, time.time() - days * DAY)
    for period, expected in ((60, [1]), (300, [1, 20]), (3600, [1, 20, 100])):
        assert get(cloudwatch, query(period=period), start=-600 * DAY)["MetricDataResults"][0]["Values"] == expected


def test_pages(aws, cloudwatch):
    base = int(time.time()) // 60 * 60 - 600
    put(cloudwatch, *[datum(i, s, Timestamp=at(base + 60 * i)) for s in "abc" for i in range(5)])
    aws.set_page_size("cloudwatch.GetMetricData", 4)
    queries = [query(s, s) for s in "abc"] + [query("none", "none")]
    window = {"MetricDataQueries": queries, "StartTime": at(base), "EndTime": at(base + 600)}
    pages, token = [], {}
    while token is not None:
        page = cloudwatch.get_metric_data(**window, **token)
        pages.append(page)
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    aws.set_page_size("cloudwatch.GetMetricData")
    assert len(pages) == 4
    assert pages[0]["MetricDataResults"][0]["StatusCode"] == "PartialData"
    merged = {}
    for page in pages:
        assert sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 4
        for r in page["MetricDataResults"]:
            merged.setdefault(r["Id"], []).extend(r["Values"])
    assert merged == {**{s: [4, 3, 2, 1, 0] for s in "abc"}, "none": []}
    assert pages[-1]["MetricDataResults"][-1] == {**pages[-1]["MetricDataResults"][-1], "Id": "none",
                                                  "StatusCode": "Complete"}
    code = error_of(cloudwatch.get_metric_data, **{**window, "EndTime": at(base + 660)},
                    NextToken=pages[0]["NextToken"])[0]
    assert code == "InvalidNextToken"


def test_states_on_demand(aws, cloudwatch):
    base = int(time.time()) // 60 * 60 - 600
    put(cloudwatch, *[datum(1, s, Timestamp=at(base + 60 * i)) for s in "ab" for i in range(4)])
    aws.fault("GetMetricData", "partial_data", ids=["a"], count=1)
    results = {r["Id"]: r for r in get(cloudwatch, query("a", "a"), query("b", "b"))["MetricDataResults"]}
    assert (results["a"]["StatusCode"], results["a"]["Values"]) == ("PartialData", [1, 1])
    assert (results["b"]["StatusCode"], results["b"]["Values"]) == ("Complete", [1] * 4)
    aws.fault("GetMetricData", "internal_error", count=1)
    result = get(cloudwatch, query("a", "a"))["MetricDataResults"][0]
    assert (result["StatusCode"], result["Values"]) == ("InternalError", [])
    assert get(cloudwatch, query("a", "a"))["MetricDataResults"][0]["StatusCode"] == "Complete"


def test_aws_command(cloudwatch, cli):
    cli("cloudwatch", "put-metric-data", "--namespace", "mirage-ecs", "--metric-name", "RequestCount", "--value", "7",
        "--dimensions", "subdomain=x", session_token=False)
    now = time.time()
    answer = cli("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps([query()]), "--start-time",
                 at(now - 600).isoformat(), "--end-time", at(now + 60).isoformat(), session_token=False)
    assert answer["MetricDataResults"][0]["Values"] == [7.0]


def test_the_wire(aws, cloudwatch):
    status, body, headers = raw.form(aws, "Action=PutMetricData&Version=2010-08-01&Namespace=n"
                                     "&MetricData.member.1.MetricName=a%26%3C&MetricData.member.1.Value=1e2")
    assert status == 200 and headers["Content-Type"] == "text/xml"
    assert body.startswith(b'<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">')
    assert b"<ResponseMetadata><RequestId>" in body
    assert aws.metrics()[0]["name"] == "a&<" and aws.metrics()[0]["points"][0]["sum"] == 100
