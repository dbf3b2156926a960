"""The form in a real browser: what it checks, and watching what it launched."""

from selenium.webdriver.common.keys import Keys

from browser import LONG
from stack import poll


def start(browser, name, taskdef="demo", **parameters):
    browser.open("/launcher")
    browser.fill("#subdomain", name)
    browser.fill("#taskdef", taskdef)
    for field, value in {"branch": "main", **parameters}.items():
        browser.fill(f"#parameter-{field}", value)


def watched(browser, state, seconds=LONG):
    return browser.wait(lambda: browser.attribute(".watch", "data-state") == state, f"it is {state}", seconds)


def test_launch_watch_and_open(stack, browser, name):
    start(browser, name, "web", branch="feature/launch")
    browser.click("#send")
    browser.wait(lambda: browser.path == f"/?launched={name}", "the list is shown")
    assert browser.row(name), "its row is there at once"
    watched(browser, "ready")
    assert f"{name} is ready" in browser.text(".watch")
    assert [s.get_attribute("class") for s in browser.all(".steps li")] == ["done"] * 4
    browser.wait_state(name, "ready")
    stack.settle()
    browser.click(".watch .btn-primary")
    browser.wait(lambda: browser.driver.current_url.startswith(f"http://{name}.localhost:"), "it is open")


def test_progress_is_shown(stack, browser, name, folder):
    """The task listens only when its gate opens: it is starting until then."""
    gate = folder / "gate"
    start(browser, name, "web", gate=str(gate))
    browser.click("#send")
    browser.wait(lambda: browser.path.startswith("/?launched="), "the list is shown")
    watched(browser, "starting")
    assert browser.text(".steps .current") == "starting"
    assert "Reload this page" not in browser.text(".watch"), "it is refreshed by a script"
    browser.wait_state(name, "starting")
    gate.touch()
    watched(browser, "ready")
    browser.wait_state(name, "ready")


def test_what_never_listens_says_so(stack, browser, name, folder):
    start(browser, name, "web", gate=str(folder / "never"))
    browser.click("#send")
    browser.wait(lambda: "runs, but accepts no connection at " in browser.text(".watch"), "it says why", LONG)
    assert browser.attribute(".watch", "data-state") == "starting"
    assert f"{name} does not answer yet" in browser.text(".watch")
    browser.click(".watch a[href^='/trace/']")
    browser.wait(lambda: "It runs, but accepts no connection at " in browser.text(), "the trace says it too")


def test_failed_launch_says_why(stack, browser, name):
    start(browser, name, "dies")
    browser.click("#send")
    browser.wait(lambda: browser.path.startswith("/?launched="), "the list is shown")
    watched(browser, "failed")
    text = browser.text(".watch")
    assert f"{name} did not come up" in text and "dies:1" in text, text
    (task,) = stack.tasks(name, "stopped")
    assert task["short_id"] in browser.attribute(".watch a[href^='/trace/']", "href")
    state = browser.wait(lambda: browser.row(task["short_id"], "stopped").get_attribute("data-state"), "it is among the stopped ones")
    assert state == "failed"
    browser.wait(lambda: browser.row(name) is None, "it is not among the running ones any more")
    browser.click(".watch a[href^='/launcher?again=']")
    browser.wait(lambda: browser.path.startswith(f"/launcher?again={name}&launch="), "the form is there again")
    assert browser.attribute("#taskdef", "value") == "dies"


def test_required_fields_are_named_beside_them(browser):
    browser.open("/launcher")
    browser.click("#send")
    assert browser.path == "/launcher", "nothing was sent"
    assert browser.text("#subdomain-error") == "This is needed."
    assert browser.text("#taskdef-error") == "This is needed."
    assert browser.text("#parameter-branch-error") == "This is needed."
    assert browser.script("return document.activeElement.id") == "subdomain"
    assert browser.attribute("#subdomain", "aria-invalid") == "true"


def test_message_does_not_move_the_button_away(browser):
    """The last field is found wrong by the very press that sends the form."""
    browser.open("/launcher")
    browser.fill("#parameter-nick", "NO")
    browser.click("#send")
    assert browser.text("#subdomain-error") == "This is needed.", "the button got its click"
    browser.wait(lambda: browser.text("#parameter-nick-error"), "and the field its message")


def test_rule_is_checked_before_sending(stack, browser, name):
    start(browser, name, nick="NOT-SMALL")
    browser.click("#send")
    assert browser.path == "/launcher"
    assert browser.text("#parameter-nick-error") == "It must match ^[a-z]+$"
    browser.fill("#parameter-nick", "small")
    browser.wait(lambda: browser.text("#parameter-nick-error") == "", "the error goes as it is mended")
    browser.click("#send")
    browser.wait(lambda: browser.path.startswith("/?launched="), "it was sent")
    assert {t["Key"]: t["Value"] for t in stack.tasks(name)[0]["tags"]}["nick"] == "small"


def test_subdomain_is_checked_before_sending(browser, name):
    for wrong in ("-x", "x-", "a_b", "9a", "ü-x"):
        start(browser, wrong)
        browser.click("#send")
        assert browser.path == "/launcher" and "begins with a letter" in browser.text("#subdomain-error"), wrong
    start(browser, "x")
    browser.click("#send")
    assert "At least 2" in browser.text("#subdomain-error") or "begins" in browser.text("#subdomain-error")


def test_server_says_no_and_nothing_typed_is_lost(stack, browser, name):
    browser.refused = {400}
    start(browser, name, nick="NO", branch="kept \"branch\" <b>")
    browser.script("document.querySelector('#parameter-nick').removeAttribute('data-rule');"
                   "document.querySelector('#parameter-color').value = 'red';")
    browser.click("#add-taskdef")
    browser.press("web2")
    browser.click("#send")
    browser.wait(lambda: browser.path == "/launch", "the server has answered")
    assert browser.text("#parameter-nick-error") == "It must match ^[a-z]+$"
    assert browser.attribute("#subdomain", "value") == name
    assert browser.attribute("#parameter-branch", "value") == "kept \"branch\" <b>"
    assert browser.attribute("#parameter-color", "value") == "red"
    assert [f.get_attribute("value") for f in browser.all("[name=taskdef]")][:2] == ["demo", "web2"]
    browser.fill("#parameter-nick", "yes")
    browser.click("#send")
    browser.wait(lambda: browser.path.startswith("/?launched="), "now it goes")
    stack.wait_ready(name, 2)


def test_configured_fields(browser):
    browser.open("/launcher")
    options = [(o.text, o.get_attribute("value")) for o in browser.all("#parameter-color option")]
    assert options[1:] == [("Deep blue", "blue"), ("red", "red")]
    assert browser.attribute("#parameter-color", "value") == "blue", "the default"
    assert "a nick name" in browser.text("#parameter-nick-hint")
    assert browser.shown("label[for=parameter-branch] .required")
    assert not browser.shown("label[for=parameter-nick] .required")


def test_value_that_is_no_option_is_kept(stack, browser, name):
    stack.launch(name, color="green")
    browser.open(f"/launcher?again={name}")
    assert browser.attribute("#parameter-color", "value") == "green"
    browser.click("#send")
    browser.wait(lambda: browser.path == f"/?launched={name}", "it is sent")
    stack.wait_ready(name)
    assert stack.tasks(name)[0]["env"]["COLOR"] == "green"
    browser.open("/launcher?color=red")
    assert len(browser.all("#parameter-color option")) == 3, "nothing is offered twice"


def test_says_whom_a_launch_would_end(stack, browser, name):
    stack.launch(name)
    note = f"What runs under {name} now goes on until the new one is ready."
    start(browser, name.upper())
    browser.wait(lambda: browser.text("#running-note") == note, "it is said once the name is typed")
    browser.fill("#subdomain", f"{name}-2")
    browser.press(Keys.TAB)
    browser.wait(lambda: not browser.all("#running-note"), "nothing runs under another name")
    browser.open(f"/launcher?again={name}")
    assert browser.text("#running-note") == note
    browser.fill("#subdomain", f"{name}-2")
    browser.press(Keys.TAB)
    browser.wait(lambda: not browser.all("#running-note"), "nothing runs under another name")


def test_going_back_keeps_what_was_typed(stack, browser, name):
    stack.launch(name)
    browser.open("/launcher")
    browser.fill("#subdomain", name)
    browser.fill("#parameter-branch", "typed/here")
    browser.click(".brand")
    browser.wait(lambda: browser.path == "/", "elsewhere")
    browser.driver.back()
    browser.wait(lambda: browser.path == "/launcher", "back")
    assert browser.attribute("#subdomain", "value") == name
    assert browser.attribute("#parameter-branch", "value") == "typed/here"


def test_prefilled_by_a_link(browser):
    browser.open("/launcher?subdomain=from-link&branch=b%22%3E&taskdef=web")
    assert browser.attribute("#subdomain", "value") == "from-link"
    assert browser.attribute("#parameter-branch", "value") == 'b">'
    assert browser.attribute("#taskdef", "value") == "web"


def test_known_task_definitions_are_offered(stack, browser, name):
    stack.launch(name, "web2", wait=False)
    browser.open("/launcher")
    offered = browser.script("return [...document.querySelectorAll('#taskdef-names option')].map(o => o.value)")
    assert "web2" in offered and len(set(offered)) == len(offered)
    poll(lambda: stack.tasks(name), 5, "it is there")
