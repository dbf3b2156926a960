"""The stack's web server: either one, its port of its own, and what keeps it from starting."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from stack import (BIN, BUILD, PORT, WEB, WEB_PROGRAM, clean_environment, local_only, need_own_mounts, own_address, poll, processes,
                   program_of)
from wire import Connection

WEB_PORT = PORT + 10
NOBODY = 65534
PROGRAM = {"lighttpd": "lighttpd", "apache": "apache2"}
as_root = pytest.mark.skipif(os.getuid() != 0, reason="mounts something: for root")


def with_port(server, listen):
    def change(config):
        config["web"] = {"server": server, "listen": listen or f"{config['listen']['foreign_address']}:{WEB_PORT}"}
    return change


def ask(s, target="/api/list", host="mirage.localhost"):
    with Connection((s.address, WEB_PORT)) as c:
        c.request("GET", target, host, [("Connection", "close")])
        return c.response()


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_port_of_its_own(new_stack, server):
    s = new_stack(with_port(server, None))
    assert {program_of(p) for p in s.pids()} >= {PROGRAM[server]}
    r = ask(s)
    assert (r.status, r.json()) == (200, {"result": []})
    assert b"Launch" in ask(s, "/", "mirage.localhost").body
    style = ask(s, "/static/style.css")
    assert style.status == 200 and style.header("Cache-Control") == "max-age=300"
    assert not any(c.isdigit() for c in style.header("Server") or "")
    assert s.list() == []  # and through mirage-proxyd as ever
    killed = s.kill_program(PROGRAM[server])
    poll(lambda: [p for p in s.pids(PROGRAM[server]) if p not in killed] and answers(s), 10, "it is back on its port")


OWN = {"style.css": "text/css", "logo.svg": "image/svg+xml", "logo.png": "image/png", "photo.jpg": "image/jpeg",
       "font.woff2": "font/woff2", "deep/in/it.webp": "image/webp"}


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_teams_own_files(new_stack, folder, server):
    """`own/` in the folder of the templates; what lies beside it is nobody's business."""
    html = folder / "html"
    shutil.copytree(BUILD / "share/mirage-ecs/html", html)
    for name in OWN:
        (html / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (html / "own" / name).write_text(f"of ours: {name}")
    layout = html / "layout.html"
    layout.write_text(layout.read_text().replace("</head>", '<link rel="stylesheet" href="/static/own/style.css">\n</head>'))
    folder.chmod(0o755)

    def change(config):
        with_port(server, None)(config)
        config["htmldir"] = os.path.relpath(html)
    s = new_stack(change)
    assert '<link rel="stylesheet" href="/static/own/style.css">' in ask(s, "/", "mirage.localhost").text
    for name, kind in OWN.items():
        r = ask(s, f"/static/own/{name}")
        assert (r.status, r.text, r.header("Content-Type").split(";")[0]) == (200, f"of ours: {name}", kind)
        assert r.header("Cache-Control") == "max-age=300"
    for target in ("/static/own/", "/static/own/nothing.css", "/static/own/../layout.html", "/static/own/%2e%2e/list.html",
                   "/static/layout.html"):
        r = ask(s, target)
        assert r.status in (400, 403, 404) and "{{" not in r.text, (target, r)
    assert ask(s, "/static/style.css").status == 200


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_without_files_of_its_own(new_stack, server):
    s = new_stack(with_port(server, None))
    assert ask(s, "/static/own/style.css").status in (403, 404) and ask(s, "/static/style.css").status == 200


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_only_our_host_is_answered_there(new_stack, server):
    """Any name can be made to lead there (DNS rebinding); a load balancer's health check asks by address."""
    s = new_stack(with_port(server, None))
    for host in f"{s.address}:{WEB_PORT}", "evil.example", "mirage.localhost.evil.example":
        for page in "/", "/launcher", "/logs/x":
            r = ask(s, page, host)
            assert (r.status, r.body, r.header("Content-Type")) == (200, b"mirage-ecs\n", "text/plain; charset=UTF-8")
        r = ask(s, "/api/list", host)
        assert (r.status, r.json()) == (421, {"result": "This is mirage.localhost; the request is for another host."})
        for path in "/launch", "/api/launch":
            with Connection((s.address, WEB_PORT)) as c:
                c.request("POST", path, host, [("Content-Type", "application/x-www-form-urlencoded"), ("Connection", "close")],
                          b"subdomain=web&taskdef=web&branch=x")
                assert c.response().status == 421
    assert ask(s, host=f"MIRAGE.localhost.:{WEB_PORT}").json() == {"result": []}


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_behind_a_proxy_that_takes_the_port_off(new_stack, server):
    """Such as nginx with `proxy_set_header Host $host`."""
    s = new_stack(lambda config: config.update(web={"server": server}))
    own = [("Origin", "http://mirage.localhost:8443"), ("X-Forwarded-Host", "mirage.localhost:8443")]
    posted = [s.api("POST", "/api/terminate", form={"subdomain": "nobody"}, headers=headers).status for headers in (
        own, [own[0], ("X-Forwarded-Port", "8443")], own[:1], [own[0], ("X-Forwarded-Host", "evil.example:8443")])]
    assert posted == [200, 200, 400, 400]
    s.launch("app", "page")
    assert "http://app.localhost:8443/" in s.api("GET", "/", headers=own).text


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_stranger_says_no_port(new_stack, server):
    def change(config):
        config.update(web={"server": server}, network={"trusted_proxies": []})
    s = new_stack(change)
    headers = [("Origin", "http://mirage.localhost:8443"), ("X-Forwarded-Host", "mirage.localhost:8443"), ("X-Forwarded-Port", "8443")]
    assert s.api("POST", "/api/terminate", form={"subdomain": "nobody"}, headers=headers).status == 400


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_stranger_on_it_is_not_somebody_else(new_stack, server):
    def change(config):
        with_port(server, None)(config)
        config["network"] = {"trusted_proxies": []}
    s = new_stack(change)
    with socket.create_connection((s.address, WEB_PORT), 10, (s.address, 0)) as c:  # Apache takes 127.0.0.1 for mirage-proxyd
        c.sendall(b"POST /api/terminate HTTP/1.1\r\nHost: mirage.localhost\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\n"
                  b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nsubdomain=nobody")
        assert b" 200 OK" in c.recv(100)
    assert f"terminated nobody, asked by {s.address}\n" in s.log_path.read_text()


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_second_spelling_of_a_field_does_not_win(new_stack, server):
    """A load balancer sees to X-Forwarded-For and x-amzn-oidc-data, and passes on what CGI takes for the same."""
    s = new_stack(with_port(server, None))
    with Connection((s.address, WEB_PORT)) as c:
        c.request("POST", "/api/terminate", "mirage.localhost", [
            ("X_Forwarded_For", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2"),
            ("Content-Type", "application/x-www-form-urlencoded")], b"subdomain=nobody")
        assert c.response().status == (400 if server == "lighttpd" else 200)
    assert "asked by 192.0.2.1" not in s.log_path.read_text()


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_crowd_of_fields_is_refused(new_stack, server):
    s = new_stack(with_port(server, None))
    for n, status in (100, 200), (300, 400):
        with Connection((s.address, WEB_PORT)) as c:
            c.request("GET", "/api/list", "mirage.localhost", [(f"X-{i}", "1") for i in range(n)])
            assert c.head().status == status


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_it_does_not_change_to_http2_within_a_connection(new_stack, server):
    """What is in front of it would no longer see the requests, nor take from them what a client must not say."""
    s = new_stack(with_port(server, None))
    with Connection((s.address, WEB_PORT)) as c:
        c.request("GET", "/api/list", "mirage.localhost", [
            ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
        assert c.head().status == 200


def answers(s):
    try:
        return ask(s).status == 200 and s.list() == []
    except (OSError, AssertionError):
        return False


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_request_in_flight_on_it_survives_sigterm(new_stack, server):
    s = new_stack(with_port(server, None))
    body = b"subdomain=nobody"
    with Connection((s.address, WEB_PORT)) as c:
        c.sock.sendall(b"POST /api/terminate HTTP/1.1\r\nHost: mirage.localhost\r\nConnection: close\r\n"
                       b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
                       % (len(body), body[:5]))
        assert answers(s)  # by now that head has been read
        s.pids()
        s.process.send_signal(signal.SIGTERM)
        poll(lambda: refuses((s.address, WEB_PORT)), 10, "new connections are refused")
        c.sock.sendall(body[5:])
        assert c.response().json() == {"result": "ok"}
    assert s.process.wait(35) == 0
    assert not s.survivors()


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_body_that_does_not_end_is_not_kept(new_stack, server):
    s = new_stack(lambda config: config.update(web={"server": server}))
    kept = {"lighttpd": "lighttpd-upload-*", "apache": "modproxy.tmp.*"}[server]
    with s.connect() as c:
        c.request("POST", "/api/terminate", "mirage.localhost", [("Transfer-Encoding", "chunked")])
        c.send(b"80000\r\n" + b"x" * 0x80000 + b"\r\n")
        poll(lambda: list((s.state / "run").glob(kept)), 10, "the beginning is in the state folder")
        with contextlib.suppress(ConnectionError):  # it may be answered before all was sent
            for _ in range(16):
                c.send(b"80000\r\n" + b"x" * 0x80000 + b"\r\n")
        assert c.head().status == (500 if server == "apache" else 413)
    poll(lambda: not list((s.state / "run").glob(kept)), 10, "it was removed")


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_body_of_eight_mebibytes_is_refused(new_stack, server):
    s = new_stack(lambda config: config.update(web={"server": server}))
    with s.connect() as c:
        c.request("POST", "/api/terminate", "mirage.localhost", [("Content-Length", str(8 << 20))])
        assert c.head().status == 413


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_a_body_that_says_it_is_too_large_is_never_kept(new_stack, server):
    """Refused by its length, before any of it came."""
    s = new_stack(lambda config: config.update(web={"server": server}))
    for path, kind in ("/api/terminate", "application/json"), ("/terminate", "text/html"):
        with s.connect() as c:
            c.request("POST", path, "mirage.localhost", [("Content-Length", str((1 << 20) + 1))])
            r = c.response()
            assert r.status == 413 and r.header("Content-Type").startswith(kind), r
            assert kind != "application/json" or r.json() == {"result": "the body is larger than 1 MiB"}


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_the_api_says_in_json_that_it_is_down(new_stack, server):
    s = new_stack(lambda config: config.update(web={"server": server}))
    (api,) = s.pids("mirage-api")
    os.kill(api, signal.SIGSTOP)
    (s.state / "run" / "api.sock").rename(s.state / "run" / "away.sock")
    try:
        r = s.api("GET", "/api/list")
        assert r.status == 503 and r.json() == {"result": "mirage-api is being started again"}, r
        page = s.api("GET", "/")
        assert page.status == 503 and page.header("Content-Type").startswith("text/html")
    finally:
        (s.state / "run" / "away.sock").rename(s.state / "run" / "api.sock")
        os.kill(api, signal.SIGCONT)


@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_slow_bodies_hold_up_nobody(new_stack, server):
    """More of them than mirage-api has threads."""
    s = new_stack(lambda config: config.update(web={"server": server}))
    with contextlib.ExitStack() as slow:
        for _ in range(10):
            c = slow.enter_context(s.connect())
            c.request("POST", "/api/terminate", "mirage.localhost", [("Content-Length", "1000")])
            c.send(b"subdomain=")
        assert s.list() == []


@local_only
@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("server", PROGRAM)
def test_strangers_do_not_fill_the_log(new_stack, server, log_format):
    """Each of these would be a line of the web server's."""
    s = new_stack(with_port(server, None), options=["-log-format", log_format])
    before = s.log_path.read_text().count("\n")
    lines = [b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n", b"GET /%zz%00 HTTP/1.1\r\nHost: x\r\n",
             b"\x9b[31m\xe2\x80\xae / HTTP/1.1\r\nHost: x\r\n", b"GET /static/../../etc/passwd HTTP/1.1\r\nHost: x\r\n",
             b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-\xff: 1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40000 + b"\r\n"]
    for _ in range(50):
        for line in lines:
            with socket.create_connection((s.address, WEB_PORT), 10) as c, contextlib.suppress(ConnectionError):
                c.sendall(line + b"Connection: close\r\n\r\n")
                while c.recv(65536):
                    pass
    assert s.list() == []
    log = s.log_path.read_bytes()
    written = log.decode().splitlines()[before:]  # it is UTF-8
    assert len(written) < 60, written
    assert "\x9b" not in log.decode() and "\u202e" not in log.decode()
    s.stop()
    for line in s.log_path.read_text().splitlines():
        if log_format == "json":
            assert json.loads(line)["msg"], line
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[(debug|info|warn|error)\] \[", line), line


def refuses(address):
    try:
        Connection(address).close()
        return False
    except ConnectionRefusedError:
        return True


def test_it_has_one_server_at_a_time(stack):
    others = set(PROGRAM.values()) - {WEB_PROGRAM}
    names = {program_of(p) for p in stack.pids()}
    assert WEB_PROGRAM in names and not names & others


@pytest.mark.skipif(WEB != "apache", reason="about Apache")
def test_apache_is_not_root(stack):
    for pid in stack.pids("apache2"):
        assert os.stat(f"/proc/{pid}").st_uid != 0


@as_root
@local_only
@pytest.mark.parametrize("server", PROGRAM)
def test_as_an_ordinary_user(folder, server):
    """As the container and the service unit start it; whoever is no ordinary user becomes one for this."""
    folder.chmod(0o755)
    for part in ("bin", "share"):
        shutil.copytree(BUILD / part, folder / part)  # where any user may run them
    address = own_address()
    conf = folder / "mirage.yaml"
    conf.write_text(f"listen: {{foreign_address: {address}, http: [{{listen: {PORT}, target: 80}}]}}\n"
                    f"web: {{server: {server}, listen: '{address}:{WEB_PORT}'}}\n")
    state = folder / "s"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    with open(folder / "log", "w") as log, subprocess.Popen(
            [folder / "bin/mirage-ecs", "-local", "-conf", conf, "-state", state], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log, user=NOBODY, group=NOBODY, extra_groups=[],
            env=clean_environment()) as p:
        try:
            line = p.stdout.readline()  # the end of the program ends it too
            assert b"ready" in line, (folder / "log").read_text()
            with Connection((address, WEB_PORT)) as c:
                c.request("GET", "/api/list", "mirage.localhost", [("Connection", "close")])
                assert c.response().json() == {"result": []}
            family = {pid for pid, stat in processes().items() if stat[2] == p.pid}
            assert PROGRAM[server] in {program_of(pid) for pid in family}
            assert {os.stat(f"/proc/{pid}").st_uid for pid in family} == {NOBODY}
        finally:
            p.terminate()
        assert p.wait(35) == 0, (folder / "log").read_text()
        assert not family & set(processes())


# --- what keeps it from starting ----------------------------------------------------------------


def refused(s, *expected):
    status, said = s.wait_refused()
    assert status == 1, said
    for words in expected:
        assert words in said, f"{words!r} is not in:\n{said}"


@pytest.mark.parametrize("server", PROGRAM)
def test_the_port_is_taken(new_stack, server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "%s:%d" % taken.getsockname()
        s = new_stack(with_port(server, address), start=False)
        refused(s, f"web.listen: cannot listen on {address}: Address already in use; another program has this port:"
                   " stop it, or name another in web.listen")


def test_not_an_address_of_this_machine(new_stack):
    s = new_stack(with_port(WEB, "192.0.2.1:8090"), start=False)
    refused(s, "web.listen", "192.0.2.1:8090", "no address of this machine")


def test_the_port_is_the_proxys(new_stack):
    s = new_stack(with_port(WEB, f"0.0.0.0:{PORT}"), start=False)
    refused(s, f"web.listen: port {PORT} is mirage-proxyd's (listen.http[0].listen); name another")


@as_root
@pytest.mark.parametrize("server", PROGRAM)
def test_it_is_not_installed(folder, server):
    need_own_mounts()
    program = shutil.which(PROGRAM[server], path="/usr/sbin:/usr/bin")
    conf = folder / "mirage.yaml"
    conf.write_text(f"web: {{server: {server}}}\n")
    hidden = 'mount --bind /dev/null "$1" && exec "$2" -local -conf "$3" -state "$4"'
    r = subprocess.run(["unshare", "-m", "sh", "-ec", hidden, "sh", program, BIN / "mirage-ecs", conf, folder / "s"],
                       env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    package = {"lighttpd": "install Debian's package lighttpd", "apache": "install Debian's package apache2-bin"}[server]
    assert r.returncode == 1 and f"{PROGRAM[server]} is not installed; {package}" in r.stderr, r
