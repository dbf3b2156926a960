"""Launches of one name by several copies of mirage-ecs, and by one that is killed meanwhile: in the end one set is left."""

import os
import random
import threading
import time

from stack import CLUSTER, clouds, ecs_only, poll, short_folder
from wire import Truncated

pytestmark = ecs_only
KILLS = int(os.environ.get("MIRAGE_KILLS", "6"))
ROUNDS = int(os.environ.get("MIRAGE_LAUNCHES", "30"))


def config(c):
    c.update(launch={"drain": "1s"})


def running(s):
    """What ECS means to run: (launch, ARN) of each task."""
    found = []
    for task in s.aws.tasks():
        if task["desiredStatus"] == "RUNNING" and task["_cluster"] == CLUSTER:
            found.append((next(t["value"] for t in task["tags"] if t["key"] == "MirageLaunch"), task["taskArn"]))
    return found


def launch(s, n, answers):
    try:
        r = s.api("POST", "/api/launch", timeout=60,
                  form={"subdomain": "shop", "branch": "b", "taskdef": ["web", "web2"], "nick": "n" * n})
        answers.append(r.status)
    except (OSError, Truncated):  # it was killed
        answers.append(0)


def status(s):
    try:
        return s.env("shop", "/env").status
    except (OSError, Truncated):  # mirage-proxyd is being started again
        return 0


def is_settled(s):
    """Two tasks of one launch, which each copy knows to be ready and serves."""
    found = running(s)
    return len(found) == 2 and found[0][0] == found[1][0]


def test_many_launches_by_three_copies(new_stack):
    first = new_stack(config)
    folders = [short_folder(), short_folder()]
    for folder in folders:
        clouds[folder] = first.aws
    try:
        copies = [first] + [new_stack(config, folder=folder) for folder in folders]
        answers = []
        threads = [threading.Thread(target=launch, args=(copies[n % 3], n % 20 + 1, answers)) for n in range(ROUNDS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert answers.count(200) > 0 and set(answers) <= {200, 503}, answers
        begun = time.monotonic()
        newest = max(l for t in first.aws.tasks() for l in [next(x["value"] for x in t["tags"] if x["key"] == "MirageLaunch")])
        poll(lambda: is_settled(first) and running(first)[0][0] == newest, 60, "one set, the newest")
        print(f"after {time.monotonic() - begun:.1f} s")
        for s in copies:
            poll(lambda: sorted(t["id"] for t in s.tasks("shop")) == sorted(arn for _, arn in running(first)), 30, "all know it")
            s.wait_ready("shop", 2, 30)
    finally:
        for folder in folders:
            del clouds[folder]


def test_killed_at_any_step(new_stack):
    """Whatever dies whenever: what is left in the end is one set, and it answers."""
    s = new_stack(config)
    s.launch("shop", ["web", "web2"])
    chance = random.Random(15)
    for kill in range(KILLS):
        answers = []
        thread = threading.Thread(target=launch, args=(s, kill % 20 + 1, answers))
        thread.start()
        time.sleep(chance.uniform(0, 1.2))
        s.kill_program(chance.choice(["mirage-api", "mirage-sync", "mirage-proxyd"]))
        thread.join()
        poll(lambda: is_settled(s), 60, f"kill {kill}: one set is left ({answers})")
        poll(lambda: status(s) == 200, 60, "it answers")
