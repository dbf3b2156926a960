"""What dies comes back; what is stopped leaves nothing behind."""

import os
import re
import shutil
import signal

import pytest

from stack import BIN, BUILD, PORT, PROGRAMS, Stack, ask_task, local_only, poll, program_of, running
from wire import Connection


@pytest.fixture
def own(new_stack):
    s = new_stack()
    s.launch("web")
    s.launch("other", "demo")
    return s


def works(s):
    try:
        return (s.api("GET", "/api/list").status == 200 and s.env("web", "/echo").status == 200
                and s.get("health").status == 200)
    except (OSError, AssertionError):
        return False


@pytest.mark.parametrize("program", PROGRAMS)
def test_killed_child_is_back(own, program):
    tasks = sorted(t["id"] for t in own.list())
    task_pid = own.env("web", "/echo").json()["pid"]
    killed = own.kill_program(program)
    poll(lambda: [p for p in own.pids(program) if p not in killed] and works(own), 4,
         f"{program} is back and all works")
    assert sorted(t["id"] for t in own.list()) == tasks
    assert own.env("web", "/echo").json()["pid"] == task_pid
    own.launch("after")
    own.terminate("after")


def test_pages_that_do_not_come_back_say_so(new_stack, folder):
    html = folder / "html"
    shutil.copytree(BUILD / "share" / "mirage-ecs" / "html", html)
    s = new_stack(lambda c: c.update(htmldir=str(html)))
    (html / "list.html").write_text("{{#open}}")
    s.kill_program("mirage-api")
    poll(lambda: s.api("GET", "/").status == 503, 10, "the pages are gone")
    r = s.api("GET", "/")
    assert "mirage-ecs is starting again" in r.text and r.header("Content-Type") == "text/html; charset=utf-8", r
    shutil.copy(BUILD / "share" / "mirage-ecs" / "html" / "list.html", html)
    poll(lambda: s.api("GET", "/").status == 200, 20, "they are back")


def test_killed_again_and_again(own):
    for _ in range(3):
        killed = own.kill_program("mirage-proxyd")
        poll(lambda: [p for p in own.pids("mirage-proxyd") if p not in killed], 10, "it is back")
    poll(lambda: works(own), 10, "all works")


@local_only
def test_sigterm_leaves_no_process(new_stack):
    s = new_stack()
    s.launch("web", ["web", "web2"])
    s.launch("other", "demo")
    assert len(s.pids()) >= len(PROGRAMS) + 3
    s.stop()  # asserts that nobody is left


def test_sigint_too(new_stack):
    s = new_stack()
    s.pids()
    s.process.send_signal(signal.SIGINT)
    assert s.process.wait(35) == 0
    assert not s.survivors()


def test_sigterm_during_the_start(new_stack):
    s = new_stack(start=False)
    poll(lambda: s.pids(), 10, "it has started something")
    s.process.send_signal(signal.SIGTERM)
    assert s.process.wait(35) in (0, 1)  # not a signal's
    assert not s.survivors()


def test_sigkill_leaves_no_process(own):
    own.pids()
    own.process.kill()
    own.process.wait()
    poll(lambda: not own.survivors(), 10, "all others have ended too")


@local_only
def test_started_again_after_sigkill(own, new_stack):
    own.pids()
    own.process.kill()
    own.process.wait()
    poll(lambda: not own.survivors(), 10, "all others have ended too")
    again = new_stack(folder=own.folder, address=own.address)
    poll(lambda: again.list() == [], 10, "a look at the tasks: none is left")
    assert {t["subdomain"] for t in again.list("stopped")} == {"web", "other"}
    again.launch("web")


def test_a_request_in_flight_survives_sigterm(own):
    task = own.task("web")
    with own.connect(timeout=40) as slow, own.connect(timeout=40) as half:
        slow.request("GET", "/hold?name=slow", "web.localhost")
        half.request("GET", "/hold?name=half&body=1", "web.localhost")
        assert half.head().status == 200 and half.read_exactly(5) == b"first"
        poll(lambda: "GET /hold?name=slow" in ask_task(task, "/seen").json(), 5, "both are there")
        own.pids()
        own.process.send_signal(signal.SIGTERM)

        def refused():
            try:
                Connection((own.address, PORT)).close()
                return False
            except ConnectionRefusedError:
                return True
        poll(refused, 10, "new connections are refused")
        ask_task(task, "/release?name=slow")
        ask_task(task, "/release?name=half")
        r = slow.response()
        assert (r.status, r.text) == (200, "released")
        assert half.read_exactly(5) == b"-last"
    assert own.process.wait(35) == 0
    assert not own.survivors()
    own.check_sanitizers()


def test_an_idle_connection_does_not_delay_the_end(own):
    with own.connect() as c:
        c.request("GET", "/", "health")
        assert c.response().status == 200
        own.stop(seconds=8)


def test_second_stack_on_the_same_port(own, new_stack):
    second = new_stack(address=own.address, start=False)
    status, said = second.wait_refused()
    assert status == 1
    assert str(PORT) in said and "in use" in said.lower(), said
    assert "mirage-proxyd ended with status 1 before the stack was ready" in said.splitlines()[-1], said
    assert works(own)


def test_second_stack_on_the_same_state(own, new_stack):
    second = new_stack(folder=own.folder, start=False,
                       change=lambda c: c["listen"].update(http=[{"listen": 8090, "target": 80}]))
    status, said = second.wait_refused()
    assert status == 1, said
    assert works(own)
    assert {t["subdomain"] for t in own.list()} == {"web", "other"}


def test_an_api_that_takes_its_time_to_start(folder):
    """Nobody is asked for it meanwhile, or the web server would say that it is down."""
    (folder / "bin").mkdir()
    for program in BIN.glob("mirage-*"):  # those of an installed package lie among all others
        shutil.copy(program, folder / "bin")
    shutil.copytree(BIN.parent / "share/mirage-ecs", folder / "share/mirage-ecs")
    api = folder / "bin" / "mirage-api"
    api.rename(folder / "bin" / "the-api")
    api.write_text('#!/bin/sh\nsleep 0.5\nexec "${0%/*}/the-api" "$@"\n')
    api.chmod(0o755)
    s = Stack(folder=folder)
    s.program = folder / "bin" / "mirage-ecs"
    with running(s):
        said = s.log_path.read_text()
    assert not re.search(r"down|\b50[23]\b|web server", said), said


def test_the_ready_line(own):
    assert own.out.count(b"\n") == 1
    assert own.url in (f"http://mirage.localhost:{PORT}/", f"http://{own.address}:{PORT}/")


def test_programs_run_under_their_names(own):
    names = {program_of(p) for p in own.pids()}
    assert set(PROGRAMS) <= names


def test_state_folder_is_private(own):
    assert own.state.stat().st_mode & 0o077 == 0 or os.stat(own.state).st_mode & 0o007 == 0
    mode = (own.state / "mirage.db").stat().st_mode
    assert mode & 0o007 == 0
