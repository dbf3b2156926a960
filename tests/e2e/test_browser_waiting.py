"""The page on which a visitor waits, in a real browser: it goes to the application by itself."""

import contextlib
import os
import signal
import time
from urllib.parse import urlsplit

import pytest

from browser import LONG
from stack import poll


@pytest.fixture(autouse=True)
def page_is_503(browser):
    browser.refused = {404, 503}  # the application has no icon


def go(browser, name, path="/"):
    browser.driver.get(f"http://{name}.localhost:{urlsplit(browser.base).port}{path}")


@pytest.fixture
def starting(stack, name, folder):
    gate = folder / "gate"
    stack.launch(name, gate=str(gate), wait=False)
    poll(lambda: b'data-step="port"' in stack.env(name, headers=[("Accept", "text/html")]).body, LONG, f"{name} waits for its port")
    yield name, gate
    gate.touch()
    stack.wait_ready(name)


@pytest.fixture
def sleeping(stack, name, folder):
    """Asleep; once it is woken, it waits for the gate."""
    gate = folder / "gate"
    gate.touch()
    stack.launch(name, gate=str(gate))
    assert stack.api("POST", "/api/sleep", form={"subdomain": name}).status == 200
    poll(lambda: stack.env(name).header("Mirage-State") == "asleep", LONG, f"{name} is asleep")
    gate.unlink()
    yield name, gate
    gate.touch()
    poll(lambda: stack.env(name).status == 200, LONG, f"{name} is awake")


def shown(browser):
    return browser.script("return document.body ? document.body.innerText.trim() : ''")


def loads(browser, name):
    """The documents that were loaded from the environment since the last call: (address, status)."""
    browser.events()
    found = [(event["params"]["response"]["url"], event["params"]["response"]["status"]) for event in browser.traffic
             if event["method"] == "Network.responseReceived" and event["params"]["type"] == "Document"
             and f"//{name}." in event["params"]["response"]["url"]]
    browser.traffic = []
    return found


def test_goes_there_by_itself(browser, starting, stack):
    """Within a second, with one load, to the very address."""
    name, gate = starting
    go(browser, name, "/echo?with=query#part")
    assert browser.text("h1") == f"{name} is starting"
    loads(browser, name)
    gate.touch()
    poll(lambda: stack.env(name).status == 200, LONG, "it is ready")
    ready = time.monotonic()
    browser.wait(lambda: '"target"' in shown(browser) or "with=query" in shown(browser), "the application is there")
    assert time.monotonic() - ready < 2, "a second, and what a slow machine takes"
    assert browser.driver.current_url.endswith("/echo?with=query#part")
    (load,) = loads(browser, name)
    assert load[1] == 200


def test_time_goes_by(browser, starting):
    name, _ = starting
    go(browser, name)
    seen = set()
    browser.wait(lambda: seen.add(browser.text("[data-seconds]")) or len(seen) > 2, "it counts")
    assert len(loads(browser, name)) == 1, "without a load"


def test_steps_are_shown_as_they_come(browser, stack, name, folder):
    """The page that is open changes; it is not loaded again."""
    gate = folder / "gate"
    stack.launch(name, "dies", wait=False)
    poll(lambda: stack.env(name, headers=[("Accept", "text/html")]).header("Mirage-State") == "failed", LONG, "it failed")
    go(browser, name)
    assert browser.text("h1") == f"{name} did not start"
    stack.launch(name, gate=str(gate), wait=False)
    browser.wait(lambda: browser.attribute("main", "data-step") == "port", "it is on its way again")
    assert browser.text("h1") == f"{name} is starting" and browser.driver.title == f"{name}.localhost is starting"
    assert len(browser.all("li.done")) == 3 and "Waiting for port" in browser.text("[aria-current=step]")
    assert len(loads(browser, name)) == 1
    gate.touch()
    browser.wait(lambda: f"task {name}" in shown(browser), "the application is there", LONG)


def test_without_a_script(browser, starting):
    name, gate = starting
    with browser.without_script():
        go(browser, name, "/echo?with=query")
        assert browser.text("h1") == f"{name} is starting"
        gate.touch()
        browser.wait(lambda: browser.driver.current_url.endswith("/echo?with=query")
                     and "with=query" in browser.driver.page_source, "the application is there", LONG)


def test_in_japanese(browser, starting):
    name, _ = starting
    browser.cdp("Network.enable")
    browser.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": "ja"})
    try:
        go(browser, name)
        assert browser.text("h1") == f"{name} を起動しています"
        assert browser.script("return document.documentElement.lang") == "ja"
        browser.wait(lambda: browser.text("[data-seconds]").endswith("秒"), "it counts in Japanese")
        assert browser.axe() == []
    finally:
        browser.cdp("Network.setExtraHTTPHeaders", headers={})


@pytest.mark.parametrize("scheme, width", [("dark", 1280), ("light", 1280), ("dark", 390), ("light", 390), ("light", 320)])
def test_accessible(browser, starting, stack, scheme, width):
    name, _ = starting
    broken = "m" * 63
    if not stack.env(broken, headers=[("Accept", "text/html")]).status == 503:
        stack.launch(broken, "dies", wait=False)
    poll(lambda: stack.env(broken, headers=[("Accept", "text/html")]).header("Mirage-State") == "failed", LONG, "it failed")
    with browser.looking(scheme, width):
        for page in (name, broken):
            go(browser, page)
            assert browser.all("h1") and browser.axe() == []
            assert browser.script("return document.documentElement.scrollWidth") <= width, "nothing sticks out"


def test_mirage_api_stands_still_for_a_while(browser, starting, stack):
    """The page stays, waits, and goes on."""
    name, gate = starting
    go(browser, name)
    (api,) = stack.pids("mirage-api")
    os.kill(api, signal.SIGSTOP)
    try:
        poll(lambda: stack.env(name, headers=[("Accept", "application/json")]).json()["step"] is None, 10, "proxyd answers itself")
        assert browser.text("h1") == f"{name} is starting"
    finally:
        os.kill(api, signal.SIGCONT)
    gate.touch()
    browser.wait(lambda: f"task {name}" in shown(browser), "the application is there", LONG)


# --- asleep → the page → the application --------------------------------------------------------


def test_a_visit_wakes_it(browser, sleeping):
    """By itself, to the very address, with one load of the application."""
    name, gate = sleeping
    go(browser, name, "/echo?with=query")
    assert browser.text("h1") == f"{name} is waking up"
    browser.wait(lambda: browser.attribute("main", "data-step") == "port", "it is on its way", LONG)
    loads(browser, name)
    gate.touch()
    browser.wait(lambda: "with=query" in shown(browser), "the application is there", LONG)
    (load,) = loads(browser, name)
    assert load[1] == 200


def test_a_visit_that_was_not_noted_is_made_again(browser, sleeping, stack):
    """Nobody wants it any more, though somebody looks: the page is loaded again, which is a visit; but not at once, and not again and again."""
    name, gate = sleeping
    (sync,) = stack.pids("mirage-sync")

    def wanted(forget=False):
        with contextlib.closing(stack.database()) as db, db:
            if forget:
                db.execute("UPDATE asleep SET wanted_at = 0 WHERE subdomain = ?", (name,))
            return db.execute("SELECT wanted_at FROM asleep WHERE subdomain = ?", (name,)).fetchone()[0]
    os.kill(sync, signal.SIGSTOP)
    try:
        go(browser, name, "/echo?with=query")
        poll(wanted, LONG, "the visit is noted")
        loads(browser, name)
        wanted(forget=True)
        poll(wanted, LONG, "a visit again")
        assert browser.script("return performance.now()") < 4500 and len(loads(browser, name)) == 1
        assert browser.text("h1") == f"{name} is waking up"
    finally:
        os.kill(sync, signal.SIGCONT)
    gate.touch()
    browser.wait(lambda: "with=query" in shown(browser), "the application is there", LONG)


def test_a_visit_without_a_script_wakes_it(browser, sleeping):
    name, gate = sleeping
    with browser.without_script():
        go(browser, name, "/echo?with=query")
        assert browser.text("h1") == f"{name} is waking up"
        gate.touch()
        browser.wait(lambda: "with=query" in browser.driver.page_source and "waking" not in browser.driver.page_source,
                     "the application is there", LONG)


@pytest.mark.parametrize("scheme, width", [("dark", 1280), ("light", 390)])
def test_waking_is_accessible(browser, sleeping, scheme, width):
    name, _ = sleeping
    with browser.looking(scheme, width):
        go(browser, name)
        assert browser.text("h1") == f"{name} is waking up" and browser.axe() == []
        assert browser.script("return document.documentElement.scrollWidth") <= width, "nothing sticks out"


def test_sleep_and_wake_by_the_list(browser, stack, name):
    """By their buttons; the filter counts what sleeps."""
    stack.launch(name)
    browser.open("/")
    row = f"tr[data-key='{name}']"
    browser.click(f"{row} [data-focus=sleep]")
    browser.wait(lambda: browser.text(f"{row} .state") == "asleep", "it sleeps", LONG)
    assert "asked for it" in browser.text(f"{row} .c-taskdef")
    assert browser.axe() == []
    browser.click(f"{row} [data-focus=wake]")
    browser.wait(lambda: browser.text(f"{row} .state") == "ready", "it is awake", LONG)
