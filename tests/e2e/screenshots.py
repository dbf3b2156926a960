"""Takes the pictures of docs/images from a stack that runs: `make screenshots`. Ages and counts are made up, so that
there is something to see; all else is what a user sees."""

import base64
import contextlib
import json
import math
import random
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from browser import Browser
from stack import Stack, poll

MINUTE, HOUR, DAY = 60, 3600, 86400
# subdomain, task definitions, branch, who, size, age in seconds, requests a minute, share of idle minutes
ENVIRONMENTS = [
    ("main", ["shop"], "main", "ci", "large", 9 * DAY, 90, 0),
    ("checkout-redesign", ["shop", "payments"], "feature/checkout-redesign", "maria", "small", 2 * DAY, 22, 0.1),
    ("pr-1482", ["shop"], "renovate/postgres-16", "ci", "small", 5 * HOUR, 9, 0.7),
    ("search-typo", ["shop"], "fix/search-typo", "jun", "small", 26 * MINUTE, 12, 0.2),
    ("demo-*", ["admin"], "main", "ana", "large", 3 * DAY, 0, 1),
    ("invoice-pdf", ["shop"], "feature/invoice-pdf", "lee", "small", 6 * DAY, 0, 1),
    ("dark-mode", ["slow"], "feature/dark-mode", "maria", "small", 0, 0, 1),
]


def configure(config):
    config["parameters"] = [
        {"name": "branch", "env": "GIT_BRANCH", "required": True, "description": "The git branch to run."},
        {"name": "launched_by", "env": "LAUNCHED_BY", "rule": "^[a-z]+$", "description": "Who asks for it."},
        {"name": "size", "env": "SIZE", "default": "small",
         "options": [{"label": "Small (0.25 vCPU)", "value": "small"}, {"label": "Large (2 vCPU)", "value": "large"}]}]
    config["local"]["taskdefs"] = {
        "shop": {}, "payments": {}, "admin": {}, "slow": {"command": ["sleep", "1000"]},
        "worker": {"command": ["/bin/sh", "-c", "echo 'cannot reach db.internal:5432'; exit 1"]}}


def age(stack, subdomain, seconds):
    for task in stack.tasks(subdomain):
        folder = stack.state / "local" / task["short_id"]
        for name, key in (("task.json", "created_at"), ("status.json", "started_at")):
            value = json.loads((folder / name).read_text())
            value[key] -= int(seconds * 1000)
            (folder / name).write_text(json.dumps(value))


def use(stack, subdomain, rate, idle, dice):
    now = int(time.time() // 60)
    with contextlib.closing(stack.database()) as db:
        for i in range(60):
            count = int(max(0, rate * (0.7 + 0.4 * math.sin(i / 8 + rate)) + dice.gauss(0, rate / 6)))
            if count and dice.random() >= idle:
                db.execute("INSERT INTO access (subdomain, minute, count) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
                           " SET count = excluded.count", (subdomain, now - 59 + i, count))


def fill(stack):
    dice = random.Random(7)
    for subdomain, taskdefs, branch, who, size, _, _, _ in ENVIRONMENTS:
        stack.launch(subdomain, taskdefs, branch=branch, launched_by=who, size=size, wait=taskdefs != ["slow"])
    stack.launch("nightly", "worker", branch="main", launched_by="ci", wait=False)
    stack.launch("old-idea", "shop", branch="spike/old-idea", launched_by="jun")
    stack.terminate("old-idea")
    poll(lambda: len(stack.list("stopped")) == 2 and all(t["last_status"] == "STOPPED" for t in stack.list("stopped")),
         20, "two have stopped")
    for subdomain, _, _, _, _, seconds, rate, idle in ENVIRONMENTS:
        age(stack, subdomain, seconds)
        use(stack, subdomain, rate, idle, dice)
    stack.api("POST", "/api/sleep", form={"subdomain": "invoice-pdf"})
    poll(lambda: stack.tasks("main")[0]["created"] < time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - 8 * DAY)),
         20, "the ages are seen")


def take(browser, file, path, scheme, width, height):
    browser.cdp("Emulation.setScrollbarsHidden", hidden=True)
    with browser.looking(scheme, width, height):
        if path.startswith("/"):
            browser.open(path)
        else:
            browser.driver.get(path)
        browser.wait(lambda: browser.script("return document.fonts.status") == "loaded", "the fonts are there")
        shot = browser.cdp("Page.captureScreenshot", format="png", optimizeForSpeed=False)
        file.write_bytes(base64.b64decode(shot["data"]))
        print(f"  {file} ({file.stat().st_size // 1024} KB)")


def main(folder):
    stack = Stack(configure).start()
    try:
        fill(stack)
        browser = Browser(stack)
        try:
            for scheme in ("light", "dark"):
                take(browser, folder / f"list-{scheme}.png", "/", scheme, 1280, 920)
            waiting = f"http://dark-mode.localhost:{urlsplit(browser.base).port}/"
            browser.refused = {404, 503}
            take(browser, folder / "waiting-light.png", waiting, "light", 900, 620)
            take(browser, folder / "waiting-phone.png", waiting, "dark", 390, 700)
            take(browser, folder / "watch-phone.png", "/?launched=dark-mode", "dark", 390, 780)
        finally:
            browser.quit()
        stack.stop()
    finally:
        if stack in Stack.alive:
            stack.kill()
        stack.remove()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    main(target)
