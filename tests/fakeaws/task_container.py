"""A container of a task: what it is to run, with which environment, where its output goes, its record."""

import uuid

from .task_builtin import BuiltinServer
from .task_process import Process

CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
LINE_MAX = 16384  # where Docker cuts a line


def _ports(mapping):
    if "containerPort" in mapping:
        return [mapping["containerPort"]]
    first, last = map(int, mapping["containerPortRange"].split("-"))
    return range(first, last + 1)


class Container:
    def __init__(self, task, n, definition, override):
        self.task, self.world, self.definition = task, task.world, definition
        self.ports = [port for mapping in definition["portMappings"] for port in _ports(mapping)]
        self.runtime_id = f"{task.id}-{1000000001 + n}"
        self._override = override
        self._running = None
        self.alive = False
        self.record = {
            "containerArn": task.ecs.arn("container", f"{task.cluster}/{task.id}/{uuid.uuid4()}"),
            "taskArn": task.arn, "name": definition["name"], "image": definition["image"], "lastStatus": "PENDING",
            "networkInterfaces": [], "healthStatus": "UNKNOWN",
            "cpu": str(override.get("cpu", definition["cpu"]))}
        for name in ("memory", "memoryReservation"):
            if value := override.get(name, definition.get(name)):
                self.record[name] = str(value)

    @classmethod
    def serving(cls, task, ports, environment):
        """Of an injected record: the built-in server and nothing else."""
        definition = {"name": "app", "image": "", "cpu": 0, "essential": True,
                      "environment": [{"name": k, "value": v} for k, v in environment.items()],
                      "portMappings": [{"containerPort": port} for port in ports]}
        return cls(task, 0, definition, {})

    def environment(self):
        """As the process has it: what the image sets, the task definition, the override, and our own."""
        pairs = {item["name"]: item["value"] for item in self.definition["environment"]}
        pairs.update({item["name"]: item.get("value", "") for item in self._override.get("environment", [])})
        ours = {"HOST": self.task.address, "ECS_CONTAINER_METADATA_URI_V4":
                f"{self.world.metadata_url}/v4/{self.runtime_id}", "AWS_REGION": self.world.region,
                "AWS_EXECUTION_ENV": "AWS_ECS_" + self.task.record.get("launchType", "FARGATE")}
        if self.ports:
            ours["PORT"] = str(self.ports[0])
        return {**CLEAN, **self._image().get("env", {}), **pairs, **ours}

    def _image(self):
        image, images = self.definition["image"], self.task.ecs.images
        short = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
        return images.get(image) or images.get(short) or {}

    def start(self):
        """None, or why it cannot be started."""
        image = self._image()
        if "pull_error" in image:
            return image["pull_error"]
        self.create_stream()
        self.alive = True  # before it runs: it may have ended before its constructor returns
        try:
            if "command" in image:
                self._running = Process(image["command"], self.environment(), self.world.nonce, self._line,
                                        self._ended, image.get("cwd", "/"))
            else:
                self._running = BuiltinServer(self.task.address, self.ports, self.environment(), self._line,
                                              self._ended)
        except OSError as e:
            self.alive = False
            return f"CannotPullContainerError: {self.definition['image']}: {e}"
        self.record["runtimeId"] = self.runtime_id
        if not self.task.network:
            self.record["networkBindings"] = [{"bindIP": self.task.address, "containerPort": port, "hostPort": port,
                                               "protocol": "tcp"} for port in self.ports]
        return None

    def now_running(self, now, execute_command):
        if not self.alive:
            return
        self.record["lastStatus"] = "RUNNING"
        if "healthCheck" in self.definition:
            self.record["healthStatus"] = "HEALTHY"
        if execute_command:
            self.record["managedAgents"] = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING",
                                             "lastStartedAt": now}]

    def terminate(self):
        if self._running:
            self._running.terminate()

    def kill(self):
        if self._running:
            self._running.kill()

    @property
    def pid(self):
        return getattr(self._running, "pid", None)

    def _ended(self, code):
        self.alive = False
        self.task.container_ended(self, code)

    def _line(self, text):
        log = self.definition.get("logConfiguration", {})
        if log.get("logDriver") != "awslogs":
            return
        options = log["options"]
        prefix = options.get("awslogs-stream-prefix")
        stream = f"{prefix}/{self.definition['name']}/{self.task.id}" if prefix else self.runtime_id
        for i in range(0, len(text), LINE_MAX):
            self.world.logs.append(options["awslogs-group"], stream, text[i:i + LINE_MAX])

    def create_stream(self):
        """awslogs makes the stream when the container starts, before any line."""
        log = self.definition.get("logConfiguration", {})
        if log.get("logDriver") == "awslogs" and (prefix := log["options"].get("awslogs-stream-prefix")):
            self.world.logs.create(log["options"]["awslogs-group"],
                                   f"{prefix}/{self.definition['name']}/{self.task.id}")
