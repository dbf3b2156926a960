"""A headless Chromium that sees a stack as a user does: `*.localhost` is the stack's own loopback address.

What it records is checked when a test ends: no error on its console, no request to another host.
"""

import contextlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from stack import REPOSITORY, poll

AXE = REPOSITORY / "tests" / "axe"
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SHORT, LONG = 30, 60  # seconds: for what the page does by itself, and for what tasks have to come to


class NotOne(AssertionError):
    """There is no such element, or there are several: while a page gives way to the next, say."""


class Browser:
    def __init__(self, stack):
        self.stack = stack
        self.base = stack.url.rstrip("/")
        self.profile = tempfile.mkdtemp(prefix="mi-chromium", dir="/tmp")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                         "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync",
                         "--disable-dev-shm-usage", f"--user-data-dir={self.profile}", "--window-size=1280,900",
                         f"--host-resolver-rules=MAP *.localhost {stack.address}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(30)
        self.refused = set()  # statuses that the console may complain about
        self.traffic = []

    def quit(self):
        with contextlib.suppress(Exception):
            self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # --- going and looking ---

    def open(self, path):
        self.driver.get(self.base + path)
        return self

    @property
    def path(self):
        """Of the page that is shown; "" while it is not there as a whole."""
        return self.script("return document.readyState === 'complete' ? location.pathname + location.search : ''")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        found = self.all(selector)
        if len(found) != 1:
            raise NotOne(f"{len(found)} of {selector} on {self.path}")
        return found[0]

    def text(self, selector="main"):
        return self.steady(lambda: self.one(selector).text)

    def attribute(self, selector, name):
        return self.steady(lambda: self.one(selector).get_attribute(name))

    def shown(self, selector):
        """Those of the elements that are to be seen."""
        return self.steady(lambda: [e for e in self.all(selector) if e.is_displayed()])

    @staticmethod
    def steady(ask):
        """What ask() gives; again, when the page was refreshed amid it."""
        for _ in range(20):
            with contextlib.suppress(StaleElementReferenceException):
                return ask()
        return ask()

    def wait(self, predicate, what, seconds=SHORT):
        def ask():
            with contextlib.suppress(StaleElementReferenceException, NotOne):
                return predicate()
        return poll(ask, seconds, what)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    # --- the list ---

    def row(self, key, table="running"):
        """An environment's row, or None."""
        rows = self.script("return [...document.querySelectorAll(`#${arguments[0]}-table tbody tr`)]"
                           ".filter(r => r.dataset.key === arguments[1])", table, key)
        assert len(rows) <= 1, key
        return rows[0] if rows else None

    def in_row(self, key, selector, table="running"):
        """An element of an environment's row, or None."""
        return self.script("return [...document.querySelectorAll(`#${arguments[0]}-table tbody tr`)]"
                           ".find(r => r.dataset.key === arguments[1])?.querySelector(arguments[2])", table, key, selector)

    def text_in_row(self, key, selector):
        return self.steady(lambda: self.in_row(key, selector).text)

    def click_in_row(self, key, selector):
        self.steady(lambda: self.in_row(key, selector).click())

    def keys_shown(self, table="running"):
        """What the rows that are to be seen are of, from top to bottom."""
        return self.script("return [...document.querySelectorAll(`#${arguments[0]}-table tbody tr`)]"
                           ".filter(r => r.checkVisibility()).map(r => r.dataset.key)", table)

    def wait_state(self, key, state, seconds=LONG):
        self.wait(lambda: (r := self.row(key)) and r.get_attribute("data-state") == state, f"{key} is {state}", seconds)

    # --- doing ---

    def fill(self, selector, text):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)
        return field

    def click(self, selector):
        self.steady(lambda: self.one(selector).click())

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector, limit=80):
        """Presses Tab until the focus is there, as someone without a mouse does."""
        for _ in range(limit):
            if self.script("return document.activeElement.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"Tab never came to {selector}")

    @contextlib.contextmanager
    def without_script(self):
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)
        try:
            yield
        finally:
            self.cdp("Emulation.setScriptExecutionDisabled", value=False)

    @contextlib.contextmanager
    def looking(self, scheme="light", width=1280, height=900):
        """In dark or in light, on a screen of this size."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)
        try:
            yield
        finally:
            self.cdp("Emulation.clearDeviceMetricsOverride")
            self.cdp("Emulation.setEmulatedMedia", features=[])

    # --- what was recorded ---

    def events(self):
        """The browser's network events since the last call."""
        found = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        self.traffic += found
        return found

    def check(self):
        """What must hold for every test. Forgets what was recorded."""
        self.events()
        for event in self.traffic:
            if event["method"] == "Network.requestWillBeSent":
                at = urlsplit(event["params"]["request"]["url"])
                if at.scheme in ("http", "https", "ws", "wss"):
                    assert at.hostname.endswith(".localhost"), f"asked another host: {at.geturl()}"
        complaints = [entry["message"] for entry in self.driver.get_log("browser")
                      if not entry["message"].startswith("chrome://")  # the browser's own first page
                      and "Autofocus processing was blocked" not in entry["message"]  # the test was quicker
                      and not any(f"status of {status} " in entry["message"] or str(status) in entry["message"]
                                 for status in self.refused)]
        self.traffic, self.refused = [], set()
        assert not complaints, complaints

    def axe(self):
        """What axe-core has against the page."""
        self.script(axe_source())
        result = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
            ".then(r => done(r.violations), e => done(String(e)));")
        assert isinstance(result, list), result
        return [f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes']][:3]}" for v in result]


_axe = []


def axe_source():
    """axe-core, as tests/axe/package-lock.json has it; npm fetches it once."""
    if not _axe:
        file, lock = AXE / "node_modules/axe-core/axe.min.js", AXE / "package-lock.json"
        if not file.exists() or file.stat().st_ctime < lock.stat().st_mtime:
            fetched = subprocess.run([REPOSITORY / "tools/npm-ci", AXE], capture_output=True, text=True, timeout=300)
            assert fetched.returncode == 0, fetched.stderr
        _axe.append(Path(file).read_text())
    return _axe[0]
