"""An update in place: what the version before launches has started goes on, and is relaunched without a gap."""

import subprocess
from pathlib import Path

import pytest

from stack import ecs_only, poll
from test_relaunch import Visitors, environment, nick

pytestmark = [ecs_only, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
FIRST_WITH_LAUNCHES = "sql/006_launch.sql"


def git(*arguments, **kwargs):
    return subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, **kwargs)


@pytest.fixture(scope="module")
def before_launches(tmp_path_factory):
    """mirage-ecs as it was before it knew launches, built from the history."""
    first = git("log", "--diff-filter=A", "-1", "--format=%H", "--", FIRST_WITH_LAUNCHES, text=True).stdout.strip()
    source = git("archive", f"{first}^") if first else None
    if not source or source.returncode != 0:
        pytest.skip("without the git history the version before launches cannot be built")
    folder = tmp_path_factory.mktemp("before")
    subprocess.run(["tar", "-x", "-C", folder], input=source.stdout, check=True, timeout=60)
    made = subprocess.run(["make", "-C", folder, "-j2", "all"], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return folder / "build/bin/mirage-ecs"


def without_launches(c):
    del c["launch"]  # it does not know the section


def start_before(new_stack, program, folder, taskdefs):
    """The version before launches with an environment that is ready; returns it and the tasks' ids."""
    s = new_stack(without_launches, program=program, folder=folder)
    s.launch("shop", taskdefs, nick="old", wait=False)
    poll(lambda: s.env("shop").status == 200, 60, "it serves")
    return s, sorted(t["id"] for t in s.tasks("shop"))


@pytest.mark.parametrize("taskdefs", [["web"], ["web", "web2"]], ids=["one", "two"])
def test_running_tasks_are_taken_over(new_stack, before_launches, folder, taskdefs):
    old, tasks = start_before(new_stack, before_launches, folder, taskdefs)
    old.stop()

    s = new_stack(folder=folder)
    with Visitors(s, "shop") as visitors:
        poll(lambda: environment(s, "shop")["state"] == "ready", 30, "what runs serves")
        assert sorted(t["id"] for t in s.tasks("shop")) == tasks and nick(s, "shop") == "old"
        for name in ("new", "newer"):
            s.launch("shop", taskdefs, nick=name, wait=False)
            poll(lambda: nick(s, "shop") == name, 60, "the new one serves")
            poll(lambda: len(s.tasks("shop")) == len(taskdefs), 60, "alone")
    assert not visitors.failed, visitors.failed[:3]
    assert set(visitors.seen) == {"old", "new", "newer"}
    assert not set(tasks) & {t["id"] for t in s.tasks("shop")}


def test_without_its_database_too(new_stack, before_launches, folder):
    """ECS is the source: what runs is found by its tags, MirageLaunch or not."""
    old, tasks = start_before(new_stack, before_launches, folder, ["web"])
    old.stop()
    for file in old.state.glob("mirage.db*"):
        file.unlink()

    s = new_stack(folder=folder)
    poll(lambda: s.env("shop").status == 200 and nick(s, "shop") == "old", 30, "it serves")
    assert [t["id"] for t in s.tasks("shop")] == tasks
