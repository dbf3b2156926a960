"""mirage-proxyd without the rest of the stack: before a first sync, and with routes made by hand."""

import contextlib
import json
import sqlite3
import subprocess
import time

import pytest

from stack import BUILD, PORT, clean_environment, own_address, poll
from wire import Connection


class Proxyd:
    """Routes are rows in its database, written as mirage-sync would."""

    def __init__(self, folder, *options):
        self.address = own_address()
        self.state = folder / "state"
        self.state.mkdir(mode=0o700, exist_ok=True)
        config = folder / "config.yaml"
        config.write_text(json.dumps({
            "listen": {"foreign_address": self.address, "http": [{"listen": PORT, "target": 80}]},
            "network": {"workers": 2},
        }))
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [BUILD / "bin" / "mirage-proxyd", "-local", "-conf", config, "-state", self.state, *options],
            env=clean_environment(), stdin=subprocess.DEVNULL, stderr=self.log)
        poll(lambda: (self.state / "run" / "proxyd.pid").exists(), 20, "proxyd listens")

    def sql(self, text, *values):
        with contextlib.closing(sqlite3.connect(self.state / "mirage.db", timeout=5)) as db:
            with db:
                db.execute(text, values)

    def get(self, host):
        with Connection((self.address, PORT)) as c:
            c.request("GET", "/", host, [("Connection", "close")])
            return c.response()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(timeout=35)
        self.log.seek(0)
        said = self.log.read()
        self.log.close()
        assert status == 0 and "Sanitizer" not in said, said


@pytest.fixture
def proxyd(folder):
    p = Proxyd(folder)
    yield p
    p.stop()


def test_health_check_waits_for_the_first_sync(proxyd):
    assert proxyd.get("anything").status == 503
    proxyd.sql("UPDATE sync SET succeeded_at = 1")
    poll(lambda: proxyd.get("anything").status == 200, 2, "it is healthy")
    assert proxyd.get("anything").body.strip() == b"mirage-ecs"


def test_healthy_means_with_the_routes_of_that_sync(proxyd):
    """Reading that many takes a while. The load balancer sends requests as soon as the check is 200."""
    with contextlib.closing(sqlite3.connect(proxyd.state / "mirage.db", timeout=5, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
                   " INSERT INTO environment (subdomain, launched_at) SELECT 'many-' || i, 1 FROM n")
        db.execute("UPDATE sync SET succeeded_at = 1")
        db.execute("COMMIT")
    with Connection((proxyd.address, PORT)) as c:
        def status(host):
            c.request("GET", "/", host)
            return c.response().status
        end = time.monotonic() + 20
        while status("anything") != 200:  # without a pause: it is about that moment
            assert time.monotonic() < end, "it is healthy"
        assert status("many-50000.localhost") == 503, "starting, not unknown"


def test_three_answers(proxyd):
    assert proxyd.get("abc.localhost").status == 404
    proxyd.sql("INSERT INTO environment (subdomain, launched_at) VALUES ('abc', 1)")
    poll(lambda: proxyd.get("abc.localhost").status == 503, 2, "it is known")
    assert proxyd.get("abc.localhost").header("Retry-After") == "2"
    proxyd.sql("UPDATE environment SET ended_at = 2")
    poll(lambda: proxyd.get("abc.localhost").status == 404, 2, "it has ended")


def test_web_server_is_away(proxyd):
    r = proxyd.get("mirage.localhost")
    assert r.status == 502 and b"web server" in r.body, r


def test_all_workers_have_new_routes_at_once(proxyd):
    """When one connection was answered by new routes, no other, whichever worker has it, is answered by older ones."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(6):
            busy = stack.enter_context(Connection((proxyd.address, PORT)))
            busy.send(b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n" * 3000)  # so that the other worker accepts, too
            connections += [stack.enter_context(Connection((proxyd.address, PORT))) for _ in range(4)]

        def status(c, host):
            c.request("GET", "/", host)
            return c.response().status
        for i in range(150):
            host = f"new-{i}.localhost"
            proxyd.sql("INSERT INTO environment (subdomain, launched_at) VALUES (?, 1)", f"new-{i}")
            end = time.monotonic() + 5
            while status(connections[i % len(connections)], host) != 503:  # without a pause: it is about that moment
                assert time.monotonic() < end, "no new routes"
            assert [status(c, host) for c in connections] == [503] * len(connections)
