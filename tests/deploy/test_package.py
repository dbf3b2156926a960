"""The Debian package on a machine of its own (systemd-nspawn): installed, configured, started, updated, removed,
purged. The tests are the steps of that walk, in their order. MIRAGE_DEPLOY_RELEASE (bookworm or trixie) says of which
Debian, if not of this machine's."""

import json
import os
import re
import shutil

import pytest

from machine import CACHE, RELEASE, REPOSITORY, Machine, Root, copy_of_tree, elsewhere, poll, run, why_not

pytestmark = [
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.skipif(RELEASE is None, reason="this machine is neither Debian 12 nor 13: its package fits no folder"),
]
VERSION = (REPOSITORY / "VERSION").read_text().strip()
HOST = "mirage.dev.example.net"
SERVICE = "mirage-ecs.service"


@pytest.fixture(scope="module")
def next_deb(builder):
    """That of the version to come: the same but for its number."""
    tree = copy_of_tree(CACHE / "next")
    try:
        (tree / "VERSION").write_text(f"{VERSION}.1\n")
        changelog = tree / "debian/changelog"
        changelog.write_text(changelog.read_text().replace(f"({VERSION})", f"({VERSION}.1)", 1))
        yield builder.build(tree, "-Pnocheck")
    finally:
        shutil.rmtree(tree)


@pytest.fixture(scope="module")
def root(deb):
    r = Root(RELEASE)
    try:
        r.install("systemd-sysv", "dbus")
        shutil.copy(deb, r.path / "root")
        r.install(f"/root/{deb.name}", "python3-pytest", "python3-pytest-xdist", "python3-cryptography")
        yield r
    finally:
        r.remove()


@pytest.fixture(scope="module")
def machine(root):
    m = Machine(root)
    try:
        why = m.start()
        if why:
            pytest.skip(f"no machine can be booted here: {why}")
        yield m
    finally:
        m.stop()


def configure(root, **changes):
    """The shipped configuration with other values of `listen` and so on; tasks are the machine's own processes."""
    text = root.read("/etc/mirage-ecs/mirage.yaml")
    for key, value in changes.items():
        text, n = re.subn(rf"\b{key}: \S+", f"{key}: {value}", text, count=1)
        assert n == 1, f"{key} is not in the shipped configuration"
    root.write("/etc/mirage-ecs/mirage.yaml", text)
    root.write("/etc/mirage-ecs/environment", "MIRAGE_LOCAL=true\n", 0o600)


def ready(machine):
    poll(lambda: machine.api_answers(HOST), 60, f"the stack answers\n{machine.journal(SERVICE)}")


def listening(machine):
    """Addresses and ports, as the kernel writes them."""
    lines = (line.split() for line in machine.run("cat", "/proc/net/tcp", "/proc/net/tcp6").stdout.splitlines())
    return {fields[1] for fields in lines if fields[3] == "0A"}


# --- before it is started -----------------------------------------------------------------------


def test_lintian_finds_nothing(builder, deb):
    said = builder.lintian(deb)
    assert said.returncode == 0, said.stdout


def test_files_and_their_owners(root, deb):
    listed = {}
    for line in run("dpkg-deb", "-c", deb).stdout.splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        listed[path.split(" -> ")[0].lstrip(".").rstrip("/")] = (mode, owner)
    assert {owner for _, owner in listed.values()} == {"root/root"}
    for path, (mode, _) in listed.items():
        wanted = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx"}.get(
            mode[0], "-rwxr-xr-x" if path.startswith("/usr/bin/") else "-rw-r--r--")
        assert mode == wanted, (path, mode)
    for name in ("ecs", "api", "proxyd", "sync", "purge", "local-task"):
        assert f"/usr/bin/mirage-{name}" in listed
        assert f"/usr/share/man/man8/mirage-{name}.8.gz" in listed
    assert "/etc/mirage-ecs/mirage.yaml" in listed and "/usr/share/man/man5/mirage.yaml.5.gz" in listed
    assert [p for p in listed if p.endswith("systemd/system/mirage-ecs.service")]
    assert run("dpkg-deb", "-f", deb, "Version").stdout.strip() == VERSION
    folders = root.run("stat", "-c", "%n %U %G %a", "/etc/mirage-ecs", "/var/lib/mirage-ecs").stdout
    assert folders.splitlines() == ["/etc/mirage-ecs root mirage-ecs 750", "/var/lib/mirage-ecs mirage-ecs mirage-ecs 700"]
    assert root.run("dpkg-query", "-W", "-f", "${Conffiles}", "mirage-ecs").stdout.split()[0] == "/etc/mirage-ecs/mirage.yaml"


def test_shipped_configuration_is_valid_and_loopback_alone(root):
    shown = root.run("mirage-ecs", "-x", "-conf", "/etc/mirage-ecs/mirage.yaml").stdout
    assert root.run("mirage-ecs", "-t", "-conf", "/etc/mirage-ecs/mirage.yaml").stdout == ""
    assert re.search(r"foreign_address: \"?127\.0\.0\.1", shown), shown


def test_nothing_starts_by_itself(machine):
    assert machine.systemctl("is-enabled", SERVICE, "mirage-purge.timer", check=False).stdout.split() == ["disabled"] * 2
    assert machine.show(SERVICE, "ActiveState") == "inactive"
    assert machine.programs("mirage-ecs") == []
    assert "mirage" not in machine.systemctl("--failed").stdout


# --- configured and started ---------------------------------------------------------------------


def test_second_web_server_on_the_port_is_named(machine, root):
    assert machine.show("lighttpd.service", "ActiveState") == "active"  # as its own package leaves it, on port 80
    poll(lambda: any(a.endswith(":0050") for a in listening(machine)), 30, "it listens on port 80")
    configure(root, listen=80)
    machine.systemctl("start", SERVICE)
    sentence = "port 80: Address already in use; another program has this port: stop it"
    poll(lambda: sentence in machine.journal(SERVICE), 60, sentence)
    machine.systemctl("disable", "--now", "lighttpd.service")


def test_it_starts_and_serves(machine):
    machine.systemctl("enable", "--now", SERVICE)
    machine.systemctl("restart", SERVICE)
    ready(machine)
    launched = machine.ask(HOST, "/api/launch", "-d", "subdomain=cool-feature", "-d", "branch=main", "-d", "taskdef=myapp")
    assert launched.strip() == '{"result":"accepted"}', launched
    poll(lambda: "<title>cool-feature</title>" in machine.ask("cool-feature.dev.example.net", "/"), 20, "it answers")
    assert "<html" in machine.ask(HOST, "/")


def test_it_is_confined(machine):
    main = machine.show(SERVICE, "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{main}/status").stdout.splitlines()
                  if ":\t" in line)
    assert {status[f"Cap{kind}"].lstrip("0") for kind in ("Bnd", "Eff", "Prm", "Amb")} == {"400"}  # bit 10: NET_BIND_SERVICE
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    user = machine.run("id", "-u", "mirage-ecs").stdout.strip()
    assert status["Uid"].split() == [user] * 4
    assert {address.split(":")[0] for address in listening(machine)} == {"0100007F"}  # 127.0.0.1
    assert {"mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync", "lighttpd"} <= set(machine.programs("mirage-ecs"))


def test_access_log_in_its_folder(machine, root):
    """As docs/OPERATING.md has it: the unit makes the folder; after a rename and SIGHUP the file is made anew."""
    before = root.read("/etc/mirage-ecs/mirage.yaml")
    log = root.path / "var/log/mirage-ecs/access.log"
    try:
        root.write("/etc/mirage-ecs/mirage.yaml", f"{before}\nlog: {{access: json, access_file: /var/log/mirage-ecs/access.log}}\n")
        machine.systemctl("restart", SERVICE)
        ready(machine)
        machine.ask(HOST, "/api/list?first")
        poll(lambda: "/api/list?first" in log.read_text(), 10, "its line")
        assert all(json.loads(line) for line in log.read_text().splitlines())
        assert log.stat().st_uid == (root.path / "var/lib/mirage-ecs").stat().st_uid
        log.rename(log.with_name("access.log.1"))
        machine.systemctl("kill", "--kill-who=main", "--signal=HUP", SERVICE)
        poll(log.exists, 10, "it is made anew")
        machine.ask(HOST, "/api/list?second")
        poll(lambda: "/api/list?second" in log.read_text(), 10, "its line")
        assert machine.show(SERVICE, "ActiveState") == "active"
    finally:
        root.write("/etc/mirage-ecs/mirage.yaml", before)
        machine.systemctl("restart", SERVICE)
    ready(machine)


def test_apache_serves_in_the_sandbox_too(machine, root):
    root.install("apache2-bin")
    before = root.read("/etc/mirage-ecs/mirage.yaml")
    try:
        root.write("/etc/mirage-ecs/mirage.yaml", f"{before}\nweb:\n  server: apache\n")
        machine.systemctl("restart", SERVICE)
        ready(machine)
        programs = set(machine.programs("mirage-ecs"))
        assert "apache2" in programs and "lighttpd" not in programs, programs
        assert "<html" in machine.ask(HOST, "/") and "cool-feature" in machine.ask(HOST, "/api/list?status=all")
    finally:
        root.write("/etc/mirage-ecs/mirage.yaml", before)
        machine.systemctl("restart", SERVICE)
    ready(machine)
    assert "lighttpd" in machine.programs("mirage-ecs")


def as_the_service(machine, root, name, command):
    """Runs a command in the sandbox of the service's own unit; its journal."""
    unit = machine.systemctl("cat", SERVICE).stdout
    unit = re.sub(r"^ExecStart=.*", f"ExecStart={command}", unit, flags=re.M)
    unit = re.sub(r"^(Restart|EnvironmentFile|Environment|RestartPreventExitStatus)=.*\n", "", unit, flags=re.M)
    unit = unit.replace("Type=exec", "Type=oneshot\nEnvironment=MIRAGE_BUILD=/usr PYTHONDONTWRITEBYTECODE=1")
    root.write(f"/etc/systemd/system/{name}.service", unit)
    machine.systemctl("daemon-reload")
    done = machine.systemctl("start", name, check=False, timeout=900)
    said = machine.journal(name)
    assert done.returncode == 0, said[-8000:]
    return said


def test_landlock_and_seccomp_may_be_called(machine, root):
    """ABI versions ask for nothing; what the filter forbids would be EPERM, a kernel without it ENOSYS or EOPNOTSUPP.
    Names are looked up too, without netlink."""
    root.write("/usr/local/bin/ask", "import ctypes, socket\nprint(socket.getaddrinfo('localhost', 80)[0][4])\nlibc = ctypes.CDLL(None, use_errno=True)\n"
               "for name, call in (('landlock', (444, None, 0, 1)), ('seccomp', (317, 2, 0, None))):\n"
               "    libc.syscall(*call)\n    print(name, 'refused' if ctypes.get_errno() == 1 else 'may be called')\n")
    said = as_the_service(machine, root, "ask", "/usr/bin/python3 /usr/local/bin/ask")
    assert "'127.0.0.1', 80" in said or "'::1', 80" in said, said
    assert "landlock may be called" in said and "seccomp may be called" in said, said


def test_end_to_end_in_the_service_sandbox(machine, root):
    """The end-to-end tests against the installed programs, as the service's user, in its sandbox; but for what looks at
    processes, which the sandbox (ProtectProc) does not show."""
    copy_of_tree(root.path / "srv/mirage-ecs")
    said = as_the_service(machine, root, "end-to-end", "/usr/bin/python3 -m pytest -q -n 4 -p no:cacheprovider "
                          "-k 'not apache and not core_is_dumped and not written_nowhere' " + elsewhere("/srv/mirage-ecs"))
    passed = re.search(r"(\d+) passed", said)
    assert passed and int(passed[1]) > 200 and "failed" not in said, said[-4000:]


def test_killed_it_comes_back(machine):
    before = machine.show(SERVICE, "MainPID")
    machine.systemctl("kill", "--kill-who=main", "--signal=KILL", SERVICE)
    poll(lambda: machine.show(SERVICE, "MainPID") not in ("0", before), 60, "systemd starts it again")
    poll(lambda: "cool-feature" in machine.ask(HOST, "/api/list?status=all"), 60, "it answers again")


def test_purge_runs_from_its_timer(machine):
    machine.systemctl("enable", "--now", "mirage-purge.timer")
    assert machine.show("mirage-purge.timer", "ActiveState") == "active"
    machine.systemctl("start", "mirage-purge.service")
    assert machine.show("mirage-purge.service", "Result") == "success"
    assert re.search(r"\d+ stopped, \d+ kept, 0 failed", machine.journal("mirage-purge.service"))


def test_it_stops_in_order(machine):
    machine.systemctl("stop", SERVICE)
    assert machine.show(SERVICE, "Result") == "success"
    assert machine.programs("mirage-ecs") == []
    machine.systemctl("start", SERVICE)


# --- the next version, and the end --------------------------------------------------------------


def test_update_restarts_it_and_keeps_all(machine, root, next_deb):
    poll(lambda: "cool-feature" in machine.ask(HOST, "/api/list?status=all"), 30, "the state")
    before, configuration = machine.show(SERVICE, "MainPID"), root.read("/etc/mirage-ecs/mirage.yaml")
    shutil.copy(next_deb, root.path / "root")
    machine.run("dpkg", "-i", f"/root/{next_deb.name}")
    assert machine.run("mirage-ecs", "-version").stdout.strip() == f"mirage-ecs {VERSION}.1"
    assert machine.show(SERVICE, "ActiveState") == "active" and machine.show(SERVICE, "MainPID") not in ("0", before)
    assert root.read("/etc/mirage-ecs/mirage.yaml") == configuration and "listen: 80" in configuration
    poll(lambda: "cool-feature" in machine.ask(HOST, "/api/list?status=all"), 30, "the state, after the update")


def test_removed_it_ends_and_leaves_its_data(machine, root):
    machine.run("dpkg", "--remove", "mirage-ecs")
    assert machine.programs("mirage-ecs") == []
    assert not (root.path / "usr/bin/mirage-ecs").exists() and not (root.path / "usr/share/mirage-ecs").exists()
    assert (root.path / "var/lib/mirage-ecs/mirage.db").exists() and "listen: 80" in root.read("/etc/mirage-ecs/mirage.yaml")


def test_purged_nothing_is_left(machine, root):
    machine.run("dpkg", "--purge", "mirage-ecs")
    for path in ("etc/mirage-ecs", "var/lib/mirage-ecs", "var/log/mirage-ecs", "etc/systemd/system/multi-user.target.wants/mirage-ecs.service"):
        assert not os.path.lexists(root.path / path), path
    machine.systemctl("daemon-reload")
    assert "mirage" not in machine.systemctl("--failed").stdout
