"""What make asks of the machine before anything is built: packages, with what it says where it cannot have them."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from stack import REPOSITORY, clean_environment

DEPS, NPM_CI = REPOSITORY / "tools/deps", REPOSITORY / "tools/npm-ci"
BY_HAND = "as root: apt-get update && apt-get install -y --no-install-recommends no-such-a no-such-b\n"
UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []


@pytest.fixture
def asked(folder):
    """tools/deps, as a user other than root, for packages that are not there; on a machine with these programs."""
    folder.chmod(0o755)
    path = folder / "path"
    path.mkdir()
    for program in ("sh", "id", "sed", "grep", "printf", "mkdir", "dpkg-query", "setpriv"):
        (path / program).symlink_to(next(f"{at}/{program}" for at in ("/usr/bin", "/bin") if os.path.exists(f"{at}/{program}")))

    def ask(*packages, **programs):
        for name, text in programs.items():
            (path / name).unlink(missing_ok=True)
            (path / name).write_text(f"#!/bin/sh\n{text}\n")
            (path / name).chmod(0o755)
        script = (folder / "deps")
        script.write_bytes(DEPS.read_bytes())
        script.chmod(0o755)
        return subprocess.run([*UNPRIVILEGED, script, *(packages or ("no-such-a", "no-such-b"))], cwd=folder,
                              env=clean_environment(PATH=str(path)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=20)

    return ask


def test_without_sudo(asked):
    r = asked()
    assert (r.returncode, r.stdout, r.stderr) == (1, "", f"packages are missing, and there is no sudo. Please run {BY_HAND}"), r


def test_by_hand_too_debians_lighttpd_does_not_stay_up(asked):
    r = asked("no-such-a", "lighttpd", **{"dpkg-query": "exit 1"})
    assert r.stderr.endswith("--no-install-recommends no-such-a lighttpd && systemctl disable --now lighttpd\n"), r


def test_with_a_sudo_that_refuses(asked):
    r = asked(sudo="echo 'somebody is not in the sudoers file.' >&2; exit 1")
    assert r.returncode == 1 and r.stderr.endswith(f"sudo or apt-get failed, and says why above; by hand, {BY_HAND}"), r


def test_what_was_installed_is_written_down(asked, folder):
    (folder / "build").mkdir()
    (folder / "build").chmod(0o777)
    r = asked(sudo="exit 0")
    assert (r.returncode, (folder / "build/installed").read_text()) == (0, "no-such-a\nno-such-b\n"), r


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_npm_that_cannot_reach_its_registry(folder):
    (folder / "package.json").write_text('{"name": "x", "version": "1.0.0", "dependencies": {"axe-core": "4.10.0"}}')
    (folder / "package-lock.json").write_text(
        '{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {'
        '"": {"name": "x", "version": "1.0.0", "dependencies": {"axe-core": "4.10.0"}},'
        '"node_modules/axe-core": {"version": "4.10.0", "resolved": "http://127.0.0.1:9/axe-core-4.10.0.tgz"}}}')
    env = clean_environment(npm_config_registry="http://127.0.0.1:9/", npm_config_cache=str(folder / "cache"), HOME=str(folder))
    r = subprocess.run([NPM_CI, folder], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert r.returncode == 1 and f"npm could not fetch what {folder}/package-lock.json names, from http://127.0.0.1:9/" in r.stderr, r
    assert re.search(r"`npm config set registry URL` names another one", r.stderr)


def test_without_npm(folder):
    r = subprocess.run(["/bin/sh", NPM_CI, folder], env={"PATH": str(folder)}, stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=20)
    assert (r.returncode, r.stderr) == (1, f"{folder} needs npm, which is not installed: make deps-test\n")


# --- the totals of `make test` ------------------------------------------------------------------

TOTALS = REPOSITORY / "tests/totals.py"
SAID_BY_CMOCKA = """[==========] Running 4 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
skipped: there is no IPv6 here
[  SKIPPED ] b
[ RUN      ] c
[  ERROR   ] --- 0x1 != 0x2
[  FAILED  ] c
[ RUN      ] d
Could not run test: Test setup failed
[  ERROR   ] d
[==========] 4 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] b

 1 SKIPPED TEST(S)
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] c

 2 FAILED TEST(S)
fuzz_request: 7011 texts
"""
PYTEST_FILE = """import pytest
@pytest.mark.parametrize("n", range(4))
def test_good(n): pass
def test_bad(): assert False
@pytest.fixture
def broken(): raise OSError
def test_broken(broken): pass
def test_not_here(): pytest.skip("there is no terraform here")
@pytest.mark.skipif(True, reason="there is no IPv6 here")
def test_marked(): pass
"""


def totals(folder, *arguments, text=""):
    return subprocess.run([sys.executable, TOTALS, *arguments], env=clean_environment(MIRAGE_TOTALS=str(folder / "totals")),
                          input=text, capture_output=True, text=True, timeout=20)


def test_totals_of_all_runs(folder):
    (folder / "test_some.py").write_text(PYTEST_FILE)
    assert totals(folder, "unit", "unit", text=SAID_BY_CMOCKA).returncode == 0
    env = clean_environment(MIRAGE_TOTALS=str(folder / "totals"), MIRAGE_TOTALS_LABEL="e2e", PYTHONPATH=str(TOTALS.parent))
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "totals", "-p", "no:cacheprovider", "test_some.py"], cwd=folder, env=env,
                   capture_output=True, timeout=60)
    r = totals(folder, "show", "754")
    assert r.returncode == 1
    assert re.sub(r"^ +\d\.\d  ", "    0.0  ", r.stdout, flags=re.M).splitlines()[1:] == [
        "Skipped, and why:", "    2 × there is no IPv6 here", "        1 in e2e: test_some.py", "        1 in unit: b",
        "    1 × there is no terraform here", "        1 in e2e: test_some.py", "",
        "Minutes:", "    0.0  unit: 2 passed, 2 failed", "    0.0  e2e: 4 passed, 2 failed", "",
        "make test: 6 passed, 4 failed, 3 skipped, in 2 runs and 12 min 34 s"], r.stdout


def test_totals_when_a_program_died(folder):
    totals(folder, "unit", "unit", text="[==========] Running 1 test(s).\n[ RUN      ] a\nfailed: build/test/test_a build/test/test_b\n")
    r = totals(folder, "show", "60")
    assert (r.returncode, r.stdout.splitlines()[-1]) == (1, "make test: 0 passed, 2 failed, 0 skipped, in 1 runs and 1 min 0 s")


def test_totals_of_nothing(folder):
    r = totals(folder, "show", "5")
    assert (r.returncode, r.stdout.strip()) == (1, "make test: 0 passed, 0 failed, 0 skipped, in 0 runs and 0 min 5 s")


def test_no_skip_is_without_a_reason():
    """What cmocka and pytest would let pass."""
    for path in (REPOSITORY / "tests").rglob("*.[ch]"):
        assert path.name == "skip.h" or not re.search(r"\bskip\(\)", path.read_text()), path
    for path in [*(REPOSITORY / "tests/e2e").glob("*.py"), *(REPOSITORY / "tests/deploy").glob("*.py")]:
        assert not re.search(r"pytest\.skip\(\)|mark\.skip\b(?!if)", path.read_text()) or path.name == "test_make.py", path


@pytest.mark.parametrize("side_by_side", [[], ["-n", "2"]])
def test_totals_count_each_test_once(folder, side_by_side):
    (folder / "test_x.py").write_text("import pytest\ndef test_a(): pass\ndef test_b(): pass\ndef test_c(): assert False\n"
                                      "def test_d(): pytest.skip('for a reason')\n")
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "totals", "-p", "no:cacheprovider", *side_by_side, "test_x.py"],
                   cwd=folder, env=clean_environment(PYTHONPATH=str(REPOSITORY / "tests"), MIRAGE_TOTALS=str(folder / "totals"),
                                                     PYTHONDONTWRITEBYTECODE="1"), capture_output=True, timeout=60)
    (line,) = (folder / "totals").read_text().splitlines()
    said = json.loads(line)
    assert (said["passed"], said["failed"], said["skips"]) == (2, 1, [["test_x.py", "for a reason"]]), said
