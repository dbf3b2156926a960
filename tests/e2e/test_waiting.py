"""What a visitor gets while an environment is not ready: the page that mirage-api makes, and what mirage-proxyd says
when it does not."""

import contextlib
import json
import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from stack import PORT, REPOSITORY, SECOND_PORT, TARGET, WEB, WEB_PROGRAM, Stack, ecs_only, poll, running
from test_auth import cookie, entered, guarded, token

HTML = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
JSON = ("Accept", "application/json")


@pytest.fixture
def starting(stack, name, folder):
    """An environment that is starting until its gate opens."""
    gate = folder / "gate"
    stack.launch(name, gate=str(gate), wait=False)
    until(stack, name, "port")
    yield name, gate
    gate.touch()
    stack.wait_ready(name)


def asked(s, name, *headers, target="/", **more):
    return s.env(name, target, headers=[JSON, *headers], **more).json()


def until(s, name, step, seconds=20):
    """The answer in JSON, once it is at this step."""
    def look():
        r = s.env(name, headers=[JSON])
        return r.status == 503 and r.json()["step"] == step and r.json()
    return poll(look, seconds, f"{name} is at the step {step}")


def failed(s, name, *headers, seconds=30):
    """The answer in JSON, once it has failed."""
    def look():
        r = s.env(name, headers=[JSON, *headers])
        return r.status == 503 and r.json()["state"] == "failed" and r.json()
    return poll(look, seconds, f"{name} has failed")


def is_own(r):
    """It is mirage-proxyd's own page."""
    return "This page looks again every two seconds." in r.text


def check_head(r, state="starting"):
    assert r.status == 503 and r.header("Mirage-State") == state, r
    assert r.header("Cache-Control") == "no-store" and r.header("Retry-After") in ("2", "15")
    assert r.all("Set-Cookie") == [] and r.header("X-Content-Type-Options") == "nosniff"


def test_the_page(stack, starting):
    name, _ = starting
    r = stack.env(name, "/some/path?with=query", headers=[HTML])
    check_head(r)
    assert r.header("Content-Type") == "text/html; charset=UTF-8" and len(r.body) < 15000
    assert f"<h1>{name} is starting</h1>" in r.text and '<html lang="en">' in r.text
    assert 'data-step="port"' in r.text and re.search(r'aria-current="step">Waiting for port \d+</li>', r.text)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in r.text, "the same address again"
    assert "with=query" not in r.text
    assert not re.search(r"https?://|//[a-z]|src=|@import|url\(", r.text.replace("href=\"data:,\"", "")
                         .replace("// Asks", "").replace("// How", "")), "nothing comes from elsewhere"
    policy, nonce = r.header("Content-Security-Policy"), re.search('nonce="([0-9a-f]{24})"', r.text).group(1)
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and policy.count(nonce) == 2
    assert r.text.count(f'nonce="{nonce}"') == 2


def test_in_japanese(stack, starting):
    name, _ = starting
    for languages, expected in (("ja", "を起動しています"), ("en;q=0.3, ja-JP;q=0.8", "を起動しています"), ("ja;q=0.2, en", "is starting"),
                                ("fr", "is starting")):
        r = stack.env(name, headers=[HTML, ("Accept-Language", languages)])
        assert expected in r.text and ("の応答待ち" in r.text) == (expected != "is starting"), languages


def test_json(stack, starting):
    name, gate = starting
    r = stack.env(name, headers=[JSON])
    check_head(r)
    assert r.header("Content-Type") == "application/json; charset=UTF-8"
    said = r.json()
    eta = said.pop("eta_seconds")
    assert said == {"result": "starting", "state": "starting", "step": "port"} and (eta is None or eta >= 0)
    gate.touch()
    poll(lambda: stack.env(name, headers=[JSON]).header("Mirage-State") is None, 10, "the application answers")


def test_who_asks_for_neither_gets_text(stack, starting):
    name, _ = starting
    for headers in ([], [("Accept", "*/*")], [("Accept", "image/png")]):
        r = stack.env(name, headers=headers)
        check_head(r)
        assert r.text == f"{name}.localhost is starting\n", r


def test_head_and_what_follows_on_the_connection(stack, starting):
    name, _ = starting
    with stack.connect() as c:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            c.request(method, "/", f"{name}.localhost", [HTML])
            r = c.response(method)
            check_head(r)
            assert (r.body == b"") == (method == "HEAD")
        c.request("GET", "/api/list", "mirage.localhost")
        assert c.response().status == 200


def test_pipelined(stack, starting):
    name, _ = starting
    one = f"GET / HTTP/1.1\r\nHost: {name}.localhost\r\nAccept: application/json\r\n\r\n".encode()
    with stack.connect() as c:
        c.send(one * 3)
        for _ in range(3):
            assert c.response().json()["state"] == "starting"


def test_http_1_0(stack, starting):
    name, _ = starting
    with stack.connect() as c:
        c.send(f"GET / HTTP/1.0\r\nHost: {name}.localhost\r\nAccept: text/html\r\n\r\n".encode())
        r = c.response()
        check_head(r)
        assert f"<h1>{name} is starting</h1>" in r.text and c.at_end()


INSIDE = b"GET /api/list HTTP/1.1\r\nHost: mirage.localhost\r\n\r\n"


@pytest.mark.parametrize("head, body", [
    (f"GET / HTTP/1.1\r\nContent-Length: {len(INSIDE)}", INSIDE),
    ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(INSIDE), INSIDE)),
    (f"POST / HTTP/1.1\r\nContent-Length: {len(INSIDE)}", INSIDE),
    (f"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(INSIDE)}", b""),
], ids=["length", "chunks", "post", "expects"])
def test_a_body_goes_nowhere(stack, starting, head, body):
    """What looks like a request in it is answered by nobody."""
    name, _ = starting
    with stack.connect() as c:
        line, rest = head.split("\r\n", 1)
        c.send(f"{line}\r\nHost: {name}.localhost\r\nAccept: text/html\r\n{rest}\r\n\r\n".encode() + body)
        r = c.response()
        check_head(r)
        assert is_own(r) and r.header("Connection") == "close"
        assert c.at_end(), "no second answer"


def test_other_methods(stack, starting):
    name, _ = starting
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PURGE"):
        r = stack.env(name, method=method, headers=[HTML, ("Content-Length", "0")])
        check_head(r)
        assert is_own(r)


def test_websocket_is_told_to_come_again(stack, starting):
    name, _ = starting
    r = stack.env(name, headers=[HTML, ("Connection", "upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                                 ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")])
    check_head(r)


def test_the_path_is_nobody_elses(stack, starting, web):
    """/starting belongs to the tasks, and mirage-api's own host does not have it."""
    name, gate = starting
    assert stack.env(web, "/starting", headers=[HTML]).header("Mirage-State") is None
    assert stack.api("GET", "/starting", headers=[HTML]).status == 404
    assert stack.api("GET", "/starting", headers=[HTML, ("X-Forwarded-Host", f"{name}.localhost")]).status == 404
    r = stack.http("GET", "nobody-x.localhost", "/starting", [HTML])
    assert r.status == 404 and r.text == "nobody-x.localhost is not found\n"


def test_an_environment_learns_of_no_other(stack, starting, name):
    other, _ = starting
    for host in (f"{other}.localhost", f"{other}.deeper.localhost", f"{other.upper()}.LOCALHOST:{PORT}"):
        r = stack.http("GET", host, "/", [HTML])
        assert f"<h1>{other} is starting</h1>" in r.text, host


@pytest.mark.skipif(WEB != "lighttpd", reason="who connects to Apache from this machine looks like mirage-proxyd")
def test_port_of_the_web_server_does_not_have_it(new_stack, folder):
    """Who reaches the web server past mirage-proxyd has not been let in by it."""
    s = new_stack(lambda c: c.setdefault("web", {}).update(listen=f"{c['listen']['foreign_address']}:8090"))
    s.launch("shop", gate=str(folder / "gate"), wait=False)
    until(s, "shop", "port")
    r = s.get("shop.localhost", "/starting", [HTML], port=8090)
    assert r.status == 200 and r.text == "mirage-ecs\n", r


def test_pattern(stack, starting, folder):
    stack.launch("wait-*", gate=str(folder / "another"), wait=False)
    try:
        until(stack, "wait-ing", "port")
        assert "<h1>wait-ing is starting</h1>" in stack.env("wait-ing", headers=[HTML]).text
    finally:
        stack.terminate("wait-*")


def test_how_long_it_takes(new_stack, folder):
    s = new_stack()
    for i in range(3):
        s.launch(f"quick{i}")
    s.launch("slow", gate=str(folder / "gate"), wait=False)
    said = until(s, "slow", "port")
    assert isinstance(said["eta_seconds"], int) or said["eta_seconds"] is None  # it may be late already
    assert re.search(r"Usually \d+ s", s.env("slow", headers=[HTML]).text)
    s.launch("stubborn", "stubborn", gate=str(folder / "gate"), wait=False)
    until(s, "stubborn", "port")
    assert "Usually" not in s.env("stubborn", headers=[HTML]).text, "of this nothing is known"


# --- what fails, and what sleeps -----------------------------------------------------------------


def test_failed(stack, name):
    stack.launch(name, "dies", wait=False)
    said = failed(stack, name)
    assert said["cause"] and said["message"] and said["to_do"] and said["step"] is None and "reason" not in said
    r = stack.env(name, headers=[HTML])
    check_head(r, "failed")
    assert f"<h1>{name} did not start</h1>" in r.text and said["message"] in r.text and said["to_do"] in r.text
    assert "dies" not in r.text, "names are for who may see them"
    r = stack.env(name, headers=[HTML, ("Accept-Language", "ja")])
    assert f"<h1>{name} を起動できませんでした</h1>" in r.text
    poll(lambda: stack.env(name).status == 404, 20, "its end is known to the proxy, too")
    assert stack.env(name, headers=[HTML], method="POST").status == 404
    stack.launch(name)
    assert stack.env(name, headers=[HTML]).status == 200
    stack.terminate(name)
    poll(lambda: stack.env(name, headers=[HTML]).status == 404, 5, "it is not found")


def test_a_failure_that_was_read_is_forgotten(stack, name):
    stack.launch(name, "dies", wait=False)
    failed(stack, name)
    with contextlib.closing(stack.database()) as db:
        (launch,) = db.execute("SELECT max(id) FROM launch WHERE subdomain = ?", (name,)).fetchone()
    poll(lambda: stack.api("POST", "/dismiss", form={"subdomain": name, "launch": launch}).status == 303, 20, "it counts as failed")
    poll(lambda: stack.env(name, headers=[HTML]).status == 404, 5, "it is not found")


def test_details_where_all_may_see_them(new_stack):
    s = new_stack(lambda c: c.update(wake={"show_details": True}))
    s.launch("shop", "dies", wait=False)
    assert "3" in failed(s, "shop")["reason"]
    assert "<dd>dies:1</dd>" in s.env("shop", headers=[HTML]).text


def fall_asleep(s, name):
    assert s.api("POST", "/api/sleep", form={"subdomain": name}).status == 200
    poll(lambda: s.env(name).header("Mirage-State") == "asleep", 20, "it sleeps")


def test_asleep(new_stack):
    """Where no visit wakes it, the page says so."""
    s = new_stack(lambda c: c.update(wake={"visitors": "none"}))
    s.launch("shop")
    fall_asleep(s, "shop")
    for _ in range(2):
        r = s.env("shop", headers=[HTML])
        check_head(r, "asleep")
        assert "<h1>shop is asleep</h1>" in r.text
    assert asked(s, "shop")["state"] == "asleep"
    assert s.api("POST", "/api/wake", form={"subdomain": "shop"}).status == 200
    poll(lambda: s.env("shop").status == 200, 60, "it is awake")


def test_asleep_for_who_does_not_wake_it(new_stack):
    """It is not said to start, to whom it would not: a robot, a script, a program; until somebody wakes it."""
    s = new_stack()
    s.launch("shop")
    fall_asleep(s, "shop")
    robot = ("User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")

    def answers():
        page, program = s.env("shop", headers=[HTML, robot]), s.env("shop")
        script = s.env("shop", headers=[HTML, ("Sec-Fetch-Mode", "cors")])
        return [r.header("Mirage-State") for r in (page, program, script, s.env("shop", headers=[JSON]))], page.text, program
    for _ in range(2):
        states, page, program = answers()
        assert states == ["asleep"] * 4 and "A visit of this kind does not wake it" in page, (states, page)
        assert program.text == "shop.localhost is asleep\n" and program.header("Retry-After") == "15", program
        assert asked(s, "shop") == {"result": "starting", "state": "asleep", "step": None, "eta_seconds": None}
    (api,) = s.pids("mirage-api")
    freeze(api)
    try:
        assert "shop.localhost is asleep" in s.env("shop", headers=[HTML, robot]).text
        assert asked(s, "shop") == {"result": "starting", "state": "asleep", "step": None, "eta_seconds": None}
    finally:
        os.kill(api, signal.SIGCONT)
    assert s.api("GET", "/api/environments/shop").json()["result"]["state"] == "asleep"
    s.env("shop", headers=[HTML])
    poll(lambda: s.env("shop").status == 200, 30, "a browser wakes it")


def test_waking(stack, name):
    stack.launch(name)
    fall_asleep(stack, name)
    r = stack.env(name, headers=[HTML])
    check_head(r, "waking")
    assert f"<h1>{name} is waking up</h1>" in r.text
    poll(lambda: stack.env(name).status == 200, 60, "it is awake")


def test_what_cannot_be_woken(new_stack):
    s = new_stack()
    s.launch("shop")
    fall_asleep(s, "shop")
    with contextlib.closing(s.database()) as db:
        request = json.loads(db.execute("SELECT request FROM asleep").fetchone()[0])
        db.execute("UPDATE asleep SET request = ?", (json.dumps({**request, "taskdefs": ["dies:1"]}),))
    check_head(s.env("shop", headers=[HTML]), "waking")
    poll(lambda: asked(s, "shop")["state"] == "failed", 60, "it says that it failed")
    page = poll(lambda: "<h1>shop did not start</h1>" in (text := s.env("shop", headers=[HTML]).text) and text, 5, "so does the page")
    assert "reload this page then" in page or "launched again by itself" in page


# --- who may see what ----------------------------------------------------------------------------


def test_details_are_for_who_has_the_cookie(folder):
    with running(Stack(change=guarded)) as s:
        s.credentials, s.open_port = [token()], SECOND_PORT
        s.launch("shop", gate=str(folder / "gate"), wait=False)

        def page(port, *headers):
            return s.http("GET", "shop.localhost", "/", [HTML, *headers], port=port)

        poll(lambda: 'data-step="port"' in page(SECOND_PORT).text, 20, "it is starting")
        good, bad = entered(s), "mirage-ecs-auth=" + entered(s).split("=", 1)[1][:-2] + "AA"
        assert page(PORT).status == 403 and page(PORT, cookie(bad)).status == 403, "not even that it is starting"
        for headers in ([], [cookie(bad)], [("Cookie", "a=b")]):
            r = page(SECOND_PORT, *headers)
            check_head(r)
            assert "web:1" not in r.text, headers
        for port in (PORT, SECOND_PORT):
            for headers in ([cookie(good)], [cookie(f"a=b; {bad}; {good}; c=d")], [cookie("a=b"), cookie(good)]):
                assert "<dd>web:1</dd>" in page(port, *headers).text, headers
        assert "web:1" not in page(SECOND_PORT).text, "what one may see is not kept for the next"


# --- mirage-api does not answer -------------------------------------------------------------------


def freeze(pid):
    """Stops it, and waits until all its threads stand still: kill() returns before."""
    os.kill(pid, signal.SIGSTOP)
    poll(lambda: all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in Path(f"/proc/{pid}/task").glob("*/stat")),
         10, "it stands still")


def test_mirage_api_stands_still(new_stack, folder):
    s = new_stack()
    s.launch("shop", gate=str(folder / "gate"), wait=False)
    until(s, "shop", "port")
    (api,) = s.pids("mirage-api")
    freeze(api)
    try:
        begun = time.monotonic()
        r = s.env("shop", headers=[HTML])
        check_head(r)
        assert is_own(r) and 0.9 < time.monotonic() - begun < 2.5
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(s.env("shop", headers=[HTML]))) for _ in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(answers) == 20 and all(is_own(r) for r in answers)
        r = s.env("shop", headers=[JSON])
        check_head(r)
        assert r.json() == {"result": "starting", "state": "starting", "step": None, "eta_seconds": None}
    finally:
        os.kill(api, signal.SIGCONT)
    poll(lambda: not is_own(s.env("shop", headers=[HTML])), 10, "its page is back")
    (folder / "gate").touch()
    s.wait_ready("shop")


def test_mirage_api_is_gone(new_stack, folder):
    """The web server's own error page is none for a visitor."""
    s = new_stack()
    s.launch("shop", gate=str(folder / "gate"), wait=False)
    until(s, "shop", "port")
    for round_ in range(2):
        pids = s.kill_program("mirage-api")
        seen = []

        def back():
            r = s.env("shop", headers=[HTML])
            check_head(r)
            seen.append(is_own(r))
            return s.pids("mirage-api") not in ([], pids) and not seen[-1]
        poll(back, 20, "its page is back")


def test_web_server_is_gone(new_stack, folder):
    s = new_stack()
    s.launch("shop", gate=str(folder / "gate"), wait=False)
    until(s, "shop", "port")
    s.kill_program(WEB_PROGRAM)

    def back():
        r = s.env("shop", headers=[HTML])
        check_head(r)
        return not is_own(r)
    poll(back, 20, "its page is back")


def test_a_template_of_ones_own(new_stack, folder):
    html = folder / "html"
    shutil.copytree(REPOSITORY / "html", html)
    (html / "starting.html").write_text("<p>{{subdomain}}: {{state}} {{step}} <{{#steps}}{{#current}}{{name}}{{/current}}{{/steps}}>")
    s = new_stack(lambda c: c.update(htmldir=str(html)))
    s.launch("shop", gate=str(folder / "gate"), wait=False)
    until(s, "shop", "port")
    assert re.fullmatch(r"<p>shop: starting port <Waiting for port \d+>", s.env("shop", headers=[HTML]).text)


# --- as ECS says ---------------------------------------------------------------------------------


@ecs_only
def test_steps_of_ecs(new_stack):
    s = new_stack()
    s.aws.set_delays(provisioning=3, pending=3)
    s.launch("shop", wait=False)
    seen = []

    def look():
        r = s.env("shop", headers=[JSON])
        if r.status == 503 and r.json()["step"] not in seen:
            seen.append(r.json()["step"])
        return r.status == 200
    poll(look, 40, "it is ready")
    steps = ["provisioning", "pulling", "starting", "port", "health", "ready"]
    assert seen[:2] == steps[:2] and seen == sorted(seen, key=steps.index), seen


@ecs_only
@pytest.mark.parametrize("reason, cause, words", [
    ("CannotPullContainerError: manifest for registry.example/private-name:v1 not found: manifest unknown", "image-not-found", "There is no such container image."),
    ("CannotPullContainerError: pull access denied for private-name", "image-denied", "The registry does not let"),
])
def test_image_that_cannot_be_pulled(new_stack, reason, cause, words):
    s = new_stack(lambda c: c["launch"].update(recover=[]))
    s.aws.register_task_definition("bad", [{"name": "bad", "image": "bad"}])
    s.aws.set_image("bad", pull_error=reason)
    s.launch("shop", "bad", wait=False)
    assert failed(s, "shop")["cause"] == cause
    page = s.env("shop", headers=[HTML]).text
    assert words in page and "private-name" not in page


@ecs_only
def test_port_as_the_task_definition_has_it(stack, starting):
    name, _ = starting
    assert f"Waiting for port {TARGET}" in stack.env(name, headers=[HTML]).text
