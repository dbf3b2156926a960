"""The purge page in a real browser: what would go and why, having it done, what past ones did."""

import contextlib

from browser import LONG
from stack import poll
from test_api_logs_access_purge import forget_others, grow_old
from test_browser_list import paused
from test_ecs_purge import history


def decided(browser, section):
    """subdomain → (decision, why)"""
    return browser.script("return Object.fromEntries([...document.querySelectorAll(`#${arguments[0]} tbody tr[data-key]`)]"
                          ".map(r => [r.dataset.key, [r.querySelector('.state').textContent,"
                          " r.querySelector('.c-why').textContent]]))", section)


def runs(stack):
    with contextlib.closing(stack.database()) as db:
        return db.execute("SELECT count(*) FROM purge_run").fetchone()[0]


def test_preview_run_and_past(new_stack, new_browser):
    stack = new_stack()
    for subdomain in ("idle-one", "used-one", "kept-one", "young-one"):
        stack.launch(subdomain)
    for subdomain in ("idle-one", "used-one", "kept-one"):
        grow_old(stack, subdomain, 1000)
    if stack.aws:  # there CloudWatch is asked
        for subdomain in ("idle-one", "used-one", "kept-one"):
            history(stack.aws, subdomain, 1200, used=[120] if subdomain == "used-one" else ())
    forget_others(stack, "used-one")
    browser = new_browser(stack).open("/")
    browser.click("nav a[href='/purges']")
    browser.wait(lambda: browser.path == "/purges", "the page")
    browser.click("#duration option[value='300']")
    browser.fill("#excludes", "kept-one, other-one")
    browser.click("#preview-button")
    browser.wait(lambda: browser.all("#preview"), "the preview")
    assert browser.text("#preview-title") == "Not used for 5 minutes: 1 to terminate, 3 to keep"
    was = decided(browser, "preview")
    assert was["idle-one"] == ["terminate", "not accessed within the duration"]
    assert was["kept-one"] == ["keep", "excluded by name"]
    assert was["young-one"] == ["keep", "started within the duration"]
    assert was["used-one"][0] == "keep" and "accesses within the duration" in was["used-one"][1]
    assert runs(stack) == 0 and stack.tasks("idle-one"), "a preview does nothing"
    assert browser.axe() == []
    browser.click("#run-button")
    browser.wait(lambda: browser.path == "/purges", "it was asked for")
    browser.wait(lambda: "1 terminated, 3 kept" in browser.text("#runs"), "it is done", LONG)
    assert "kept-one, other-one" in browser.text("#runs") and "not used for 5 minutes" in browser.text("#runs")
    poll(lambda: not stack.tasks("idle-one"), LONG, "it is terminated")
    assert stack.tasks("used-one") and stack.tasks("kept-one") and stack.tasks("young-one")
    browser.click("#runs .actions a")
    browser.wait(lambda: browser.all("#chosen"), "its decisions")
    was = decided(browser, "chosen")
    assert was["idle-one"] == ["terminated", "not accessed within the duration"]
    assert was["kept-one"] == ["kept", "excluded by name"]
    for scheme, width in (("light", 1280), ("dark", 390)):
        with browser.looking(scheme, width):
            browser.driver.refresh()
            assert browser.axe() == []
            assert browser.script("return document.documentElement.scrollWidth") <= width


def test_waiting_purge_is_watched(new_stack, new_browser):
    stack = new_stack()
    browser = new_browser(stack)
    with paused(stack, "mirage-sync"):
        r = stack.api("POST", "/purge", form={"duration": "86400", "excludes": "a b", "exclude_tags": "", "exclude_regexp": ""})
        assert (r.status, r.header("Location")) == (303, "/purges"), r
        browser.open("/purges")
        assert browser.text("#runs .state") == "waiting" and "a, b" in browser.text("#runs")
    browser.wait(lambda: browser.text("#runs .state") == "done", "it is done", LONG)
    assert "0 terminated, 0 kept" in browser.text("#runs")


def test_wrong_rules_are_refused_and_kept(stack, browser):
    browser.refused = {400}
    browser.open("/purges")
    browser.fill("#exclude_regexp", "(<b>")
    browser.fill("#excludes", "main staging")
    browser.click("#preview-button")
    browser.wait(lambda: browser.all(".alert-danger"), "what is wrong")
    assert "invalid exclude_regexp (<b>" in browser.text(".alert-danger")
    assert browser.attribute("#exclude_regexp", "value") == "(<b>"
    assert browser.attribute("#excludes", "value") == "main staging"
    assert not browser.all("#preview")


def test_no_such_purge(browser):
    browser.refused = {404}
    browser.open("/purges?run=999999")
    assert "There is no purge 999999" in browser.text()


def test_purge_without_script(stack, browser):
    with browser.without_script():
        browser.open("/purges?duration=86400")
        assert " to keep" in browser.text("#preview-title")
