"""Requests byte by byte, signed by botocore, for tests that must send what no client sends."""

import http.client
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
ECS = "AmazonEC2ContainerServiceV20141113."


def send(aws, method="POST", path="/", body=b"", headers=None, service="ecs", region=None, keys=None, tamper=None,
         sign=True):
    """(status, body, headers). tamper(headers, body) → body is called between signing and sending."""
    body = body.encode() if isinstance(body, str) else body
    keys = keys or aws.role
    request = AWSRequest(method=method, url=aws.url + path, data=body, headers=headers or {})
    if sign:
        credentials = Credentials(keys["access_key"], keys["secret_key"], keys["token"])
        (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, region or aws.region).add_auth(request)
    sent = dict(request.headers.items())
    if tamper:
        body = tamper(sent, body)
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def ecs(aws, operation, body, **more):
    return send(aws, body=body, headers={"X-Amz-Target": ECS + operation, "Content-Type": JSON}, **more)


def form(aws, body, service="monitoring", headers=None, **more):
    return send(aws, body=body, headers={"Content-Type": FORM, **(headers or {})}, service=service, **more)
