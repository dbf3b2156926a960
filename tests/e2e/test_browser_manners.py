"""What all pages owe their users: without a script, without a mouse, without eyes, on a phone, in the dark, and
small."""

import pytest
from selenium.webdriver.common.keys import Keys

from browser import LONG
from stack import poll

PAGES = ["list", "watched", "launcher", "refused", "again", "terminate", "logs", "trace", "failed", "purge", "preview", "error"]
EVIL = "<script>alert(1)</script>\"'&lt;{{x}}"


@pytest.fixture(scope="module")
def paths(stack):
    """An address for each page, with something to see on it."""
    stack.launch("shown-x", ["web", "web2"], branch=EVIL, nick="nick")
    stack.launch("broken-x", "dies", wait=False)
    (failed,) = poll(lambda: stack.tasks("broken-x", "stopped"), LONG, "it has died")
    task = stack.tasks("shown-x")[0]["short_id"]
    yield {"list": "/", "watched": "/?launched=broken-x", "launcher": "/launcher", "refused": "/launcher",
           "again": "/launcher?again=shown-x", "terminate": "/terminate?subdomain=shown-x", "logs": "/logs/shown-x",
           "trace": f"/trace/{task}", "failed": f"/trace/{failed['short_id']}", "purge": "/purges", "preview": "/purges?duration=86400",
           "error": "/logs/nobody-x"}
    stack.terminate("shown-x")


def show(browser, paths, page):
    browser.refused = {400, 404}
    browser.open(paths[page])
    if page == "refused":
        browser.click("#send")
        assert browser.shown(".field-error")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme, width", [("dark", 1280), ("light", 390)])
def test_accessible(browser, paths, page, scheme, width):
    with browser.looking(scheme, width):
        show(browser, paths, page)
        assert browser.axe() == []
        assert browser.script("return document.documentElement.scrollWidth") <= width, "nothing sticks out"


# What a page is measured with: fonts wider than most, and lines at their longest.
WIDE = """const sheet = new CSSStyleSheet();
sheet.replaceSync('* { font-family: "DejaVu Sans", Verdana, sans-serif !important; letter-spacing: 0.06em !important; }');
document.adoptedStyleSheets = [sheet];"""
STICKS_OUT = """for (const [what, longest] of [['#filter b', '1000'], ['time', '1000 d ago'], ['.sum', '1000000']])
    for (const e of document.querySelectorAll(what)) e.textContent = longest;
const right = document.documentElement.clientWidth, out = [];
for (const e of document.querySelectorAll('a, button, input, select, textarea, th, td, p, code, h1, h2, svg'))
    if (e.checkVisibility() && !e.closest('.visually-hidden, .visually-hidden-focusable, thead') && !e.matches('.segments input')) {
        const box = e.getBoundingClientRect();
        if (box.width > 1 && (box.right > right + 0.5 || box.left < -0.5)) out.push(e.outerHTML.slice(0, 80));
    }
if (document.documentElement.scrollWidth > right) out.push(`scrolls: ${document.documentElement.scrollWidth}`);
return out;"""


@pytest.fixture(scope="module")
def long_paths(stack):
    """The pages again, of names of 63 characters that cannot be broken at a hyphen."""
    name, broken = "w" * 63, "m" * 63
    stack.launch(name, ["web", "web2", "demo" * 12], branch="W" * 255, nick="w" * 255)
    stack.launch("w" * 62 + "x", "demo" * 12, branch="feature/" + "W" * 247)
    stack.launch(broken, "dies", branch="M" * 255, wait=False)
    (failed,) = poll(lambda: stack.tasks(broken, "stopped"), LONG, "it has died")
    task = stack.tasks(name)[0]["short_id"]
    yield {"list": "/", "watched": f"/?launched={broken}", "launcher": "/launcher", "refused": "/launcher",
           "again": f"/launcher?again={name}", "terminate": f"/terminate?subdomain={name}", "logs": f"/logs/{name}",
           "trace": f"/trace/{task}", "failed": f"/trace/{failed['short_id']}", "purge": "/purges",
           "preview": "/purges?duration=86400", "error": f"/logs/{'n' * 63}"}
    for subdomain in (name, "w" * 62 + "x"):
        stack.terminate(subdomain)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_at_any_width(browser, long_paths, page):
    """From the narrowest phone on: the page does not scroll sideways, and whatever can be pressed is on the screen."""
    show(browser, long_paths, page)
    browser.script(WIDE)
    found = {}
    for width in [*range(320, 1480, 40 if page == "list" else 80), 641, 896, 897, 1344, 1345]:
        with browser.looking(width=width):
            out = browser.script(STICKS_OUT)
            if out:
                found[width] = out
    assert not found, (sorted(found), found[min(found)])


def test_dialog_is_accessible(browser, paths):
    for scheme in ("light", "dark"):
        with browser.looking(scheme):
            browser.open("/")
            browser.click_in_row("shown-x", "[data-terminate]")
            assert browser.axe() == []


@pytest.mark.parametrize("page", PAGES)
def test_small(browser, paths, page):
    """Everything that comes over the wire for a page, nothing being in the cache."""
    browser.cdp("Network.enable")
    browser.cdp("Network.setCacheDisabled", cacheDisabled=True)
    browser.events()
    browser.traffic = []
    try:
        show(browser, paths, page)
        browser.events()
        size = sum(event["params"]["encodedDataLength"] for event in browser.traffic
                   if event["method"] == "Network.loadingFinished")
    finally:
        browser.cdp("Network.setCacheDisabled", cacheDisabled=False)
    assert 5000 < size < 100 * 1024


def test_policy_is_strict(stack, paths):
    for path in paths.values():
        policy = stack.api("GET", path).header("Content-Security-Policy")
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy, path


def test_launch_and_terminate_without_script(stack, browser, name):
    with browser.without_script():
        browser.open("/")
        browser.click(".topbar .btn-primary")
        browser.wait(lambda: browser.path == "/launcher", "the form")
        browser.fill("#subdomain", name)
        browser.fill("#taskdef", "demo")
        browser.fill("#parameter-branch", "no/script")
        browser.click("#send")
        browser.wait(lambda: browser.path == f"/?launched={name}", "the list")
        assert browser.row(name) and "no/script" in browser.row(name).text
        stack.wait_ready(name)
        browser.driver.refresh()
        assert "ready" in browser.row(name).text and not browser.shown("#toolbar")
        assert f"{name} is ready" in browser.text(".watch") and "Reload" not in browser.text(".watch")
        browser.click_in_row(name, "[data-terminate]")
        browser.wait(lambda: browser.path == f"/terminate?subdomain={name}", "it asks")
        assert name in browser.text("h1")
        browser.click(".btn-danger")
        browser.wait(lambda: browser.path == "/" and browser.row(name) is None, "it is gone")
    assert stack.tasks(name) == []


def test_nothing_to_terminate(browser, name):
    with browser.without_script():
        browser.open(f"/terminate?subdomain={name}")
        assert [h.text for h in browser.shown("h1")] == [f"Nothing runs under {name}"] and not browser.shown("button")
        assert browser.driver.title.startswith(f"Nothing runs under {name}")
        browser.click("main .narrow > .form-actions a")
        browser.wait(lambda: browser.path == "/", "the way back")


def test_refused_without_script(stack, browser, name):
    browser.refused = {400}
    with browser.without_script():
        browser.open("/launcher")
        browser.fill("#subdomain", name)
        browser.fill("#taskdef", "demo")
        browser.fill("#parameter-branch", "kept")
        browser.fill("#parameter-nick", "NO")
        browser.click("#send")
        browser.wait(lambda: browser.path == "/launch", "the form again")
        assert browser.text("#parameter-nick-error") == "It must match ^[a-z]+$"
        assert browser.attribute("#parameter-branch", "value") == "kept"
        assert browser.text("#parameter-nick-hint") == "a nick name\nMust match ^[a-z]+$"
        browser.fill("#parameter-branch", "")
        browser.script("document.querySelector('#parameter-branch').required = false")
        browser.click("#send")
        browser.wait(lambda: browser.text("#parameter-branch-error") == "This is needed.", "what is needed is said")


def test_keyboard_alone(stack, browser, name):
    browser.open("/")
    browser.press(Keys.TAB)
    assert browser.script("return document.activeElement.className").endswith("skip"), "the way past the menu is first"
    browser.tab_to(".topbar .btn-primary")
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.path == "/launcher", "the form")
    assert browser.script("return document.activeElement.id") == "subdomain"
    browser.press(name, Keys.TAB, "web")
    browser.tab_to("#parameter-branch")
    browser.press("by/keyboard", Keys.ENTER)
    browser.wait(lambda: browser.path == f"/?launched={name}", "it was sent")
    browser.wait_state(name, "ready")
    browser.tab_to("#search")
    browser.press(name)
    assert browser.keys_shown() == [name]
    browser.tab_to(f"[data-terminate={name}]")
    browser.press(Keys.ENTER)
    assert browser.attribute("#confirm", "open")
    assert browser.script("return document.activeElement.matches('[data-cancel]')"), "what does no harm has the focus"
    browser.press(Keys.ESCAPE)
    assert not browser.attribute("#confirm", "open")
    assert browser.script("return document.activeElement.dataset.terminate") == name, "back where it was"
    browser.press(Keys.ENTER)
    browser.tab_to("#confirm .btn-danger")
    browser.press(Keys.ENTER)
    browser.wait(lambda: not stack.tasks(name), "it is terminated")
