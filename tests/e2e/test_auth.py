"""Who gets in: pages, API, environments behind require_auth_cookie; what tasks get to see; what is written down."""

import base64
import os
import re
import signal
import stat
import time
from pathlib import Path

import pytest

from stack import APACHES, PORT, SECOND_PORT, Stack, keys_with, poll, run, running
from test_proxy_upgrade import websocket

TOKEN, PASSWORD = "planted-token-8d1f", "planted-password-77c2"
SECRET, OLD_SECRET = "planted-secret-0a5b, with 32 bytes", "planted-retired-9e3d, with 32 bytes"
PLANTED = re.compile(r"planted-\w+-\w{4}|" + base64.b64encode(b"mirage:planted-").decode()[:16])  # and as Basic has it
HOST = "mirage.localhost"


def basic(user="mirage", password=PASSWORD):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def token(value=TOKEN):
    return ("X-Mirage-Token", value)


def guarded(config, secrets=SECRET):
    """The first port wants the cookie, the second does not."""
    config["auth"] = {"cookie_secret": secrets, "token": {"header": "x-mirage-token", "token": TOKEN},
                      "basic": {"username": "mirage", "password": PASSWORD}}
    config["listen"]["http"][0]["require_auth_cookie"] = True
    config["listen"]["http"][1]["target"] = config["listen"]["http"][0]["target"]


def entered(stack, headers=None):
    """The cookie that somebody gets who is let in."""
    r = stack.get(HOST, "/", headers or [basic()])
    assert r.status == 200, r
    return r.header("Set-Cookie").split(";")[0]


def cookie(value):
    return ("Cookie", value)


@pytest.fixture(scope="module")
def guard():
    with running(Stack(change=guarded)) as s:
        s.credentials, s.open_port = [token()], SECOND_PORT
        s.launch("web")
        yield s


# --- pages and API ------------------------------------------------------------------------------


@pytest.mark.parametrize("name, path, headers, status", [
    ("token", "/", [token()], 200),
    ("wrong token", "/", [token("other")], 401),
    ("token with more behind it", "/", [token(TOKEN + "x")], 401),
    ("the beginning of the token", "/", [token(TOKEN[:-1])], 401),
    ("an empty token", "/", [token("")], 401),
    ("two tokens, one right", "/", [token("other"), token()], 401),
    ("basic", "/", [basic()], 200),
    ("another user", "/", [basic("x")], 401),
    ("another password", "/", [basic(password="x")], 401),
    ("no password", "/", [basic(password="")], 401),
    ("a scheme that is not basic", "/", [("Authorization", "Bearer " + TOKEN)], 401),
    ("token, and wrong basic", "/", [token(), basic("x")], 200),
    ("wrong token, and basic", "/", [token("other"), basic()], 200),
    ("nothing", "/", [], 401),
    ("a page that is not there", "/nothing", [], 401),
    ("the form", "/launcher", [], 401),
    ("logs", "/logs/web", [], 401),
    ("the list's rows", "/list", [], 401),
    ("API by token", "/api/list", [token()], 200),
    ("API by another letter case of the header", "/api/list", [("x-MIRAGE-token", TOKEN)], 200),
    ("API by wrong token", "/api/list", [token("other")], 401),
    ("API by basic", "/api/list", [basic()], 401),
    ("API by nothing", "/api/list", [], 401),
    ("API call that is not there", "/api/nothing", [], 401),
    ("API path, encoded", "/%61pi/list", [basic()], 401),
    ("OIDC that is not configured", "/", [("x-amzn-oidc-data", "x.y.z")], 401),
])
def test_entrance(guard, name, path, headers, status):
    r = guard.get(HOST, path, headers)
    assert r.status == status, r
    api = "pi/" in path
    if status == 401:
        assert r.all("Set-Cookie") == []
        assert r.header("WWW-Authenticate") == (None if api else 'Basic realm="Restricted"')
    else:
        assert len(r.all("Set-Cookie")) == (0 if api else 1)
    if api:
        assert r.header("Content-Type").startswith("application/json")
        if status == 401:
            assert r.json() == {"message": "Unauthorized"}


@pytest.mark.parametrize("path", ["/api/launch", "/api/terminate", "/api/purge", "/launch", "/terminate", "/purge"])
def test_nothing_is_changed_without(guard, path):
    for headers in ([], [cookie(entered(guard))], [token("x"), cookie(entered(guard))]):
        r = guard.http("POST", HOST, path, [("Content-Type", "application/x-www-form-urlencoded"), *headers],
                       b"subdomain=intruder&branch=b&taskdef=web&duration=300")
        assert r.status == 401, r
    assert guard.tasks("intruder", "all") == [] and len(guard.tasks("web")) == 1


def test_the_cookie(guard):
    before = time.time()
    value = guard.get(HOST, "/", [basic()]).header("Set-Cookie")
    pair, *attributes = value.split("; ")
    assert set(attributes) == {"Path=/", "Domain=localhost", "Max-Age=86400", "HttpOnly", "Secure", "SameSite=Lax"}
    name, _, jwt = pair.partition("=")
    assert name == "mirage-ecs-auth"
    header, payload, _ = (base64.urlsafe_b64decode(part + "==") for part in jwt.split("."))
    assert b'"HS256"' in header
    expire_at = int(re.fullmatch(rb'{"expire_at":(\d+)}', payload).group(1))
    assert before + 86399 <= expire_at <= time.time() + 86401


@pytest.mark.parametrize("path", ["/", "/launcher", "/api/list"])
def test_the_cookie_opens_neither_pages_nor_api(guard, path):
    assert guard.get(HOST, path, [cookie(entered(guard))]).status == 401


def test_pages_are_nobodys_frame(guard):
    for headers in ([], [basic()]):
        r = guard.get(HOST, "/", headers)
        assert "frame-ancestors 'none'" in r.header("Content-Security-Policy")
        assert r.header("X-Frame-Options") == "DENY" and r.header("Cache-Control") == "no-store"
        assert r.header("Cross-Origin-Opener-Policy") == r.header("Cross-Origin-Resource-Policy") == "same-origin"


@pytest.mark.parametrize("headers, status", [
    ([("Origin", "http://mirage.localhost:8080")], 303),
    ([], 303),
    ([("Origin", "http://web.localhost:8080")], 400),
    ([("Origin", "http://mirage.localhost")], 400),
    ([("Origin", "https://evil.example")], 400),
    ([("Origin", "null")], 400),
    ([("Sec-Fetch-Site", "same-site")], 400),
    ([("Sec-Fetch-Site", "cross-site")], 400),
    ([("Sec-Fetch-Site", "same-origin")], 303),
    ([("Origin", "http://mirage.localhost:8080"), ("Sec-Fetch-Site", "same-origin")], 303),
    ([("Origin", "http://mirage.localhost:8080"), ("Sec-Fetch-Site", "same-site")], 400),  # http:// to https://
    ([("Origin", "https://mirage.localhost:8080"), ("Sec-Fetch-Site", "cross-site")], 400),
])
def test_post_from_another_site(guard, headers, status):
    r = guard.http("POST", "mirage.localhost:8080", "/terminate", [
        ("Content-Type", "application/x-www-form-urlencoded"), basic(), *headers], b"subdomain=nobody-x")
    assert r.status == status, r
    if status == 400 and headers:
        r = guard.http("POST", "mirage.localhost:8080", "/api/terminate", [
            ("Content-Type", "application/x-www-form-urlencoded"), token(), *headers], b"subdomain=nobody-x")
        assert (r.status, r.json()) == (400, {"result": "request comes from another site"})


# --- environments -------------------------------------------------------------------------------


def test_environment_without_the_cookie(guard):
    for headers in ([], [cookie("mirage-ecs-auth=x.y.z")], [token()], [basic()], [cookie("a=b")]):
        r = guard.env("web", "/echo", headers)
        assert (r.status, r.text) == (403, "Forbidden\n"), r
    assert guard.env("nobody-x").status == 403, "who may not enter does not learn which there are"


def test_environment_with_the_cookie(guard):
    r = guard.env("web", "/echo", [cookie("a=b; " + entered(guard))])
    assert r.status == 200
    assert guard.env("nobody-x", headers=[cookie(entered(guard))]).status == 404


def planted(n):
    """As ours, but signed by another."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    parts = b'{"alg":"HS256"}', b'{"expire_at":9999999999}', bytes([n]) * 32
    return "mirage-ecs-auth=" + ".".join(map(part, parts))


def test_cookies_planted_by_a_task_lock_nobody_out(guard):
    none = "mirage-ecs-auth=eyJhbGciOiJub25lIn0.e30.e30"
    assert guard.env("web", "/echo", [cookie(f"{none}; {entered(guard)}")]).status == 200
    assert guard.env("web", "/echo", [cookie(none), cookie(entered(guard))]).status == 200
    many = "; ".join(planted(n) for n in range(200))
    assert guard.env("web", "/echo", [cookie(f"{many}; {entered(guard)}")]).status == 200
    assert guard.env("web", "/echo", [cookie(many)]).status == 403


def test_a_task_cannot_overwrite_the_cookie(guard):
    answer = ("HTTP/1.1 200 OK\r\nSet-Cookie: mirage-ecs-auth=x; Domain=localhost\r\nset-cookie:\t=mirage-ecs-auth=y\r\n"
              "Set-Cookie: mirage-ecs-auth2=kept\r\nClear-Site-Data: \"cookies\"\r\nContent-Length: 2\r\n\r\nok")
    r = guard.env("web", "/raw?b=" + base64.urlsafe_b64encode(answer.encode()).decode(), [cookie(entered(guard))])
    assert r.status == 200 and r.all("Set-Cookie") == ["mirage-ecs-auth2=kept"] and not r.all("Clear-Site-Data")


def test_the_other_port_is_open(guard):
    assert guard.get("web.localhost", "/echo", port=SECOND_PORT).status == 200


def test_health_check_needs_nothing(guard):
    assert guard.get("10.0.0.1", "/").status == 200


PREFLIGHT = [("Origin", "http://a.localhost"), ("Access-Control-Request-Method", "PUT")]


def test_a_preflight_passes_without(guard):
    """Without a body either way: many applications do not look at the method."""
    r = guard.env("web", "/echo", PREFLIGHT, method="OPTIONS")
    assert r.status == 200 and r.body == b"" and r.header("Content-Length") == "0"
    r = guard.env("web", "/events?n=3", PREFLIGHT, method="OPTIONS")
    assert r.status == 200 and r.body == b""
    assert guard.env("web", "/echo", [*PREFLIGHT, cookie(entered(guard))], method="OPTIONS").json()["method"] == "OPTIONS"
    assert guard.env("web", "/echo", PREFLIGHT, method="options").status == 403, "methods are case-sensitive"
    for headers, status in (PREFLIGHT, 403), ([*PREFLIGHT, cookie(entered(guard))], 404):
        assert guard.env("nobody-x", "/echo", headers, method="OPTIONS").status == status, "it does not tell what is known"


@pytest.mark.parametrize("headers, body", [
    ([], b""), (PREFLIGHT[:1], b""), (PREFLIGHT[1:], b""), (PREFLIGHT, b"body"),
    ([("Origin", ""), PREFLIGHT[1]], b""), ([PREFLIGHT[0], ("Access-Control-Request-Method", "")], b""),
    ([*PREFLIGHT, ("Transfer-Encoding", "chunked")], None)])
def test_other_options_do_not_pass(guard, headers, body):
    with guard.connect() as c:
        c.request("OPTIONS", "/echo", "web.localhost", headers, body or b"")
        if body is None:
            c.send(b"4\r\nbody\r\n0\r\n\r\n")
        assert c.response().status == 403


def test_behind_a_preflight_the_connection_goes_on(guard):
    with guard.connect() as c:
        for _ in range(3):
            c.request("OPTIONS", "/echo", "web.localhost", PREFLIGHT)
            assert c.response().body == b""
            c.request("GET", "/echo", "web.localhost", [cookie(entered(guard))])
            assert c.response().json()["method"] == "GET"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_upgrade_without_the_cookie(guard, method):
    with guard.connect() as c:
        c.request(method, "/tunnel", "web.localhost", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
        assert c.response(method).status == 403


def test_websocket_with_the_cookie(guard):
    value = entered(guard)
    with guard.connect() as c:
        request = c.request
        c.request = lambda method, target, host, headers: request(method, target, host, [*headers, cookie(value)])
        websocket(c, "web.localhost")


def test_who_is_turned_away_does_not_count(guard):
    def counted():
        return guard.api("GET", "/api/access?subdomain=quiet").json()["sum"]
    guard.launch("quiet")
    value = entered(guard)
    before = counted()
    for _ in range(5):
        assert guard.env("quiet", "/echo").status == 403
        assert guard.env("quiet", "/echo", PREFLIGHT, method="OPTIONS").status == 200
    for method in ("GET", "OPTIONS"):
        assert guard.env("quiet", "/echo", [cookie(value)], method=method).status == 200
    poll(lambda: counted() >= before + 2, 10, "the accesses that were let in")
    assert counted() == before + 2


def test_changing_the_secret_revokes(new_stack, folder):
    s = new_stack(folder=folder, change=lambda c: guarded(c, OLD_SECRET))
    old = entered(s)
    assert s.env("nobody-x", headers=[cookie(old)]).status == 404
    s.stop()
    s = new_stack(folder=folder, address=s.address, change=lambda c: guarded(c, [SECRET, OLD_SECRET]))
    new = entered(s)
    assert [s.env("nobody-x", headers=[cookie(v)]).status for v in (old, new)] == [404, 404]
    s.stop()
    s = new_stack(folder=folder, address=s.address, change=guarded)
    assert [s.env("nobody-x", headers=[cookie(v)]).status for v in (old, new)] == [403, 404]


# --- what a task sees ---------------------------------------------------------------------------


def seen_by_task(stack, headers, port=PORT):
    r = stack.get("web.localhost", "/echo", headers, port=port)
    assert r.status == 200, r
    return [(k.lower(), v) for k, v in r.json()["headers"]]


def test_task_sees_no_credentials(guard):
    value = entered(guard)
    seen = seen_by_task(guard, [cookie(f"a=b; {value}; c=d"), cookie(value), cookie("e=f"), token(), ("X_Mirage.Token", TOKEN),
                                ("X-Kept", "1"), basic("own", "of the task")])
    assert [v for k, v in seen if k == "cookie"] == ["a=b; c=d", "e=f"]
    assert not any("token" in k for k, _ in seen) and not PLANTED.search(str(seen)) and "mirage-ecs-auth" not in str(seen)
    assert ("x-kept", "1") in seen and basic("own", "of the task")[1] in dict(seen).values()


def test_task_sees_none_in_trailers(guard):
    with guard.connect(SECOND_PORT) as c:
        c.request("POST", "/echo", "web.localhost", [("Transfer-Encoding", "chunked")])
        c.send("\r\n".join(["1", "x", "0", f"x-mirage-token: {TOKEN}", f"X_Mirage.Token: {TOKEN}", f"Cookie: {entered(guard)}",
                            "x-amzn-oidc-data: a", "X_Amzn_Oidc_Data: b", "X-Kept: 1", "", ""]).encode())
        seen = c.response().json()
    assert [(k.lower(), v) for k, v in seen["trailers"]] == [("x-kept", "1")] and not PLANTED.search(str(seen))


def test_cookie_is_taken_out_of_every_request_of_a_connection(guard):
    value = entered(guard)
    with guard.connect() as c:
        for i in range(20):
            c.request("POST", "/echo", "web.localhost", [cookie(f"{value}; n={i}")], b"x" * i)
            seen = c.response().json()
            assert [v for k, v in seen["headers"] if k.lower() == "cookie"] == [f"n={i}"] and seen["body"] == "x" * i


def test_cookie_is_taken_out_of_a_request_that_is_sent_again(guard):
    """The task closes an idle connection as the request arrives: it goes once more, on a new one."""
    value = entered(guard)
    headers = [cookie(f"{value}; a=b")]
    with guard.connect() as c:
        c.request("GET", "/drop-next", "web.localhost", headers)
        assert c.response().status == 200
        c.request("GET", "/echo", "web.localhost", headers)
        seen = c.response().json()
    assert [v for k, v in seen["headers"] if k.lower() == "cookie"] == ["a=b"]


def test_trusted_proxy_is_believed(guard):
    seen = seen_by_task(guard, [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "h"),
                                ("X-Forwarded-Port", "443"), ("X-Amzn-Oidc-Identity", "me"),
                                ("X-Real-IP", "192.0.2.1"), ("CF-Connecting-IP", "192.0.2.1"),
                                ("Forwarded", "for=6.6.6.6"), ("Proxy", "http://6.6.6.6")], SECOND_PORT)
    assert {("x-real-ip", "192.0.2.1"), ("cf-connecting-ip", "192.0.2.1")} <= set(seen)
    assert not {"forwarded", "proxy"} & set(dict(seen)), "Forwarded would end before this proxy"
    assert dict(seen)["x-forwarded-for"].startswith("192.0.2.1, 127.")
    assert {("x-forwarded-proto", "https"), ("x-forwarded-host", "h"), ("x-forwarded-port", "443"),
            ("x-amzn-oidc-identity", "me")} <= set(seen)
    seen = seen_by_task(guard, [("X_Forwarded_For", "1"), ("X.Amzn.Oidc-Data", "2"), ("x-amzn_oidc-data", "3"),
                                ("X_Real_IP", "4")], SECOND_PORT)
    assert not [k for k, _ in seen if "_" in k or "." in k], "what CGI takes for a header of that name is nobody's"


def test_stranger_is_not_believed(new_stack):
    s = new_stack(change=lambda c: c.update(network={"trusted_proxies": ["192.0.2.0/24"]}))
    s.launch("web")
    seen = seen_by_task(s, [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "h"),
                            ("X-Forwarded-Port", "443"), ("x-amzn-oidc-data", "x"), ("x-amzn-oidc-accesstoken", "x"),
                            ("X_Forwarded_For", "x"), ("X-Kept", "1"), *[(name, "6.6.6.6") for name in (
                                "X-Real-IP", "X_Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP",
                                "CF-Connecting-IP", "X-Original-URL", "X-Original-For", "X-Rewrite-URL",
                                "X-Forwarded", "Forwarded", "Forwarded-For", "Client-IP", "Proxy", "Client-Cert",
                                "X-Amzn-Mtls-Clientcert-Subject", "X-Client-Cert", "X-SSL-Client-Verify", "Remote-User",
                                "X-Auth-Request-User", "X-MS-Client-Principal", "X-Goog-Authenticated-User-Email",
                                "CF-Connecting-IPv6", "CloudFront-Viewer-Address", "Front-End-Https", "X-Host", "Remote.User")],
                            ("X-Client-Version", "2")])
    assert not [k for k, v in seen if v == "6.6.6.6"]
    ours = [(k, v) for k, v in seen if k.startswith("x-")]
    assert sorted(ours) == [("x-client-version", "2"), ("x-forwarded-for", "127.0.0.1"), ("x-forwarded-host", "web.localhost"),
                            ("x-forwarded-proto", "http"), ("x-kept", "1")]


# --- where secrets are not ----------------------------------------------------------------------


def test_secrets_are_written_nowhere(new_stack, folder):
    s = new_stack(folder=folder, change=lambda c: guarded(c, [SECRET, OLD_SECRET]), options=["-log-level", "debug"],
                  env={"MIRAGE_PASSWORD": "planted-variable-52ff", **keys_with(folder, "planted-aws-91e4")})
    s.credentials, s.open_port = [token()], SECOND_PORT
    value = entered(s)
    s.launch("web")
    for headers in ([token()], [token("planted-wrong-0000")], [basic()], [basic(password="planted-wrong-0000")],
                    [cookie(value)], [cookie(value + "x")], [("x-amzn-oidc-data", "planted-wrong-0000.a.b")]):
        for host in (HOST, "web.localhost"):
            for path in ("/", "/api/list", "/echo"):
                s.get(host, path, headers)
    for headers in ([token("planted-wrong-0000")], [basic(password="planted-wrong-0000")]):
        said = s.log_path.read_text().count("not let in")
        poll(lambda: s.get(HOST, "/", headers).status == 401 and s.log_path.read_text().count("not let in") > said, 5,
             "this refusal is one of those that are logged")
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in [s.process.pid, *s.pids()]]
    assert len(lines) >= 5 and not PLANTED.search(str(lines))
    environment = s.get("web.localhost", "/env", port=SECOND_PORT).text
    assert "GIT_BRANCH" in environment and not PLANTED.search(environment), "a task inherits none"
    state = {p: stat.S_IMODE(p.lstat().st_mode) for p in [s.state, *s.state.rglob("*")]
             if p.name not in APACHES}
    s.stop()
    log = s.log_path.read_text()
    assert "not let in" in log and "[debug]" in log, "it was logged what there was to log"
    assert not PLANTED.search(log) and value.split("=")[1] not in log
    held = [p for p in s.state.rglob("*") if p.is_file() and PLANTED.search(p.read_bytes().decode("latin-1"))]
    assert held in ([], [s.state / "run" / "mirage.yaml"]), "only what the programs read their configuration from"
    assert all(mode & 0o077 == 0 for mode in state.values()), {str(p): oct(m) for p, m in state.items() if m & 0o077}


def test_whoever_brings_nothing_is_not_logged(guard):
    """A browser's first request, a probe, the stack's own question whether it is up."""
    for host, path in (HOST, "/nothing-brought"), (HOST, "/api/nothing-brought"):
        assert guard.get(host, path).status == 401
    poll(lambda: guard.get(HOST, "/brought", [token("wrong")]).status == 401 and "/brought: not let in: wrong token" in guard.log_path.read_text(),
         5, "it is logged (a line a second)")
    assert "nothing-brought" not in guard.log_path.read_text()


def test_a_path_cannot_write_to_the_terminal(guard):
    """U+009B begins a command, as ESC [ does, for terminals that read UTF-8."""
    poll(lambda: guard.get(HOST, "/%c2%9b31m%c3%a4", [token("wrong")]).status == 401 and "GET /\\x9b31m\u00e4: not let in" in guard.log_path.read_text(),
         5, "it is logged (a line a second)")
    assert "\u009b" not in guard.log_path.read_text()


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync", "mirage-purge"])
def test_secrets_are_masked_in_print(guard, program):
    r = run(program, "-local", "-conf", guard.conf, "-x")
    assert r.returncode == 0 and r.stdout.count("********") == 3 and not PLANTED.search(r.stdout + r.stderr)
    r = run(program, "-local", "-conf", guard.conf, "-t", "-log-level", "debug")
    assert r.returncode == 0 and not PLANTED.search(r.stdout + r.stderr)


def test_no_core_is_dumped(guard):
    """Neither into a file nor to a handler: the kernel takes them for not dumpable."""
    for program in ("mirage-api", "mirage-proxyd", "mirage-sync"):
        (pid, *_) = guard.pids(program)
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
        owner = os.stat(f"/proc/{pid}/environ").st_uid
        assert owner == 0, "of a process that is not dumpable, /proc is root's (proc(5))"
    (pid,) = guard.pids("mirage-api")
    os.kill(pid, signal.SIGABRT)
    poll(lambda: guard.get(HOST, "/", [basic()]).status == 200 and guard.pids("mirage-api") not in ([], [pid]), 15,
         "another mirage-api answers")
    assert not [p for p in Path.cwd().glob("core*")] and not list(guard.state.rglob("core*"))
