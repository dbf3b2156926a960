"""The database: locked, lost, broken, or from the future."""

import contextlib
import sqlite3

import pytest

from stack import REPOSITORY, local_only, poll
from test_proxyd_alone import Proxyd
from test_proxyd_scripted import Task, ok, read_head
from wire import Truncated


def test_locked_by_another(new_stack):
    s = new_stack()
    s.launch("web")
    lock = s.database()
    lock.execute("BEGIN EXCLUSIVE")
    try:
        assert s.env("web", "/echo").status == 200
        assert s.api("GET", "/api/list").status == 200
        launch = {"subdomain": "abc", "taskdef": "demo", "branch": "b"}
        r = s.api("POST", "/api/launch", form=launch, timeout=30)
        assert r.status == 503 and int(r.header("Retry-After")) > 0, r
        assert list(r.json()) == ["result"]
        assert s.env("web", "/echo").status == 200
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    poll(lambda: s.api("POST", "/api/launch", form=launch, timeout=30).status == 200, 20,
         "a launch is taken again")
    s.wait_ready("abc")


def test_counts_survive_a_lock(new_stack):
    s = new_stack()
    s.launch("web")
    assert s.env("web", "/echo").status == 200
    poll(lambda: s.api("GET", "/api/access?subdomain=web").json()["sum"] > 0, 5, "a count")
    lock = s.database()
    lock.execute("BEGIN IMMEDIATE")
    for _ in range(10):
        assert s.env("web", "/echo").status == 200
    lock.execute("ROLLBACK")
    lock.close()
    poll(lambda: s.api("GET", "/api/access?subdomain=web").json()["sum"] >= 11, 10, "all counts")


def test_corrupt(new_stack, folder):
    (folder / "s").mkdir()
    (folder / "s" / "mirage.db").write_bytes(b"this is no database\n" * 1000)
    s = new_stack(folder=folder, start=False)
    status, said = s.wait_refused()
    assert status == 1 and "mirage.db" in said, said


def test_from_a_newer_version(new_stack, folder):
    (folder / "s").mkdir()
    path = folder / "s" / "mirage.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE future (x)")
    db.execute("PRAGMA user_version = 9999")
    db.commit()
    db.close()
    before = path.read_bytes()
    s = new_stack(folder=folder, start=False)
    status, said = s.wait_refused()
    assert status == 1 and "mirage.db" in said and "9999" in said, said
    assert path.read_bytes() == before


@local_only
def test_started_twice_with_the_same_file(new_stack, folder):
    first = new_stack(folder=folder)
    first.launch("web")
    assert first.env("web", "/echo").status == 200
    count = poll(lambda: first.api("GET", "/api/access?subdomain=web").json()["sum"], 5, "a count")
    first.stop()
    second = new_stack(folder=folder, address=first.address)
    poll(lambda: second.list() == [], 5, "what the first had started is known to have ended")
    assert second.api("GET", "/api/access?subdomain=web").json()["sum"] >= count
    second.launch("web")


def test_route_change_by_commit(new_stack):
    """What another program commits is live: here a task told to stop by hand."""
    s = new_stack()
    s.launch("web")
    db = s.database()
    db.execute("UPDATE task SET desired_status = 'STOPPED' WHERE subdomain = 'web'")
    db.close()
    poll(lambda: s.env("web").status == 404, 1, "the route is gone")


def test_lost(new_stack):
    """The tasks are the truth: a new file is filled with what runs."""
    s = new_stack()
    s.launch("web")
    s.launch("foo-*")
    (before,) = s.tasks("web")
    for path in s.state.glob("mirage.db*"):
        path.unlink()
    for program in ("mirage-proxyd", "mirage-api", "mirage-sync"):
        s.kill_program(program)

    def found_again():
        try:
            listed = s.api("GET", "/api/list")
            return (listed.status == 200 and before in listed.json()["result"]
                    and s.env("web", "/echo").status == 200
                    and s.env("foo-1", "/echo").status == 200)
        except (OSError, Truncated):
            return False  # a program is not back yet
    poll(found_again, 15, "the environments are there again")


STEPS = sorted((REPOSITORY / "sql").glob("*.sql"))
LAUNCHES = 6  # the step since which there are launches


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_one_of_an_earlier_version(folder, version):
    """What ran goes on: its tasks are a launch without an id, that serves."""
    task = Task(lambda task, s, n: (read_head(s), s.sendall(ok(b"still here"))))
    (folder / "state").mkdir(mode=0o700)
    db = sqlite3.connect(folder / "state/mirage.db", isolation_level=None)
    for step in STEPS[:version]:
        db.executescript(step.read_text())
    db.execute(f"PRAGMA user_version = {version}")
    db.execute("INSERT INTO environment (subdomain, launched_at, ended_at) VALUES ('old', 1000, NULL), ('ended', 2000, 3000), ('seen', 4000, NULL)")
    if version < LAUNCHES:
        db.execute("""UPDATE environment SET request = iif(subdomain = 'old', '{"taskdef":["web"]}', '')""")
    else:
        db.execute("""INSERT INTO launch (subdomain, id, at, request, state, ready_at)
                      VALUES ('old', '', 1000, '{"taskdef":["web"]}', 'ready', 1000), ('seen', '', 4000, '', 'ready', 4000)""")
    db.execute("INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress, last_status, desired_status, env, tags, created_at)"
               " VALUES ('a/1', '1', 'old', 'b', 'web:1', '127.0.0.1', 'RUNNING', 'RUNNING', '{}', '[]', 1000)")
    db.execute("INSERT INTO port (arn, container, container_port, address, port, ready) VALUES ('a/1', 'app', 80, '127.0.0.1', ?, 1)",
               (task.port,))
    if version >= LAUNCHES:
        db.execute("UPDATE port SET answers = 1")
    db.close()
    p = Proxyd(folder)
    try:
        r = p.get("old.localhost")
        assert (r.status, r.body) == (200, b"still here")
        assert p.get("seen.localhost").status == 503 and p.get("ended.localhost").status == 404
        with contextlib.closing(sqlite3.connect(folder / "state/mirage.db")) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
            assert db.execute("SELECT subdomain, id, at, request, state, ready_at FROM launch ORDER BY subdomain").fetchall() == [
                ("old", "", 1000, '{"taskdef":["web"]}', "ready", 1000), ("seen", "", 4000, "", "ready", 4000)]
            assert db.execute("SELECT serving FROM environment").fetchall() == [("",)] * 3
            assert db.execute("SELECT launch, ready, answers FROM task JOIN port USING (arn)").fetchall() == [("", 1, 1)]
    finally:
        p.stop()
        task.close()
