"""What goes wrong on demand, as boto3 and the bare connection see it."""

import json
import socket
import time

import botocore.exceptions
import pytest

from . import raw
from .conftest import error_of, poll
from .test_model import RUN


def listing(aws, **more):
    return raw.ecs(aws, "ListTasks", '{"cluster":"mirage"}', **more)


@pytest.mark.parametrize("service, call, throttled, failed", [
    ("ecs", lambda c: c.list_tasks(cluster="mirage"), ("ThrottlingException", 400), ("ServerException", 500)),
    ("logs", lambda c: c.get_log_events(logGroupName="g", logStreamName="s"), ("ThrottlingException", 400),
     ("ServiceUnavailableException", 500)),
    ("cloudwatch", lambda c: c.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}]),
     ("Throttling", 400), ("InternalServiceError", 500)),
    ("route53", lambda c: c.get_hosted_zone(Id="Z1"), ("Throttling", 400), ("InternalFailure", 500)),
    ("s3", lambda c: c.get_object(Bucket="b", Key="k"), ("SlowDown", 503), ("InternalError", 500)),
    ("sts", lambda c: c.get_caller_identity(), ("Throttling", 400), ("InternalFailure", 500)),
])
def test_in_the_words_of_each_service(aws, service, call, throttled, failed):
    client = aws.boto3_client(service)
    for kind, expected in (("throttle", throttled), ("internal", failed)):
        aws.fault(f"{service}.*", kind, count=1)
        assert error_of(call, client)[::2] == expected
    aws.fault(f"{service}.*", "expired_token", count=1)
    assert error_of(call, client)[0] in ("ExpiredTokenException", "ExpiredToken")
    aws.fault(f"{service}.*", "access_denied", count=1)
    code, message, _ = error_of(call, client)
    assert code in ("AccessDeniedException", "AccessDenied")
    assert message.startswith(f"User: {aws.role['arn']} is not authorized to perform: ")


def test_counts_and_which_operation(aws):
    aws.fault("RunTask", "throttle", count=2, retry_after=3)
    assert listing(aws)[0] == 200
    answers = [raw.ecs(aws, "RunTask", json.dumps(RUN)) for _ in range(3)]
    assert [a[0] for a in answers] == [400, 400, 200]
    assert [a[2]["Retry-After"] for a in answers] == ["3", "3", None]
    assert len(aws.tasks()) == 1
    calls = aws.calls()["ecs.RunTask"]
    assert (calls["count"], calls["failed"], len(calls["times"])) == (3, 2, 3)
    assert [r["status"] for r in aws.requests("ecs.RunTask")] == [400, 400, 200]
    assert aws.requests("ecs.RunTask")[0]["fault"] == "throttle"
    aws.remove_task(aws.tasks()[0]["taskArn"])


def test_until_cleared_and_probability(aws):
    id = aws.fault("ecs.*", "internal")
    assert [listing(aws)[0] for _ in range(3)] == [500] * 3
    aws.clear_faults(id=id)
    assert listing(aws)[0] == 200
    aws.fault("*", "internal", probability=0.5)
    found = [listing(aws)[0] for _ in range(60)]
    assert 10 < found.count(500) < 50


def test_own_error(aws):
    aws.fault("ecs.RunTask", "error", code="BlockedException", message="Your account has been blocked.", count=1)
    status, body, _ = raw.ecs(aws, "RunTask", json.dumps(RUN))
    assert (status, json.loads(body)) == (400, {"__type": "BlockedException",
                                                "message": "Your account has been blocked."})


def test_html(aws):
    aws.fault("*", "unavailable", count=1)
    status, body, headers = listing(aws)
    assert status == 503 and body.startswith(b"<html>") and headers["Content-Type"] == "text/html"
    aws.fault("*", "html", count=1)
    status, body, _ = listing(aws)
    assert status == 200 and body.startswith(b"<html>")
    aws.fault("*", "empty", count=1)
    assert listing(aws)[:2] == (200, b"")


def test_connection_is_reset(aws):
    for kind in ("reset_before", "reset_after"):
        aws.fault("ecs.RunTask", kind, count=1)
        with pytest.raises(ConnectionResetError):
            raw.ecs(aws, "RunTask", json.dumps(RUN))
        assert aws.tasks() == [] and listing(aws)[0] == 200
    assert [r["status"] for r in aws.requests("RunTask")] == [None, None]
    aws.fault("cloudwatch.PutMetricData", "reset_before", count=1)
    with pytest.raises(ConnectionResetError):
        raw.form(aws, "Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1.MetricName=m"
                      "&MetricData.member.1.Value=1")
    assert aws.metrics() == []


def test_answer_lost(aws):
    aws.fault("ecs.RunTask", "answer_lost", count=1)
    with pytest.raises(ConnectionResetError):
        raw.ecs(aws, "RunTask", json.dumps(RUN))
    assert len(aws.tasks()) == 1  # it was carried out
    aws.remove_task(aws.tasks()[0]["taskArn"])


def test_no_answer(aws):
    from botocore.config import Config

    aws.fault("*", "hang", count=1)
    host, port = aws.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as s:
        s.sendall(b"GET /b/k HTTP/1.1\r\nHost: a\r\n\r\n")
        assert s.recv(10).startswith(b"HTTP/1.1")  # it is not signed: refused before any fault
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        aws.boto3_client("ecs", config=Config(read_timeout=0.3)).list_tasks(cluster="mirage")
    poll(lambda: [r["error"] for r in aws.requests("ListTasks")][-1:] == ["Hang"], "the call was taken")
    assert [v["kind"] for v in aws.violations()] == ["signature"]
    aws.reset_violations()


def test_slow(aws):
    aws.fault("*", "slow", seconds=0.3, count=1)
    began = time.monotonic()
    assert listing(aws)[0] == 200
    assert time.monotonic() - began >= 0.3


def test_truncated(aws):
    aws.fault("*", "truncated", bytes=5, count=1)
    import http.client
    with pytest.raises(http.client.IncompleteRead) as raised:
        listing(aws)
    assert raised.value.partial == b'{"tas'


def test_retries_of_boto3_get_through(aws):
    aws.fault("ecs.ListTasks", "throttle", count=1)
    aws.fault("ecs.ListTasks", "answer_lost", count=1)
    assert aws.boto3_client("ecs", retries=3).list_tasks(cluster="mirage")["taskArns"] == []
    assert aws.count("ecs.ListTasks") == 3


def test_faults_of_the_metadata_endpoints(aws):
    import urllib.error
    import urllib.request
    url = aws.set_container_credentials("p", token=None)
    aws.fault("metadata.ContainerCredentials", "internal", count=1)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(url, timeout=5)
    assert raised.value.code == 500
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert json.loads(answer.read())["AccessKeyId"]
    poll(lambda: aws.count("metadata.ContainerCredentials") == 2, "both are counted")


def test_unknown_verbs_and_faults_are_the_tests_own_mistakes(aws):
    from .client import ControlError
    for wrong in (lambda: aws.fault("*", "flood"), lambda: aws.no_such_verb(), lambda: aws.set_delays(soon=1)):
        with pytest.raises(ControlError):
            wrong()


def test_pages_that_never_end(aws):
    aws.fault("ListTasks", "endless_pages")
    tokens = [json.loads(listing(aws)[1])["nextToken"] for _ in range(3)]
    assert len(set(tokens)) == 3
    aws.clear_faults()
    aws.fault("ListTasks", "endless_pages", same=True, where={"desiredStatus": "STOPPED"})
    assert "nextToken" not in json.loads(listing(aws)[1])
    pages = [raw.ecs(aws, "ListTasks", '{"cluster":"mirage","desiredStatus":"STOPPED"}')[1] for _ in range(2)]
    assert json.loads(pages[0])["nextToken"] == json.loads(pages[1])["nextToken"]
    aws.fault("GetLogEvents", "endless_pages", lines=3, bytes=7)
    page = aws.boto3_client("logs").get_log_events(logGroupName="g", logStreamName="s")
    assert [e["message"] for e in page["events"]] == ["x" * 7] * 3


def test_a_body_that_never_ends(aws):
    from botocore.config import Config
    aws.fault("ListTasks", "endless")
    sizes = []

    def send(request, **unused):
        import urllib.request
        with urllib.request.urlopen(urllib.request.Request(
                request.url, request.body, dict(request.headers.items())), timeout=10) as answer:
            sizes.append(len(answer.read(10 << 20)))
        raise InterruptedError
    client = aws.boto3_client("ecs", config=Config(retries={"total_max_attempts": 1}))
    client.meta.events.register("before-send.ecs.ListTasks", send)
    with pytest.raises(InterruptedError):
        client.list_tasks(cluster="mirage")
    assert sizes == [10 << 20]
