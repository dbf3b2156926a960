"""Debian folders of the tests' own, made by debootstrap: entered in private namespaces (Root), or booted with a systemd
of their own (Machine). Neither shares the host's /dev, and a machine's network is its own loopback alone."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build" / "deploy"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
RELEASES = {"12": "bookworm", "13": "trixie"}

# Enters $1: proc and a small /dev, which vanish with the namespace.
ENTER = """set -e
root=$1; shift
mount -t proc proc $root/proc
mount -t tmpfs -o mode=755 tmpfs $root/dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 $root/dev/${node%:*} c 1 ${node#*:}; done
mkdir $root/dev/pts $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs $root/dev/shm
ln -s pts/ptmx $root/dev/ptmx
ln -s /proc/self/fd $root/dev/fd
exec chroot $root "$@"
"""


def environment(**more):
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", **more}


def run(*command, check=True, timeout=600, **kwargs):
    """A command; what it wrote is in .stdout, and in the failure."""
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, **kwargs)
    assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-6000:]}"
    return done


def poll(predicate, seconds, what):
    """The first true value of predicate(), asked again and again."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def elsewhere(tree):
    """The end-to-end tests whose outcome may depend on where the programs run: on their user, their sandbox, their folders.
    What a parser makes of its input does not, and how the command line is read; browsers and other web servers are missing there."""
    left_out = ("auth_oidc", "bench", "ci_samples", "command_line", "docs", "hardening", "make", "prometheus", "proxy_exchanges",
                "proxy_forwarding", "proxy_refuses", "sites", "start_refused")
    return " ".join(f"{tree}/tests/e2e/{path.name}" for path in sorted((REPOSITORY / "tests/e2e").glob("test_*.py"))
                    if not path.name.startswith(("test_browser_", "test_ecs_")) and path.stem.removeprefix("test_") not in left_out)


def host_release():
    lines = Path("/etc/os-release").read_text().splitlines()
    return RELEASES.get(dict(line.split("=", 1) for line in lines if "=" in line).get("VERSION_ID", "").strip('"'))


RELEASE = os.environ.get("MIRAGE_DEPLOY_RELEASE", host_release())  # the one that packages are built for


def why_not():
    """Why no folder can be made here, or None."""
    if os.geteuid() != 0:
        return "needs root, for debootstrap and namespaces"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return "namespaces are not permitted here"
    return None


def base(release):
    """The tarball of a minimal Debian, made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    tarball = CACHE / f"{release}.tar"
    if not tarball.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            run("debootstrap", "--variant=minbase", release, folder, MIRROR, timeout=1200)
            os.chmod(folder, 0o755)  # it becomes the root folder's mode, which all users enter
            run("tar", "-C", folder, "--exclude=./dev/*", "--exclude=./var/cache/apt/archives/*.deb", "-cf",
                f"{tarball}.new", ".")
        os.rename(f"{tarball}.new", tarball)
    return tarball


class Root:
    def __init__(self, release):
        tarball = base(release)
        self.path = Path(tempfile.mkdtemp(prefix=f"{release}-", dir=CACHE))
        self.path.chmod(0o755)
        run("tar", "-C", self.path, "-xf", tarball)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", self.path / "etc" / name)
        for option in Path("/etc/apt/apt.conf.d").glob("99*"):  # how this machine reaches its mirror
            shutil.copy(option, self.path / "etc/apt/apt.conf.d")

    def run(self, *command, **kwargs):
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c",
                   ENTER, "enter", self.path, *command, env=environment(), **kwargs)

    def install(self, *packages):
        self.run("apt-get", "update", "-q")
        self.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, timeout=1200)

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text()

    def write(self, path, text, mode=0o644):
        file = self.path / path.lstrip("/")
        file.write_text(text)
        file.chmod(mode)

    def remove(self):
        assert str(self.path) not in Path("/proc/mounts").read_text(), f"something is mounted below {self.path}"
        shutil.rmtree(self.path)


class Machine:
    """A folder with systemd in it, booted."""

    def __init__(self, root):
        self.root = root
        self.log = open(f"{root.path}.boot", "w+")
        self.process = subprocess.Popen(
            # Its own filter knows fewer calls than the kernel: the units' alone counts here.
            ["env", "SYSTEMD_SECCOMP=0", "systemd-nspawn", "-q", "-D", root.path, "--register=no", "--keep-unit", "--private-network",
             "--console=pipe", "-b"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.leader = None

    def start(self):
        """Why it does not boot, or None."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return f"systemd-nspawn ended: {Path(self.log.name).read_text()[-500:]}"
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.leader = children[0] if children else None
            if self.leader and "running" in (s := self.run("systemctl", "is-system-running", check=False).stdout) or \
                    self.leader and "degraded" in s:
                return None
            time.sleep(0.2)
        return f"systemd was not up within a minute: {Path(self.log.name).read_text()[-500:]}"

    def run(self, *command, **kwargs):
        return run("nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", *command, env=environment(), **kwargs)

    def systemctl(self, *arguments, **kwargs):
        return self.run("systemctl", "--no-pager", *arguments, **kwargs)

    def show(self, unit, name):
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def programs(self, user):
        """The names of the processes that a user has in the machine."""
        said = self.run("sh", "-c", "for p in /proc/[0-9]*; do stat -c %U $p; cat $p/comm; done 2>&1").stdout.split("\n")
        return [name for owner, name in zip(said[::2], said[1::2]) if owner == user]

    def ask(self, host, path, *options, port=80):
        """What curl says, of the host's, in the machine's network."""
        return run("nsenter", "-t", self.leader, "-n", "curl", "-s", "-m", "10", "-H", f"Host: {host}", *options,
                   f"http://127.0.0.1:{port}{path}", check=False, env=environment()).stdout

    def api_answers(self, host, port=80):
        """Whether mirage-api itself does. While it starts, the web server says so for it, as a `result`, too."""
        return '{"result":[' in self.ask(host, "/api/list", port=port)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        os.unlink(self.log.name)


def copy_of_tree(target):
    """The tree as git has it, changes included; without what was built."""
    target.mkdir(parents=True)
    names = run("git", "-C", REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in filter(None, names.split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, target / name)
    return target


if __name__ == "__main__":
    sys.exit("the tests are test_*.py")
