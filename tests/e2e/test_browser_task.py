"""Logs and trace in a real browser."""

from urllib.parse import quote

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys

from browser import LONG, SHORT
from stack import poll


def say(stack, name, line):
    stack.env(name, "/print?line=" + quote(line))


def in_api(stack, name, line):
    poll(lambda: line in "\n".join(stack.api("GET", f"/api/logs?subdomain={name}").json()["result"]), SHORT,
         f"{line} is in the logs")


def lines(browser):
    return browser.script("return [...document.querySelectorAll('#lines p')].filter(p => p.checkVisibility())"
                          ".map(p => p.lastElementChild.textContent)")


def test_logs_are_followed(stack, browser, name):
    stack.launch(name, "web")
    browser.open(f"/logs/{name}")
    browser.wait(lambda: any("listening" in line for line in lines(browser)), "what it said first", LONG)
    for i in range(3):
        say(stack, name, f"line {i} of <b>three</b>")
    browser.wait(lambda: [line for line in lines(browser) if line.startswith("line ")] ==
                 [f"line {i} of <b>three</b>" for i in range(3)], "each line once, in order", LONG)
    say(stack, name, "the same")
    browser.wait(lambda: lines(browser).count("the same") == 1, "the first", LONG)
    say(stack, name, "the same")
    browser.wait(lambda: lines(browser).count("the same") == 2, "and the second", LONG)


def test_logs_wait_while_paused(stack, browser, name):
    stack.launch(name, "web")
    browser.open(f"/logs/{name}")
    browser.click("#follow")
    assert browser.attribute("#follow", "aria-pressed") == "false"
    browser.script("window.asked = 0; const f = fetch; window.fetch = (...a) => { window.asked++; return f(...a); };"
                   "window.turns = 0; setInterval(() => window.turns++, 2000);")
    say(stack, name, "while paused")
    in_api(stack, name, "while paused")
    browser.wait(lambda: browser.script("return window.turns") >= 2, "two turns have passed")
    assert browser.script("return window.asked") == 0 and "while paused" not in lines(browser)
    browser.click("#follow")
    browser.wait(lambda: "while paused" in lines(browser), "it comes when followed again", LONG)


def test_scrolling_up_pauses(stack, browser, name):
    stack.launch(name, "web")
    for i in range(120):
        say(stack, name, f"number {i}")
    in_api(stack, name, "number 119")
    browser.open(f"/logs/{name}")
    assert browser.text("#follow") == "Following"
    browser.click("#lines")
    browser.wait(lambda: browser.script("return document.activeElement.id") == "lines", "the log has the focus")

    def pauses():  # a browser on a busy machine loses a key at times
        browser.press(Keys.HOME)
        return browser.text("#follow") == "Follow"
    browser.wait(pauses, "it lets one read")


@pytest.mark.parametrize("way", ["key", "wheel", "scroll bar"])
def test_lines_that_come_while_scrolling_up_do_not_pull_back(stack, browser, name, way):
    stack.launch(name, "web")
    for i in range(120):
        say(stack, name, f"number {i}")
    in_api(stack, name, "number 119")
    browser.open(f"/logs/{name}")
    say(stack, name, "one more")
    in_api(stack, name, "one more")
    # The page is given the log with the new line in the very moment in which it is scrolled, before that shows.
    browser.script("""
      const [way] = arguments, box = document.getElementById("lines"), really = fetch;
      const turn = () => document.dispatchEvent(new Event("visibilitychange"));
      window.fetch = async () => ({ status: 200, ok: true, headers: new Headers(), text: async () => window.log });
      document.addEventListener(way === "wheel" ? "wheel" : "keydown", turn);
      really(document.getElementById("logs").dataset.url + "?tail=2000").then((r) => r.text()).then((text) => {
        window.log = text;
        if (way === "scroll bar") {
          box.scrollTop = 0;
          turn();
        }
      });""", way)
    browser.wait(lambda: browser.script("return window.log"), "the log is at hand")
    if way == "key":
        browser.click("#lines")
        browser.press(Keys.HOME)
    elif way == "wheel":
        origin = ScrollOrigin.from_element(browser.one("#lines"))
        ActionChains(browser.driver).scroll_from_origin(origin, 0, -300).perform()
    browser.wait(lambda: browser.text("#follow") == "Follow", "it lets one read")
    browser.wait(lambda: browser.script("const l = document.getElementById('lines');"
                                        "return l.scrollHeight - l.scrollTop - l.clientHeight") > 100, "above the end")


def test_search_within_logs(stack, browser, name):
    stack.launch(name, "web")
    for line in ("an apple", "a pear", "Apple <b>pie</b>"):
        say(stack, name, line)
    in_api(stack, name, "pie")
    browser.open(f"/logs/{name}")
    browser.fill("#search", "apple")
    assert lines(browser) == ["an apple", "Apple <b>pie</b>"]
    assert [m.text for m in browser.all("mark")] == ["apple", "Apple"]
    assert browser.text("#found") == "2 lines"
    say(stack, name, "one more apple")
    say(stack, name, "one more pear")
    browser.wait(lambda: lines(browser)[-1] == "one more apple", "new lines are searched too", LONG)
    assert browser.text("#found") == "3 lines"
    browser.fill("#search", "<B>PIE")
    assert lines(browser) == ["Apple <b>pie</b>"]


def test_search_marks_nothing_amid_a_live_collection(stack, browser, name):
    """The browser counts one anew after every mark: then a search takes the square of the lines' number."""
    stack.launch(name, "web")
    say(stack, name, "one of many")
    in_api(stack, name, "one of many")
    browser.open(f"/logs/{name}")
    browser.wait(lambda: "one of many" in lines(browser), "it is shown")
    made, amid = browser.script("""
        const each = HTMLCollection.prototype[Symbol.iterator], create = document.createElement;
        let open = 0, made = 0, amid = 0;
        HTMLCollection.prototype[Symbol.iterator] = function* () {
          open++;
          yield* { [Symbol.iterator]: () => each.call(this) };
          open--;
        };
        document.createElement = function (name) {
          made += name === "mark";
          amid += name === "mark" && open > 0;
          return create.call(this, name);
        };
        const search = document.getElementById("search");
        search.value = "many";
        search.dispatchEvent(new Event("input"));
        return [made, amid];""")
    assert made > 0 and amid == 0


def test_colour_codes_are_left_out(stack, browser, name):
    stack.launch(name, "web")
    said = "\x1b[1;31mred\x1b[0m [0m stays\x1b[K \x1b[38;5;20"
    say(stack, name, said)
    in_api(stack, name, said)
    browser.open(f"/logs/{name}")
    assert lines(browser)[-1] == "red [0m stays "
    assert said in stack.api("GET", f"/logs/{name}?download").text


def test_tail_since_and_download(stack, browser, name):
    stack.launch(name, "web")
    for i in range(150):
        say(stack, name, f"number {i}")
    in_api(stack, name, "number 149")
    browser.open(f"/logs/{name}?tail=100")
    browser.click("#follow")
    assert len(lines(browser)) == 100 and lines(browser)[-1] == "number 149"
    href = browser.attribute("a[download]", "href")
    r = stack.api("GET", href[href.index("/logs/"):].replace("tail=100", "tail=all"))
    assert r.header("Content-Disposition") == f'attachment; filename="{name}.log"'
    assert r.header("Content-Type").startswith("text/plain")
    said = [line.split(" ", 2)[2] for line in r.text.splitlines()]
    assert said[-150:] == [f"number {i}" for i in range(150)]
    moment = r.text.splitlines()[-10].split(" ")[0]
    browser.open(f"/logs/{name}?since={moment.rstrip('Z')}")  # as the field sends it
    browser.click("#follow")
    assert 10 <= len(lines(browser)) < 150 and lines(browser)[-1] == "number 149"
    assert browser.attribute("#since", "value").startswith(moment[:16])


def test_trace_of_a_life(stack, browser, name):
    stack.launch(name, "web")
    (task,) = stack.tasks(name)
    browser.open(f"/trace/{task['short_id']}")
    assert browser.text(".facts .state") == "ready"
    assert "Took to start" in browser.text(".facts") and "Has run for" in browser.text(".facts")
    assert browser.all(".timeline li.now") and browser.text(".timeline li.last .lasted").endswith(" now")
    stack.terminate(name)
    browser.wait(lambda: browser.text(".facts .state") == "stopped", "it follows", LONG)
    assert "Ran for" in browser.text(".facts") and "Terminate requested by Mirage" in browser.text(".facts")
    assert not browser.all(".timeline li.now")


def test_trace_of_a_failure(stack, browser, name):
    stack.launch(name, "dies", wait=False)
    (task,) = poll(lambda: stack.tasks(name, "stopped"), LONG, "it has died")
    browser.open(f"/trace/{task['short_id']}")
    browser.wait(lambda: browser.text(".facts .state") == "failed", "it has stopped", LONG)
    assert browser.text("td .bad") == "3", "its exit code"
