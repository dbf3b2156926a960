"""What tests use: `with FakeAws() as aws:` starts a fake of their own, and says to it what control.py understands.

    aws.create_cluster("mirage")
    aws.register_task_definition("web")
    run(["mirage-ecs", …], env=aws.environment())
    assert aws.calls()["ecs.RunTask"]["count"] == 1
    assert aws.violations() == []
"""

import base64
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

_PACKAGE = Path(__file__).resolve().parent


class ControlError(Exception):
    """The fake did not understand; the test is wrong."""


def waiting(pid):
    """What each thread of a process and of its children waits for in the kernel: {(pid, name, thread): where}."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
            if int(stat.parent.name) == pid or int(rest.split()[1]) == pid:
                for thread in (stat.parent / "task").iterdir():
                    found[stat.parent.name, name.split("(", 1)[1], thread.name] = (thread / "wchan").read_text()
        except OSError:
            continue
    return found


class FakeAws:
    """A running fake. Attributes: url, metadata_url, control_url, region, account, pid, and the two fixed pairs of
    keys, user (without a session token) and role (with one), each a dict of access_key, secret_key, token, arn."""

    def __init__(self, region="ap-northeast-1", account="123456789012", listen="127.0.0.1"):
        self.process = subprocess.Popen(
            [sys.executable, "-m", _PACKAGE.name, "--region", region, "--account", account, "--listen", listen,
             "--end-with-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
            env={**{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
                 "PYTHONPATH": str(_PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"fakeaws did not start: status {self.process.wait()}")
        for name, value in json.loads(line).items():
            setattr(self, name, value)
        self._local = threading.local()

    def stop(self):
        """Ends it and all its tasks; returns when all of them have ended."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"fakeaws does not end: {waiting(self.process.pid)}") from None
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def environment(self, session_token=True):
        """The variables that make a program use this fake and nothing else."""
        keys = self.role if session_token else self.user
        variables = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": self.region,
                     "AWS_ACCESS_KEY_ID": keys["access_key"], "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
                     "AWS_EC2_METADATA_DISABLED": "true"}
        if session_token:
            variables["AWS_SESSION_TOKEN"] = keys["token"]
        return variables

    def boto3_client(self, service, session_token=True, retries=0, **more):
        """A client of boto3 for it; `config` may be given to add to ours."""
        import boto3
        from botocore.config import Config

        keys = self.role if session_token else self.user
        config = Config(retries={"max_attempts": retries}, s3={"addressing_style": "path"}, connect_timeout=5,
                        read_timeout=60)
        if "config" in more:
            config = config.merge(more.pop("config"))
        arguments = {"aws_access_key_id": keys["access_key"], "aws_secret_access_key": keys["secret_key"],
                     "aws_session_token": keys["token"], **more}
        # Route 53 is signed for us-east-1, which boto3 knows only of AWS's own addresses
        arguments.setdefault("region_name", "us-east-1" if service == "route53" else self.region)
        return boto3.client(service, endpoint_url=self.url, config=config, **arguments)

    # --- verbs: control.py has them one by one -------------------------------------------------

    def control(self, verb, **arguments):
        """Any verb. The connection is kept, one a thread."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(urlsplit(self.control_url).netloc)
        try:
            connection.request("POST", "/" + verb, json.dumps(arguments))
            answer = json.loads(connection.getresponse().read())
        except BaseException:
            del self._local.connection
            raise
        if "error" in answer:
            raise ControlError(answer["error"] + "\n" + answer.get("trace", ""))
        return answer["result"]

    def __getattr__(self, verb):
        """`aws.violations()`, `aws.set_delays(all=0)`, …: verbs whose arguments need no help, by keyword."""
        if verb.startswith("_") or verb in ("process", "control_url", "url"):
            raise AttributeError(verb)
        return lambda **arguments: self.control(verb, **arguments)

    def create_cluster(self, name, **options):
        return self.control("create_cluster", name=name, **options)

    def register_task_definition(self, family, containers=None, ports=(80,), log_group="/tests", **fields):
        """A Fargate task definition. containers: [{"name", "image", …}], or one named like the family."""
        containers = [dict(c) for c in containers or [{"name": family, "image": family}]]
        for container in containers:
            container.setdefault("portMappings", [{"containerPort": port} for port in ports])
            if log_group and "logConfiguration" not in container:
                container["logConfiguration"] = {"logDriver": "awslogs", "options": {
                    "awslogs-group": log_group, "awslogs-region": self.region, "awslogs-stream-prefix": "ecs"}}
        wire = {"family": family, "containerDefinitions": containers, "networkMode": "awsvpc", "cpu": "256",
                "memory": "512", "requiresCompatibilities": ["FARGATE"],
                "taskRoleArn": "arn:aws:iam::123456789012:role/tests", **fields}
        wire = {name: value for name, value in wire.items() if value is not None}
        return self.control("register_task_definition", **wire)

    def set_image(self, image, command=None, **options):
        """What runs for an image: command (argv), env, cwd; or pull_error, the reason that it never starts."""
        if command is not None:
            options["command"] = list(command)
        self.control("set_image", image=image, **options)

    def fault(self, operation="*", kind="throttle", **detail):
        """See faults.py; gives an id for clear_faults(id=…)."""
        return self.control("fault", operation=operation, kind=kind, **detail)

    def requests(self, operation=None, last=None):
        return self.control("requests", operation=operation, last=last)

    def count(self, operation):
        """How often it was called since the last reset_calls()."""
        return self.calls().get(operation, {"count": 0})["count"]

    def set_page_size(self, operation, size=None):
        self.control("set_page_size", operation=operation, size=size)

    def set_credentials(self, access_key, secret_key, token=None, lifetime=None, arn=None):
        return self.control("set_credentials", access_key=access_key, secret_key=secret_key, token=token,
                            lifetime=lifetime, arn=arn)

    def set_service(self, name, cluster=None, **fields):
        return self.control("set_service", name=name, cluster=cluster, **fields)

    def add_task(self, *, count=1, serve=(), base="full", **fields):
        """Puts records in, no process behind them; gives the ARN, a list of them for count > 1. serve: ports of its
        address that answer. Fields are DescribeTasks' own, and tags, cluster, address."""
        arns = self.control("add_task", fields=fields, count=count, serve=list(serve), base=base)
        return arns[0] if count == 1 else arns

    def change_task(self, task, tags=None, **fields):
        self.control("change_task", task=task, fields=fields, tags=tags)

    def remove_task(self, task):
        self.control("remove_task", task=task)

    def task(self, task):
        """One of tasks(), by ARN or id."""
        return next(t for t in self.tasks() if task in (t["taskArn"], t["taskArn"].rpartition("/")[2]))

    def wait_task(self, task, status="RUNNING", seconds=10):
        """The task once it has that lastStatus."""
        deadline = time.monotonic() + seconds
        while (found := self.task(task))["lastStatus"] != status:
            if time.monotonic() > deadline:
                raise AssertionError(f"task is {found['lastStatus']} after {seconds} s, not {status}")
            time.sleep(0.01)
        return found

    def put_metric(self, namespace, name, dimensions, value, timestamp=None):
        self.control("put_metric", namespace=namespace, name=name, dimensions=dimensions, value=value,
                     timestamp=timestamp)

    def add_log_events(self, group, stream, events):
        """events: [(milliseconds, message), …]"""
        self.control("add_log_events", group=group, stream=stream, events=list(events))

    def log_events(self, group, stream):
        return self.control("log_events", group=group, stream=stream)

    def create_hosted_zone(self, id, name):
        self.control("create_hosted_zone", id=id, name=name)

    def records(self, zone):
        return self.control("records", zone=zone)

    def create_bucket(self, name):
        self.control("create_bucket", name=name)

    def put_object(self, bucket, key, body, **more):
        body = body.encode() if isinstance(body, str) else body
        self.control("put_object", bucket=bucket, key=key, body=base64.b64encode(body).decode(), **more)

    def deny_object(self, bucket, key=None):
        self.control("deny_object", bucket=bucket, key=key)

    def set_web_identity(self, token, role=None):
        self.control("set_web_identity", token=token, role=role)

    def set_task_metadata(self, id, cluster, task_arn, family, revision=1, **more):
        """Gives the value for ECS_CONTAINER_METADATA_URI_V4."""
        return self.control("set_task_metadata", id=id, cluster=cluster, task_arn=task_arn, family=family,
                            revision=revision, **more)

    def set_container_credentials(self, path, token=None, lifetime=21600, role=None):
        """Gives the value for AWS_CONTAINER_CREDENTIALS_FULL_URI."""
        return self.control("set_container_credentials", path=path, token=token, lifetime=lifetime, role=role)
