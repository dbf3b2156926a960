"""The whole stack, as a user starts it: `mirage-ecs -conf … -state … -local`; or, with MIRAGE_E2E_RUNNER=ecs, on
tests/fakeaws instead of -local: the same tests, and the same programs as tasks.
With MIRAGE_E2E_WEB=apache its web server is Apache instead of lighttpd."""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from wire import Connection

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from fakeaws.client import FakeAws  # noqa: E402

ON_ECS = os.environ.get("MIRAGE_E2E_RUNNER") == "ecs"
WEB = os.environ.get("MIRAGE_E2E_WEB", "lighttpd")
BUILD = Path(os.environ.get("MIRAGE_BUILD", REPOSITORY / "build"))
BIN = BUILD / "bin"
TASK_SERVER = Path(__file__).with_name("task_server.py")
SANITIZED = "sanitize" in str(BUILD)

PORT = 8080
SECOND_PORT = 8081
ecs_only = pytest.mark.skipif(not ON_ECS, reason="about tasks on ECS")
local_only = pytest.mark.skipif(ON_ECS, reason="about tasks on this machine")
LISTING = 12 if ON_ECS else 0  # seconds until a change that nobody announces is seen
TARGET, SECOND_TARGET = (8480, 8000) if ON_ECS else (80, 8000)  # not every user may listen on port 80
CLUSTER = f"mirage-tests-{os.getpid()}"  # one purge at a time is for a cluster
WEB_PROGRAM = {"lighttpd": "lighttpd", "apache": "apache2"}[WEB]
PROGRAMS = ("mirage-proxyd", "mirage-api", "mirage-sync", WEB_PROGRAM)
APACHES = {"apache2.pid"}  # Apache makes it readable; nobody else enters its folder
CHILDREN_OF_TESTS = "MIRAGE_E2E_STACK"  # in the environment of all that a stack starts

_addresses = itertools.count(1)
_stacks = itertools.count(1)


def own_address():
    """An address in 127.0.0.0/8 that nobody else in this run listens on."""
    pid = os.getpid()
    while True:
        n = next(_addresses)
        address = f"127.{1 + pid // 250 % 250}.{1 + pid % 250}.{n % 250 + 1}"
        with socket.socket() as s:
            try:
                s.bind((address, PORT))
                return address
            except OSError:
                assert n < 250, "no free loopback address"


def poll(predicate, seconds, what):
    """The first true value of predicate(), asked again and again."""
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def short_folder():
    """Unix sockets live in state folders, and their paths are limited to 107 bytes."""
    return Path(tempfile.mkdtemp(prefix="mi", dir="/tmp"))


# --- processes ----------------------------------------------------------------------------------


def _stat(pid):
    """(name, state, parent, start time) of a process, or None."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    rest = text[text.rindex(")") + 2:].split()
    return text[text.index("(") + 1:text.rindex(")")], rest[0], int(rest[1]), rest[19]


def processes():
    """pid → (name, state, parent, start time) of what is alive."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)) and stat[1] not in "ZX":
            found[int(entry)] = stat
    return found


def program_of(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:  # not ours to look at
        return (_stat(pid) or [""])[0]


def _tagged(pid, tag):
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return f"{CHILDREN_OF_TESTS}={tag}".encode() in environ
    except OSError:
        return False


# --- configuration ------------------------------------------------------------------------------


def base_config(address):
    """What most tests run with; as a dict, because JSON is YAML."""
    server = [sys.executable, "-S", "-E", "-u", str(TASK_SERVER)]
    return {
        "listen": {
            "foreign_address": address,
            "http": [{"listen": PORT, "target": TARGET}, {"listen": SECOND_PORT, "target": SECOND_TARGET}],
        },
        "launch": {"drain": "1s"},
        "parameters": [
            {"name": "nick", "env": "NICK", "rule": "^[a-z]+$", "description": "a nick name"},
            {"name": "color", "env": "COLOR", "default": "blue",
             "options": [{"label": "Deep blue", "value": "blue"}, {"value": "red"}]},
            {"name": "gate", "env": "GATE"},
        ],
        "purge": {"settle": "0s"},
        "local": {
            "taskdefs": {
                "web": {"command": server, "env": {"FROM_TASKDEF": "yes"}},
                "web2": {"command": server},
                "stubborn": {"command": server, "env": {"IGNORE_SIGTERM": "yes"}},
                "dies": {"command": ["/bin/sh", "-c", "echo last words; exit 3"]},
                "missing": {"command": ["/nonexistent/program"]},
            },
        },
    }


def clean_environment(**more):
    """Nothing of the caller's but what programs need to run: no MIRAGE_…, no AWS_…, and nobody looks for an
    instance's metadata."""
    kept = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    return {**{k: os.environ[k] for k in kept if k in os.environ}, "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true", **more}


def need_own_mounts():
    """Skips the test where it cannot mount what nobody else sees."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, timeout=20).returncode != 0:
        pytest.skip("no mount namespace here, as in a chroot")


def run(program, *arguments, env=None, timeout=20):
    """A program that is expected to end by itself."""
    return subprocess.run([BIN / program, *map(str, arguments)], timeout=timeout,
                          env=clean_environment(**(env or {})), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)


# --- AWS ----------------------------------------------------------------------------------------

clouds = {}  # folder of a stack → the FakeAws that it runs on: what is started again there finds its tasks


def cloud_of(folder):
    if folder not in clouds:
        aws = clouds[folder] = FakeAws()
        aws.create_cluster(CLUSTER)
        aws.set_stop_timeout(seconds=2)
    return clouds[folder]


def end_cloud(folder):
    """What went over the wire was as Amazon's models say."""
    aws = clouds.pop(folder, None)
    if aws:
        violations = aws.violations()
        aws.stop()
        assert not violations, violations


def keys_with(folder, secret):
    """Variables of AWS credentials with this secret key, which the cloud of a stack in the folder knows."""
    variables = {"AWS_ACCESS_KEY_ID": "AKIAOFATESTSOWN00001", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": ""}
    if ON_ECS:
        cloud_of(folder).set_credentials(variables["AWS_ACCESS_KEY_ID"], secret)
    return variables


def register(aws, config):
    """The local task definitions as ECS's. What runs for any other name locally is "demo" here."""
    definitions = {**config.get("local", {}).get("taskdefs", {}), "demo": {}}
    for family, definition in definitions.items():
        environment = {**definition.get("env", {}), "PORTS": f"{TARGET} {SECOND_TARGET}"}
        if "command" in definition:
            aws.set_image(family, definition["command"])
        aws.register_task_definition(family, [{
            "name": family, "image": family,
            "environment": [{"name": n, "value": v} for n, v in environment.items()]}], ports=(TARGET, SECOND_TARGET))


def zeros_in_cloudwatch(aws, subdomain, seconds):
    """What mirage-sync would have reported for the last `seconds`, and a little longer, of an unused environment."""
    now = time.time()
    for i in range(1, seconds // 60 + 8):
        aws.put_metric("mirage-ecs", "RequestCount", {"subdomain": subdomain}, 0, now - now % 60 - 60 * i)


def on_ecs(config):
    """The `ecs` section that goes with it."""
    config["ecs"] = {"cluster": CLUSTER, "network_configuration": {"awsvpc_configuration": {
        "subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"], "assign_public_ip": "DISABLED"}}}


# --- the stack ----------------------------------------------------------------------------------


class Stack:
    alive = []  # for the report of a failed test

    def __init__(self, change=None, options=(), env=None, folder=None, address=None, config=None, ecs=ON_ECS,
                 session_token=True, program=None):
        """`change` edits the configuration (a dict) in place; `config` is YAML text instead. `ecs`: on fakeaws,
        `self.aws`, whatever the run's runner is; session_token=None: without credentials in the environment. `program` starts it."""
        self.address = address or own_address()
        self.own_folder = folder is None
        self.folder = folder or short_folder()
        self.state = self.folder / "s"
        number = next(_stacks)
        self.tag = f"{os.getpid()}.{number}"
        self.conf = self.folder / f"{number}-mirage.yml"
        self.options, self.extra_env = ["-local", *options], env or {}
        self.aws = cloud_of(self.folder) if ecs else None
        if ecs:
            self.options = ["-domain", ".localhost", *options]
            keys = {} if session_token is None else self.aws.environment(session_token)
            self.extra_env = {**keys, **self.extra_env}
        if config is None:
            config = base_config(self.address)
            if ecs:
                on_ecs(config)
            if WEB != "lighttpd":
                config["web"] = {"server": WEB}
            if change:
                change(config)
            if ecs:
                register(self.aws, config)
            config = json.dumps(config, indent=1)
        self.conf.write_text(config)
        self.log_path = self.folder / f"{number}.log"
        self.process = None
        self.credentials = []  # headers of every call of the API
        self.open_port = PORT  # one that asks for no cookie
        self.program = program or BIN / "mirage-ecs"
        self.known = {}  # pid → start time of all processes of this stack ever seen

    # --- life ---

    def spawn(self):
        """Starts it, without waiting for anything."""
        env = clean_environment(**{CHILDREN_OF_TESTS: self.tag, **self.extra_env})
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            env[name] = f"log_path={self.folder}/sanitizer:{env.get(name, '')}"
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [self.program, "-conf", self.conf, "-state", self.state, "-log-format", "text",
             *self.options],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.out = b""
        Stack.alive.append(self)
        return self

    def start(self, seconds=30):
        """Starts it and waits until it says that it is ready."""
        self.spawn()
        try:
            self.url = poll(self._ready, seconds, "the line `mirage-ecs ready: …`")
        except BaseException:
            self.kill()
            raise
        return self

    def _ready(self):
        assert self.process.poll() is None, (
            f"mirage-ecs ended with {self.process.returncode}:\n{self.log_tail()}")
        self.out += self.process.stdout.read() or b""
        found = re.search(rb"^mirage-ecs ready: (http://\S+)\n", self.out, re.M)
        return found and found.group(1).decode()

    def wait_refused(self, seconds=20):
        """For a start that must fail: waits for the end and returns (status, what it said)."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end:\n{self.log_tail()}") from None
        self.out += self.process.stdout.read() or b""
        self._forget()
        left = self.survivors()
        assert not left, f"left behind: {left}"
        return status, self.log_path.read_text()

    def stop(self, seconds=35):
        """SIGTERM: status 0, nobody left, no finding of a sanitizer."""
        self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end it in {seconds} s") from None
        left = self.survivors()
        self.kill()
        assert status == 0, f"mirage-ecs ended with {status}:\n{self.log_tail()}"
        assert not left, f"left behind: {left}"
        self.check_sanitizers()

    def kill(self):
        """The hard way, for cleaning up: whatever is left of it."""
        self.pids()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.survivors():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._forget()

    def _forget(self):
        self.process.stdout.close()
        self.log.close()
        if self in Stack.alive:
            Stack.alive.remove(self)

    def remove(self):
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        end_cloud(self.folder)

    def check_sanitizers(self):
        for report in self.folder.glob("sanitizer*"):
            raise AssertionError(report.read_text()[:4000])
        found = re.search(r"^.*(ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer).*",
                          self.log_path.read_text(errors="replace"), re.M)
        assert not found, found.group(0) + "\n" + self.log_tail()

    def log_tail(self, size=6000):
        try:
            return self.log_path.read_text(errors="replace")[-size:]
        except OSError:
            return ""

    # --- its processes ---

    def pids(self, program=None):
        """Descendants of mirage-ecs, all or of one program."""
        alive = processes()
        family = {self.process.pid}
        while True:
            more = {pid for pid, stat in alive.items() if stat[2] in family} - family
            if not more:
                break
            family |= more
        family &= set(alive)
        for pid in family:
            self.known[pid] = alive[pid][3]
        family.discard(self.process.pid)
        return sorted(p for p in family if program is None or program_of(p) == program)

    def survivors(self):
        """What is alive of all that was ever seen of this stack, also when it lost its parent."""
        alive = processes()
        found = {pid for pid, start in self.known.items()
                 if pid in alive and alive[pid][3] == start}
        found |= {pid for pid in alive if _tagged(pid, self.tag)}
        found.discard(os.getpid())
        return {pid: alive[pid][0] for pid in found}

    def kill_program(self, program):
        """kill -9; returns the pids that died."""
        pids = self.pids(program)
        assert pids, f"no {program} among {[program_of(p) for p in self.pids()]}"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # Apache's workers end with it
                os.kill(pid, signal.SIGKILL)
        return pids

    # --- talking to it ---

    def connect(self, port=PORT, timeout=10.0):
        return Connection((self.address, port), timeout)

    def http(self, method, host, target, headers=(), body=b"", port=PORT, timeout=10.0):
        with self.connect(port, timeout) as c:
            c.request(method, target, host, headers, body)
            return c.response(method)

    def get(self, host, target="/", headers=(), port=PORT, timeout=10.0):
        return self.http("GET", host, target, headers, port=port, timeout=timeout)

    def env(self, subdomain, target="/", headers=(), method="GET", body=b"", timeout=10.0):
        """A request to an environment."""
        return self.http(method, f"{subdomain}.localhost", target, headers, body, timeout=timeout)

    def api(self, method, path, form=None, json_body=None, headers=(), body=None, timeout=15.0):
        """A request to the API; `form` (dict or pairs), `json_body` or raw `body`."""
        headers = [*self.credentials, *headers]
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        elif json_body is not None:
            body = json.dumps(json_body).encode()
            headers.append(("Content-Type", "application/json"))
        if method == "POST" and not body:
            headers.append(("Content-Length", "0"))
        return self.http(method, "mirage.localhost", path, headers, body or b"", timeout=timeout)

    def list(self, status="running"):
        r = self.api("GET", f"/api/list?status={status}")
        assert r.status == 200, r
        return r.json()["result"]

    def tasks(self, subdomain, status="running"):
        return [t for t in self.list(status) if t["subdomain"] == subdomain]

    def launch(self, subdomain, taskdef="web", wait=True, **parameters):
        """Launches, and waits until the environment answers."""
        form = {"branch": "main", **parameters, "subdomain": subdomain, "taskdef": taskdef}
        r = self.api("POST", "/api/launch", form=form)
        assert (r.status, r.json()) == (200, {"result": "accepted"}), r
        if wait:
            self.wait_ready(subdomain, 1 if isinstance(taskdef, str) else len(taskdef))

    def wait_ready(self, subdomain, n=1, seconds=15):
        """Until n tasks run, all accept connections, and the proxy knows it."""
        poll(lambda: [t["last_status"] for t in self.tasks(subdomain)] == ["RUNNING"] * n,
             seconds, f"{n} running tasks of {subdomain}")

        def not_ready():
            with contextlib.closing(self.database()) as db:
                return db.execute("SELECT count(*) FROM route WHERE subdomain = ? AND (starting = 1"
                                  " OR address IS NULL)", (subdomain,)).fetchone()[0]
        poll(lambda: not_ready() == 0, seconds, f"all tasks of {subdomain} accept connections")
        self.settle()

    def settle(self):
        """Until the proxy has all routes that are in the database now: it is given one more, and asked
        for that."""
        name = f"settle-{next(_stacks)}"
        with contextlib.closing(self.database()) as db:
            # one without a launch on its way would be ended: it has no task
            db.execute("INSERT INTO launch (subdomain, id, at) VALUES (?, '', ?)", (name, int(time.time() * 1000)))
            db.execute("INSERT INTO environment (subdomain, launched_at) VALUES (?, ?)", (name, int(time.time() * 1000)))
            try:
                poll(lambda: self.get(f"{name}.localhost", headers=[("Prefer", "wait=0")], port=self.open_port).status == 503,
                     5, "the proxy has the routes")
            finally:
                db.execute("DELETE FROM environment WHERE subdomain = ?", (name,))
                db.execute("DELETE FROM launch WHERE subdomain = ?", (name,))

    def terminate(self, subdomain):
        r = self.api("POST", "/api/terminate", form={"subdomain": subdomain})
        assert (r.status, r.json()) == (200, {"result": "ok"}), r

    def task(self, subdomain):
        """The address of an environment's task itself, past the proxy; of its first one, if it has several."""
        return self.task_addresses(subdomain)[0]

    def answering(self, subdomain):
        """The address of the task that answers now."""
        env = self.env(subdomain, "/env").json()
        return (env.get("HOST", "127.0.0.1"), int(env["PORT"]))

    def task_addresses(self, subdomain):
        """Those of all its tasks that are ready."""
        with contextlib.closing(self.database()) as db:
            return db.execute("SELECT DISTINCT address, port FROM route WHERE subdomain = ? AND address <> ''"
                              f" AND target IN (0, {TARGET}) ORDER BY port, address", (subdomain,)).fetchall()

    def database(self):
        return sqlite3.connect(self.state / "mirage.db", timeout=5, isolation_level=None)


@contextlib.contextmanager
def running(stack, seconds=30):
    """Starts it, ends it in order, and leaves nothing behind in any case."""
    stack.start(seconds)
    try:
        yield stack
        stack.stop()
    finally:
        if stack in Stack.alive:
            stack.kill()
        stack.remove()


def ask_task(address, target):
    """A request straight to a task, on a connection of its own."""
    with Connection(address) as c:
        c.request("GET", target, "task", [("Connection", "close")])
        return c.response()
