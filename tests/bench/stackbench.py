"""The row that needs the whole stack: /api/list through mirage-proxyd, lighttpd and FastCGI."""

import json
import os
import signal
import sqlite3
import statistics
import subprocess
import time

from peers import BUILD, Bench, answers, wait_until

TASKS = 100
PARTS = ("mirage-proxyd", "lighttpd", "mirage-api")
HOST = "mirage.bench.test"
CONFIG = """
host: {{ webapi: mirage.bench.test, reverse_proxy_suffix: .bench.test }}
listen: {{ foreign_address: 127.0.0.1, http: [ {{ listen: {port}, target: 80 }} ] }}
local: {{ taskdefs: {{ app: {{ command: [sleep, "1000"] }} }} }}
"""


def child(peer, name):
    """The pid of the program of this name that the peer has started."""
    for pid in peer.pids():
        try:
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == name:
                return pid
        except OSError:
            pass
    return None


def add_tasks(database):
    with sqlite3.connect(database, timeout=1) as db:
        for i in range(TASKS):
            name = f"task{i:03}"
            db.execute("INSERT INTO environment (subdomain, launched_at) VALUES (?, ?)", (name, i))
            db.execute(
                "INSERT INTO task (arn, short_id, subdomain, branch, taskdef, ipaddress, last_status,"
                " desired_status, env, tags, created_at, started_at) VALUES (?1, ?1, ?1, 'main',"
                " 'app:1', '127.0.0.1', 'RUNNING', 'RUNNING', '{\"GIT_BRANCH\":\"main\"}',"
                " '[{\"Key\":\"Branch\",\"Value\":\"main\"}]', 1700000000000, 1700000001000)", (name,))
            db.execute("INSERT INTO port (arn, container, container_port, address, port, ready)"
                       " VALUES (?, 'app', 80, '127.0.0.1', 80, 1)", (name,))


def add_tasks_behind(sync, database):
    """With mirage-sync stopped, which would find that the tasks are not there; and not stopped amid a
    transaction, which would keep the database locked."""
    while True:
        os.kill(sync, signal.SIGSTOP)
        try:
            add_tasks(database)
            return
        except sqlite3.OperationalError:
            os.kill(sync, signal.SIGCONT)
            time.sleep(0.05)


def api_list(bench, rounds, seconds):
    def args(port, at):
        (at / "conf").write_text(CONFIG.format(port=port))
        return [BUILD / "bin/mirage-ecs", "-local", "-conf", at / "conf", "-state", at / "state"]
    peer = bench.start("ecs", args)
    for name in ("mirage-sync", *PARTS):
        wait_until(lambda: child(peer, name), f"{name} runs")
    wait_until(lambda: answers(peer.port, HOST, "/api/list"), "the API answers")
    sync = child(peer, "mirage-sync")
    try:
        add_tasks_behind(sync, bench.folder / f"{bench.n}-ecs" / "state" / "mirage.db")
        reports, parts = [], {}
        for _ in range(rounds):
            before = {n: cpu(child(peer, n)) for n in PARTS}
            out = subprocess.run([Bench.tool("load"), str(peer.port), "-H", HOST, "-p", "/api/list",
                                  "-c", "32", "-d", str(seconds)], capture_output=True, check=True)
            report = json.loads(out.stdout)
            if report["errors"]:
                raise SystemExit("/api/list failed")
            reports.append(report)
            for name, was in before.items():
                parts.setdefault(name, []).append((cpu(child(peer, name)) - was) / report["requests"])
        return {"rate": statistics.median(r["rate"] for r in reports),
                "p99_us": statistics.median(r["p99_us"] for r in reports),
                "cpu_us": {name: round(statistics.median(v), 1) for name, v in parts.items()}}
    finally:
        os.kill(sync, signal.SIGCONT)
        bench.stop(peer)


def cpu(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1000
