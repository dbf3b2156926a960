"""What tests say to the fake, on a port of its own: POST /<verb> with a JSON object, answered with JSON.

A verb is a method of Control; its arguments are the object's members. client.py has the same verbs.
"""

import base64
import json
import traceback

from .http_wire import Response


class Control:
    def __init__(self, world):
        self.world = world
        self.ecs = world.services["ecs"]

    def __call__(self, request):
        verb = request.path.strip("/")
        method = None if verb.startswith("_") else getattr(type(self), verb, None)
        if request.method != "POST" or method is None:
            return _answer(404, {"error": f"no verb {verb}"})
        try:
            return _answer(200, {"result": method(self, **json.loads(request.body or b"{}"))})
        except Exception as e:  # the caller's mistake; it raises there
            return _answer(400, {"error": f"{type(e).__name__}: {e}", "trace": traceback.format_exc()})

    # --- record --------------------------------------------------------------------------------

    def calls(self):
        return self.world.record.calls()

    def requests(self, operation=None, last=None):
        return self.world.record.requests(operation, last)

    def violations(self):
        return self.world.record.violations()

    def reset_calls(self):
        self.world.record.reset_calls()

    def reset_violations(self):
        self.world.record.reset_violations()

    # --- faults, pages, clock, credentials -----------------------------------------------------

    def fault(self, **fault):
        return self.world.faults.add(**fault)

    def clear_faults(self, operation=None, id=None):
        self.world.faults.clear(operation, id)

    def faults(self):
        return self.world.faults.all()

    def set_page_size(self, operation, size=None):
        if size is None:
            self.world.page_sizes.pop(operation, None)
        else:
            self.world.page_sizes[operation] = size

    def set_clock(self, offset=0.0):
        self.world.clock_offset = offset

    def set_check_answers(self, on=True):
        self.world.check_answers = on

    def set_credentials(self, access_key, secret_key, token=None, lifetime=None, arn=None):
        return self.world.credentials.set(access_key, secret_key, token, lifetime, arn).wire()

    def expire_credentials(self, access_key):
        self.world.credentials.expire(access_key)

    def remove_credentials(self, access_key):
        self.world.credentials.remove(access_key)

    # --- ECS -----------------------------------------------------------------------------------

    def create_cluster(self, name, **options):
        return self.ecs.create_cluster(name, **options)

    def register_task_definition(self, **params):
        with self.ecs.lock:
            definition = self.ecs.definitions.register(params, self.world.credentials.role.arn)
        return definition.wire

    def set_image(self, image, **options):
        self.ecs.images[image] = options

    def set_delays(self, **delays):
        unknown = delays.keys() - self.ecs.delays.keys() - {"all"}
        if unknown:
            raise ValueError(f"no delay {unknown}")
        everywhere = delays.pop("all", None)
        if everywhere is not None:
            self.ecs.delays = dict.fromkeys(self.ecs.delays, everywhere)
        self.ecs.delays.update(delays)

    def set_stop_timeout(self, seconds):
        self.ecs.stop_timeout = seconds

    def set_keep_stopped(self, seconds):
        self.ecs.keep_stopped = seconds

    def set_service(self, name, cluster=None, **fields):
        cluster = cluster or next(iter(self.ecs.clusters))
        arn = self.ecs.arn("service", f"{cluster}/{name}")
        self.ecs.services[(cluster, name)] = {
            "serviceArn": arn, "serviceName": name, "clusterArn": self.ecs.arn("cluster", cluster), "status": "ACTIVE",
            "desiredCount": 1, "runningCount": 1, "pendingCount": 0, "launchType": "FARGATE", **fields}
        return arn

    def add_task(self, fields=None, count=1, serve=(), base="full"):
        return self.ecs.inject(fields or {}, count, list(serve), base)

    def change_task(self, task, fields, tags=None):
        found = self.ecs.task(task)
        with self.ecs.lock:
            found.changed(**fields)
            if tags is not None:
                found.tags = tags

    def take_away(self, task, code="SpotInterruption", reason="Your Spot Task was interrupted."):
        """As ECS does it, on its own."""
        found = self.ecs.task(task)
        with self.ecs.lock:
            found.stop(code, reason)

    def remove_task(self, task):
        self.ecs.remove(task)

    def tasks(self):
        """All tasks as they are, with what DescribeTasks does not tell."""
        with self.ecs.lock:
            return [{**task.describe(tags=True), "_address": task.address, "_cluster": task.cluster,
                     "_containers": [{"name": container.definition["name"], "pid": container.pid,
                                      "ports": container.ports, "alive": container.alive,
                                      "environment": container.environment()} for container in task.containers]}
                    for task in self.ecs.all_tasks()]

    # --- the others ----------------------------------------------------------------------------

    def metrics(self):
        return self.world.services["cloudwatch"].dump()

    def put_metric(self, namespace, name, dimensions, value, timestamp=None):
        self.world.services["cloudwatch"].put(namespace, name, dimensions, value, timestamp)

    def clear_metrics(self):
        self.world.services["cloudwatch"].metrics.clear()

    def create_log_group(self, group, stream=None):
        self.world.logs.create(group, stream)

    def delete_log(self, group, stream=None):
        self.world.logs.delete(group, stream)

    def add_log_events(self, group, stream, events):
        """events: [[milliseconds, message], …]"""
        for timestamp, message in events:
            self.world.logs.append(group, stream, message, timestamp)

    def log_events(self, group, stream):
        return self.world.logs.dump(group, stream)

    def log_streams(self):
        return {group: list(streams) for group, streams in self.world.logs.groups.items()}

    def create_hosted_zone(self, id, name):
        self.world.services["route53"].create_zone(id, name)

    def set_change_batch_form(self, form):
        self.world.services["route53"].change_batch_form = form

    def records(self, zone):
        return self.world.services["route53"].dump(zone)

    def create_bucket(self, name):
        self.world.services["s3"].create_bucket(name)

    def put_object(self, bucket, key, body, **more):
        """body: base64"""
        self.world.services["s3"].put(bucket, key, base64.b64decode(body), **more)

    def delete_object(self, bucket, key=None):
        self.world.services["s3"].delete(bucket, key)

    def deny_object(self, bucket, key=None):
        self.world.services["s3"].denied.add(bucket if key is None else (bucket, key))

    def set_web_identity(self, token, role=None):
        self.world.services["sts"].web_identities[token] = role

    def set_sts_lifetime(self, seconds=None):
        self.world.services["sts"].lifetime = seconds

    def set_task_metadata(self, id, cluster, task_arn, family, revision=1, **more):
        return self.world.metadata.set_task(id, cluster, task_arn, family, revision, **more)

    def set_container_credentials(self, path, token=None, lifetime=21600, role=None):
        role = role or f"arn:aws:iam::{self.world.account}:role/mirage-task"
        self.world.metadata.container_credentials[path] = {"token": token, "lifetime": lifetime, "role": role}
        return f"{self.world.metadata_url}/creds/{path}"

    def set_instance(self, **settings):
        """role (None: no role), lifetime of its credentials, enabled."""
        self.world.metadata.instance.update(settings)


def _answer(status, value):
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
