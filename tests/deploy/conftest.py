"""The package, built once for all tests that install it."""

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from machine import CACHE, RELEASE, REPOSITORY, Root, copy_of_tree, host_release, run  # noqa: E402


class Builder:
    """Where packages of RELEASE are built and examined: this machine, or a folder of that release."""

    def __init__(self):
        self.root = None if RELEASE == host_release() else Root(RELEASE)
        if self.root:
            self.root.install("make", "lintian")

    def build(self, tree, flags=""):
        """The .deb of a copy of the tree."""
        if self.root:
            inside = self.root.path / "srv" / tree.name
            shutil.copytree(tree, inside)
            self.root.run("make", "-s", "-C", f"/srv/{tree.name}", "deb", f"DEB_FLAGS={flags}", timeout=1200)
            tree = inside
        else:
            run("make", "-s", "-C", tree, "deb", f"DEB_FLAGS={flags}", timeout=1200)
        (deb,) = (tree / "build/deb").glob("mirage-ecs_*.deb")
        return deb

    def lintian(self, deb):
        (changes,) = deb.parent.glob("*.changes")
        command = ("lintian", "--fail-on", "error,warning", "--allow-root")
        if self.root:
            return self.root.run(*command, f"/{changes.relative_to(self.root.path)}", check=False)
        return run(*command, changes, check=False)


@pytest.fixture(scope="session")
def builder():
    b = Builder()
    yield b
    if b.root:
        b.root.remove()


@pytest.fixture(scope="session")
def deb(builder):
    tree = copy_of_tree(CACHE / "this")
    try:
        yield builder.build(tree)
    finally:
        shutil.rmtree(tree)
