"""The endpoints inside a task and an instance, unsigned: task metadata v4, container credentials, IMDSv2.

They are counted and can fail like operations: metadata.TaskMetadata, metadata.ContainerCredentials,
metadata.InstanceToken, metadata.InstanceCredentials, metadata.InstanceMetadata.
"""

import json
import secrets
import threading
from datetime import datetime, timezone

from . import faults
from .http_wire import Hang, Reset, Response


class _Service:
    """What faults need to know of a service."""
    name, protocol, signing_name = "metadata", "json", "metadata"


class Metadata:
    def __init__(self, world):
        self.world = world
        world.metadata = self
        self._lock = threading.Lock()
        self.task_metadata = {}  # id → {"container": …, "task": …}
        self.container_credentials = {}  # path → {"token", "lifetime", "role"}
        self.instance = {"role": None, "lifetime": 21600, "enabled": True}
        self._tokens = {}

    def __call__(self, request):
        name, handle = self._route(request)
        fault = self.world.faults.take("metadata", name, faults.GENERAL)
        try:
            response = faults.before(fault, _Service, name, None, self.world) if fault else None
            if response is None:
                response = handle(request)
                if fault:
                    response = faults.after(fault, response)
        except (Reset, Hang):
            self.world.record.call("metadata", name, {"path": request.path}, None, fault=fault["kind"])
            raise
        self.world.record.call("metadata", name, {"path": request.path}, response.status,
                               fault=fault["kind"] if fault else None)
        return response

    def _route(self, request):
        path = request.path
        if path.startswith("/v4/"):
            return "TaskMetadata", self._task
        if path.startswith("/creds/"):
            return "ContainerCredentials", self._container
        if path == "/latest/api/token":
            return "InstanceToken", self._token
        if path.startswith("/latest/meta-data/iam/security-credentials"):
            return "InstanceCredentials", self._instance
        return "InstanceMetadata", self._instance

    # --- ECS -----------------------------------------------------------------------------------

    def _task(self, request):
        id, _, what = request.path[len("/v4/"):].strip("/").partition("/")
        known = self.task_metadata.get(id) or self._of_container(id)
        if request.method != "GET" or known is None:
            return _text(404, f"V4 metadata handler: unable to get task arn from request: {request.path}")
        if what == "":
            return _json(200, known["container"])
        if what in ("task", "taskWithTags"):
            return _json(200, known["task"])
        return _text(404, "404 page not found")

    def set_task(self, id, cluster, task_arn, family, revision, container="mirage", **more):
        """What a task of that id sees of itself."""
        labels = {"com.amazonaws.ecs.cluster": cluster, "com.amazonaws.ecs.container-name": container,
                  "com.amazonaws.ecs.task-arn": task_arn, "com.amazonaws.ecs.task-definition-family": family,
                  "com.amazonaws.ecs.task-definition-version": str(revision)}
        mine = {"DockerId": id + "-1", "Name": container, "DockerName": container, "Image": container,
                "Labels": labels, "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Type": "NORMAL",
                "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [more.pop("address", "127.0.0.1")]}]}
        task = {"Cluster": cluster, "TaskARN": task_arn, "Family": family, "Revision": str(revision),
                "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Containers": [mine],
                "AvailabilityZone": self.world.region + "a", "LaunchType": "FARGATE", **more}
        self.task_metadata[id] = {"container": mine, "task": task}
        return f"{self.world.metadata_url}/v4/{id}"

    def _of_container(self, id):
        """A task that this fake runs sees itself under what ECS_CONTAINER_METADATA_URI_V4 says in it."""
        for task in self.world.services["ecs"].all_tasks():
            for container in task.containers:
                if container.runtime_id == id:
                    family, _, revision = task.record["taskDefinitionArn"].rpartition("/")[2].partition(":")
                    cluster = task.record.get("clusterArn", task.cluster)
                    self.set_task(id, cluster, task.arn, family, revision, container.definition["name"],
                                  address=task.address)
                    return self.task_metadata[id]
        return None

    def _container(self, request):
        known = self.container_credentials.get(request.path[len("/creds/"):])
        if request.method != "GET" or known is None:
            return _json(404, {"code": "NotFound", "message": "no credentials here"})
        token = request.header("authorization")
        if known["token"] is not None and token != known["token"]:
            status = 401 if token is None else 403
            return _json(status, {"code": "Unauthorized" if token is None else "AccessDenied",
                                  "message": "the authorization token is missing" if token is None else
                                  "the authorization token is not valid"})
        issued = self._issue(known["role"], known["lifetime"])
        return _json(200, {"RoleArn": known["role"], "AccessKeyId": issued.access_key,
                           "SecretAccessKey": issued.secret_key, "Token": issued.token,
                           "Expiration": _iso(issued.expires)})

    def _issue(self, role, lifetime):
        name = role.rpartition("/")[2]
        arn = f"arn:aws:sts::{self.world.account}:assumed-role/{name}/{secrets.token_hex(16)}"
        return self.world.credentials.issue(lifetime, arn)

    # --- EC2 -----------------------------------------------------------------------------------

    def _token(self, request):
        ttl = request.header("x-aws-ec2-metadata-token-ttl-seconds") or ""
        if not self.instance["enabled"]:
            return _text(403, "Forbidden")
        if request.method != "PUT":
            return _text(405, "Method Not Allowed")
        if request.header("x-forwarded-for") is not None:
            return _text(403, "Forbidden")
        if not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            return _text(400, "Bad Request")
        token = secrets.token_urlsafe(40) + "=="
        with self._lock:
            self._tokens[token] = self.world.now() + int(ttl)
        response = _text(200, token)
        response.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] = ttl
        return response

    def _instance(self, request):
        token = request.header("x-aws-ec2-metadata-token")
        if not self.instance["enabled"]:
            return _text(403, "Forbidden")
        with self._lock:
            if self._tokens.get(token, 0) <= self.world.now():
                return _text(401, "Unauthorized")
        path, role = request.path.removeprefix("/latest/"), self.instance["role"]
        zone = self.world.region + "a"
        texts = {"meta-data/placement/region": self.world.region, "meta-data/placement/availability-zone": zone,
                 "meta-data/placement/availability-zone/": zone, "meta-data/instance-id": "i-0fakeaws000000001"}
        if path in texts:
            return _text(200, texts[path])
        if path == "dynamic/instance-identity/document":
            return _json(200, {"region": self.world.region, "accountId": self.world.account, "availabilityZone": zone})
        folder = "meta-data/iam/security-credentials"
        if role and path in (folder, folder + "/"):
            return _text(200, role)
        if role and path == f"{folder}/{role}":
            issued = self._issue(role, self.instance["lifetime"])
            return _json(200, {"Code": "Success", "LastUpdated": _iso(self.world.now()), "Type": "AWS-HMAC",
                               "AccessKeyId": issued.access_key, "SecretAccessKey": issued.secret_key,
                               "Token": issued.token, "Expiration": _iso(issued.expires)})
        return _text(404, "Not Found")


def _iso(time):
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(status, value):
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _text(status, text):
    return Response(status, {"Content-Type": "text/plain"}, text.encode())
