"""Tasks that refuse, stall, break off or die, and clients that are slow."""

import os
import signal
import socket

import pytest

from stack import LISTING, SANITIZED, ask_task, poll
from wire import Connection, Truncated

HOST = "web.localhost"


def timeouts(**network):
    def change(config):
        config["network"] = network
    return change


@pytest.mark.parametrize("host, target, status", [
    ("nobody.localhost", "/", 404), (HOST, "/close", 502), ("other.example", "/", 200), (HOST, "/" + "a" * 17000, 414)])
def test_own_answers_are_kept_by_no_cache(stack, web, host, target, status):
    r = stack.get(host, target)
    assert r.status == status and r.header("Cache-Control") == "no-store"


# --- tasks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/close", "/reset"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_closed_without_a_response(stack, web, method, target):
    body = b"x" if method == "POST" else b""
    r = stack.http(method, HOST, target, body=body)
    assert r.status == 502, r


def test_truncated_by_length(stack, web):
    with stack.connect() as c:
        c.request("GET", "/close-mid-body", HOST)
        with pytest.raises(Truncated) as e:
            c.response()
    assert e.value.got == b"x" * 50


def test_truncated_by_reset(stack, web):
    with stack.connect() as c:
        c.request("GET", "/close-mid-body?reset=1", HOST)
        with pytest.raises(Truncated):
            c.response()


def test_truncated_in_chunks(stack, web):
    with stack.connect() as c:
        c.request("GET", "/close-mid-body?chunked=1", HOST)
        assert c.head().status == 200
        got = b""
        with pytest.raises(Truncated):
            while data := c.chunk():
                got += data
    assert got == b"hellohe"


def test_nobody_listens_any_more(stack, name):
    stack.launch(name)
    address = stack.task(name)
    ask_task(address, "/deaf")
    r = stack.env(name)
    assert r.status == 502 and r.body, r


def test_one_of_two_refuses(stack, name):
    stack.launch(name, ["web", "web2"])
    ask_task(stack.task_addresses(name)[0], "/deaf")
    for _ in range(20):
        assert stack.env(name, "/env").status == 200


def test_one_of_two_refuses_and_the_body_arrives_whole(stack, name):
    stack.launch(name, ["web", "web2"])
    ask_task(stack.task_addresses(name)[1], "/deaf")
    for _ in range(10):
        r = stack.env(name, "/upload", method="POST", body=b"x" * 300000)
        assert r.status == 200 and r.json()["length"] == 300000


def test_stale_connection_is_tried_again(stack, web):
    with stack.connect() as c:
        for _ in range(3):
            c.request("GET", "/drop-next", HOST)
            used = c.response().json()["connection"]
            c.request("GET", "/echo", HOST)
            r = c.response()
            assert r.status == 200 and r.json()["connection"] != used


def test_put_with_a_small_body_is_tried_again(stack, web):
    with stack.connect() as c:
        c.request("GET", "/drop-next", HOST)
        c.response()
        c.request("PUT", "/echo", HOST, body=b"replayed")
        r = c.response()
        assert r.status == 502 or r.json()["body"] == "replayed"


def test_post_is_not_tried_twice(stack, web, web_task):
    with stack.connect() as c:
        c.request("GET", "/drop-next", HOST)
        c.response()
        c.request("POST", "/echo?only-once", HOST, body=b"x")
        assert c.response().status in (200, 502)
    assert web_task("/seen").json().count("POST /echo?only-once") == 1


def test_proxy_timeout(new_stack):
    s = new_stack(timeouts(proxy_timeout="8s" if SANITIZED else "5s"))  # a launch, too, takes its time
    s.launch("web")
    r = s.get(HOST, "/slow?s=30")
    assert r.status == 504, r
    assert r.text.startswith("web upstream timeout: ") and "/slow?s=30" in r.text
    task = s.task("web")
    with s.connect() as c:  # it is for the head alone: a body may take longer
        c.request("GET", "/hold?name=late&body=1", HOST)
        assert c.head().status == 200 and c.read_exactly(5) == b"first"
        assert s.get(HOST, "/slow?s=30").status == 504
        ask_task(task, "/release?name=late")
        assert c.read_exactly(5) == b"-last"
    assert s.get(HOST, "/echo").status == 200


def test_connect_timeout(new_stack):
    s = new_stack(timeouts(connect_timeout="500ms"))
    s.launch("web")
    address = s.task("web")
    ask_task(address, "/stall")
    queue, dropped = [], 0  # fills the task's listen queue, until the kernel drops what comes
    while len(queue) < 100 and dropped < 3:
        try:
            queue.append(socket.create_connection(address, timeout=0.3))
        except TimeoutError:
            dropped += 1
    assert len(queue) < 100
    r = s.get(HOST, "/echo")
    assert r.status == 504, r
    for sock in queue:
        sock.close()


def test_a_task_that_dies_is_seen(stack, name):
    stack.launch(name)
    (task,) = stack.tasks(name)
    assert stack.env(name, "/exit?code=3").text == "bye"
    seconds = LISTING + (5 if SANITIZED else 3)
    poll(lambda: stack.env(name).status in (404, 503), seconds, "its route is gone")
    poll(lambda: [t["id"] for t in stack.tasks(name, "stopped")] == [task["id"]], seconds,
         "it is in the list of the stopped")
    assert not stack.tasks(name)


def test_an_environment_whose_only_task_died_does_not_pretend_to_start(stack, name):
    stack.launch(name, "dies", wait=False)
    poll(lambda: stack.tasks(name, "stopped"), 5 + LISTING, "it is in the list of the stopped")
    poll(lambda: stack.env(name).status == 404, 5, "it is not found")


def test_a_task_that_is_killed_is_seen(stack, name):
    stack.launch(name)
    os.kill(stack.env(name, "/echo").json()["pid"], signal.SIGKILL)
    poll(lambda: stack.tasks(name, "stopped"), 5 + LISTING, "it is in the list of the stopped")
    poll(lambda: stack.env(name).status != 200, 5, "its route is gone")


# --- clients ------------------------------------------------------------------------------------


def test_a_head_that_takes_too_long(new_stack):
    s = new_stack(timeouts(header_timeout="500ms"))
    with s.connect() as c:
        c.send(b"GET / HTTP/1.1\r\nHost: x")
        answer = c.read_to_end()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_takes_too_long_too(new_stack):
    s = new_stack(timeouts(header_timeout="500ms"))
    with s.connect(timeout=0.1) as c:
        def dripped():
            try:
                c.send(b"x")
                return c.sock.recv(1000) is not None
            except TimeoutError:
                return False
            except OSError:
                return True
        c.send(b"GET / HTTP/1.1\r\nX: ")
        poll(dripped, 5, "the connection is ended")


def test_an_idle_connection_is_closed(new_stack):
    s = new_stack(timeouts(idle_timeout="500ms"))
    with s.connect() as c:
        c.request("GET", "/", "health")
        assert c.response().status == 200
        assert c.at_end()


def test_many_connections(stack, web):
    """Idle ones cost little, and hinder nobody."""
    open_ones = [Connection((stack.address, 8080)) for _ in range(500)]
    try:
        assert stack.get(HOST, "/echo").status == 200
        for c in open_ones[::50]:
            c.request("GET", "/echo", HOST)
            assert c.response().status == 200
    finally:
        for c in open_ones:
            c.close()
