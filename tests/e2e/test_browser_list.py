"""The list in a real browser: what it shows, how it is searched, and that it keeps itself fresh."""

import contextlib
import os
import signal
import time

from selenium.webdriver.common.keys import Keys

from browser import LONG, SHORT
from stack import poll

EVIL = "<script>alert(1)</script>\"'&lt;{{x}}"
LONG_NAME = "l" + "o" * 61 + "g"  # 63 characters


def test_new_environment_appears_by_itself(stack, browser, name):
    browser.open("/")
    assert browser.row(name) is None
    stack.launch(name, "demo", branch="feature/x")
    browser.wait_state(name, "ready")
    row = browser.steady(lambda: browser.row(name).text)
    assert "ready" in row and "feature/x" in row and "demo:1" in row, row
    launched = lambda attribute: browser.steady(lambda: browser.in_row(name, ".c-launched time").get_attribute(attribute))
    assert browser.text_in_row(name, ".c-launched time") == "just now"
    assert launched("title") == launched("datetime")[:19].replace("T", " ") + " UTC"


def test_terminated_one_moves_down_and_says_why(stack, browser, name):
    stack.launch(name, "demo")
    (task,) = stack.tasks(name)
    browser.open("/")
    assert browser.row(name)
    stack.terminate(name)
    browser.wait(lambda: browser.row(name) is None, "its row is gone")
    browser.wait(lambda: browser.row(task["short_id"], "stopped").get_attribute("data-state") == "stopped",
                 "it is stopped", LONG)
    assert "Terminate requested by Mirage" in browser.steady(lambda: browser.row(task["short_id"], "stopped").text)


def test_several_tasks_are_one_row(stack, browser, name):
    stack.launch(name, ["web", "web2"])
    browser.open("/")
    text = browser.steady(lambda: browser.row(name).text)
    assert "web:1" in text and "web2:1" in text
    traces = browser.steady(lambda: [t.get_attribute("aria-label")
                                     for t in browser.row(name).find_elements("css selector", ".c-taskdef a")])
    assert set(traces) == {f"Trace of {name}, web:1", f"Trace of {name}, web2:1"}


def test_link_opens_the_environment(stack, browser, name):
    stack.launch(name, "web")
    browser.open("/")
    browser.click_in_row(name, ".c-name a")
    browser.wait(lambda: browser.driver.current_url.startswith(f"http://{name}.localhost:"), "it is open")


def test_requests_are_counted_and_plotted(stack, browser, name):
    stack.launch(name, "web")
    browser.open("/")
    assert browser.text_in_row(name, ".sum") == "0"
    for _ in range(7):
        stack.env(name)
    browser.wait(lambda: browser.text_in_row(name, ".sum") == "7", "seven requests")
    drawn = lambda selector, attribute: browser.steady(lambda: browser.in_row(name, selector).get_attribute(attribute))
    assert drawn("svg", "aria-label") == "7 requests in the last hour"
    for _ in range(3):
        assert stack.env(name, "/env", [("User-Agent", "UptimeRobot/2.0")]).status == 200
    browser.wait(lambda: browser.in_row(name, ".ignored"), "there are some that are no use")
    browser.wait(lambda: browser.text_in_row(name, ".ignored") == "3 ignored", "three")
    assert drawn("svg", "aria-label") == "7 requests in the last hour, and 3 ignored"
    assert "V0h2" in drawn("svg path", "d")


def test_search_as_you_type(stack, browser, name):
    stack.launch(name, "demo", branch="fix/Needle-in")
    stack.launch("hay-x", "demo")
    browser.open("/")
    browser.fill("#search", "needle FIX")
    assert browser.keys_shown() == [name]
    assert browser.text("#filter label:first-of-type b") == "1"
    browser.driver.refresh()
    assert browser.keys_shown() == [name], "a search survives a reload"
    browser.fill("#search", "nothing-is-called-that")
    assert browser.keys_shown() == [] and browser.shown(".no-match")
    browser.one("#search").send_keys(Keys.ESCAPE)
    browser.wait(lambda: name in browser.keys_shown(), "all are shown again")
    stack.terminate("hay-x")


def test_search_survives_a_refresh(stack, browser, name):
    browser.open("/")
    browser.fill("#search", name)
    stack.launch(name + "x", "demo")
    stack.launch("other-x", "demo")
    browser.wait(lambda: browser.row(name + "x") and browser.row("other-x"), "both have come")
    assert browser.keys_shown() == [name + "x"]
    stack.terminate(name + "x")
    stack.terminate("other-x")


def test_filter_by_state(stack, browser, name):
    stack.launch(name, "demo")
    stack.launch(name + "-dies", "dies", wait=False)
    browser.open("/")
    browser.wait_state(name, "ready")
    for choice, expected in (("ready", True), ("starting", False), ("stopped", False), ("", True)):
        browser.click(f"#filter input[value='{choice}']")
        assert (name in browser.keys_shown()) is expected, choice
    browser.click("#filter input[value='ready']")
    assert browser.keys_shown("stopped") == []


def test_sort_by_column(stack, browser, name):
    for letter, branch in (("a", "zz"), ("b", "mm"), ("c", "aa")):
        stack.launch(f"so{letter}-x", "demo", branch=branch)
    stack.env("sob-x")
    browser.open("/?q=so")
    ours = lambda: [k for k in browser.keys_shown() if k in ("soa-x", "sob-x", "soc-x")]
    button = lambda column: browser.one(f"#running-table th[data-sort='{column}'] button")
    assert ours() == ["soa-x", "sob-x", "soc-x"]
    button("subdomain").click()
    button("subdomain").click()
    assert ours() == ["soc-x", "sob-x", "soa-x"]
    assert browser.attribute("#running-table th[data-sort='subdomain']", "aria-sort") == "descending"
    button("launched").click()
    assert ours() == ["soc-x", "sob-x", "soa-x"], "the latest first"
    browser.wait(lambda: browser.text_in_row("sob-x", ".sum") == "1", "it was counted")
    button("requests").click()
    assert ours()[0] == "sob-x"
    for letter in "abc":
        stack.terminate(f"so{letter}-x")


def test_numbers_in_names_count(stack, browser, name):
    """In the order that the page comes in, and when the script sorts; the API's order stays as it was."""
    by_number = [f"pr-{n}" for n in (2, 10, 100)]
    for subdomain in by_number:
        stack.launch(subdomain, "demo", wait=False)
    browser.open("/?q=pr-")
    ours = lambda: [k for k in browser.keys_shown() if k in by_number]
    browser.wait(lambda: ours() == by_number, "as the server sorts them")
    button = browser.one("#running-table th[data-sort='subdomain'] button")
    button.click()
    assert ours() == by_number
    button.click()
    assert ours() == by_number[::-1]
    assert [t["subdomain"] for t in stack.list() if t["subdomain"] in by_number] == sorted(by_number)
    for subdomain in by_number:
        stack.terminate(subdomain)


def test_terminate_asks_first(stack, browser, name):
    stack.launch(name, "demo")
    browser.open("/")
    terminate = lambda: browser.click_in_row(name, "[data-terminate]")
    terminate()
    assert browser.attribute("#confirm", "open") and name in browser.text("#confirm")
    browser.click("#confirm [data-cancel]")
    assert not browser.attribute("#confirm", "open")
    assert stack.tasks(name), "it was kept"
    terminate()
    browser.click("#confirm .btn-danger")
    browser.wait(lambda: browser.path == "/" and browser.row(name) is None, "it is gone")
    assert stack.tasks(name) == []


def test_terminate_keeps_search_and_order(stack, browser, name):
    for i in (1, 2, 3):
        stack.launch(f"{name}-{i}", wait=False)
    browser.open(f"/?q={name}-&sort=-subdomain")
    assert browser.keys_shown() == [f"{name}-{i}" for i in (3, 2, 1)]
    browser.click_in_row(f"{name}-2", "[data-focus=terminate]")
    browser.click("#confirm .btn-danger")
    browser.wait(lambda: browser.keys_shown() == [f"{name}-3", f"{name}-1"], "it is gone, all else is as it was")
    assert browser.path == f"/?q={name}-&sort=-subdomain" and not browser.shown("#confirm")
    for i in (1, 3):
        stack.terminate(f"{name}-{i}")


def test_terminate_that_fails_says_why(stack, browser, name):
    stack.launch(name)
    browser.open("/")
    browser.click_in_row(name, "[data-focus=terminate]")
    browser.script("document.querySelector('#confirm [name=subdomain]').name = 'nothing'")
    browser.refused = {400}
    browser.click("#confirm .btn-danger")
    browser.wait(lambda: browser.path == "/terminate" and "parameter required: id or subdomain" in browser.text(),
                 "the page of the error is shown")
    assert stack.tasks(name)


def test_launch_again_has_the_same_parameters(stack, browser, name):
    stack.launch(name, ["web", "web2"], branch="feature/again", nick="abc", color="red")
    browser.open("/")
    browser.click_in_row(name, "[data-focus=again]")
    value = lambda selector: browser.attribute(selector, "value")
    assert value("#subdomain") == name and value("#parameter-branch") == "feature/again"
    assert value("#parameter-nick") == "abc" and value("#parameter-color") == "red"
    assert {f.get_attribute("value") for f in browser.all("[name=taskdef]")} >= {"web", "web2"}
    assert "goes on until the new one is ready" in browser.text("#running-note")
    before = {t["id"] for t in stack.tasks(name)}
    browser.click("#send")
    browser.wait(lambda: browser.path.startswith("/?launched="), "it was sent")
    stack.wait_ready(name, 2)
    tasks = stack.tasks(name)
    assert not before & {t["id"] for t in tasks} and {t["branch"] for t in tasks} == {"feature/again"}


def test_launch_again_of_one_that_was_only_seen(stack, browser, name):
    """As after the database was lost: what is known comes from the tasks."""
    stack.launch(name, "web", branch="seen/only", nick="zed")
    with contextlib.closing(stack.database()) as db:
        db.execute("UPDATE launch SET request = '' WHERE subdomain = ?", (name,))
    browser.open(f"/launcher?again={name}")
    assert browser.attribute("#parameter-branch", "value") == "seen/only"
    assert browser.attribute("#parameter-nick", "value") == "zed"
    assert browser.attribute("#taskdef", "value") == "web:1"


def test_launch_again_of_nobody(stack, browser):
    browser.refused = {404}
    browser.open("/launcher?again=never-was")
    assert "Nothing is known of a launch of never-was" in browser.text()


def test_refresh_waits_while_a_dialog_is_open(stack, browser, name):
    stack.launch(name, "demo")
    browser.open("/")
    browser.click_in_row(name, "[data-terminate]")
    browser.script("window.asked = 0; const f = fetch; window.fetch = (...a) => { window.asked++; return f(...a); };"
                   "window.turns = 0; setInterval(() => window.turns++, 3000);")
    stack.launch(name + "y", "demo", wait=False)
    browser.wait(lambda: browser.script("return window.turns") >= 2, "two turns have passed")
    assert browser.script("return window.asked") == 0 and browser.row(name + "y") is None
    browser.click("#confirm [data-cancel]")
    browser.wait(lambda: browser.row(name + "y"), "it has come")
    stack.terminate(name + "y")


def test_focus_stays_where_it_is(stack, browser, name):
    stack.launch(name, "web")
    browser.open("/")
    browser.steady(lambda: browser.script("arguments[0].focus()", browser.in_row(name, "[data-focus=again]")))
    stack.env(name)  # the row changes
    browser.wait(lambda: browser.text_in_row(name, ".sum") == "1", "the row is a new one")
    assert browser.script("return document.activeElement.dataset.focus") == "again"
    assert browser.script("return document.activeElement.closest('tr').dataset.key") == name


def test_nothing_new_is_not_sent_again(stack):
    for encoding in ("identity", "gzip"):
        def unchanged():
            """It may change between the two: then they are asked again."""
            accept = ("Accept-Encoding", encoding)
            etag = stack.api("GET", "/list", headers=[accept]).header("ETag")
            r = stack.api("GET", "/list", headers=[accept, ("If-None-Match", etag)])
            return r if r.status == 304 else None
        assert poll(unchanged, SHORT, f"304 with {encoding}").body == b""


def test_says_when_it_cannot_be_refreshed(stack, browser):
    browser.refused = {"ERR_INTERNET_DISCONNECTED"}
    browser.open("/")
    fresh = lambda: browser.text("#freshness")
    assert fresh().startswith("Refreshed at ")
    browser.cdp("Network.enable")
    offline = dict(latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.cdp("Network.emulateNetworkConditions", offline=True, **offline)
    try:
        browser.wait(lambda: fresh().startswith("Cannot be refreshed. This is how it was at "), "it says so")
    finally:
        browser.cdp("Network.emulateNetworkConditions", offline=False, **offline)
    browser.wait(lambda: fresh().startswith("Refreshed at "), "it works again")


def test_sync_that_fails_is_shown(new_stack, new_browser):
    stack = new_stack()
    browser = new_browser(stack).open("/")
    with paused(stack, "mirage-sync"):
        with contextlib.closing(stack.database()) as db:
            db.execute("UPDATE sync SET failed_at = ?, error = 'no such <cluster>'", (int(time.time() * 1000) + 60000,))
        browser.wait(lambda: "no such <cluster>" in browser.text("#notices"), "the reason is shown")
        assert "may be out of date" in browser.text("#notices")


def test_a_sync_that_stands_still_is_shown(new_stack, new_browser):
    stack = new_stack()
    browser = new_browser(stack).open("/")
    with paused(stack, "mirage-sync"):
        with contextlib.closing(stack.database()) as db:
            db.execute("UPDATE sync SET succeeded_at = succeeded_at - 61000")
        browser.wait(lambda: "Nobody has looked at the tasks lately" in browser.text("#notices"), "it is said")
        assert "The last good one was 1 min ago" in browser.text("#notices")
    browser.wait(lambda: not browser.text("#notices"), "it works again")


def test_hostile_names_are_only_text(stack, browser, name):
    stack.launch(name, "demo", branch=EVIL)
    stack.launch(LONG_NAME, "demo", branch="x" * 255)
    for scheme, width in (("light", 1280), ("dark", 390)):
        with browser.looking(scheme, width):
            browser.open("/")
            assert EVIL in browser.steady(lambda: browser.row(name).text)
            assert browser.text_in_row(LONG_NAME, ".c-name a") == LONG_NAME
            assert browser.script("return document.documentElement.scrollWidth") <= width, "nothing sticks out"
    browser.open(f"/launcher?again={name}")
    assert browser.attribute("#parameter-branch", "value") == EVIL
    stack.terminate(LONG_NAME)


@contextlib.contextmanager
def paused(stack, program):
    pids = stack.pids(program)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def add_environments(stack, n):
    """Rows that no task stands behind: sync is to be paused."""
    now = int(time.time() * 1000)
    with contextlib.closing(stack.database()) as db:
        db.execute("BEGIN IMMEDIATE")
        for i in range(n):
            subdomain, arn = f"many-{i:03d}-x", f"arn:aws:ecs:x:1:task/many/{i:032x}"
            db.execute("INSERT INTO environment (subdomain, launched_at) VALUES (?, ?)",
                       (subdomain, now - i * 60000))
            db.execute("INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress, last_status,"
                       " desired_status, env, tags, created_at, started_at) VALUES (?, ?, ?, ?, 'app:1', '127.0.0.1',"
                       " 'RUNNING', 'RUNNING', '{}', '[]', ?, ?)",
                       (arn, f"{i:032x}", subdomain, f"branch/{i % 7}", now - i * 60000, now))
        db.execute("COMMIT")


def test_five_hundred_rows(new_stack, new_browser):
    stack = new_stack()
    with paused(stack, "mirage-sync"):
        add_environments(stack, 500)
        browser = new_browser(stack).open("/")
        assert len(browser.keys_shown()) == 500
        browser.fill("#search", "many-25")
        assert len(browser.keys_shown()) == 10
        browser.fill("#search", "branch/3")
        assert len(browser.keys_shown()) == 71
        browser.one("#search").send_keys(Keys.ESCAPE)
        browser.click("#running-table th[data-sort=launched] button")
        browser.click("#running-table th[data-sort=launched] button")
        browser.wait(lambda: browser.keys_shown()[0] == "many-499-x", "the oldest first")
        with contextlib.closing(stack.database()) as db:
            db.execute("DELETE FROM task WHERE subdomain = 'many-007-x'")
            db.execute("DELETE FROM environment WHERE subdomain = 'many-007-x'")
        browser.wait(lambda: len(browser.keys_shown()) == 499, "one has gone")
        assert browser.keys_shown()[0] == "many-499-x", "it is sorted still"


def test_what_replaces_stands_beside_what_serves(stack, browser, name):
    """A newer launch that fails: by its name, its branch and its reason, until somebody has read that."""
    stack.launch(name, "web", branch="feature/good")
    browser.open("/")
    browser.wait_state(name, "ready")
    stack.launch(name, "dies", branch="feature/bad", wait=False)
    browser.wait(lambda: "failed" in browser.text_in_row(name, ".c-taskdef"), "it has failed", LONG)
    browser.wait_state(name, "ready")
    said = browser.text_in_row(name, ".replacement")
    assert "dies" in said and "feature/bad" in said and "just now" in said, said
    assert not browser.axe()
    for width in (320, 400, 1280):
        with browser.looking(width=width):
            assert browser.script("return document.documentElement.scrollWidth") <= width
    browser.click_in_row(name, ".replacement form button")
    browser.wait(lambda: browser.row(name).text and "feature/bad" not in browser.row(name).text, "it is gone")
    browser.wait_state(name, "ready")
