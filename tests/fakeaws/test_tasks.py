"""Tasks are real: addresses, processes, environment, output, the ways to end, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from .client import FakeAws
from .conftest import poll

SERVER = """
import http.server, json, os, signal, subprocess, sys
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(3)
        body = json.dumps({"environment": dict(os.environ), "child": child.pid}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("asked for", self.path, flush=True)
    def log_message(self, *a): pass
def end(*_):
    print("bye", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "DEAF" in os.environ else end)
server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
print("up", flush=True)
print("warning", file=sys.stderr, flush=True)
server.serve_forever()
"""


@pytest.fixture
def app(aws, run):
    aws.set_image("app", [sys.executable, "-c", SERVER], env={"FROM_IMAGE": "1"})
    aws.register_task_definition("app", [{"name": "app", "image": "registry.test/team/app:1.2", "environment": [
        {"name": "A", "value": "definition"}, {"name": "B", "value": "definition"}]}], ports=[8080, 9090])

    def start(**environment):
        overrides = [{"name": name, "value": value} for name, value in environment.items()]
        arn = run("app", overrides={"containerOverrides": [{"name": "app", "environment": overrides}]}
                  )["tasks"][0]["taskArn"]
        return arn

    start.ecs = run.ecs
    return start


def get(aws, arn, path="/", port=8080):
    with urllib.request.urlopen(f"http://{aws.task(arn)['_address']}:{port}{path}", timeout=5) as answer:
        return json.loads(answer.read())


def get_when_up(aws, arn):
    def attempt():
        try:
            return get(aws, arn)
        except OSError:
            return None

    poll(lambda: aws.task(arn)["lastStatus"] == "RUNNING", "the task runs")
    return poll(attempt, "the process answers")


def stopped(aws, arn):
    return poll(lambda: (task := aws.task(arn))["lastStatus"] == "STOPPED" and task, "the task has stopped")


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_environment_output_and_stop(aws, app):
    arn = app(A="override")
    answer = get_when_up(aws, arn)
    environment = answer["environment"]
    assert (environment["A"], environment["B"], environment["FROM_IMAGE"]) == ("override", "definition", "1")
    assert environment["HOST"] == aws.task(arn)["_address"] and environment["PORT"] == "8080"
    assert "PYTHONPATH" not in environment and "AWS_ACCESS_KEY_ID" not in environment
    with urllib.request.urlopen(environment["ECS_CONTAINER_METADATA_URI_V4"] + "/task", timeout=5) as metadata:
        assert json.loads(metadata.read())["TaskARN"] == arn
    lines = lambda: [e["message"] for e in aws.log_events("/tests", "ecs/app/" + arn.split("/")[-1])]
    poll(lambda: lines() == ["up", "warning", "asked for /"], "the output is in the log")

    pid = aws.task(arn)["_containers"][0]["pid"]
    answered = app.ecs.stop_task(cluster="mirage", task=arn, reason="no more")["task"]
    assert answered["desiredStatus"] == "STOPPED" and answered["lastStatus"] != "STOPPED"
    task = stopped(aws, arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "no more")
    assert task["containers"][0]["exitCode"] == 0 and task["containers"][0]["lastStatus"] == "STOPPED"
    assert task["stoppingAt"] <= task["executionStoppedAt"] <= task["stoppedAt"]
    assert lines()[-1] == "bye"
    assert gone(pid) and gone(answer["child"])  # also what left the process group
    assert app.ecs.list_tasks(cluster="mirage", desiredStatus="STOPPED")["taskArns"][-1] == arn


def test_deaf_process_is_killed(aws, app):
    aws.set_stop_timeout(seconds=0.2)
    arn = app(DEAF="1")
    get_when_up(aws, arn)
    app.ecs.stop_task(cluster="mirage", task=arn)
    assert stopped(aws, arn)["containers"][0]["exitCode"] == 137
    aws.set_stop_timeout(seconds=30)


def test_stop_timeout_of_the_definition(aws, app, run):
    aws.register_task_definition("short", [{"name": "app", "image": "app", "stopTimeout": 0}], ports=[8080])
    arn = run("short", overrides={"containerOverrides": [{"name": "app", "environment": [
        {"name": "DEAF", "value": "1"}]}]})["tasks"][0]["taskArn"]
    get_when_up(aws, arn)
    run.ecs.stop_task(cluster="mirage", task=arn)
    assert stopped(aws, arn)["containers"][0]["exitCode"] == 137


def test_essential_container_exits(aws, app):
    arn = app()
    child = get_when_up(aws, arn)["child"]
    with pytest.raises(OSError):
        get(aws, arn, "/exit")
    task = stopped(aws, arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("EssentialContainerExited",
                                                         "Essential container in task exited")
    assert task["containers"][0]["exitCode"] == 3 and task["desiredStatus"] == "STOPPED"
    poll(lambda: gone(child), "what the container had started has ended with it")


def test_sidecar_may_exit(aws, run):
    aws.set_image("once", ["sh", "-c", "echo done"])
    aws.register_task_definition("pair", [{"name": "web", "image": "web"},
                                          {"name": "once", "image": "once", "essential": False, "portMappings": []}])
    arn = run("pair")["tasks"][0]["taskArn"]
    task = poll(lambda: (t := aws.task(arn))["containers"][1].get("exitCode") == 0 and t, "the sidecar has exited")
    poll(lambda: aws.task(arn)["lastStatus"] == "RUNNING", "the task runs all the same")
    assert get(aws, arn, port=80)["HOST"] == task["_address"]
    aws.remove_task(arn)


def test_cannot_start(aws, run):
    aws.set_image("broken", ["/no/such/command"])
    aws.set_image("absent", pull_error="CannotPullContainerError: manifest unknown")
    for name in ("broken", "absent"):
        aws.register_task_definition(name)
        task = stopped(aws, run(name)["tasks"][0]["taskArn"])
        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"].startswith("CannotPullContainerError: ")
        assert "startedAt" not in task and "exitCode" not in task["containers"][0]


def test_states_in_order(aws, run):
    aws.set_delays(all=0.6)
    arn = run()["tasks"][0]["taskArn"]
    seen = []

    def look(until):
        task = run.ecs.describe_tasks(cluster="mirage", tasks=[arn])["tasks"][0]
        if not seen or seen[-1] != task["lastStatus"]:
            seen.append(task["lastStatus"])
        return task["lastStatus"] == until

    poll(lambda: look("RUNNING"), "it runs")
    run.ecs.stop_task(cluster="mirage", task=arn)
    poll(lambda: look("STOPPED"), "it has stopped")
    aws.set_delays(all=0.01)
    assert seen == ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING",
                    "STOPPED"]


def test_stopped_before_it_ran(aws, run):
    aws.set_delays(provisioning=60)
    arn = run()["tasks"][0]["taskArn"]
    aws.set_delays(all=0.01)
    run.ecs.stop_task(cluster="mirage", task=arn)
    task = stopped(aws, arn)
    assert "startedAt" not in task and task["_address"] is None


def test_injected_with_a_server(aws):
    arn = aws.add_task(serve=[80, 8081], overrides={"containerOverrides": [
        {"name": "app", "environment": [{"name": "A", "value": "b"}]}]})
    assert get(aws, arn, port=8081)["A"] == get(aws, arn, port=80)["A"] == "b"
    details = {d["name"]: d["value"] for d in aws.task(arn)["attachments"][0]["details"]}
    assert details["privateIPv4Address"] == aws.task(arn)["_address"]
    aws.remove_task(arn)
    assert all(t["taskArn"] != arn for t in aws.tasks())


def test_hundreds_of_tasks(aws, run):
    arns = [task["taskArn"] for _ in range(30) for task in run(count=10)["tasks"]]
    running = lambda: sum(t["lastStatus"] == "RUNNING" for t in aws.tasks() if t["taskArn"] in set(arns))
    poll(lambda: running() == 300, "300 tasks run", 20)
    addresses = {t["_address"] for t in aws.tasks() if t["taskArn"] in set(arns)}
    assert len(addresses) == 300
    assert all(get(aws, arn, port=80)["PORT"] == "80" for arn in arns[::50])
    assert len(run.ecs.describe_tasks(cluster="mirage", tasks=arns[:100], include=["TAGS"])["tasks"]) == 100
    for arn in arns:
        aws.remove_task(arn)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(number):
    aws = FakeAws()
    aws.create_cluster("mirage")
    aws.register_task_definition("app", ports=[8080])
    aws.set_image("app", [sys.executable, "-c", SERVER])
    ecs = aws.boto3_client("ecs")
    arns = [t["taskArn"] for t in ecs.run_task(
        cluster="mirage", taskDefinition="app", launchType="FARGATE", count=3, networkConfiguration={
            "awsvpcConfiguration": {"subnets": ["s"]}})["tasks"]]
    pids = []
    for arn in arns:
        pids.append(get_when_up(aws, arn)["child"])
        pids.append(aws.task(arn)["_containers"][0]["pid"])
    assert len(pids) == 6 and not any(gone(pid) for pid in pids)
    os.kill(aws.pid, number)
    assert aws.process.wait(10) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    if number == signal.SIGTERM:
        assert all(gone(pid) for pid in pids)
    poll(lambda: all(gone(pid) for pid in pids), "all processes have ended")
    aws.stop()


def test_ends_with_the_one_who_started_it():
    code = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom fakeaws.client import FakeAws\n"
            "print(FakeAws().pid, flush=True)\nimport os; os._exit(9)")
    parent = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run([sys.executable, "-c", code, parent], capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)
    poll(lambda: gone(pid), "the fake has ended with its parent")
