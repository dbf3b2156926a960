"""One task: its record as DescribeTasks shows it, and its life from PROVISIONING to STOPPED.

All steps run in the scheduler's thread, under the lock of Ecs; only stop() also comes from elsewhere. `record` is the
wire form without tags; a copy of it is made once a change, so that an answer being written never sees the next.
"""

import copy
import secrets
import uuid

from .task_container import Container

_ZONE = "a"


class BaseTask:
    def __init__(self, ecs, cluster, number):
        self.ecs, self.cluster, self.number = ecs, cluster, number
        self.world = ecs.world
        self.record, self.tags = {}, []
        self.containers = []
        self.address = self.network = None
        self._copy = None

    @property
    def arn(self):
        return self.record["taskArn"]

    @property
    def id(self):
        return self.arn.rpartition("/")[2]

    def changed(self, **fields):
        self.record.update(fields)
        if isinstance(self.record.get("version"), int):
            self.record["version"] += 1
        self._copy = None

    def describe(self, tags=False):
        if self._copy is None:
            self._copy = copy.deepcopy(self.record)
        return {**self._copy, "tags": self.tags} if tags and self.tags is not None else self._copy

    def matches(self, desired, filters):
        record = self.record
        if record.get("desiredStatus") != desired:
            return False
        family = str(record.get("taskDefinitionArn", "")).rpartition("/")[2].rpartition(":")[0]
        return (filters.get("family") in (None, family)
                and filters.get("startedBy") in (None, record.get("startedBy"))
                and filters.get("launchType") in (None, record.get("launchType"))
                and ("serviceName" not in filters
                     or record.get("group") == "service:" + filters["serviceName"].rpartition("/")[2]))

    def stopped_before(self, limit):
        return self.record.get("lastStatus") == "STOPPED" and (self.record.get("stoppedAt") or limit + 1) < limit

    def end(self):
        """Whatever runs for it ends at once."""
        for container in self.containers:
            container.kill()


class Task(BaseTask):
    """A task of RunTask."""

    def __init__(self, ecs, cluster, definition, params, launch, number):
        super().__init__(ecs, cluster, number)
        self.definition = definition.wire
        self.tags = list(params.get("tags", []))
        if params.get("propagateTags") == "TASK_DEFINITION":
            self.tags += [tag for tag in definition.tags if tag["key"] not in {t["key"] for t in self.tags}]
        if params.get("enableECSManagedTags"):
            self.tags.append({"key": "aws:ecs:clusterName", "value": cluster})
        self._stopping = self._lingered = False
        overrides = params.get("overrides", {})
        if self.definition["networkMode"] == "awsvpc":
            self.network = params["networkConfiguration"]["awsvpcConfiguration"]
        self.record = self._record(params, launch, overrides)
        by_name = {item["name"]: item for item in overrides.get("containerOverrides", [])}
        self.containers = [Container(self, n, container, by_name.get(container["name"], {}))
                           for n, container in enumerate(self.definition["containerDefinitions"])]
        self.record["containers"] = [container.record for container in self.containers]

    def _record(self, params, launch, overrides):
        launch_type, provider = launch
        definition, world = self.definition, self.world
        record = {
            "taskArn": self.ecs.arn("task", f"{self.cluster}/{secrets.token_hex(16)}"),
            "clusterArn": self.ecs.clusters[self.cluster]["arn"],
            "taskDefinitionArn": definition["taskDefinitionArn"],
            "attachments": [], "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": world.region + _ZONE, "containers": [],
            "cpu": overrides.get("cpu") or definition.get("cpu") or "0",
            "memory": overrides.get("memory") or definition.get("memory") or "0",
            "createdAt": world.now(), "desiredStatus": "RUNNING", "lastStatus": "PROVISIONING",
            "enableExecuteCommand": params.get("enableExecuteCommand", False),
            "group": params.get("group", "family:" + definition["family"]), "healthStatus": "UNKNOWN",
            "launchType": launch_type, "version": 1,
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **copy.deepcopy(overrides)},
        }
        if "startedBy" in params:
            record["startedBy"] = params["startedBy"]
        if provider:
            record["capacityProviderName"] = provider
        if launch_type == "FARGATE":
            record.update(platformVersion="1.4.0", platformFamily="Linux",
                          ephemeralStorage={"sizeInGiB": 20})
        if self.network:
            record["attachments"] = [{"id": str(uuid.uuid4()), "type": "ElasticNetworkInterface",
                                      "status": "PRECREATED",
                                      "details": [{"name": "subnetId", "value": self.network["subnets"][0]}]}]
        return record

    def _after(self, delay, step):
        self.world.scheduler.after(self.ecs.delays[delay], self._step, step)

    def _step(self, step, *arguments):
        with self.ecs.lock:
            step(*arguments)

    def begin(self):
        self._after("provisioning", self._pending)

    def _pending(self):
        if self._stopping:
            return
        ports = [port for container in self.containers for port in container.ports]
        self.address = self.world.addresses.take(ports)
        if self.network:
            self._attach()
        now = self.world.now()
        self.changed(lastStatus="PENDING", connectivity="CONNECTED", connectivityAt=now, pullStartedAt=now)
        self._after("pending", self._activate)

    def _attach(self):
        attachment = self.record["attachments"][0]
        attachment["status"] = "ATTACHED"
        attachment["details"] += interface_details(self.address)
        for container in self.containers:
            container.record["networkInterfaces"] = [{"attachmentId": attachment["id"],
                                                      "privateIpv4Address": self.address}]

    def _activate(self):
        if self._stopping:
            return
        self.changed(pullStoppedAt=self.world.now())
        for container in self.containers:
            reason = container.start()
            if reason:
                container.record.update(reason=reason, lastStatus="STOPPED")
                self.stop("TaskFailedToStart", reason)
                return
        if self.ecs.delays["activating"] > 0:
            self.changed(lastStatus="ACTIVATING")
            self._after("activating", self._running)
        else:
            self._running()

    def _running(self):
        if self._stopping:
            return
        for container in self.containers:
            container.now_running(self.world.now(), self.record["enableExecuteCommand"])
        healthy = any(container.record["healthStatus"] == "HEALTHY" for container in self.containers)
        self.changed(lastStatus="RUNNING", startedAt=self.world.now(),
                     healthStatus="HEALTHY" if healthy else "UNKNOWN")

    def container_ended(self, container, code):
        """Called by a container from any thread."""
        self.world.scheduler.after(0, self._step, self._ended, container, code)

    def _ended(self, container, code):
        container.record.update(lastStatus="STOPPED", exitCode=code)
        self.changed()
        if container.definition["essential"] and not self._stopping:
            self.stop("EssentialContainerExited", "Essential container in task exited")
        elif self._lingered:
            self._all_ended()

    def stop(self, code, reason):
        """Idempotent. The caller holds the lock."""
        if self._stopping:
            return
        self._stopping = True
        self.changed(desiredStatus="STOPPED", stopCode=code, stoppedReason=reason, stoppingAt=self.world.now(),
                     lastStatus="DEACTIVATING")
        self._after("deactivating", self._terminate)

    def _terminate(self):
        self.changed(lastStatus="STOPPING")
        for container in self.containers:
            if container.alive:
                container.terminate()
                timeout = container.definition.get("stopTimeout", self.ecs.stop_timeout)
                self.world.scheduler.after(timeout, container.kill)
        self._after("stopping", self._linger)

    def _linger(self):
        """STOPPING lasts as long as it is to, and as its containers do."""
        self._lingered = True
        self._all_ended()

    def _all_ended(self):
        if self.record["lastStatus"] != "STOPPING" or any(container.alive for container in self.containers):
            return
        for container in self.containers:
            container.record["lastStatus"] = "STOPPED"
        for attachment in self.record["attachments"]:
            attachment["status"] = "DELETED"
        self.changed(lastStatus="DEPROVISIONING", executionStoppedAt=self.world.now())
        self._after("deprovisioning", self._stopped)

    def _stopped(self):
        self.changed(lastStatus="STOPPED", stoppedAt=self.world.now())


def interface_details(address):
    """What an attached network interface says of itself, but for its subnet."""
    octets = [int(part) for part in address.split(".")]
    return [{"name": "networkInterfaceId", "value": "eni-" + secrets.token_hex(9)[:17]},
            {"name": "macAddress", "value": "0a:" + ":".join(f"{n:02x}" for n in [1, *octets])},
            {"name": "privateDnsName", "value": f"ip-{address.replace('.', '-')}.ec2.internal"},
            {"name": "privateIPv4Address", "value": address}]


class InjectedTask(BaseTask):
    """A record put there by control. base "full": a plausible running task, changed by the fields (None removes a
    field); "bare": nothing but the fields and an ARN. serve: ports on which its address really answers."""

    def __init__(self, ecs, fields, serve, base, number):
        cluster = fields.pop("cluster", None) or next(iter(ecs.clusters), "default")
        super().__init__(ecs, cluster, number)
        self.tags = fields.pop("tags", [])
        address = fields.pop("address", None)
        if base == "full" or serve:
            self.address = address or self.world.addresses.take(serve)
        self.record = {"taskArn": ecs.arn("task", f"{cluster}/{secrets.token_hex(16)}")}
        if base == "full":
            self.record.update(self._full())
        self.record.update(fields)
        for name in [name for name, value in self.record.items() if value is None]:
            del self.record[name]
        environment = {item["name"]: item["value"]
                       for override in (self.record.get("overrides") or {}).get("containerOverrides", [])
                       for item in override.get("environment", [])}
        if serve:
            container = Container.serving(self, serve, environment)
            self.containers = [container]
            if reason := container.start():
                raise ValueError(reason)

    def _full(self):
        world, ecs, attachment = self.world, self.ecs, str(uuid.uuid4())
        interface = {"attachmentId": attachment, "privateIpv4Address": self.address}
        now = world.now()
        return {
            "clusterArn": ecs.arn("cluster", self.cluster), "taskDefinitionArn": ecs.definitions.arn("injected", 1),
            "attachments": [{"id": attachment, "type": "ElasticNetworkInterface", "status": "ATTACHED",
                             "details": [{"name": "subnetId", "value": "subnet-0injected"},
                                         *interface_details(self.address)]}],
            "availabilityZone": world.region + _ZONE, "connectivity": "CONNECTED", "connectivityAt": now - 60,
            "containers": [{"name": "app", "image": "app", "taskArn": self.arn, "lastStatus": "RUNNING",
                            "runtimeId": self.id + "-1", "healthStatus": "UNKNOWN", "networkBindings": [],
                            "networkInterfaces": [interface], "cpu": "0"}],
            "cpu": "256", "memory": "512", "createdAt": now - 60, "pullStartedAt": now - 55, "pullStoppedAt": now - 50,
            "startedAt": now - 45, "desiredStatus": "RUNNING", "lastStatus": "RUNNING", "healthStatus": "UNKNOWN",
            "enableExecuteCommand": False, "group": "family:injected", "launchType": "FARGATE",
            "platformVersion": "1.4.0", "platformFamily": "Linux", "version": 3,
            "overrides": {"containerOverrides": []},
        }

    def container_ended(self, container, code):
        pass

    def stop(self, code, reason):
        if self.record.get("desiredStatus") == "STOPPED":
            return
        self.changed(desiredStatus="STOPPED", lastStatus="STOPPING", stopCode=code, stoppedReason=reason,
                     stoppingAt=self.world.now())
        self.world.scheduler.after(self.ecs.delays["stopping"], self._stopped)

    def _stopped(self):
        with self.ecs.lock:
            self.end()
            self.changed(lastStatus="STOPPED", stoppedAt=self.world.now())
