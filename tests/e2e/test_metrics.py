"""What is counted, at listen.metrics: every figure against what was done."""

import contextlib
import json
import os
import signal
import time

import pytest

from stack import LISTING, ON_ECS, PROGRAMS, REPOSITORY, SANITIZED, WEB_PROGRAM, ecs_only, local_only, poll, run
from test_sleep import fall_asleep, wait_awake

METRICS = 9090
LONG = 60 if SANITIZED or ON_ECS else 20


def with_metrics(config):
    config["listen"]["metrics"] = f"{config['listen']['foreign_address']}:{METRICS}"


@pytest.fixture
def s(new_stack):
    return new_stack(with_metrics)


def text(s):
    with s.connect(METRICS) as c:
        c.request("GET", "/metrics", "anything")
        r = c.response()
    assert r.status == 200 and r.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8", r
    return r.text


def figures(s):
    """{'mirage_x{a="b"}': 1.0}"""
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text(s).splitlines() if not line.startswith("#"))}


def figure(s, name, **labels):
    all_of_it = figures(s)
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(value for series, value in all_of_it.items()
               if series.partition("{")[0] == name and all(w in series for w in wanted))


def test_the_port_has_nothing_else(s):
    for method, target, host in (("GET", "/", "anything"), ("GET", "/api/list", "mirage.localhost"), ("GET", "/", "shop.localhost"),
                                 ("POST", "/metrics", "x"), ("GET", "/metrics/", "x")):
        with s.connect(METRICS) as c:
            c.request(method, target, host, body=b"x" if method == "POST" else b"")
            r = c.response()
            assert r.status == 404 and "/metrics, and nothing else" in r.text, (target, r)
    with s.connect(METRICS) as c:
        for _ in range(2):
            c.request("HEAD", "/metrics", "x")
            assert c.response("HEAD").status == 200
    for port_of_all in (s.env("shop", "/metrics"), s.http("GET", "mirage.localhost", "/metrics")):
        assert port_of_all.status == 404 and "mirage_" not in port_of_all.text


def test_off_unless_it_is_configured(new_stack):
    s = new_stack()
    with pytest.raises(ConnectionRefusedError):
        s.connect(METRICS)


def test_requests(s):
    s.launch("shop")
    s.settle()
    before = figures(s)

    def grown(name, **labels):
        return figure(s, name, **labels) - sum(v for k, v in before.items() if k.partition("{")[0] == name
                                               and all(f'{a}="{b}"' in k for a, b in labels.items()))
    for _ in range(7):
        assert s.env("shop").status == 200
    for _ in range(5):
        assert s.env("shop", "/status?code=500").status == 500
    for _ in range(3):
        assert s.env("nobody").status == 404
    assert s.api("GET", "/api/list").status == 200
    assert s.http("GET", "127.0.0.1", "/").status == 200
    with s.connect() as c:
        c.send(b"nonsense\r\n\r\n")
        assert c.response().status == 400
    requests = "mirage_proxy_requests_total"
    assert grown(requests, **{"class": "2xx", "by": "task"}) == 7 and grown(requests, **{"class": "5xx", "by": "task"}) == 5
    assert grown(requests, **{"class": "4xx", "by": "proxy"}) == 4 and grown(requests, by="health") == 1
    assert grown(requests, **{"class": "2xx", "by": "web"}) == 1
    assert grown("mirage_proxy_request_seconds_count") == grown("mirage_proxy_request_seconds_bucket", le="+Inf") == 12
    assert 0 < grown("mirage_proxy_request_seconds_sum") < 30
    assert grown("mirage_proxy_response_bytes_total") > 12 * 100 and grown("mirage_proxy_request_bytes_total") > 13 * 30
    assert grown("mirage_proxy_connections_total") >= 18
    assert figure(s, "mirage_proxy_connections") >= 1, "this one"


@local_only
def test_a_task_that_gives_no_answer(s):
    s.launch("shop")
    assert figure(s, "mirage_proxy_upstream_errors_total") == 0
    assert s.env("shop", "/close").status == 502
    assert figure(s, "mirage_proxy_upstream_errors_total", kind="no_answer") == 1
    assert figure(s, "mirage_proxy_requests_total", **{"class": "5xx", "by": "proxy"}) >= 1


def test_environments_launches_and_sleep(s):
    s.launch("shop")
    s.launch("blog")
    assert figure(s, "mirage_launches_total") == 2
    poll(lambda: figure(s, "mirage_launches_ready_total") == 2, LONG, "both are ready")
    assert figure(s, "mirage_launch_seconds_count", taskdef="web") == 2
    poll(lambda: figure(s, "mirage_environments", state="ready") == 2, LONG, "both are there")
    fall_asleep(s, "blog")
    assert figure(s, "mirage_sleeps_total", by="person") == 1 == figure(s, "mirage_sleeps_total")
    poll(lambda: figure(s, "mirage_environments", state="asleep") == 1, LONG, "one sleeps")
    s.env("blog", headers=[("Accept", "text/html")])
    wait_awake(s, "blog")
    assert figure(s, "mirage_wakes_total", by="visit") == 1 == figure(s, "mirage_wakes_total")
    assert time.time() - figure(s, "mirage_sync_success_timestamp_seconds") < 15 + LISTING
    assert figure(s, "mirage_proxy_routes") == 2 and figure(s, "mirage_proxy_route_reloads_total") > 2
    assert s.api("POST", "/api/purge", form={"duration": "600"}).status == 200
    poll(lambda: figure(s, "mirage_purges_total") == 1, LONG, "the purge is counted")


@local_only
def test_failures_have_their_cause(s):
    s.launch("shop", "dies", wait=False)
    poll(lambda: figure(s, "mirage_launches_failed_total", cause="exited") == 1, LONG, "it failed")
    assert figure(s, "mirage_launches_failed_total") == 1


def test_programs(s):
    """What dies is counted as started again; what the others count stays."""
    s.launch("shop")
    poll(lambda: figure(s, "mirage_process_resident_memory_bytes", program="mirage-sync") > 1e6, 15, "they are looked at")
    assert figure(s, "mirage_process_up") == 4 == figure(s, "mirage_process_starts_total")
    launches = figure(s, "mirage_launches_total")
    for program in PROGRAMS:
        name = "web" if program == WEB_PROGRAM else program
        s.kill_program(program)

        def again():
            try:
                return figure(s, "mirage_process_starts_total", program=name) == 2 and figure(s, "mirage_process_up") == 4
            except (OSError, AssertionError):  # mirage-proxyd itself
                return False
        poll(again, 30, f"{program} runs again")
    assert figure(s, "mirage_launches_total") == launches == 1
    assert figure(s, "mirage_build_info", version=(REPOSITORY / "VERSION").read_text().strip()) == 1


@ecs_only
def test_calls_of_aws(s):
    s.launch("shop")
    fine = figure(s, "mirage_aws_calls_total", operation="ecs:RunTask", result="ok")
    assert fine == 1 == s.aws.count("ecs.RunTask")
    s.aws.fault("ecs.RunTask", "access_denied")
    assert s.api("POST", "/api/launch", form={"subdomain": "blog", "taskdef": "web", "branch": "x"}).status == 500
    s.aws.clear_faults()
    assert figure(s, "mirage_aws_calls_total", operation="ecs:RunTask", result="denied") == 1
    s.aws.fault("ecs.ListTasks", "reset_after")
    poll(lambda: figure(s, "mirage_sync_failures_total") > 0, 60, "a look fails")
    s.aws.clear_faults()
    assert figure(s, "mirage_aws_calls_total", operation="ecs:ListTasks", result="failed") > 0


def test_thousands_of_routes_cost_a_scrape_nothing(s):
    (sync,) = s.pids("mirage-sync")
    os.kill(sync, signal.SIGSTOP)  # else it ends what has no tasks
    try:
        with contextlib.closing(s.database()) as db, db:
            db.executemany("INSERT INTO environment (subdomain, launched_at) VALUES (?, 1)", [(f"many-{i}",) for i in range(10000)])
        poll(lambda: figure(s, "mirage_proxy_routes") >= 10000, LONG, "they are known")
        assert len(text(s)) < 64 * 1024
    finally:
        os.kill(sync, signal.SIGCONT)


def test_per_environment(new_stack):
    def change(config):
        with_metrics(config)
        config["metrics"] = {"per_environment": True}
        config["use"] = {"ignore": {"paths": ["/probe"]}}
    s = new_stack(change)
    s.launch("shop")
    s.launch("pr-*")
    s.settle()
    before = figure(s, "mirage_environment_requests_total", environment="shop", use="counted")
    for target in ["/", "/", "/", "/probe"]:
        assert s.env("shop", target).status in (200, 404)
    s.env("pr-7")
    name = "mirage_environment_requests_total"
    assert figure(s, name, environment="shop", use="counted") - before == 3
    assert figure(s, name, environment="shop", use="ignored") == 1 and figure(s, name, environment="pr-*", use="counted") >= 1
    s.terminate("shop")
    poll(lambda: figure(s, name, environment="shop") == 0, LONG, "what has ended has none")


def test_a_port_that_is_taken(new_stack, folder):
    def same(config):
        config["listen"]["metrics"] = f"{config['listen']['foreign_address']}:{config['listen']['http'][0]['listen']}"
    conf = folder / "x.json"
    config = {"listen": {"foreign_address": "127.0.0.1", "http": [{"listen": 8080, "target": 80}]}}
    same(config)
    conf.write_text(json.dumps(config))
    r = run("mirage-ecs", "-t", "-local", "-conf", conf)
    assert r.returncode == 1 and "listen.metrics: port 8080 is mirage-proxyd's (listen.http[0].listen); name another" in r.stderr, r
