"""use.ignore: whom it names is answered, keeps nothing alive, and is counted apart."""

import contextlib
import time

from stack import local_only, poll

from test_api_logs_access_purge import access, decision, forget_others, grow_old
from test_proxy_upgrade import websocket

PROBE = [("User-Agent", "kube-probe/1.31")]
BROWSER = [("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"),
           ("Accept", "text/html,*/*;q=0.8")]


def counts(stack, subdomain, accesses, ignored):
    """Waits for both counts, and sees that the API and the page show them."""
    def both():
        answer = access(stack, subdomain)
        return (answer["sum"], answer["ignored"])
    poll(lambda: both() >= (accesses, ignored), 5, "all is counted")
    assert both() == (accesses, ignored)
    env = stack.api("GET", f"/api/environments/{subdomain}").json()["result"]
    assert env["requests"] == {"sum": accesses, "ignored": ignored}
    page = stack.api("GET", "/list").text
    assert (f"{accesses} requests in the last hour, and {ignored} ignored" in page) == (ignored > 0)
    assert (f"{ignored} ignored</span>" in page) == (ignored > 0)


def without_counts(s, subdomain):
    """What was counted up to now is forgotten."""
    forget_others(s, subdomain)
    with contextlib.closing(s.database()) as db:
        db.execute("DELETE FROM access")


def test_what_is_ignored_is_answered_and_counted_apart(new_stack):
    s = new_stack()
    s.launch("pr-1")
    without_counts(s, "pr-1")
    for _ in range(5):
        assert s.env("pr-1", "/env", PROBE).status == 200
    for headers in (BROWSER, [("User-Agent", "curl/8.7.1")], []):
        assert s.env("pr-1", "/env", headers).status == 200
    counts(s, "pr-1", 3, 5)
    with s.connect() as c:
        websocket(c, "pr-1.localhost")
    counts(s, "pr-1", 4, 5)
    with s.connect() as c:  # one connection, visitors in turns, as from a load balancer
        for headers in (PROBE, BROWSER, PROBE, [("User-Agent", "Slackbot-LinkExpanding 1.0")], BROWSER):
            c.request("GET", "/env", "pr-1.localhost", headers)
            assert c.response().status == 200
    counts(s, "pr-1", 6, 8)


def test_paths_are_ignored(new_stack):
    def change(config):
        config["use"] = {"ignore": {"user_agents": [], "paths": ["/echo", "/status/*"]}}
    s = new_stack(change)
    s.launch("pr-1")
    without_counts(s, "pr-1")
    for path in ("/echo?x=1", "/status/", "/status/live"):
        s.env("pr-1", path, PROBE)
    for path in ("/echoes", "/status", "/env"):
        s.env("pr-1", path, PROBE)
    counts(s, "pr-1", 3, 3)


def test_the_client_is_whom_a_trusted_proxy_names(new_stack):
    s = new_stack(lambda c: c.update(use={"ignore": {"networks": ["198.51.100.0/24"]}}))
    s.launch("pr-1")
    without_counts(s, "pr-1")
    for sent in ("198.51.100.7", "203.0.113.9, 198.51.100.7", "198.51.100.7, 10.0.0.1"):
        assert s.env("pr-1", "/env", [("X-Forwarded-For", sent)]).status == 200
    for sent in ("203.0.113.9", "198.51.100.7, 203.0.113.9"):
        assert s.env("pr-1", "/env", [("X-Forwarded-For", sent)]).status == 200
    counts(s, "pr-1", 2, 3)


def test_a_list_takes_the_place_of_the_default(new_stack):
    s = new_stack(lambda c: c.update(use={"ignore": {"user_agents": ["our-probe"]}}))
    s.launch("pr-1")
    without_counts(s, "pr-1")
    assert s.env("pr-1", "/env", PROBE).status == 200
    assert s.env("pr-1", "/env", [("User-Agent", "Acme Our-Probe/2")]).status == 200
    counts(s, "pr-1", 1, 1)


def test_what_is_ignored_may_be_starting(new_stack):
    """Nothing is there yet: the 503 counts for a visitor, and not for a monitor."""
    s = new_stack()
    s.launch("pr-1", wait=False)
    starting = 0
    while s.env("pr-1", "/env", PROBE).status != 200:
        starting += 1
        time.sleep(0.01)
    poll(lambda: access(s, "pr-1")["ignored"] >= 1, 5, "it is counted")
    assert access(s, "pr-1")["sum"] == 0


def test_a_purge_stops_what_only_monitors_visit(new_stack):
    s = new_stack()
    s.launch("watched-one")
    s.launch("used-one")
    for subdomain in ("watched-one", "used-one"):
        grow_old(s, subdomain, 1000)
    forget_others(s, "used-one")
    for _ in range(3):
        assert s.env("watched-one", "/env", PROBE).status == 200
    poll(lambda: access(s, "watched-one")["ignored"] == 3, 5, "they are counted apart")
    assert s.api("POST", "/api/purge", form={"duration": "600"}).status == 200
    assert decision(s, "watched-one") == (1, "not accessed within the duration", "ok")
    assert decision(s, "used-one")[0] == 0
    assert not s.tasks("watched-one") and s.tasks("used-one")


@local_only
def test_the_list_is_matched_in_the_sandbox(new_stack):
    """Texts are compiled to machine code, which nothing can be once mirage-proxyd is confined."""
    s = new_stack(lambda c: c.update(use={"ignore": {"user_agents": [f"probe-{i}-x" for i in range(500)]}}))
    s.launch("pr-1")
    without_counts(s, "pr-1")
    for i in (0, 250, 499):
        assert s.env("pr-1", "/env", [("User-Agent", f"a probe-{i}-X b")]).status == 200
    assert s.env("pr-1", "/env", [("User-Agent", "probe-500-x")]).status == 200
    counts(s, "pr-1", 1, 3)
