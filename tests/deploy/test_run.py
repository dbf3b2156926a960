"""`make run` on a bare machine (systemd-nspawn) whose /run is mounted noexec, as Debian's initramfs mounts it: as root, as
a user with sudo, and as one without. The packages are in apt's cache before it boots, for it has no network. The tests
are the steps of that walk, in their order. MIRAGE_DEPLOY_RELEASE (bookworm or trixie) says of which Debian."""

import os
import re
import subprocess

import pytest

from machine import REPOSITORY, Machine, Root, copy_of_tree, environment, host_release, poll, run, why_not

RELEASE = os.environ.get("MIRAGE_DEPLOY_RELEASE", host_release() or "trixie")
pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
TREE = "/srv/mirage-ecs"


def deps():
    """What `make deps` installs."""
    said = run("make", "-s", "-n", "V=1", "deps", cwd=REPOSITORY).stdout
    return re.search(r"tools/deps (.*)", said)[1].split()


@pytest.fixture(scope="module")
def root():
    r = Root(RELEASE)
    try:
        r.install("systemd-sysv", "dbus", "sudo", "make", "passwd")
        r.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only", *deps(), timeout=1200)
        copy_of_tree(r.path / TREE.lstrip("/"))
        for user in ("sudoer", "nobody-special"):
            r.run("useradd", "-m", "-s", "/bin/sh", user)
        r.write("/etc/sudoers.d/sudoer", "sudoer ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        yield r
    finally:
        r.remove()


@pytest.fixture(scope="module")
def machine(root):
    m = Machine(root)
    why = m.start()
    if why:
        m.stop()
        pytest.skip(f"no machine can be booted here: {why}")
    m.run("mount", "-o", "remount,noexec", "/run")
    yield m
    m.stop()


def clone(machine, owner, tree=TREE):
    """The tree, in a folder that only its owner can enter."""
    home = machine.run("sh", "-c", f"echo ~{owner}").stdout.strip()
    machine.run("rm", "-rf", f"{home}/mirage-ecs")
    machine.run("cp", "-Rp", tree, f"{home}/mirage-ecs")
    machine.run("chown", "-R", f"{owner}:", home)
    machine.run("chmod", "700", home)
    return f"{home}/mirage-ecs"


def as_user(user, command):
    return ("su", "-", user, "-c", command)


class Run:
    """`make run`, as its user types it."""

    def __init__(self, machine, *command):
        self.machine = machine
        self.log = open(f"{machine.root.path}.run", "w+")
        self.process = subprocess.Popen(["nsenter", "-t", machine.leader, "-m", "-u", "-i", "-n", "-p", *command],
                                        env=environment(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def said(self):
        return open(self.log.name).read()

    def __enter__(self):
        poll(lambda: "mirage-ecs ready: http://mirage.localhost:8080/" in self.said() or self.process.poll() is not None, 400,
             "it is ready")
        assert self.process.poll() is None, self.said()[-6000:]
        return self

    def __exit__(self, *_):
        for pid in self.machine.run("pidof", "mirage-ecs", check=False).stdout.split():
            self.machine.run("sh", "-c", f"kill {pid}")
        self.process.wait(60)
        self.log.close()
        os.unlink(self.log.name)


def lighttpd(machine):
    return [machine.systemctl(question, "lighttpd.service", check=False).stdout.strip() for question in ("is-enabled", "is-active")]


def listening(machine):
    lines = (line.split() for line in machine.run("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout.splitlines())
    return {fields[1] for fields in lines if fields[3] == "0A"}


def test_without_sudo_it_names_the_command(machine):
    """On a machine where sudo is not there, and where the user may not use it."""
    tree = clone(machine, "nobody-special")
    command = (r"as root: apt-get update && apt-get install -y --no-install-recommends((?: [a-z0-9.+-]+)+)"
               " && systemctl disable --now lighttpd")
    said = machine.run(*as_user("nobody-special", f"cd {tree} && make run </dev/null"), check=False).stdout
    assert re.search(f"sudo or apt-get failed, and says why above; by hand, {command}\n", said), said
    machine.run("mv", "/usr/bin/sudo", "/usr/bin/sudo.away")
    try:
        said = machine.run(*as_user("nobody-special", f"cd {tree} && make run"), check=False).stdout
    finally:
        machine.run("mv", "/usr/bin/sudo.away", "/usr/bin/sudo")
    found = re.search(f"packages are missing, and there is no sudo. Please run {command}\n", said)
    assert found and set(deps()) >= set(found[1].split()) > {"gcc", "lighttpd"}, said


def test_with_sudo(machine):
    tree = clone(machine, "sudoer")
    with Run(machine, *as_user("sudoer", f"cd {tree} && make run")) as r:
        assert "installing with sudo:" in r.said()
        assert machine.programs("sudoer").count("mirage-proxyd") == 1
        assert lighttpd(machine) == ["disabled", "inactive"]
        assert {address.split(":")[0] for address in listening(machine)} == {"0100007F"}  # 127.0.0.1
    assert listening(machine) == set()
    assert not os.path.exists(f"{machine.root.path}/usr/sbin/policy-rc.d")
    said = machine.run(*as_user("sudoer", f"cd {tree} && make undo-run")).stdout
    assert re.search(r"removed build/state\nThese packages came with make; .* apt-get purge --autoremove .*lighttpd", said), said


def test_as_root(machine):
    tree = clone(machine, "root", "/home/sudoer/mirage-ecs")  # it is built there
    with Run(machine, "make", "-C", tree, "run"):
        assert "mirage-proxyd" in machine.programs("mirage-ecs-run")
        assert machine.programs("root").count("mirage-proxyd") == 0
        assert "<title>" in machine.ask("mirage.localhost:8080", "/", port=8080)
    assert listening(machine) == set() and lighttpd(machine) == ["disabled", "inactive"]
    said = machine.run("make", "-C", tree, "undo-run").stdout
    assert "removed the user mirage-ecs-run" in said
    left = machine.run("find", "/usr/local", "/var/lib", "/run", "/etc", "-name", "*mirage*").stdout
    assert left == "", left
