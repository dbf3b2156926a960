"""What the API makes of requests that are not what it expects."""

import pytest

from wire import exchange, status_of

MIB = 1 << 20
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
POSTS = ["/api/launch", "/api/terminate", "/api/purge"]


def is_an_error(r, status=400):
    assert r.status == status, r
    assert list(r.json()) == ["result"] and r.json()["result"], r


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [
    b"{", b"}", b"[", b"nonsense", b'{"subdomain":', b'{"subdomain":"a",}', b'{"subdomain":"a"} x',
    b"[]", b'"text"', b"null", b"5", b"true", b'{"a":"\xff"}', b'\xef\xbb\xbf{}x', b"\x00",
    b'{"subdomain":{}}', b'{"subdomain":["a"]}', b"[" * 100000, b'{"a":' * 50000,
], ids=lambda body: repr(body[:20]))
def test_malformed_json(stack, path, body):
    is_an_error(stack.api("POST", path, headers=[JSON], body=body))


@pytest.mark.parametrize("fields", [
    {"subdomain": 5}, {"subdomain": True}, {"taskdef": 5}, {"taskdef": [5]}, {"taskdef": {}},
    {"taskdef": [["web"]]}, {"branch": 5}, {"parameters": []}, {"parameters": "x"},
    {"parameters": {"nick": 5}}, {"parameters": {"nick": ["a"]}},
], ids=str)
def test_wrong_types_in_json(stack, fields):
    body = {"subdomain": "wrong-type", "taskdef": ["web"], "branch": "b", **fields}
    is_an_error(stack.api("POST", "/api/launch", json_body=body))
    assert not stack.tasks("wrong-type", "all")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [b"subdomain=%zz", b"subdomain=%4", b"subdomain=ab%", b"%=x"])
def test_malformed_form(stack, path, body):
    is_an_error(stack.api("POST", path, headers=[FORM], body=body))


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "json",
                                  "application/jsonx"])
def test_other_types(stack, path, kind):
    r = stack.api("POST", path, headers=[("Content-Type", kind)], body=b"subdomain=abc")
    is_an_error(r, 415)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON",
                                  "application/json;charset=UTF-8"])
def test_parameters_of_a_type(stack, kind):
    r = stack.api("POST", "/api/terminate", headers=[("Content-Type", kind)],
                  body=b'{"subdomain":"nobody"}')
    assert (r.status, r.json()) == (200, {"result": "ok"})


CHUNKED_HEAD = (b"POST /api/terminate HTTP/1.1\r\nHost: mirage.localhost\r\nConnection: close\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")


def form_of(size):
    start = b"subdomain=nobody&pad="
    return start + b"x" * (size - len(start))


def test_one_mebibyte_is_taken(stack):
    r = stack.api("POST", "/api/terminate", headers=[FORM], body=form_of(MIB))
    assert (r.status, r.json()) == (200, {"result": "ok"})


def test_more_is_not(stack):
    r = stack.api("POST", "/api/terminate", headers=[FORM], body=form_of(MIB + 1))
    is_an_error(r, 413)


def test_more_in_chunks_is_not(stack):
    body = form_of(MIB + 1)
    data = CHUNKED_HEAD + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer = exchange((stack.address, 8080), data)
    assert status_of(answer) == 413, answer[:300]


def test_chunked_body(stack):
    answer = exchange((stack.address, 8080),
                      CHUNKED_HEAD + b"a\r\nsubdomain=\r\n6\r\nnobody\r\n0\r\n\r\n")
    assert status_of(answer) == 200 and b'{"result":"ok"}' in answer, answer


@pytest.mark.parametrize("path", ["/api/nope", "/api/", "/api/launch/x", "/nope", "/api/list/"])
def test_unknown_path(stack, path):
    r = stack.api("GET", path)
    assert r.status == 404, r
    if path.startswith("/api/"):
        assert r.json() == {"message": "Not Found"}, r


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/launch"), ("GET", "/api/terminate"), ("GET", "/api/purge"),
    ("PUT", "/api/launch"), ("POST", "/api/list"), ("POST", "/api/logs"), ("DELETE", "/api/access"),
    ("PATCH", "/api/list"),
])
def test_wrong_method(stack, method, path):
    r = stack.api(method, path)
    assert (r.status, r.json()) == (405, {"message": "Method Not Allowed"}), r


@pytest.mark.parametrize("header", [
    ("Origin", "http://evil.example"), ("Origin", "null"),
    ("Origin", "http://mirage.localhost.evil"),
    ("Origin", "http://task.localhost:8080"),
    ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"),
], ids=str)
@pytest.mark.parametrize("path", ["/api/launch", "/api/terminate", "/api/purge", "/launch",
                                  "/terminate"])
def test_post_from_another_site(stack, path, header):
    r = stack.api("POST", path, form={"subdomain": "abc", "branch": "b", "taskdef": "web"},
                  headers=[header])
    assert r.status == 400, r
    assert not stack.tasks("abc", "all")


@pytest.mark.parametrize("header", [
    ("Origin", "http://mirage.localhost"), ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Site", "none"),
], ids=str)
def test_post_from_here(stack, header):
    r = stack.api("POST", "/api/terminate", form={"subdomain": "nobody"}, headers=[header])
    assert r.status == 200, r


def test_origin_with_a_port(stack):
    with stack.connect() as c:
        c.request("POST", "/api/terminate", "mirage.localhost:8080",
                  [FORM, ("Origin", "http://mirage.localhost:8080")], b"subdomain=nobody")
        assert c.response().status == 200


def test_get_from_another_site_is_fine(stack):
    assert stack.api("GET", "/api/list", headers=[("Origin", "http://evil.example")]).status == 200


@pytest.mark.parametrize("path", POSTS)
def test_no_body_and_no_length(stack, path):
    """As `curl -X POST` sends it."""
    with stack.connect() as c:
        c.send(f"POST {path} HTTP/1.1\r\nHost: mirage.localhost\r\n\r\n".encode())
        is_an_error(c.response())


# --- the Go mirage-ecs takes these, and scripts in use send them -------------------------------


def multipart(fields, boundary="----xyz"):
    body = b"".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                    for name, value in fields)
    return [("Content-Type", f"multipart/form-data; boundary={boundary}")], body + f"--{boundary}--\r\n".encode()


def launched(stack, name, **expected):
    """The newest launch; what it replaces may still run."""
    def launch_of(task):
        return next(tag["Value"] for tag in task["tags"] if tag["Key"] == "MirageLaunch")
    env = max(stack.tasks(name), key=launch_of)["env"]
    assert {key: env.get(key) for key in expected} == expected, env


def test_multipart(stack, name):
    """`curl -F`."""
    headers, body = multipart([("subdomain", name), ("taskdef", "web"), ("branch", "topic/\u65e5 +&=%41"), ("nick", "part")])
    r = stack.api("POST", "/api/launch", headers=headers, body=body)
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    launched(stack, name, GIT_BRANCH="topic/\u65e5 +&=%41", NICK="part")
    headers, body = multipart([("subdomain", name)])
    assert stack.api("POST", "/api/terminate", headers=headers, body=body).json() == {"result": "ok"}
    headers, body = multipart([("subdomain", name), ("subdomain", name)])
    is_an_error(stack.api("POST", "/api/terminate", headers=headers, body=body))
    is_an_error(stack.api("POST", "/api/terminate", headers=headers, body=body[:-20]))


def test_query_string_of_a_post(stack, name):
    """Alone, and beside a form, which counts first."""
    r = stack.api("POST", f"/api/launch?subdomain={name}&taskdef=web&branch=a%2Fb")
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    launched(stack, name, GIT_BRANCH="a/b")
    r = stack.api("POST", f"/api/launch?subdomain=no-{name}&branch=no&taskdef=web", headers=[FORM], body=f"subdomain={name}&branch=form".encode())
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    launched(stack, name, GIT_BRANCH="form")
    headers, body = multipart([("branch", "part"), ("taskdef", "web")])
    assert stack.api("POST", f"/api/launch?subdomain={name}", headers=headers, body=body).status == 200
    launched(stack, name, GIT_BRANCH="part")
    is_an_error(stack.api("POST", f"/api/terminate?subdomain={name}&subdomain=x"))
    assert stack.api("POST", f"/api/terminate?subdomain={name}").json() == {"result": "ok"}


def test_query_string_beside_json(stack, name):
    """Parameters alone, as with the Go mirage-ecs: neither subdomain, taskdef nor branch."""
    fields = {"subdomain": name, "taskdef": "web", "branch": "json"}
    r = stack.api("POST", "/api/launch?nick=query&branch=query&subdomain=other", json_body=fields)
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    launched(stack, name, GIT_BRANCH="json", NICK="query")
    r = stack.api("POST", "/api/launch?nick=query", json_body={**fields, "parameters": {"nick": "body"}})
    launched(stack, name, NICK="body")
    is_an_error(stack.api("POST", "/api/launch?branch=query", json_body={"subdomain": name, "taskdef": "web"}))
    stack.api("POST", "/api/terminate", form={"subdomain": name})
