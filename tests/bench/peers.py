"""The programs that are measured, each started in a folder of its own: what they are told, how long
they have run, and how much memory they hold."""

import os
import pathlib
import re
import resource
import socket
import sqlite3
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MIRAGE_BUILD", ROOT / "build"))
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1] # as many as we may have
SUFFIX = ".bench.test"

NGINX = """
worker_processes {workers}; pid {dir}/nginx.pid; error_log {dir}/nginx.log; daemon off;
worker_rlimit_nofile {descriptors};
events {{ worker_connections 12000; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {dir}/n1; proxy_temp_path {dir}/n2; fastcgi_temp_path {dir}/n3;
  uwsgi_temp_path {dir}/n4; scgi_temp_path {dir}/n5;
  upstream tasks {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://tasks; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
    }}
  }}
}}
"""
HAPROXY = """
global
  nbthread {workers}
  maxconn 9900
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:{port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend b
backend b
  server s 127.0.0.1:{origin}
"""
PROXYD = """
host: {{ webapi: mirage.bench.test, reverse_proxy_suffix: .bench.test }}
listen: {{ foreign_address: 127.0.0.1, http: [ {{ listen: {port}, target: 80 }} ] }}
network: {{ workers: {workers} }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(holds, what):
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"not in time: {what}")
        time.sleep(0.005)


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def more_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


class Peer:
    """A running program: a proxy, or what stands before or behind it."""

    def __init__(self, name, args, port, log):
        self.name, self.port, self.log = name, port, log
        with open(log, "w") as f:
            self.process = subprocess.Popen(args, preexec_fn=more_descriptors, stderr=f, stdout=f)
        wait_until(lambda: accepts(port), f"{name} listens on port {port}")

    def pids(self):
        """The process and its descendants."""
        found = [self.process.pid]
        for parent in found:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as f:
                    found += [int(p) for p in f.read().split()]
        return found

    def cpu_us(self):
        """CPU time so far: the scheduler's own sum, in ns, of all threads."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
        return total / 1000

    def main_cpu_ms(self):
        """The same for the main thread alone, in ms: proxyd's reads routes and writes counts."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e6

    def resident(self):
        """Bytes that are resident in the process and its descendants, and not shared with a file."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as f:
                total += int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1)) * 1024
        return total

    def load_times(self):
        """(routes, ms) of each time that proxyd has read its routes."""
        return [(int(n), int(ms)) for n, ms in re.findall(
            r"(\d+) environments are routed, read in (\d+) ms", self.log.read_text())]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=40)


class Bench:
    """Starts programs, and stops all that it has started."""

    def __init__(self, folder):
        self.folder, self.peers, self.n = folder, [], 0
        self.origin = self.start("origin", lambda port, at: [self.tool("origin"), str(port)])

    @staticmethod
    def tool(name):
        path = ROOT / "build/bench" / name  # as it is built to measure, whatever is measured
        if not path.exists():
            raise SystemExit(f"{path} is not there: run `make all-tests`")
        return path

    def start(self, name, args_of):
        self.n += 1
        at, port = self.folder / f"{self.n}-{name}", free_port()
        at.mkdir()
        peer = Peer(name, args_of(port, at), port, at / "log")
        self.peers.append(peer)
        return peer

    def relay(self):
        return self.start("relay", lambda port, at: [
            self.tool("relay"), str(port), str(self.origin.port)])

    def nginx(self, workers=1):
        def args(port, at):
            (at / "conf").write_text(NGINX.format(
                dir=at, port=port, origin=self.origin.port, workers=workers,
                descriptors=DESCRIPTORS))
            return ["nginx", "-c", at / "conf"]
        return self.start("nginx", args)

    def haproxy(self, workers=1):
        def args(port, at):
            (at / "conf").write_text(HAPROXY.format(
                port=port, origin=self.origin.port, workers=workers))
            return ["haproxy", "-q", "-f", at / "conf"]
        return self.start("haproxy", args)

    def proxyd(self, subdomains=("app",), workers=1, level="info", wrap=()):
        """With a route for each of the subdomains, all to the origin. wrap: a program to run it in."""
        def args(port, at):
            (at / "conf").write_text(PROXYD.format(port=port, workers=workers))
            state = at / "state"
            state.mkdir()
            args = ["-local", "-conf", at / "conf", "-state", state, "-log-level", level]
            subprocess.run([BUILD / "bin/mirage-proxyd", "-t", *args], check=True)
            sandbox = ["-sandbox=false"] if wrap else []  # valgrind calls more than a proxy does
            return [*wrap, BUILD / "bin/mirage-proxyd", *args, *sandbox]
        peer = self.start("mirage", args)
        peer.database = self.folder / f"{self.n}-mirage" / "state" / "mirage.db"
        self.add_routes(peer, subdomains)
        return peer

    def add_routes(self, peer, subdomains, wait=True):
        with sqlite3.connect(peer.database) as db:
            first = time.time_ns() // 1000
            db.executemany(
                "INSERT INTO environment (subdomain, launched_at) VALUES (?, ?)",
                ((s, first + i) for i, s in enumerate(subdomains)))
            db.executemany(
                "INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress,"
                " last_status, desired_status, env, tags, created_at) VALUES (?1, ?1, ?1, '',"
                " 'app:1', '127.0.0.1', 'RUNNING', 'RUNNING', '{}', '[]', 1)",
                ((s,) for s in subdomains))
            db.executemany(
                "INSERT INTO port (arn, container, container_port, address, port, ready)"
                " VALUES (?, 'app', 80, '127.0.0.1', ?, 1)",
                ((s, self.origin.port) for s in subdomains))
        if wait:
            host = re.sub(r"[*?]", "x", subdomains[-1]) + SUFFIX
            wait_until(lambda: answers(peer.port, host), "the routes are live")

    def stop(self, *peers):
        for peer in peers:
            peer.stop()
            self.peers.remove(peer)

    def stop_all(self):
        self.stop(*self.peers[::-1])


def answers(port, host, path="/100"):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in s.recv(64)
