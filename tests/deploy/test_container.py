"""The container's image: built for real by buildah, its base made by debootstrap; then run as a strict runtime does, with
a read-only root, no capability, no new privileges, and a network that is its own loopback."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from machine import CACHE, ENTER, REPOSITORY, base, copy_of_tree, elsewhere, environment, poll, run, why_not

BASE_RELEASE = os.environ.get("MIRAGE_DEPLOY_BASE", "trixie")
STORE = CACHE / "containers"
HOST = "mirage.localhost"


def ulimit(name, limit, most):
    """buildah raises these otherwise, each version to its own numbers, which not every machine lets its root do."""
    hard = resource.getrlimit(limit)[1]
    n = most if hard == resource.RLIM_INFINITY else min(hard, most)
    return ["--ulimit", f"{name}={n}:{n}"]


LIMITS = ulimit("nofile", resource.RLIMIT_NOFILE, 1048576) + ulimit("nproc", resource.RLIMIT_NPROC, 32768)


def buildah(*arguments, check=True, timeout=900):
    return run("buildah", "--root", STORE / "root", "--runroot", STORE / "run", "--storage-driver", "vfs", *arguments,
               check=check, timeout=timeout, cwd=REPOSITORY).stdout


def why_no_containers():
    if why_not():
        return why_not()
    if not shutil.which("buildah"):
        return "buildah is not installed"
    return None


pytestmark = pytest.mark.skipif(why_no_containers() is not None, reason=str(why_no_containers()))


def remove_store():
    if not STORE.exists():
        return
    buildah("rm", "--all", check=False)
    for line in list(open("/proc/mounts")):  # the store's own folder is one while it is used
        if line.split()[1].startswith(str(STORE)):
            run("umount", line.split()[1])
    assert str(STORE) not in open("/proc/mounts").read(), f"something is mounted below {STORE}"
    shutil.rmtree(STORE)


def slim_base():
    """What Debian's slim images are: a minimal Debian without documentation and translations."""
    name = f"localhost/debian:{BASE_RELEASE}-slim"
    container = buildah("from", "scratch").split()[-1]
    root = buildah("mount", container).strip()
    run("tar", "-C", root, "--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*",
        "--exclude=./var/lib/apt/lists/*", "-xf", base(BASE_RELEASE))
    with open(f"{root}/etc/dpkg/dpkg.cfg.d/slim", "w") as f:
        f.writelines(f"path-exclude /usr/share/{x}/*\n" for x in ("doc", "man", "locale"))
    buildah("config", "--cmd", "bash", container)
    buildah("commit", "-q", "--rm", container, name)
    return name


@pytest.fixture(scope="module")
def store():
    CACHE.mkdir(parents=True, exist_ok=True)
    remove_store()
    STORE.mkdir()
    try:
        container = buildah("from", "scratch").split()[-1]
        buildah("mount", container)
        buildah("rm", container)
    except AssertionError as e:  # what comes later is ours to get right
        pytest.skip(f"buildah cannot run here: {str(e)[-500:]}")
    yield slim_base()
    remove_store()


def build(base_image, *arguments):
    return buildah("build", *LIMITS, "--isolation", "chroot", "--format", "docker", "--layers=false", "-f",
                   "deploy/container/Dockerfile", "--build-arg", f"BASE={base_image}", *arguments, ".")


@pytest.fixture(scope="module")
def image(store):
    build(store, "-t", "mirage-ecs")
    return "localhost/mirage-ecs"


@pytest.fixture(scope="module")
def config(image):
    return json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]


@pytest.fixture(scope="module")
def root(image):
    """The image's files, with what the end-to-end tests need besides."""
    container = buildah("from", image).split()[-1]
    yield buildah("mount", container).strip()
    buildah("umount", container)


class Container:
    """The image's command, or another, as the image's user. Its process is the first of its namespace."""

    def __init__(self, root, config, *command, more="", **env):
        assert config["Volumes"] == {"/var/lib/mirage-ecs": {}}
        uid, gid = config["User"].split(":")
        script = (f"set -e; ip link set lo up; mount --bind {root} {root}; "
                  f"mount -t tmpfs -o mode=700,uid={uid},gid={gid} tmpfs {root}/var/lib/mirage-ecs; {more} "
                  f"mount -o remount,bind,ro {root}\n" + ENTER.replace(
                      "exec chroot $root", f"exec chroot $root setpriv --reuid {uid} --regid {gid} --clear-groups "
                      "--no-new-privs --bounding-set=-all --inh-caps=-all env -C " + config["WorkingDir"]))
        self.config = config
        self.log = tempfile.NamedTemporaryFile("w", prefix="container-", dir=CACHE)
        own = dict(pair.split("=", 1) for pair in config["Env"])
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--propagation", "private", "sh", "-c",
             script, "enter", root, *(command or config["Cmd"])],
            env={**environment(), **own, **env}, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.kill(int(self.first()), signal.SIGKILL)  # the first of its namespace: all others end with it
            self.process.wait(60)
        self.log.close()

    def said(self):
        return open(self.log.name).read()

    def first(self):
        pid = self.process.pid
        return open(f"/proc/{pid}/task/{pid}/children").read().split()[0]

    def run(self, *command, check=False):
        return run("nsenter", "-t", self.first(), "-m", "-n", "-p", "-r", "-w", *command, check=check,
                   env={"PATH": "/usr/bin:/bin"})

    def healthy(self):
        return self.run(*self.config["Healthcheck"]["Test"][1:])

    def ask(self, host, path, *options):
        return run("nsenter", "-t", self.first(), "-n", "curl", "-s", "-m", "10", "-H", f"Host: {host}", *options,
                   f"http://127.0.0.1:8080{path}", check=False).stdout


def test_image_is_as_documented(config):
    assert config["User"] == "10080:10080" and config["Cmd"] == ["mirage-ecs"] and not config.get("Entrypoint")
    assert list(config["ExposedPorts"]) == ["8080/tcp"] and list(config["Volumes"]) == ["/var/lib/mirage-ecs"]
    assert config["Healthcheck"]["Test"] == ["CMD", "mirage-health"]


def test_image_is_small(root, store):
    container = buildah("from", store).split()[-1]
    below = buildah("mount", container).strip()
    ours, theirs = (int(run("du", "-sxb", path).stdout.split()[0]) for path in (root, below))
    buildah("umount", container)
    print(f"image {ours} bytes, base {theirs}")
    assert 0 < ours - theirs < 60_000_000


def test_files(root, config):
    programs = set(os.listdir(f"{root}/usr/bin"))
    assert {"mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync", "mirage-purge", "mirage-health"} <= programs
    assert not programs & {"curl", "gcc", "cc", "make", "systemctl"}
    state = os.stat(f"{root}/var/lib/mirage-ecs")
    assert (f"{state.st_uid}:{state.st_gid}", oct(state.st_mode & 0o777)) == (config["User"], "0o700")
    assert os.listdir(f"{root}/var/lib/apt/lists") == []


def test_it_starts_serves_and_ends(root, config):
    with Container(root, config, MIRAGE_LOCAL="true", MIRAGE_DOMAIN=".localhost") as c:
        poll(lambda: "mirage-ecs ready: http://mirage.localhost:8080/" in c.said() or c.process.poll() is not None, 30,
             "the stack is ready")
        assert c.process.poll() is None, c.said()
        health = c.healthy()
        assert health.returncode == 0 and "answers with 200" in health.stdout, health.stdout
        assert c.ask(HOST, "/api/launch", "-d", "subdomain=cool", "-d", "branch=x", "-d", "taskdef=y").strip() == \
            '{"result":"accepted"}'
        poll(lambda: "<title>cool</title>" in c.ask("cool.localhost", "/"), 20, "the environment answers")
        status = c.run("cat", "/proc/1/status", check=True).stdout
        assert re.findall(r"^Cap(?:Bnd|Eff|Prm):\s+(\w+)", status, re.M) == ["0" * 16] * 3 and "NoNewPrivs:\t1" in status
        assert c.run("touch", "/etc/x").returncode != 0  # the root is read-only
        os.kill(int(c.first()), signal.SIGTERM)
        assert c.process.wait(60) == 0, c.said()


@contextlib.contextmanager
def outside(container):
    """A network of somebody else's, from which the container is at 192.0.2.2; a function that runs curl there."""
    other = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    there, here = ["nsenter", "-t", other.pid, "-n"], ["nsenter", "-t", container.first(), "-n"]
    try:
        poll(lambda: os.readlink(f"/proc/{other.pid}/ns/net") != os.readlink("/proc/self/ns/net"), 10, "its network is there")
        run(*there, "ip", "link", "add", "outside0", "type", "veth", "peer", "name", "eth0", "netns", container.first())
        for side, device, address in ((there, "outside0", "192.0.2.1/24"), (here, "eth0", "192.0.2.2/24")):
            run(*side, "ip", "address", "add", address, "dev", device)
            run(*side, "ip", "link", "set", device, "up")
        yield lambda host, *more: run(*there, "curl", "-s", "-m", "10", "-H", f"Host: {host}", *more, check=False).stdout
    finally:
        other.kill()
        other.wait()


def test_it_is_reached_from_outside(root, config):
    """As `docker run -p` reaches it: by the container's own address, not by its loopback; in local mode, too."""
    with Container(root, config, MIRAGE_LOCAL="true", MIRAGE_DOMAIN=".localhost") as c:
        poll(lambda: "mirage-ecs ready: " in c.said() or c.process.poll() is not None, 30, "the stack is ready")
        with outside(c) as ask:
            url = "http://192.0.2.2:8080"
            assert "<title>" in ask(HOST, f"{url}/"), c.said()
            launched = ask(HOST, f"{url}/api/launch", "-d", "subdomain=far", "-d", "branch=x", "-d", "taskdef=y")
            assert launched.strip() == '{"result":"accepted"}', launched
            poll(lambda: "<title>far</title>" in ask("far.localhost", f"{url}/"), 20, "the environment answers")


def test_it_can_be_kept_to_one_address(root, config):
    with Container(root, config, MIRAGE_LOCAL="true", MIRAGE_LISTEN_ADDRESS="127.0.0.1") as c:
        poll(lambda: "mirage-ecs ready: " in c.said() or c.process.poll() is not None, 30, "the stack is ready")
        with outside(c) as ask:
            assert ask(HOST, "http://192.0.2.2:8080/") == "" and c.healthy().returncode == 0


@pytest.fixture
def on_ecs(root):
    """A configuration that names a cluster, as a task's metadata would."""
    path = f"{root}/etc/mirage-ecs/cluster.yaml"
    with open(path, "w") as f:
        f.write("listen: {http: [{listen: 8080, target: 80}]}\necs: {region: eu-west-1, cluster: previews}\n")
    yield {"MIRAGE_CONF": "/etc/mirage-ecs/cluster.yaml", "MIRAGE_DOMAIN": ".dev.example.net"}
    os.unlink(path)


NO_ROLE = "no AWS credentials: there are none in the environment"


def test_without_a_role_it_says_so(root, config, on_ecs):
    with Container(root, config, **on_ecs) as c:
        poll(lambda: NO_ROLE in c.said() or c.process.poll() is not None, 60, "it says what is missing")
        assert NO_ROLE in c.said(), c.said()
        poll(lambda: "answers with 503" in c.healthy().stdout, 30, "it is not healthy")
        assert c.healthy().returncode != 0


def test_outside_of_ecs_it_asks_for_a_cluster(root, config):
    with Container(root, config, MIRAGE_DOMAIN=".dev.example.net", AWS_REGION="eu-west-1") as c:
        assert c.process.wait(60) == 1
        assert "set ecs.cluster in the configuration" in c.said(), c.said()


def test_it_purges(root, config, on_ecs):
    with Container(root, config, "mirage-purge", "-duration", "86400", **on_ecs) as c:
        assert c.process.wait(60) == 1  # it did run, and has no credentials
        assert NO_ROLE in c.said(), c.said()


def test_port_80_is_refused_with_a_reason(root, config):
    with Container(root, config, MIRAGE_LOCAL="true", MIRAGE_LISTEN_PORT="80",
                   more="echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start;") as c:  # Fargate's, and the kernel's own
        assert c.process.wait(60) == 1
        assert "cannot listen on" in c.said() and "CAP_NET_BIND_SERVICE" in c.said(), c.said()


def test_port_80_with_the_sysctl(root, config):
    with Container(root, config, MIRAGE_LOCAL="true", MIRAGE_LISTEN_PORT="80",
                   more="echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start;") as c:
        poll(lambda: "mirage-ecs ready" in c.said() or c.process.poll() is not None, 30, "the stack is ready")
        assert c.process.poll() is None and c.healthy().returncode == 0, c.said()


def test_end_to_end_in_the_container(image, config):
    """The end-to-end tests against the image's programs: in a container of it with pytest added."""
    container = buildah("from", *LIMITS, image).split()[-1]
    root = buildah("mount", container).strip()
    buildah("run", "--isolation", "chroot", "--user", "root", container, "--", "sh", "-c",
            "apt-get update -q && apt-get install -q -y --no-install-recommends python3-pytest "
            "python3-pytest-xdist python3-cryptography")
    tree = copy_of_tree(CACHE / "tree")
    try:
        shutil.copytree(tree, f"{root}/srv/mirage-ecs")
    finally:
        shutil.rmtree(tree)
    begun = time.monotonic()
    # A shell is the first process: it reaps what others leave, as pytest does not.
    with Container(root, config, "sh", "-c", "python3 -m pytest -q -n 4 -p no:cacheprovider "
                   f"-k 'not apache' {elsewhere('/srv/mirage-ecs')} /srv/mirage-ecs/tests/e2e/test_hardening.py; exit $?",
                   more=f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp;", MIRAGE_BUILD="/usr",
                   PYTHONDONTWRITEBYTECODE="1", HOME="/tmp") as c:
        status = c.process.wait(900)
        passed = re.search(r"(\d+) passed", c.said())
        print(f"{c.said().splitlines()[-1]} (in {time.monotonic() - begun:.0f} s)")
        assert status == 0 and int(passed[1]) > 200, c.said()[-6000:]
    buildah("umount", container)


def test_arm64_is_cross_built(store):
    """Up to the package; the last stage would have to run arm64 programs."""
    own = run("dpkg", "--print-architecture").stdout.strip()  # Debian 12's buildah has to be told
    build(store, "--target", "build", "--platform", "linux/arm64", "--build-arg", f"BUILDPLATFORM=linux/{own}", "-t", "arm")
    container = buildah("from", "localhost/arm").split()[-1]
    root = buildah("mount", container).strip()
    package = f"{root}/out/mirage-ecs.deb"
    assert run("dpkg-deb", "-f", package, "Architecture").stdout.strip() == "arm64"
    programs = CACHE / "arm64"
    try:
        run("dpkg-deb", "-x", package, programs)
        assert "AArch64" in run("readelf", "-h", programs / "usr/bin/mirage-proxyd").stdout
    finally:
        shutil.rmtree(programs)
        buildah("umount", container)
