"""Objects and their lists, both ways to address them."""

import datetime
import http.client
import os
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import error_of


@pytest.fixture
def s3(aws):
    aws.control("delete_object", bucket="b")
    aws.create_bucket("b")
    return aws.boto3_client("s3")


def test_put_get_head(aws, s3):
    s3.put_object(Bucket="b", Key="html/läyout +?.html", Body=b"<p>", ContentType="text/html", Metadata={"a": "b"})
    got = s3.get_object(Bucket="b", Key="html/läyout +?.html")
    assert got["Body"].read() == b"<p>" and got["ContentType"] == "text/html" and got["Metadata"] == {"a": "b"}
    head = s3.head_object(Bucket="b", Key="html/läyout +?.html")
    assert head["ContentLength"] == 3 and head["ETag"] == got["ETag"]
    assert isinstance(head["LastModified"], datetime.datetime)
    assert s3.get_object(Bucket="b", Key="html/läyout +?.html", Range="bytes=1-")["Body"].read() == b"p>"
    aws.put_object("b", "empty", "")
    assert s3.get_object(Bucket="b", Key="empty")["Body"].read() == b""
    assert error_of(s3.get_object, Bucket="b", Key="empty", IfNoneMatch='"d41d8cd98f00b204e9800998ecf8427e"')[2] == 304


def test_refused(aws, s3):
    assert error_of(s3.get_object, Bucket="b", Key="no")[::2] == ("NoSuchKey", 404)
    assert error_of(s3.get_object, Bucket="nothing", Key="k")[::2] == ("NoSuchBucket", 404)
    assert error_of(s3.list_objects_v2, Bucket="nothing")[::2] == ("NoSuchBucket", 404)
    assert error_of(s3.head_object, Bucket="b", Key="no")[2] == 404
    aws.put_object("b", "secret", "x")
    aws.deny_object("b", "secret")
    assert error_of(s3.get_object, Bucket="b", Key="secret")[::2] == ("AccessDenied", 403)


def test_put_where_there_is_none_and_delete(aws, s3):
    def put(body):
        s3.put_object(Bucket="b", Key="once", Body=body)
    s3.meta.events.register("before-sign.s3.PutObject", lambda request, **_: request.headers.add_header("If-None-Match", "*"))
    put(b"first")
    assert error_of(put, b"second")[::2] == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket="b", Key="once")["Body"].read() == b"first"
    for _ in range(2):  # what is not there is deleted, too
        assert s3.delete_object(Bucket="b", Key="once")["ResponseMetadata"]["HTTPStatusCode"] == 204
    put(b"third")
    assert s3.get_object(Bucket="b", Key="once")["Body"].read() == b"third"


def keys(page):
    return [item["Key"] for item in page.get("Contents", [])]


def test_list(aws, s3):
    for key in ("a", "dir/1", "dir/2", "dir/sub/3", "z & <é>", "odd\x01key"):
        aws.put_object("b", key, key)
    everything = ["a", "dir/1", "dir/2", "dir/sub/3", "odd\x01key", "z & <é>"]
    assert keys(s3.list_objects_v2(Bucket="b")) == everything  # boto3 asks for encoding-type=url and decodes
    page = s3.list_objects_v2(Bucket="b", Prefix="dir/", Delimiter="/")
    assert keys(page) == ["dir/1", "dir/2"] and page["CommonPrefixes"] == [{"Prefix": "dir/sub/"}]
    assert page["KeyCount"] == 3 and page["Contents"][0]["Size"] == 5
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="b", PaginationConfig={"PageSize": 4}))
    assert [len(keys(page)) for page in pages] == [4, 2] and sum(map(keys, pages), []) == everything
    aws.set_page_size("s3.ListObjectsV2", 1)
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="b", Delimiter="/"))
    aws.set_page_size("s3.ListObjectsV2")
    assert sum(map(keys, pages), []) == ["a", "odd\x01key", "z & <é>"]
    assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])] == ["dir/"]
    assert keys(s3.list_objects_v2(Bucket="b", StartAfter="dir/2")) == everything[3:]
    assert s3.list_objects_v2(Bucket="b", Prefix="none")["KeyCount"] == 0
    assert error_of(s3.list_objects_v2, Bucket="b", ContinuationToken="nonsense")[0] == "InvalidArgument"


def test_virtual_host_style(aws, s3):
    aws.put_object("b", "dir/k", "content")
    host = f"b.s3.{aws.region}.amazonaws.com"
    request = AWSRequest("GET", f"http://{host}/dir/k", headers={"Host": host})
    S3SigV4Auth(Credentials(aws.role["access_key"], aws.role["secret_key"], aws.role["token"]), "s3",
                aws.region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc)
    connection.request("GET", "/dir/k", headers=dict(request.headers.items()))
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"content")
    connection.close()


def test_keep_alive_and_large(aws, s3):
    body = os.urandom(3 << 20)
    for _ in range(3):
        s3.put_object(Bucket="b", Key="large", Body=body)
    assert s3.get_object(Bucket="b", Key="large")["Body"].read() == body
    code = error_of(s3.put_object, Bucket="b", Key="huge", Body=bytes(9 << 20))
    assert code[2] == 413
    assert [v["kind"] for v in aws.violations()] == ["http"]
    aws.reset_violations()


def test_aws_command(s3, cli, tmp_path):
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "list.html").write_text("{{list}}")
    cli("s3", "cp", "--quiet", "--recursive", str(tmp_path / "up"), "s3://b/html/")
    assert cli("s3", "ls", "s3://b/html/").split()[-2:] == ["8", "list.html"]
    cli("s3", "cp", "--quiet", "s3://b/html/list.html", str(tmp_path / "down"))
    assert (tmp_path / "down").read_text() == "{{list}}"
