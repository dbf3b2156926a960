"""Fixtures. `stack` is shared by all tests that leave it as they found it; `new_stack` makes one's
own, for tests that kill or misconfigure."""

import itertools
import os
import sys
import tempfile
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from stack import BIN, Stack, ask_task, running  # noqa: E402


# These wait for minutes to pass, or for pauses of half a minute.
SLOW = ("test_ecs_counts", "test_ecs_outage", "idle_cluster", "vanishes", "is_refused", "every_operation", "schedule",
        "agree_on_500", "renewed", "somebody_did", "route53_that", "proxyd_gone")


def dealt_out(items):
    """For workers side by side: shuffled, always in the same way, with the slow ones spread over the first half."""
    items = sorted(items, key=lambda item: zlib.crc32(item.nodeid.encode()))
    slow = [item for item in items if any(word in item.nodeid for word in SLOW)]
    others = [item for item in items if item not in slow]
    step = max(1, len(others) // 2 // max(1, len(slow)))
    for i, item in enumerate(slow):
        others.insert(i * (step + 1), item)
    return others


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: waits for minutes to pass")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if any(word in item.nodeid for word in SLOW):
            item.add_marker(pytest.mark.slow)
    if config.getoption("numprocesses", None):
        items[:] = dealt_out(items)
    if not (BIN / "mirage-ecs").exists():
        pytest.exit(f"{BIN}/mirage-ecs is not there: run `make`, or set MIRAGE_BUILD", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for stack in Stack.alive:
            report.sections.append((f"log of {stack.folder}", stack.log_tail()))


@pytest.fixture(scope="session")
def stack():
    with running(Stack()) as s:
        yield s


@pytest.fixture
def new_stack(folder):
    """A function that makes a stack of this test's own: it takes what Stack() takes; start=False
    does not wait until it is ready. (It needs `folder` so as to end before that is removed.)"""
    made = []

    def make(*args, start=True, **kwargs):
        s = Stack(*args, **kwargs)
        made.append(s)
        return s.start() if start else s.spawn()

    yield make
    try:
        for s in made:
            if s in Stack.alive and s.process.poll() is None:
                s.stop()
    finally:
        for s in made:
            if s in Stack.alive:
                s.kill()
            s.remove()


_names = itertools.count(1)


@pytest.fixture
def name(stack):
    """A subdomain that no other test uses; what runs there is terminated afterwards."""
    subdomain = f"t{next(_names)}-x"
    yield subdomain
    if stack.tasks(subdomain):
        stack.terminate(subdomain)


@pytest.fixture(scope="session")
def web(stack):
    """An environment on the shared stack that all tests may ask, but not hurt."""
    stack.launch("web")
    return "web"


@pytest.fixture(scope="session")
def web_task(stack, web):
    """Asks that environment's task itself, past the proxy."""
    address = stack.task(web)
    return lambda target: ask_task(address, target)


@pytest.fixture(scope="session")
def chromium(stack):
    """One browser for all tests on the shared stack."""
    from browser import Browser
    b = Browser(stack)
    yield b
    b.quit()


@pytest.fixture
def browser(chromium):
    """The browser as a test is to find it. No test may leave an error on its console, or ask another host."""
    chromium.driver.get("about:blank")
    chromium.check()
    yield chromium
    chromium.check()


@pytest.fixture
def new_browser(new_stack):
    """A function that starts a browser for a stack of the test's own."""
    from browser import Browser
    made = []

    def make(stack):
        made.append(Browser(stack))
        return made[-1]

    yield make
    try:
        for b in made:
            b.check()
    finally:
        for b in made:
            b.quit()


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="mi", dir="/tmp") as path:
        yield Path(path)
