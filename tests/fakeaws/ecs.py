"""ECS: clusters, services, and the operations. Task definitions and tasks have files of their own."""

import base64
import json
import re
import threading
import time

from .ecs_definitions import Definitions
from .errors import ApiError, LimitError
from .task import InjectedTask, Task

DELAYS = {"provisioning": 0.05, "pending": 0.05, "activating": 0.05, "deactivating": 0.05, "stopping": 0.05,
          "deprovisioning": 0.05}
OVERRIDES_MAX = 8192


def invalid(message):
    return ApiError("InvalidParameterException", message)


class Ecs:
    def __init__(self, world):
        self.world = world
        self.lock = threading.RLock()
        self.delays = dict(DELAYS)
        self.stop_timeout = 30.0
        self.keep_stopped = 3600.0
        self.images = {}
        self.clusters, self.services = {}, {}
        self.definitions = Definitions(world)
        self._tasks = {}  # by ARN, oldest first
        self._tokens = {}  # clientToken → (parameters, answer)
        self._number = 0

    # --- names -------------------------------------------------------------------------------

    def arn(self, kind, rest):
        return f"arn:aws:ecs:{self.world.region}:{self.world.account}:{kind}/{rest}"

    def create_cluster(self, name, capacity_providers=("FARGATE", "FARGATE_SPOT"), default_strategy=()):
        self.clusters[name] = {"arn": self.arn("cluster", name), "capacity_providers": list(capacity_providers),
                               "default_strategy": list(default_strategy)}
        return self.clusters[name]["arn"]

    def cluster(self, text):
        """The name of a cluster given by name or ARN."""
        name = text or "default"
        if name.startswith("arn:"):
            prefix = self.arn("cluster", "")
            name = name[len(prefix):] if name.startswith(prefix) else ""
        if name not in self.clusters:
            raise ApiError("ClusterNotFoundException", "Cluster not found.")
        return name

    # --- task definitions ---------------------------------------------------------------------

    def RegisterTaskDefinition(self, params, credential):
        with self.lock:
            definition = self.definitions.register(params, credential.arn if credential else "")
        return {"taskDefinition": definition.wire, "tags": definition.tags}

    def DeregisterTaskDefinition(self, params, credential):
        with self.lock:
            definition = self.definitions.find(params["taskDefinition"], "Unable to describe task definition.")
            definition.wire["status"] = "INACTIVE"
            definition.wire["deregisteredAt"] = self.world.now()
        return {"taskDefinition": definition.wire}

    def DescribeTaskDefinition(self, params, credential):
        with self.lock:
            definition = self.definitions.find(params["taskDefinition"], "Unable to describe task definition.")
        answer = {"taskDefinition": definition.wire}
        if "TAGS" in params.get("include", []):
            answer["tags"] = definition.tags
        return answer

    # --- running ------------------------------------------------------------------------------

    def RunTask(self, params, credential):
        with self.lock:
            token = params.get("clientToken")
            if token in self._tokens and token is not None:
                before, answer = self._tokens[token]
                if before != params:
                    raise ApiError("ConflictException", "The clientToken was used with other parameters.", None,
                                   {"resourceIds": [t["taskArn"] for t in answer["tasks"]]})
                arns = [t["taskArn"] for t in answer["tasks"]]
                known = [self._tasks[arn] for arn in arns if arn in self._tasks]
                return {"tasks": [task.describe(tags=True) for task in known], "failures": answer["failures"]}
            cluster, definition, launch = self._check_run(params)
            failures, count = [], params.get("count", 1)
            fault = self.world.faults.take("ecs", "RunTask", {"failures"})
            if fault:
                failures = fault.get("failures") or [{"arn": self.clusters[cluster]["arn"],
                                                      "reason": "RESOURCE:MEMORY"}]
                count = fault.get("start", 0)
            tasks = [Task(self, cluster, definition, params, launch, self._take_number()) for _ in range(count)]
            for task in tasks:
                self._tasks[task.arn] = task
            answer = {"tasks": [task.describe(tags=True) for task in tasks], "failures": failures}
            if token:
                self._tokens[token] = (params, answer)
        for task in tasks:
            task.begin()
        return answer

    def _take_number(self):
        self._number += 1
        return self._number

    def _check_run(self, params):
        cluster = self.cluster(params.get("cluster"))
        definition = self.definitions.find(params["taskDefinition"], "TaskDefinition not found.")
        if definition.wire["status"] != "ACTIVE":
            raise ApiError("ClientException", "TaskDefinition is inactive")
        if not 1 <= params.get("count", 1) <= 10:
            raise invalid("count should be between 1 and 10.")
        if len(params.get("startedBy", "")) > 128 or len(params.get("clientToken", "")) > 64:
            raise invalid("startedBy or clientToken is too long.")
        launch = self._launch(params, cluster, definition)
        network = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
        if definition.wire["networkMode"] == "awsvpc":
            if not network:
                raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
            if not network.get("subnets"):
                raise invalid("subnets can not be empty.")
            if len(network["subnets"]) > 16 or len(network.get("securityGroups", [])) > 5:
                raise invalid("At most 16 subnets and 5 security groups can be given.")
        elif network:
            raise invalid("Network Configuration is not valid for the given networkMode of this task definition.")
        if params.get("enableExecuteCommand") and not (definition.wire.get("taskRoleArn")
                                                       or params.get("overrides", {}).get("taskRoleArn")):
            raise invalid("The service couldn't be updated because a valid taskRoleArn is not being used. Specify a "
                          "valid task role in your task definition and try again.")
        self._check_overrides(params.get("overrides", {}), definition)
        check_tags(params.get("tags", []))
        return cluster, definition, launch

    def _launch(self, params, cluster, definition):
        """(launch type, capacity provider or None)"""
        strategy = params.get("capacityProviderStrategy")
        if strategy and params.get("launchType"):
            raise invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one "
                          "and try again.")
        known = self.clusters[cluster]
        if strategy is None and not params.get("launchType"):
            strategy = known["default_strategy"]
        if not strategy:
            launch_type, provider = params.get("launchType", "EC2"), None
        else:
            for item in strategy:
                if item["capacityProvider"] not in known["capacity_providers"]:
                    raise invalid(f"The specified capacity provider '{item['capacityProvider']}' was not found.")
            if sum(1 for item in strategy if item.get("base")) > 1:
                raise invalid("Only one capacity provider in a strategy can have a base.")
            provider = max(strategy, key=lambda item: (item.get("base", 0), item.get("weight", 0)))["capacityProvider"]
            launch_type = "FARGATE" if provider.startswith("FARGATE") else "EC2"
        if launch_type not in definition.wire["compatibilities"]:
            raise invalid(f"Task definition does not support launch_type {launch_type}.")
        return launch_type, provider

    def _check_overrides(self, overrides, definition):
        names = {container["name"] for container in definition.wire["containerDefinitions"]}
        for override in overrides.get("containerOverrides", []):
            if override.get("name") not in names:
                raise invalid(f"Override for container named {override.get('name')} is not a container in the "
                              "TaskDefinition.")
            if any(not item.get("name") for item in override.get("environment", [])):
                raise invalid("Environment variables need a name.")
        size = len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False).encode())
        if size > OVERRIDES_MAX:
            raise invalid(f"Container Overrides length must be at most {OVERRIDES_MAX}")

    # --- looking and stopping ------------------------------------------------------------------

    def DescribeTasks(self, params, credential):
        cluster = self.cluster(params.get("cluster"))
        wanted = params["tasks"]
        if not wanted:
            raise LimitError("InvalidParameterException", "Tasks cannot be empty.")
        if len(wanted) > 100:
            raise LimitError("InvalidParameterException", "Only up to 100 tasks can be described at a time.")
        tags = "TAGS" in params.get("include", [])
        fault = self.world.faults.take("ecs", "DescribeTasks", {"failures"})
        failing = {f["arn"]: f for f in fault.get("failures", [])} if fault else {}
        tasks, failures = [], []
        with self.lock:
            self._forget()
            for text in wanted:
                arn = self._task_arn(cluster, text)
                task = self._tasks.get(arn)
                if arn in failing or (fault and not failing):
                    failures.append(failing.get(arn, {"arn": arn, "reason": "MISSING"}))
                elif task is None or task.cluster != cluster:
                    failures.append({"arn": arn, "reason": "MISSING"})
                else:
                    tasks.append(task.describe(tags))
        return {"tasks": tasks, "failures": failures}

    def _task_arn(self, cluster, text):
        if text.startswith("arn:"):
            if text not in self._tasks and not re.fullmatch(r"arn:aws:ecs:[\w-]+:\d{12}:task/([\w-]+/)?[\w-]+", text):
                raise invalid(f"Invalid identifier: {text}")
            return text
        arn = self.arn("task", f"{cluster}/{text}")
        if arn not in self._tasks and len(text) not in (32, 36):
            raise invalid("taskId length should be one of [32,36]")
        return arn

    def ListTasks(self, params, credential):
        cluster = self.cluster(params.get("cluster"))
        filters = [name for name in ("containerInstance", "family", "serviceName", "launchType") if name in params]
        if "startedBy" in params and filters:
            raise LimitError("InvalidParameterException", "startedBy cannot be combined with other filters.")
        if not 1 <= params.get("maxResults", 100) <= 100:
            raise LimitError("InvalidParameterException", "maxResults should be between 1 and 100.")
        desired = params.get("desiredStatus", "RUNNING")
        size = self.world.page_size("ecs", "ListTasks", params.get("maxResults", 100))
        position = _from_token(params["nextToken"]) if "nextToken" in params else 0
        with self.lock:
            self._forget()
            found = [task for task in self._tasks.values() if task.cluster == cluster and task.number > position
                     and task.matches(desired, params)]
        answer = {"taskArns": [task.arn for task in found[:size]]}
        if len(found) > size:
            answer["nextToken"] = _to_token(found[size - 1].number)
        return answer

    def StopTask(self, params, credential):
        cluster = self.cluster(params.get("cluster"))
        if len(params.get("reason", "")) > 1024:
            raise invalid("reason is too long.")
        with self.lock:
            task = self._tasks.get(self._task_arn(cluster, params["task"]))
            if task is None or task.cluster != cluster:
                raise invalid("The referenced task was not found.")
            task.stop("UserInitiated", params.get("reason", "Task stopped by user"))
            return {"task": task.describe()}

    def DescribeServices(self, params, credential):
        cluster = self.cluster(params.get("cluster"))
        if not 1 <= len(params["services"]) <= 10:
            raise LimitError("InvalidParameterException", "Between 1 and 10 services can be described at a time.")
        services, failures = [], []
        for text in params["services"]:
            name = text.rpartition("/")[2]
            service = self.services.get((cluster, name))
            if service is None:
                failures.append({"arn": self.arn("service", f"{cluster}/{name}"), "reason": "MISSING"})
            else:
                services.append({key: value for key, value in service.items()
                                 if key != "tags" or "TAGS" in params.get("include", [])})
        fault = self.world.faults.take("ecs", "DescribeServices", {"failures"})
        if fault:
            failures, services = fault.get("failures") or [{"arn": s["serviceArn"], "reason": "MISSING"}
                                                           for s in services], []
        return {"services": services, "failures": failures}

    def _forget(self):
        """Stopped tasks are kept for a while only."""
        limit = self.world.now() - self.keep_stopped
        for arn in [arn for arn, task in self._tasks.items() if task.stopped_before(limit)]:
            del self._tasks[arn]

    # --- for control ---------------------------------------------------------------------------

    def inject(self, fields, count, serve, base):
        with self.lock:
            tasks = []
            for _ in range(count):
                task = InjectedTask(self, dict(fields), serve, base, self._take_number())
                self._tasks[task.arn] = task
                tasks.append(task)
        return [task.arn for task in tasks]

    def all_tasks(self):
        with self.lock:
            return list(self._tasks.values())

    def task(self, text):
        with self.lock:
            for arn, task in self._tasks.items():
                if text in (arn, arn.rpartition("/")[2]):
                    return task
        raise ValueError(f"no task {text}")

    def remove(self, text):
        """A task is gone from all answers, as after an hour; its processes end."""
        task = self.task(text)
        task.end()
        with self.lock:
            del self._tasks[task.arn]


def check_tags(tags):
    """The limits that the model does not have."""
    if len(tags) > 50:
        raise invalid("Too many tags: at most 50 are allowed.")
    keys = [tag.get("key", "") for tag in tags]
    if len(set(keys)) != len(keys):
        raise invalid("Duplicate tag keys found.")
    for key in keys:
        if not key or len(key) > 128 or key.lower().startswith("aws:"):
            raise invalid(f"Tag key '{key}' is not allowed.")
    for value in (tag.get("value", "") for tag in tags):
        if len(value) > 256 or value.lower().startswith("aws:"):
            raise invalid(f"Tag value '{value}' is not allowed.")


def _to_token(number):
    return base64.urlsafe_b64encode(json.dumps({"after": number, "at": time.time()}).encode()).decode()


def _from_token(text):
    try:
        return json.loads(base64.urlsafe_b64decode(text))["after"]
    except (ValueError, KeyError, TypeError) as e:
        raise invalid(f"Invalid token '{text}'.") from e
