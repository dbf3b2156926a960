"""The systemd units as installed: what systemd itself says of them, that of Debian 12 and that of 13."""

import re

import pytest

from machine import REPOSITORY, RELEASES, Root, run, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
UNITS = ("mirage-ecs.service", "mirage-purge.service", "mirage-purge.timer")


@pytest.fixture(scope="module", params=sorted(RELEASES))
def root(request):
    r = Root(RELEASES[request.param])
    try:
        r.install("systemd")
        for prefix in ("/usr", "/usr/local"):
            run("make", "-s", "install", f"DESTDIR={r.path}", f"PREFIX={prefix}", cwd=REPOSITORY)
        yield r
    finally:
        r.remove()


@pytest.mark.parametrize("prefix", ("/usr", "/usr/local"))
def test_systemd_finds_nothing_to_complain_of(root, prefix):
    said = root.run("systemd-analyze", "verify", "--man=no",
                    *(f"{prefix}/lib/systemd/system/{unit}" for unit in UNITS)).stdout
    ours = [line for line in said.splitlines() if "mirage" in line]
    assert not ours, said


@pytest.mark.parametrize("unit", [u for u in UNITS if u.endswith(".service")])
def test_exposure_is_low(root, unit):
    said = root.run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
                    f"/usr/lib/systemd/system/{unit}").stdout
    level = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert level and float(level[1]) <= 2.0, said


def test_user_and_folders(root):
    root.run("systemd-sysusers")
    root.run("systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/mirage-ecs.conf")
    said = root.run("stat", "-c", "%U %G %a", "/etc/mirage-ecs", "/var/lib/mirage-ecs").stdout
    assert said.splitlines() == ["root mirage-ecs 750", "mirage-ecs mirage-ecs 700"], said
    shell = root.run("getent", "passwd", "mirage-ecs").stdout.strip().split(":")
    assert shell[5:] == ["/var/lib/mirage-ecs", "/usr/sbin/nologin"], shell


def test_uninstall_leaves_configuration_alone(root):
    run("make", "-s", "uninstall", f"DESTDIR={root.path}", "PREFIX=/usr/local", cwd=REPOSITORY)
    left = [p for p in (root.path / "usr/local").rglob("*mirage*")]
    assert not left, left
    assert "foreign_address: 127.0.0.1" in root.read("/etc/mirage-ecs/mirage.yaml")
