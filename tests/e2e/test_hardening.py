"""A running stack, looked at from outside: what it listens on and writes to is what docs/SECURITY.md names."""

import os
import re
import socket
import stat
from pathlib import Path

import pytest

from stack import APACHES, PORT, REPOSITORY, SANITIZED, SECOND_PORT, Stack, WEB, WEB_PROGRAM, keys_with, program_of, running
from test_auth import guarded, token

DOCUMENT = (REPOSITORY / "docs" / "SECURITY.md").read_text()


@pytest.fixture(scope="module")
def busy():
    """Guarded, with a task that runs, and requests that were served."""
    with running(Stack(change=guarded)) as s:
        s.credentials, s.open_port = [token()], SECOND_PORT
        s.launch("web")
        assert s.get("web.localhost", "/echo", port=SECOND_PORT).status == 200
        yield s


def ours(s):
    """pid → program, of all that is not a task."""
    found = {pid: program_of(pid) for pid in [s.process.pid, *s.pids()]}
    return {pid: name for pid, name in found.items() if name.startswith("mirage") or name == WEB_PROGRAM}


def sockets_of(pids):
    found = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                link = os.readlink(fd)
            except FileNotFoundError:
                continue
            if link.startswith("socket:"):
                found.add(link[8:-1])
    return found


def address(text):
    host, port = text.split(":")
    raw = bytes.fromhex(host)
    if len(raw) == 4:
        return socket.inet_ntop(socket.AF_INET, raw[::-1]), int(port, 16)
    words = b"".join(raw[i:i + 4][::-1] for i in range(0, 16, 4))
    return socket.inet_ntop(socket.AF_INET6, words), int(port, 16)


def listening(pids):
    """(kind, where) of every socket of these processes that somebody else can send to."""
    inodes, found = sockets_of(pids), set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            field = line.split()
            if field[9] in inodes and (kind.startswith("udp") or field[3] == "0A"):
                found.add((kind, address(field[1])))
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        field = line.split()
        if field[6] in inodes and int(field[3], 16) & 0x10000:
            found.add(("unix", field[7] if len(field) > 7 else ""))
    return found


root_only = pytest.mark.skipif(os.getuid() != 0, reason="nobody but root looks into processes that are not dumpable")


@root_only
def test_what_listens(busy):
    found = listening(ours(busy))
    task = {(kind, where) for kind, where in found if kind == "tcp" and where[0] == "127.0.0.1" and where[1] > 1024}
    run = busy.state / "run"
    web = {"lighttpd": {("unix", str(run / "web.sock"))}, "apache": set()}[WEB]
    assert found - task == web | {
        ("tcp", (busy.address, PORT)), ("tcp", (busy.address, SECOND_PORT)), ("unix", str(run / "api.sock"))}
    assert len(task) <= (2 if WEB == "apache" else 1), "the task's port, which mirage-local-task keeps, and Apache's"
    for name in ("`listen.http`", "`run/web.sock`", "`run/api.sock`", "`web.listen`", "`listen.metrics`"):
        assert name in DOCUMENT


@root_only
def test_what_is_written_to(busy):
    written = set()
    for pid in ours(busy):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target, info = os.readlink(fd), Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text()
            except FileNotFoundError:
                continue
            flags = int(re.search(r"^flags:\s*(\d+)", info, re.M).group(1), 8)
            if target.startswith("/") and flags & os.O_ACCMODE != os.O_RDONLY:
                written.add(target.removesuffix(" (deleted)"))
    elsewhere = {w for w in written if not w.startswith(f"{busy.state}/")} - {"/dev/null", str(busy.log_path)}
    assert not elsewhere
    names = {re.sub(r"^local/.*", "local/", w.removeprefix(f"{busy.state}/")) for w in written if w.startswith(f"{busy.state}/")}
    assert "mirage.db" in names
    for name in names:
        assert f"`{name}`" in DOCUMENT, f"docs/SECURITY.md does not name {name}"


def test_who_may_touch_it(busy):
    """The state folder and all in it is the service's user's own."""
    for path in [busy.state, *busy.state.rglob("*")]:
        if "/local/" in str(path) or path.name in APACHES:
            continue  # what a task writes is the task's
        info = path.lstat()
        assert info.st_uid == os.getuid() and stat.S_IMODE(info.st_mode) & 0o077 == 0, (path, oct(info.st_mode))


@root_only
def test_web_server_inherits_no_secret(new_stack, folder):
    s = new_stack(folder=folder, env={"MIRAGE_PLANTED": "planted-variable-0000", **keys_with(folder, "planted-key-0000")})
    assert "planted" in Path(f"/proc/{s.process.pid}/environ").read_text(), "it was there to be inherited"
    pids = s.pids(WEB_PROGRAM)
    assert pids
    for pid in pids:
        assert "planted" not in Path(f"/proc/{pid}/environ").read_text()


@pytest.mark.skipif(SANITIZED, reason="the sanitizers call more than a proxy does")
def test_proxyd_is_confined(busy):
    (pid,) = busy.pids("mirage-proxyd")
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text()
        assert re.search(r"^NoNewPrivs:\s*1$", status, re.M), status
        assert re.search(r"^Seccomp:\s*2$", status, re.M), status


@pytest.mark.skipif(SANITIZED, reason="an option of the released program")
def test_proxyd_may_stay_unconfined(folder):
    from test_proxyd_alone import Proxyd
    p = Proxyd(folder, "-sandbox=false")
    assert re.search(r"^Seccomp:\s*0$", Path(f"/proc/{p.process.pid}/status").read_text(), re.M)
    p.stop()
