"""GET /api/environments, what the list shows of a launch that replaces another, and the trace of a launch."""

import re

import pytest

from stack import SANITIZED, poll

LONG = 40 if SANITIZED else 20
FORM = ("Content-Type", "application/x-www-form-urlencoded")
LAUNCH = {"id", "at", "by", "request", "state", "reason"}
HOST = "mirage.localhost"


@pytest.fixture
def s(new_stack):
    return new_stack(lambda c: c.update(launch={"drain": "1s", "recover": []}))


def all_of(s):
    r = s.api("GET", "/api/environments")
    assert r.status == 200, r
    return r.json()["result"]


def one(s, name):
    r = s.api("GET", f"/api/environments/{name}")
    assert r.status == 200, r
    return r.json()["result"]


def test_none(s):
    assert all_of(s) == []
    r = s.api("GET", "/api/environments/nobody")
    assert (r.status, r.json()) == (404, {"message": "Not Found"})
    assert s.api("POST", "/api/environments").status == 405


def test_one_that_is_ready(s):
    s.launch("shop", ["web", "web2"], nick="joe")
    s.launch("pr-[0-9]", "web")
    poll(lambda: one(s, "shop")["state"] == "ready" and one(s, "pr-[0-9]")["state"] == "ready", LONG, "both are ready")
    pattern, shop = all_of(s)
    assert pattern["subdomain"] == "pr-[0-9]" and pattern["url"] is None
    assert shop == one(s, "shop")
    assert re.fullmatch(r"http://shop\.localhost(:\d+)?/", shop["url"])
    assert (shop["reason"], shop["replacement"], shop["launched_again"]) == ("", None, None)
    assert set(shop["launch"]) == LAUNCH and shop["launch"]["by"].startswith("127.")
    assert shop["launch"]["request"] == {"subdomain": "shop", "taskdef": ["web", "web2"],
                                         "parameters": {"branch": "main", "nick": "joe", "color": "blue"}}
    assert shop["launch"]["at"] <= shop["since"]
    assert sorted(t["taskdef"] for t in shop["tasks"]) == ["web2:1", "web:1"]
    for task in shop["tasks"]:
        assert task["launch"] == shop["launch"]["id"] and task["serves"] and task["state"] == "ready"
        assert {"Key": "MirageLaunch", "Value": task["launch"]} in task["tags"]


def test_one_that_has_ended(s):
    s.launch("shop", "web")
    s.terminate("shop")
    assert all_of(s) == []
    shop = one(s, "shop")
    assert shop["state"] == "ended" and shop["since"]


def test_one_that_is_replaced_and_fails(s):
    s.launch("shop", "web", nick="one")
    s.launch("shop", "dies", nick="two", wait=False)
    poll(lambda: (one(s, "shop")["replacement"] or {}).get("state") == "failed", LONG, "the newer launch has failed")
    shop = one(s, "shop")
    assert shop["state"] == "ready" and shop["launch"]["request"]["parameters"]["nick"] == "one"
    failed = shop["replacement"]
    assert failed["reason"].startswith("a task of dies:1 stopped before it was ready: ")
    page = s.get(HOST, "/").text
    assert "a task of dies:1 stopped before it was ready" in page and f'value="{failed["id"]}"' in page
    trace = s.get(HOST, f"/trace/{failed['id']}")
    assert trace.status == 200 and "Launch of shop" in trace.text and "dies:1" in trace.text and "web:1" not in trace.text
    assert f"/launcher?again=shop&amp;launch={failed['id']}" in page + trace.text
    text = s.get(HOST, f"/trace/{failed['id']}", [("Accept", "text/plain")])
    assert text.header("Content-Type").startswith("text/plain") and f"launch {failed['id']} of shop: failed" in text.text
    assert re.search(r"^\S+Z  failed: a task of dies:1 stopped before it was ready", text.text, re.M), text.text
    for query, nick, taskdef in (("", "one", "web"), (f"&launch={failed['id']}", "two", "dies"), ("&launch=x", "one", "web")):
        form = s.get(HOST, f"/launcher?again=shop{query}").text
        assert f'value="{nick}"' in form and f'value="{taskdef}"' in form, query
        assert "goes on until the new one is ready" in form
    for body in (b"", b"subdomain=shop", f"launch={failed['id']}".encode()):
        assert s.http("POST", HOST, "/dismiss", [FORM], body).status == 400
    for body in (b"subdomain=shop&launch=x", f"subdomain=shop&launch={shop['launch']['id']}".encode(),
                 f"subdomain=other&launch={failed['id']}".encode()):
        assert s.http("POST", HOST, "/dismiss", [FORM], body).status == 404
    r = s.http("POST", HOST, "/dismiss", [FORM], f"subdomain=shop&launch={failed['id']}".encode())
    assert r.status == 303 and r.header("Location") == "/"
    assert "stopped before it was ready" not in s.get(HOST, "/").text
    assert one(s, "shop")["replacement"] is None


def test_one_that_replaces(s):
    s.launch("shop", "web", nick="one")
    first = one(s, "shop")["launch"]["id"]
    s.launch("shop", "web", nick="two", wait=False)
    poll(lambda: one(s, "shop")["launch"]["id"] != first, LONG, "the newer one serves")
    shop = one(s, "shop")
    assert first < shop["launch"]["id"] and shop["launch"]["request"]["parameters"]["nick"] == "two"
    poll(lambda: len(one(s, "shop")["tasks"]) == 1, LONG, "the old one has been stopped")


@pytest.mark.parametrize("id", ["01KDZCNE2J9V1S8Y6Q4M3T7R5W", "0" * 26])
def test_trace_of_a_launch_that_is_not_there(s, id):
    assert s.get(HOST, f"/trace/{id}").status == 404
