"""Started by root, with -user: nothing stays root, and ports below 1024 are still listened on."""

import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest


from stack import (BUILD, REPOSITORY, Stack, base_config, clean_environment, local_only, need_own_mounts, own_address, poll,
                   program_of)
from test_auth import guarded
from wire import Truncated

pytestmark = [local_only, pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")]
USER = "nobody"
UID, GID = pwd.getpwnam(USER)[2:4]


@pytest.fixture
def place():
    """A folder that everybody can enter, with a copy of the programs: the source may be root's alone."""
    with tempfile.TemporaryDirectory(prefix="mi", dir="/tmp") as path:
        os.chmod(path, 0o755)
        for name in ("bin", "share"):
            shutil.copytree(BUILD / name, Path(path, name))
        yield Path(path)


class Started(Stack):
    """On port 80, by the copy, as USER."""

    def __init__(self, place, *options, auth=False):
        config = base_config(own_address())
        if auth:
            guarded(config)
        config["listen"]["http"][0]["listen"] = 80
        config["local"] = {"taskdefs": {}}
        super().__init__(folder=place, address=config["listen"]["foreign_address"], config=json.dumps(config),
                         options=options)
        self.open_port = 80
        self.program = place / "bin" / "mirage-ecs"

    def connect(self, port=80, timeout=10.0):
        return super().connect(80, timeout)


def capabilities(pid):
    return {name: int(value, 16) for name, value in
            re.findall(r"^Cap(\w+):\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)}


def ids(pid, kind):
    """Uid, Gid or Groups of a process."""
    return [int(n) for n in re.search(rf"^{kind}:[ \t]*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M).group(1).split()]


def test_nothing_stays_root(place):
    s = Started(place, "-user", USER).start()
    try:
        s.launch("page", "demo")
        pids = [s.process.pid, *s.pids()]
        assert len(pids) >= 7 and all(ids(pid, "Uid") == [UID] * 4 for pid in pids)
        assert all(ids(pid, "Gid") == [GID] * 4 and set(ids(pid, "Groups")) == {GID} for pid in pids)
        bind = 1 << 10  # CAP_NET_BIND_SERVICE
        for pid in pids:
            caps = capabilities(pid)
            allowed = bind if pid == s.process.pid else 0
            assert caps["Eff"] | caps["Prm"] | caps["Amb"] in (0, allowed), (pid, caps)
        for path in [s.state, *s.state.rglob("*")]:
            info = path.lstat()
            assert info.st_uid == UID and ("/local/" in str(path) or stat.S_IMODE(info.st_mode) & 0o077 == 0), path
        s.kill_program("mirage-proxyd")

        def answers():
            try:
                return s.env("page").status == 200
            except (OSError, Truncated):  # it is on its way
                return False
        poll(answers, 15, "it listens on port 80 again")
        s.stop()
    finally:
        if s in Stack.alive:
            s.kill()


def test_memory_is_private(place):
    """Of a process that is not dumpable, /proc is root's (proc(5)); of another, it is the user's."""
    s = Started(place, "-user", USER, auth=True).start()
    try:
        programs = {program_of(pid): os.stat(f"/proc/{pid}/environ").st_uid for pid in [s.process.pid, *s.pids()]}
        assert programs == {"mirage-ecs": 0, "mirage-api": 0, "mirage-proxyd": 0, "mirage-sync": 0, "lighttpd": UID}
        s.stop()
    finally:
        if s in Stack.alive:
            s.kill()


def test_a_folder_that_was_roots(place):
    """Earlier it ran as root: what is in the state folder is given to the user."""
    s = Started(place).start()
    s.launch("page", "demo")
    s.stop()
    assert (s.state / "mirage.db").stat().st_uid == 0
    assert "running as root" in s.log_path.read_text()
    s = Started(place, "-user", USER).start()
    assert (s.state / "mirage.db").stat().st_uid == UID
    s.stop()


def test_only_what_lies_in_the_folder_is_given(place):
    """Not what has another name elsewhere, nor what somebody else could have put there for root to give away."""
    state, theirs, other = place / "s", place / "s" / "theirs", UID - 1
    theirs.mkdir(parents=True)
    state.chmod(0o700)
    os.chown(theirs, other, other)
    files = [place / "outside", place / "linked", theirs / "of root", state / "ours"]
    for path in files:
        path.write_text("root's")
    (state / "link").symlink_to(files[0])
    (state / "hard").hardlink_to(files[1])
    s = Started(place, "-user", USER).start()
    assert [path.stat().st_uid for path in files] == [0, 0, 0, UID]
    assert theirs.stat().st_uid == other and state.stat().st_uid == UID and (state / "link").lstat().st_uid == UID
    s.stop()


def test_a_folder_that_is_the_users_already(place):
    """Nothing in it becomes root's."""
    state = place / "s"
    state.mkdir()
    os.chown(state, UID, GID)
    for _ in range(2):
        s = Started(place, "-user", USER).start()
        assert all(path.lstat().st_uid == UID for path in [state, *state.rglob("*")])
        s.stop()


def test_a_link_for_a_lock(place):
    """Who got the better of the service could have root make a file anywhere."""
    state = place / "s"
    state.mkdir()
    (state / "lock").symlink_to(place / "anywhere")
    os.lchown(state / "lock", UID, GID)
    for owner in UID, 0:
        os.chown(state, owner, owner)
        s = Started(place, "-user", USER).spawn()
        status, said = s.wait_refused()
        assert status == 1 and f"cannot open {state}/lock" in said and not (place / "anywhere").exists()


def test_folder_that_everybody_writes_to(place):
    """-state /tmp, say."""
    state = place / "s"
    state.mkdir()
    state.chmod(0o1777)
    (state / "a file").write_text("root's")
    s = Started(place, "-user", USER).spawn()
    status, said = s.wait_refused()
    assert status == 1 and "others may write to it: name one of its own with -state" in said
    assert (state / "a file").stat().st_uid == 0 == state.stat().st_uid


OTHER = UID - 1  # nobody's business


@pytest.mark.parametrize("options", [[], ["-user", USER]])
@pytest.mark.parametrize("theirs", ["s", "above", "link", "s/run", "s/local", "s/mirage.db", "s/lock"])
def test_a_folder_of_somebody_elses(place, options, theirs):
    """Whoever it belongs to could exchange the configuration, and have programs of his own started."""
    state = place / "above" / "s"
    state.mkdir(parents=True, mode=0o700)
    for name in "run", "local":
        (state / name).mkdir(mode=0o700)
    for name in "mirage.db", "lock":
        (state / name).touch(0o600)
    (place / "link").symlink_to(place / "above")
    (place / "s").symlink_to(place / "link" / "s")
    at = {"s": state, "above": state.parent, "link": place / "link"}.get(theirs, place / "above" / theirs)
    os.chown(at, OTHER, OTHER, follow_symlinks=False)
    before = sorted((path, path.lstat().st_uid) for path in state.rglob("*"))
    status, said = Started(place, *options, "-state", place / "s").spawn().wait_refused()
    name = pwd.getpwuid(OTHER).pw_name if OTHER in {p.pw_uid for p in pwd.getpwall()} else f"user {OTHER}"
    assert status == 1 and f" belongs to {name}" in said, said
    if "/" not in theirs:
        assert before == sorted((path, path.lstat().st_uid) for path in state.rglob("*"))


def test_a_folder_of_roots_in_one_of_the_users(place):
    """The user could exchange it for any of root's, which would then be given to him."""
    state = place / "theirs" / "s"
    state.mkdir(parents=True, mode=0o700)
    os.chown(state.parent, UID, GID)
    status, said = Started(place, "-user", USER, "-state", state).spawn().wait_refused()
    assert status == 1 and f"{state.parent} belongs to {USER}, who could put another folder in its place" in said, said
    assert state.stat().st_uid == 0


@pytest.mark.parametrize("user, words", [("no-such-user", "there is no such user; `useradd --system no-such-user` makes one")])
def test_user_that_is_not_there(place, user, words):
    s = Started(place, "-user", user).spawn()
    status, said = s.wait_refused()
    assert status == 1 and words in said


def test_folder_that_the_user_cannot_enter(place):
    os.chmod(place, 0o700)
    s = Started(place, "-user", USER).spawn()
    status, said = s.wait_refused()
    assert status == 1 and f"-user {USER} cannot use the state folder" in said


def test_only_root_can(place):
    state = place / "own"
    state.mkdir()
    os.chown(state, UID, UID)
    r = subprocess.run(["setpriv", f"--reuid={USER}", "--clear-groups", place / "bin" / "mirage-ecs", "-local", "-state", state, "-user", "root"],
                       env=clean_environment(), capture_output=True, text=True, timeout=20)
    assert r.returncode == 1 and "only root can become another user" in r.stderr


def test_home_is_the_users(place):
    s = Started(place, "-user", USER).start()
    try:
        (pid,) = s.pids("mirage-sync")
        environ = dict(v.split("=", 1) for v in Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0") if "=" in v)
        assert environ["HOME"] == pwd.getpwnam(USER).pw_dir and environ["USER"] == USER
        s.stop()
    finally:
        if s in Stack.alive:
            s.kill()


# `make run` and `make undo-run` as root, on a machine whose /run is mounted noexec, as Debian's initramfs mounts it.
# What they change of the machine is the test's own.
MACHINE = """set -e
mount -t tmpfs -o noexec none /run
mount -t tmpfs none /usr/local/lib
mkdir {0}/dpkg
mount --bind /var/lib/dpkg {0}/dpkg
mount -t tmpfs none /var/lib
mkdir /var/lib/dpkg
mount --bind {0}/dpkg /var/lib/dpkg
cp -a /etc {0}/etc
mount --bind {0}/etc /etc
for user in mirage-ecs-run mirage-ecs; do ! grep -q "^$user:" /etc/passwd || userdel -f $user; done
cd {1}
"""
RUN, UNDO_RUN = REPOSITORY / "tools/run", REPOSITORY / "tools/undo-run"


def on_a_machine(folder, script, timeout=60, **env):
    need_own_mounts()
    r = subprocess.run(["unshare", "-m", "sh", "-c", MACHINE.format(folder, folder) + script],
                       env={**clean_environment(), **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=timeout)
    return r.returncode, r.stdout, r.stderr


def configured(folder, **more):
    """A configuration that stands where only root may read it."""
    address = own_address()
    (folder / "mirage.yaml").write_text(json.dumps({**base_config(address), **more}))
    return address, folder / "mirage.yaml"


def test_make_run_and_what_it_leaves(folder):
    """As root, from a clone of root's: it is ready, nothing of it is root, and `make undo-run` leaves nothing."""
    shutil.copytree(BUILD / "bin", folder / "build/bin")
    shutil.copytree(BUILD / "share", folder / "build/share")
    _, conf = configured(folder)
    status, out, err = on_a_machine(folder, f"""
find /etc /usr/local/lib /var/lib/mirage* | sort >{folder}/before || true
mkfifo {folder}/out
{RUN} build -conf {conf} >{folder}/out 2>{folder}/log &
read -r ready <{folder}/out || {{ cat {folder}/log; exit 1; }}
echo "$ready"
ps -o user:20= -p $! | tr -d ' '
stat -c %U /var/lib/mirage-ecs-run /usr/local/lib/mirage-ecs-run
{UNDO_RUN} build && echo 'it was not refused'
kill $!
wait $!
find /run -type f -perm /111
{UNDO_RUN} build
{UNDO_RUN} build
find /etc /usr/local/lib /var/lib/mirage* | sort >{folder}/after || true
diff {folder}/before {folder}/after
! getent passwd mirage-ecs-run
""")
    assert out.splitlines()[1:4] == ["mirage-ecs-run", "mirage-ecs-run", "root"], (status, out, err)
    assert out.startswith("mirage-ecs ready: http://") and "is up, from /usr/local/lib/mirage-ecs-run: stop it first" in err
    left = [line for line in out.splitlines()[4:] if not line.startswith("These packages")]
    assert left == ["removed /usr/local/lib/mirage-ecs-run", "removed /var/lib/mirage-ecs-run",
                    "removed the user mirage-ecs-run"], (status, out, err)
    assert status == 0


def test_what_sudo_has_built_stays_the_users(folder):
    """So that the user's own make can go on with it."""
    for name in ("bin/mirage-ecs", "share/x", "obj/x.o"):
        (folder / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "build" / name).write_text("#!/bin/sh\n")
        (folder / "build" / name).chmod(0o755)
    status, out, err = on_a_machine(folder, f"{RUN} build; stat -c %u:%g build build/obj/x.o", SUDO_UID="65534", SUDO_GID="65533")
    assert (status, out.split()) == (0, 2 * ["65534:65533"]), err


def test_undo_run_knows_the_earlier_names(folder):
    """But not the user of a package, or one that a package uses."""
    status, out, err = on_a_machine(folder, f"""
mkdir /run/mirage-ecs-from-source /var/lib/mirage-ecs-from-source
useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin mirage-ecs
mkdir /var/lib/mirage-ecs
{UNDO_RUN} build
getent passwd mirage-ecs >/dev/null && rmdir /var/lib/mirage-ecs
{UNDO_RUN} build
! getent passwd mirage-ecs
""")
    assert (status, out.splitlines()[:3]) == (0, ["removed /run/mirage-ecs-from-source", "removed /var/lib/mirage-ecs-from-source",
                                                   "removed the user mirage-ecs"]), err


def test_make_run_beside_another(folder):
    """Root's `make run` runs from a copy, which the second must not replace below the first."""
    for name, text in {
        "build/bin/mirage-ecs": f"#!/bin/sh\necho up as $3; [ \"$INNER\" ] || INNER=1 {RUN} build 8<&9 >&2\n",
        "path/getent": "#!/bin/sh\n",  # there is the user
    }.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "build/share").mkdir()
    _, out, err = on_a_machine(folder, f"{RUN} build || true; {RUN} build || true", PATH=f"{folder}/path:{os.environ['PATH']}")
    refused = "another `make run` is up, from /usr/local/lib/mirage-ecs-run: stop that one first\n"
    assert out == 2 * "up as mirage-ecs-run\n" and err.count(refused) == 2, (out, err)
