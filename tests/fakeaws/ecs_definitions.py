"""Task definitions: families and their revisions, registered as ECS registers them, defaults filled in."""

import re

from .errors import ApiError

_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")


def client_error(message):
    return ApiError("ClientException", message)


class Definition:
    def __init__(self, wire, tags):
        self.wire, self.tags = wire, tags


class Definitions:
    def __init__(self, world):
        self.world = world
        self._families = {}  # name → list of Definition, index = revision - 1

    def arn(self, family, revision):
        return f"arn:aws:ecs:{self.world.region}:{self.world.account}:task-definition/{family}:{revision}"

    def register(self, params, by):
        params = dict(params)
        tags = params.pop("tags", [])
        family = params["family"]
        if not _FAMILY.fullmatch(family):
            raise client_error("Family contains invalid characters.")
        launch_types = params.get("requiresCompatibilities", [])
        network = params.setdefault("networkMode", "bridge")
        if "FARGATE" in launch_types:
            if network != "awsvpc":
                raise client_error("Fargate only supports network mode 'awsvpc'.")
            if not params.get("cpu") or not params.get("memory"):
                raise client_error("Fargate requires that 'cpu' be defined at the task level.")
        containers = [self._container(dict(container), network) for container in params["containerDefinitions"]]
        names = [container.get("name") for container in containers]
        if not containers or len(set(names)) != len(names):
            raise client_error("Container names must be there and differ.")
        if not any(container["essential"] for container in containers):
            raise client_error("At least one container must be essential.")
        revisions = self._families.setdefault(family, [])
        compatible = ["EC2"] + (["FARGATE"] if network == "awsvpc" and params.get("cpu") else [])
        wire = {**params, "containerDefinitions": containers, "revision": len(revisions) + 1, "status": "ACTIVE",
                "taskDefinitionArn": self.arn(family, len(revisions) + 1), "compatibilities": compatible,
                "requiresAttributes": [{"name": "ecs.capability.task-eni"}], "registeredAt": self.world.now(),
                "registeredBy": by}
        wire.setdefault("volumes", [])
        wire.setdefault("placementConstraints", [])
        definition = Definition(wire, tags)
        revisions.append(definition)
        return definition

    @staticmethod
    def _container(container, network):
        if not container.get("name") or not container.get("image"):
            raise client_error("Container.image should not be null or empty.")
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
        for name in ("environment", "mountPoints", "volumesFrom", "portMappings"):
            container.setdefault(name, [])
        ports = []
        for mapping in container["portMappings"]:
            mapping = {"protocol": "tcp", **mapping}
            if "containerPortRange" in mapping:  # of awsvpc tasks the host's range is the same
                mapping.setdefault("hostPortRange", mapping["containerPortRange"])
                ports.append(mapping)
                continue
            if network in ("awsvpc", "host"):
                if mapping.setdefault("hostPort", mapping["containerPort"]) != mapping["containerPort"]:
                    raise client_error("When networkMode=awsvpc, the host ports and container ports in port mappings "
                                       "must match.")
            else:
                mapping.setdefault("hostPort", 0)
            ports.append(mapping)
        container["portMappings"] = ports
        log = container.get("logConfiguration")
        if log and log["logDriver"] == "awslogs":
            missing = {"awslogs-group", "awslogs-region"} - log.get("options", {}).keys()
            if missing:
                raise client_error(f"Log driver awslogs requires options: {', '.join(sorted(missing))}")
        return container

    def find(self, text, missing):
        """By family (its newest that is active), family:revision or ARN; ClientException with `missing` as message."""
        prefix = self.arn("", "")[:-1]
        if text.startswith("arn:"):
            if not text.startswith(prefix):
                raise client_error(missing)
            text = text[len(prefix):]
        family, _, revision = text.partition(":")
        revisions = self._families.get(family, [])
        if not revision:
            active = [definition for definition in revisions if definition.wire["status"] == "ACTIVE"]
            if active:
                return active[-1]
        elif revision.isdigit() and 1 <= int(revision) <= len(revisions):
            return revisions[int(revision) - 1]
        raise client_error(missing)
