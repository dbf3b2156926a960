"""Which Host goes where, and what is said when nobody is there."""

import contextlib

import pytest

from stack import PORT, SECOND_PORT, SECOND_TARGET, TARGET, local_only, poll


def test_web_api_by_its_name(stack):
    for host in ("mirage.localhost", "MIRAGE.localhost", "mirage.localhost:8080"):
        assert stack.get(host, "/api/list").status == 200


def test_environment_by_its_name(stack, web):
    for host in ("web.localhost", "WEB.LocalHost", "web.localhost:8080", "web.localhost:1"):
        r = stack.get(host)
        assert (r.status, r.text) == (200, "task web"), (host, r)


def test_first_label_is_the_subdomain(stack, web):
    assert stack.get("web.other.localhost").text == "task web"


@pytest.mark.parametrize("host", ["nobody.localhost", "other.web.localhost"])
def test_unknown_subdomain(stack, web, host):
    r = stack.get(host)
    assert r.status == 404 and r.text.strip() == f"{host} is not found", r


def test_hostile_host_is_not_html(stack):
    r = stack.get("nobody.localhost", headers=[("Accept", "text/html")])
    assert r.status == 404 and "nobody.localhost is not found" in r.text


@pytest.mark.parametrize("host", ["10.0.0.1", "lb.example.com", "localhost", "[::1]:80",
                                  "weblocalhost"])
def test_health_check(stack, host):
    r = stack.get(host)
    assert (r.status, r.text.strip()) == (200, "mirage-ecs"), r


def test_health_check_of_http_1_0_without_host(stack):
    with stack.connect() as c:
        c.send(b"GET / HTTP/1.0\r\n\r\n")
        r = c.response()
        assert (r.status, r.text.strip()) == (200, "mirage-ecs")
        assert c.at_end()


def test_every_listen_port_reaches_a_local_task(stack, web):
    assert stack.get("web.localhost", port=SECOND_PORT).text == "task web"
    assert stack.get("mirage.localhost", "/api/list", port=SECOND_PORT).status == 200


@local_only
@pytest.mark.parametrize("host", ["::1", "::", "0.0.0.0"])
def test_where_a_local_task_may_listen(new_stack, host):
    """Node's dev servers listen on ::1 only."""
    def change(config):
        config["local"]["taskdefs"]["elsewhere"] = {**config["local"]["taskdefs"]["web"], "env": {"HOST": host}}
    s = new_stack(change)
    s.launch("dev", "elsewhere")
    assert s.env("dev", "/env").json()["HOST"] == host
    with contextlib.closing(s.database()) as db:
        assert db.execute("SELECT DISTINCT address FROM port").fetchall() == [("::1" if host == "::1" else "127.0.0.1",)]
    assert s.get("dev.localhost", "/env", port=SECOND_PORT).status == 200
    assert s.api("GET", "/list").text.count('class="state ready"') == 1


@local_only
def test_the_built_in_page_answers_on_every_port(new_stack):
    s = new_stack(lambda c: c["local"]["taskdefs"].update(pages={"ports": [TARGET, SECOND_TARGET]}))
    s.launch("pages", "pages")
    for port in (PORT, SECOND_PORT):
        r = s.get("pages.localhost", port=port)
        assert r.status == 200 and f"PORT_{SECOND_TARGET}" in r.text, r


@pytest.fixture
def starting(stack, name, folder):
    gate = folder / "gate"
    stack.launch(name, gate=str(gate), wait=False)
    yield name, gate
    gate.touch()


def test_starting(stack, starting):
    name, gate = starting
    poll(lambda: stack.env(name).status != 404, 5, "it is known")
    r = stack.env(name)
    assert r.status == 503 and r.header("Retry-After") == "2", r
    assert r.text.strip() == f"{name}.localhost is starting"
    assert r.header("Content-Type").startswith("text/plain")
    gate.touch()
    poll(lambda: stack.env(name).status == 200, 10, "it answers")


def test_starting_as_a_page(stack, starting):
    name, _ = starting
    poll(lambda: stack.env(name).status != 404, 5, "it is known")
    r = stack.env(name, headers=[("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")])
    assert r.status == 503 and r.header("Retry-After") == "2", r
    assert r.header("Content-Type").startswith("text/html")
    assert f"{name}.localhost is starting" in r.text and "<html" in r.text.lower()
    assert 'http-equiv="refresh"' in r.text.lower()


def test_a_launch_is_routed_at_once(stack, starting):
    name, _ = starting
    poll(lambda: stack.env(name).status == 503, 1, "the proxy knows it")


def test_a_terminated_one_is_gone_at_once(stack, name):
    stack.launch(name)
    stack.terminate(name)
    poll(lambda: stack.env(name).status == 404, 1, "the proxy has forgotten it")


def test_changes_drop_no_request(stack, web, name):
    """A client that keeps asking one environment sees nothing of another's coming and going."""
    with stack.connect() as c:
        for round_ in range(3):
            stack.launch(name, "demo", wait=False)
            for _ in range(50):
                c.request("GET", "/echo", "web.localhost")
                assert c.response().status == 200
            stack.terminate(name)


def test_two_tasks_share_the_load(stack, name):
    stack.launch(name, ["web", "web2"])
    pids = set()
    poll(lambda: pids.add(stack.env(name, "/echo").json()["pid"]) or len(pids) == 2, 5,
         "both are asked")
