"""Where programs get their keys from: STS, the container endpoint, the instance endpoint, as botocore uses them."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from .conftest import error_of, poll

IDENTITY = """
import boto3, sys
session = boto3.Session()
for i in range(int(sys.argv[2])):
    print(session.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()["Arn"], flush=True)
"""


def identity(aws, times=1, **variables):
    """What boto3 in a process of its own calls itself, with nothing but these variables to find its keys by."""
    done = subprocess.run([sys.executable, "-c", IDENTITY, aws.url, str(times)], capture_output=True, text=True,
                          timeout=30, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                                           "AWS_REGION": aws.region, "AWS_DEFAULT_REGION": aws.region, **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def fetch(url, method="GET", **headers):
    request = urllib.request.Request(url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read()


def test_assume_role(aws):
    answer = aws.boto3_client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/path/other",
                                                 RoleSessionName="me", DurationSeconds=900)
    issued = answer["Credentials"]
    assert abs(issued["Expiration"].timestamp() - time.time() - 900) < 10
    as_other = dict(aws_access_key_id=issued["AccessKeyId"], aws_secret_access_key=issued["SecretAccessKey"],
                    aws_session_token=issued["SessionToken"])
    sts = aws.boto3_client("sts", **as_other)
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/other/me"
    aws.set_clock(offset=901)
    # the clock is wrong by then for the signature too: the skew is what is seen first
    assert error_of(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"
    aws.set_clock(offset=0)
    aws.expire_credentials(access_key=issued["AccessKeyId"])
    assert error_of(sts.get_caller_identity)[0] == "ExpiredToken"
    assert error_of(aws.boto3_client("sts").assume_role, RoleArn="arn:aws:iam::1:user/x" + "x" * 10,
                    RoleSessionName="me")[0] == "ValidationError"


def test_web_identity(aws, tmp_path):
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    aws.set_web_identity("the-token", "arn:aws:iam::123456789012:role/web")
    sts = boto3.client("sts", endpoint_url=aws.url, region_name=aws.region, config=Config(
        signature_version=UNSIGNED, retries={"max_attempts": 0}))
    ask = lambda token, role="web": sts.assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/" + role, RoleSessionName="me", WebIdentityToken=token)
    assert ask("the-token")["AssumedRoleUser"]["Arn"].endswith("assumed-role/web/me")
    assert error_of(ask, "another")[0] == "InvalidIdentityToken"
    assert error_of(ask, "the-token", "other")[::2] == ("AccessDenied", 403)
    assert error_of(sts.get_caller_identity)[0] == "MissingAuthenticationToken"
    assert len(aws.violations()) == 1
    aws.reset_violations()


def test_container_credentials_of_boto3(aws, tmp_path):
    url = aws.set_container_credentials("task", token="Basic secret", lifetime=3600,
                                        role="arn:aws:iam::123456789012:role/container")
    who = identity(aws, AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic secret")
    assert "assumed-role/container/" in who[0]
    assert aws.count("metadata.ContainerCredentials") == 1
    # a short life: boto3 fetches again for every use
    aws.set_container_credentials("task", token="Basic secret", lifetime=60)
    identity(aws, 2, AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic secret")
    assert aws.count("metadata.ContainerCredentials") >= 3


def test_aws_command(aws, cli):
    assert cli("sts", "get-caller-identity")["Arn"] == aws.role["arn"]
    assert cli("sts", "get-caller-identity", session_token=False)["Arn"] == aws.user["arn"]


def test_container_credentials_refused(aws):
    url = aws.set_container_credentials("task", token="right")
    status, body = fetch(url)
    assert status == 401 and json.loads(body)["code"] == "Unauthorized"
    status, body = fetch(url, Authorization="wrong")
    assert status == 403 and json.loads(body)["code"] == "AccessDenied"
    status, body = fetch(url, Authorization="right")
    assert status == 200 and set(json.loads(body)) == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token",
                                                       "Expiration"}
    assert fetch(url + "x", Authorization="right")[0] == 404


def test_instance_credentials_of_boto3(aws):
    aws.set_instance(role="host", lifetime=7200)
    who = identity(aws, AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.metadata_url + "/")
    assert "assumed-role/host/" in who[0]
    poll(lambda: aws.count("metadata.InstanceToken") >= 1, "a token was fetched")
    aws.set_instance(role=None)


def test_instance_metadata(aws):
    base = aws.metadata_url + "/latest/"
    region = base + "meta-data/placement/region"
    assert fetch(region)[0] == 401
    assert fetch(region, X_aws_ec2_metadata_token="made up")[0] == 401
    assert fetch(base + "api/token", "PUT")[0] == 400
    assert fetch(base + "api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="99999")[0] == 400
    assert fetch(base + "api/token", X_aws_ec2_metadata_token_ttl_seconds="60")[0] == 405
    status, token = fetch(base + "api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200
    known = {"X_aws_ec2_metadata_token": token.decode()}
    assert fetch(region, **known) == (200, aws.region.encode())
    folder = base + "meta-data/iam/security-credentials/"
    assert fetch(folder, **known)[0] == 404  # no role
    aws.set_instance(role="host")
    assert fetch(folder, **known) == (200, b"host")
    assert json.loads(fetch(folder + "host", **known)[1])["Code"] == "Success"
    assert fetch(folder + "other", **known)[0] == 404
    aws.set_clock(offset=61)
    assert fetch(region, **known)[0] == 401
    aws.set_clock(offset=0)
    aws.set_instance(enabled=False)
    assert fetch(base + "api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")[0] == 403
    aws.set_instance(enabled=True, role=None)


def test_task_metadata(aws):
    arn = aws.add_task()
    url = aws.set_task_metadata("self", "mirage", arn, "mirage-ecs", 3)
    task = json.loads(fetch(url + "/task")[1])
    assert (task["Cluster"], task["TaskARN"], task["Family"], task["Revision"]) == ("mirage", arn, "mirage-ecs", "3")
    container = json.loads(fetch(url)[1])
    assert container["Labels"]["com.amazonaws.ecs.cluster"] == "mirage"
    assert fetch(aws.metadata_url + "/v4/nobody/task")[0] == 404
    assert fetch(url + "/nothing")[0] == 404
    aws.remove_task(arn)
