"""Who is let in: signatures of boto3, curl (libcurl's own signer) and the aws command; and every way to be refused."""

import json
import re
import subprocess

import pytest

from . import raw
from .conftest import error_of

LIST = '{"cluster":"mirage"}'


def refused(aws, code, status=403, **request):
    request.setdefault("body", LIST)
    answer = raw.ecs(aws, "ListTasks", **request)
    assert answer[0] == status, answer
    assert json.loads(answer[1])["__type"].rpartition("#")[2] == code
    return json.loads(answer[1]).get("message")


@pytest.mark.parametrize("token", [True, False])
def test_boto3_signs_for_every_service(aws, token):
    aws.create_hosted_zone("Z1", "dev.test")
    aws.create_bucket("b")
    aws.create_log_group(group="g", stream="s")
    client = lambda name: aws.boto3_client(name, session_token=token)
    assert client("ecs").list_tasks(cluster="mirage")["taskArns"] == []
    assert client("logs").get_log_events(logGroupName="g", logStreamName="s")["events"] == []
    client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
    assert client("route53").get_hosted_zone(Id="Z1")["HostedZone"]["Name"] == "dev.test."
    assert client("s3").list_objects_v2(Bucket="b")["KeyCount"] == 0
    arn = client("sts").get_caller_identity()["Arn"]
    assert arn == (aws.role if token else aws.user)["arn"]


@pytest.mark.parametrize("token", [True, False])
def test_libcurl_signs(aws, token):
    keys = aws.role if token else aws.user
    headers = ["-H", "X-Amz-Target: " + raw.ECS + "ListTasks", "-H", "Content-Type: " + raw.JSON,
               "-H", "Host: " + aws.url.removeprefix("http://")]
    if token:
        headers += ["-H", "X-Amz-Security-Token: " + keys["token"]]
    command = ["curl", "-sS", "--noproxy", "*", "--aws-sigv4", f"aws:amz:{aws.region}:ecs", "--user",
               f"{keys['access_key']}:{keys['secret_key']}", *headers, "-d", LIST, aws.url + "/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == {"taskArns": []}, done


def test_changed_after_signing(aws):
    def body(headers, content):
        return content.replace(b"mirage", b"mirage2").replace(b"mirage2", b"miragf")

    def header(headers, content):
        headers["X-Amz-Target"] = raw.ECS + "DescribeTasks"
        return content

    def signature(headers, content):
        headers["Authorization"] = re.sub(r"[0-9a-f]$", lambda m: "0" if m.group() != "0" else "1",
                                          headers["Authorization"])
        return content

    for tamper in (body, header, signature):
        refused(aws, "InvalidSignatureException", tamper=tamper)
    refused(aws, "InvalidSignatureException", keys={**aws.role, "secret_key": "wrong"})
    assert [v["kind"] for v in aws.violations()] == ["signature"] * 4
    aws.reset_violations()


def test_scope(aws):
    assert "service: 'ecs'" in refused(aws, "InvalidSignatureException", service="logs")
    assert "region" in refused(aws, "InvalidSignatureException", region="eu-west-1")
    status, body, _ = raw.send(aws, "GET", "/2013-04-01/hostedzone/Z1", service="route53", region="eu-west-1")
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body
    status, body, _ = raw.send(aws, "GET", "/b/k", service="s3", region="eu-west-1")
    assert status == 400 and b"<Code>AuthorizationHeaderMalformed</Code>" in body
    assert f"<Region>{aws.region}</Region>".encode() in body
    assert len(aws.violations()) == 4
    aws.reset_violations()


def test_unsigned_and_unreadable(aws):
    refused(aws, "MissingAuthenticationTokenException", sign=False)

    def basic(headers, content):
        headers["Authorization"] = "Basic YTpi"
        return content

    refused(aws, "IncompleteSignatureException", 400, tamper=basic)

    def extra(headers, content):
        headers["x-amz-content-sha256"] = "0" * 64  # there, but not signed
        return content

    assert "not signed" in refused(aws, "InvalidSignatureException", tamper=extra)
    assert len(aws.violations()) == 3
    aws.reset_violations()


def test_keys_and_tokens(aws):
    refused(aws, "UnrecognizedClientException", keys={**aws.role, "access_key": "AKIANOBODY"})
    refused(aws, "UnrecognizedClientException", keys={**aws.role, "token": "other"})
    refused(aws, "UnrecognizedClientException", keys={**aws.role, "token": None})
    refused(aws, "UnrecognizedClientException", keys={**aws.user, "token": "more"})
    keys = aws.set_credentials("ASIATEST", "secret", "token", lifetime=60)
    assert raw.ecs(aws, "ListTasks", LIST, keys=keys)[0] == 200
    aws.expire_credentials(access_key="ASIATEST")
    refused(aws, "ExpiredTokenException", keys=keys)
    # the others say the same in their own words
    for service, code in (("cloudwatch", "InvalidClientTokenId"), ("sts", "InvalidClientTokenId"),
                          ("route53", "InvalidClientTokenId"), ("s3", "InvalidAccessKeyId")):
        client = aws.boto3_client(service, aws_access_key_id="AKIANOBODY")
        call = {"cloudwatch": lambda: client.put_metric_data(Namespace="n", MetricData=[]),
                "sts": lambda: client.get_caller_identity(),
                "route53": lambda: client.get_hosted_zone(Id="Z1"),
                "s3": lambda: client.list_objects_v2(Bucket="b")}[service]
        assert error_of(call)[::2] == (code, 403)


def test_clock(aws):
    for offset in (400, -400):
        aws.set_clock(offset=offset)
        assert "Signature expired" in refused(aws, "InvalidSignatureException")
    aws.set_clock(offset=200)
    assert raw.ecs(aws, "ListTasks", LIST)[0] == 200


def test_s3_payload_hash(aws):
    aws.create_bucket("b")

    def other(headers, content):
        return content[:-1] + b"?"

    status, body, _ = raw.send(aws, "PUT", "/b/k", b"content", service="s3", tamper=other)
    assert status == 400 and b"<Code>XAmzContentSHA256Mismatch</Code>" in body
    assert len(aws.violations()) == 1
    aws.reset_violations()
    status, _, headers = raw.send(aws, "PUT", "/b/a%20b%2Bc/%E3%81%82%2525", b"x", service="s3")
    assert status == 200, headers
    assert aws.boto3_client("s3").get_object(Bucket="b", Key="a b+c/あ%25")["Body"].read() == b"x"
