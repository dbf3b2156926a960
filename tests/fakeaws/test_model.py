"""Requests that keep to no model are refused as AWS refuses, and noted."""

import gzip
import json
import re
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from . import raw
from .conftest import poll, take_violations
from .model import _LATER

API = Path(__file__).resolve().parent / "api"  # Amazon's own: the last aws-sdk of version 2, and S3's client of version 3
NPM_CI = API.parents[2] / "tools/npm-ci"

RUN = {"cluster": "mirage", "taskDefinition": "web", "launchType": "FARGATE",
       "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}


@pytest.mark.parametrize("change, code, words", [
    ({"surprise": 1}, "SerializationException", "no member surprise"),
    ({"tags": [{"key": "a", "Value": "b"}]}, "SerializationException", "no member Value"),
    ({"count": "1"}, "SerializationException", "count: integer expected"),
    ({"count": 1.0}, "SerializationException", "count: integer expected"),
    ({"count": True}, "SerializationException", "count: integer expected"),
    ({"count": None}, "SerializationException", "count: integer expected"),
    ({"enableExecuteCommand": "true"}, "SerializationException", "boolean expected"),
    ({"tags": {"key": "a"}}, "SerializationException", "list expected"),
    ({"cluster": 7}, "SerializationException", "string expected"),
    ({"launchType": "fargate"}, "InvalidParameterException", "enum value set"),
    ({"tags": [{"key": "k" * 129, "value": "v"}]}, "InvalidParameterException", "at most 128"),
    ({"tags": [{"key": "k", "value": "v" * 257}]}, "InvalidParameterException", "at most 256"),
    ({"tags": [{"key": "k", "value": "a,b"}]}, "InvalidParameterException", "regular expression"),
    ({"count": 1 << 40}, "InvalidParameterException", "does not fit"),
    ({"taskDefinition": ...}, "InvalidParameterException", "taskDefinition"),
])
def test_json(aws, change, code, words):
    body = {name: value for name, value in {**RUN, **change}.items() if value is not ...}
    status, answer, _ = raw.ecs(aws, "RunTask", json.dumps(body))
    answer = json.loads(answer)
    assert status == 400 and answer["__type"].rpartition("#")[2] == code
    assert words in answer["message"]
    assert any(words in message for message in take_violations(aws, "model"))
    assert aws.tasks() == []


def test_tag_values_of_any_language_pass(aws):
    body = json.dumps({**RUN, "tags": [{"key": "枝", "value": "é=_-@/:. 1"}]})
    status, answer, _ = raw.ecs(aws, "RunTask", body)
    assert status == 200, answer
    task = json.loads(answer)["tasks"][0]["taskArn"]
    aws.remove_task(task)


@pytest.mark.parametrize("body", ["", "{", '{"a":NaN}', '{"cluster":"a","cluster":"b"}', "[]", '"x"'])
def test_not_json(aws, body):
    status, answer, _ = raw.ecs(aws, "ListTasks", body)
    assert status == 400 and b"SerializationException" in answer
    assert len(take_violations(aws, "model")) == 1


def test_wrong_content_type_and_target(aws):
    headers = {"X-Amz-Target": raw.ECS + "ListTasks", "Content-Type": "text/plain"}
    status, _, _ = raw.send(aws, body="{}", headers=headers)
    assert status == 400
    status, answer, _ = raw.ecs(aws, "FlyToTheMoon", "{}")
    assert status == 400 and b"UnknownOperationException" in answer
    status, _, _ = raw.ecs(aws, "DeleteCluster", '{"cluster":"mirage"}')  # AWS has it, this fake has not
    assert status == 501
    assert len(take_violations(aws, "model")) == 3


PUT = "Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1.MetricName=m"


@pytest.mark.parametrize("form, words", [
    (PUT + "&MetricData.member.1.Value=1&Surprise=1", "no parameter Surprise"),
    (PUT + "&MetricData.member.1.Value=1&MetricData.member.1.Dimensions.1.Name=x", "no parameter"),
    (PUT + "&MetricData.member.1.Value=abc", "double expected"),
    (PUT + "&MetricData.member.1.Value=1&MetricData.member.3.MetricName=m", "there is no 2"),
    (PUT + "&MetricData.member.1.Value=1&MetricData.member.1.Unit=Furlong", "enum value set"),
    (PUT + "&MetricData.member.1.Value=1&MetricData.member.1.Timestamp=yesterday", "timestamp expected"),
    (PUT + "&MetricData.member.1.Dimensions.member.1.Name=x", "Value"),
    (PUT + "&MetricData.member.1.MetricName=m", "is there twice"),
    (PUT + "&MetricData.member.1.Value=1&Namespac=%zz", "not a form"),
    (PUT.replace("Namespace=n", "Namespace=" + "n" * 256), "at most 255"),
])
def test_query(aws, form, words):
    status, answer, _ = raw.form(aws, form)
    assert status == 400 and b"<ErrorResponse" in answer
    assert any(words in message for message in take_violations(aws, "model"))
    assert aws.metrics() == []


def test_query_gzip(aws):
    body = gzip.compress((PUT + "&MetricData.member.1.Value=2.5").encode())
    status, answer, _ = raw.form(aws, body, headers={"Content-Encoding": "gzip"})
    assert status == 200, answer
    assert aws.metrics()[0]["points"][0]["sum"] == 2.5
    aws.clear_metrics()


CHANGE = """<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch>
<Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.dev.test</Name><Type>A</Type><TTL>60</TTL>
<ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>
</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"""


@pytest.mark.parametrize("old, new, words", [
    (' xmlns="https://route53.amazonaws.com/doc/2013-04-01/"', "", "namespace"),
    ("<Action>UPSERT", "<Action>INSERT", "enum value set"),
    ("<TTL>60", "<TTL>soon", "long expected"),
    ("<TTL>60", "<TTL>-1", "at least 0"),
    ("<TTL>", "<Ttl>1</Ttl><TTL>", "no member Ttl"),
    ("<Name>a.dev.test</Name>", "", "Name"),
    ("</ChangeBatch>", "", "not XML"),
    ("<ChangeRes", "<!DOCTYPE x []><ChangeRes", "document type"),
])
def test_xml(aws, old, new, words):
    aws.create_hosted_zone("Z1", "dev.test")
    assert old in CHANGE
    status, answer, _ = raw.send(aws, "POST", "/2013-04-01/hostedzone/Z1/rrset/", CHANGE.replace(old, new, 1),
                                 {"Content-Type": "text/xml"}, "route53", "us-east-1")
    assert status == 400 and b"<ErrorResponse" in answer
    assert any(words in message for message in take_violations(aws, "model"))
    assert len(aws.records("Z1")) == 2  # NS and SOA


def test_rest_query_and_path(aws):
    for path in ("/2013-04-01/hostedzone/Z1/rrset?name=a&maxitem=3", "/2013-04-01/hostedzones/Z1",
                 "/2013-04-01/hostedzone/Z1/rrset?maxitems=1&maxitems=2"):
        status, _, _ = raw.send(aws, "GET", path, service="route53", region="us-east-1")
        assert status in (400, 404)
    status, _, _ = raw.send(aws, "GET", "/b?list-type=2&max-keys=many", service="s3")
    assert status == 400
    assert len(take_violations(aws, "model")) == 4


@pytest.mark.parametrize("message", [
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST / HTTP/1.1\nHost: a\n\n",
    b"POST / HTTP/3.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost : a\r\n\r\n",
])
def test_http(aws, message):
    parts = urlsplit(aws.url)
    with socket.create_connection((parts.hostname, parts.port), 5) as s:
        s.sendall(message)
        status = int(s.recv(65536).split(b" ")[1])
    assert status in (400, 413)
    poll(lambda: aws.violations(), "the violation is noted")
    take_violations(aws, "http")


def test_what_botocore_does_not_know_yet_is_amazons():
    """A member that is added here to botocore's model is in Amazon's newer description of the API."""
    ecs = API / "node_modules/aws-sdk/apis/ecs-2014-11-13.min.json"
    s3 = API / "node_modules/@aws-sdk/client-s3/dist-types/models/models_0.d.ts"
    if not (ecs.exists() and s3.exists()):
        fetched = subprocess.run([NPM_CI, API], capture_output=True, text=True, timeout=300)
        if fetched.returncode != 0:
            pytest.skip(f"aws-sdk cannot be fetched: {fetched.stderr.splitlines()[0]}")
    operations = json.loads(ecs.read_text())["operations"]
    interfaces = dict(re.findall(r"^export interface (\w+) \{\n(.*?)^\}", s3.read_text(), re.M | re.S))
    known = {"ecs": lambda shape: operations[shape.removesuffix("Request")]["input"]["members"].keys(),
             "s3": lambda shape: set(re.findall(r"^    (\w+)\??:", interfaces[shape], re.M))}
    for service, shapes in _LATER.items():
        for shape, members in shapes.items():
            assert not members.keys() - known[service](shape), shape
    assert operations["RunTask"]["input"]["members"]["clientToken"] == {"idempotencyToken": True}
    assert "IfMatch" not in known["s3"]("ListObjectsV2Request"), "not all have it"
