"""ECS operations as boto3 and the aws command see them: refusals, lists, pages, failures."""

import json

import pytest

from .conftest import error_of, poll, take_violations


def test_run_and_describe(aws, run):
    answer = run(tags=[{"key": "Subdomain", "value": "YQ=="}], startedBy="tests", enableExecuteCommand=True,
                 overrides={"containerOverrides": [{"name": "web", "environment": [{"name": "A", "value": "b"}]}]})
    assert answer["failures"] == []
    arn = answer["tasks"][0]["taskArn"]
    assert arn.startswith(f"arn:aws:ecs:{aws.region}:{aws.account}:task/mirage/") and len(arn.split("/")[-1]) == 32
    assert answer["tasks"][0]["lastStatus"] == "PROVISIONING"

    describe = lambda **more: run.ecs.describe_tasks(cluster="mirage", tasks=[arn], **more)["tasks"][0]
    task = poll(lambda: (t := describe(include=["TAGS"]))["lastStatus"] == "RUNNING" and t, "the task runs")
    assert task["tags"] == [{"key": "Subdomain", "value": "YQ=="}]
    assert "tags" not in describe()
    assert task["overrides"]["containerOverrides"][0]["environment"] == [{"name": "A", "value": "b"}]
    assert (task["group"], task["launchType"], task["startedBy"]) == ("family:web", "FARGATE", "tests")
    assert task["createdAt"] <= task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
    details = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
    assert details["privateIPv4Address"] == aws.task(arn)["_address"]
    assert details["privateIPv4Address"].startswith("127.") and details["subnetId"] == "subnet-1"
    assert task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] == details["privateIPv4Address"]
    aws.remove_task(arn)


@pytest.mark.parametrize("change, code, words", [
    ({"cluster": "other"}, "ClusterNotFoundException", "Cluster not found."),
    ({"cluster": None}, "ClusterNotFoundException", "Cluster not found."),
    ({"definition": "nothing"}, "ClientException", "TaskDefinition not found."),
    ({"definition": "web:99"}, "ClientException", "TaskDefinition not found."),
    ({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration must be provided"),
    ({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
     "InvalidParameterException", "Specifying both"),
    ({"launchType": "EXTERNAL"}, "InvalidParameterException", "does not support launch_type"),
    ({"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "MOON"}]}, "InvalidParameterException",
     "was not found"),
    ({"count": 11}, "InvalidParameterException", "between 1 and 10"),
    ({"overrides": {"containerOverrides": [{"name": "db"}]}}, "InvalidParameterException", "container named db"),
    ({"overrides": {"containerOverrides": [{"name": "web", "environment": [{"name": "A", "value": "x" * 8192}]}]}},
     "InvalidParameterException", "at most 8192"),
    ({"tags": [{"key": f"k{i}", "value": ""} for i in range(51)]}, "InvalidParameterException", "50"),
    ({"tags": [{"key": "a", "value": ""}] * 2}, "InvalidParameterException", "Duplicate"),
    ({"tags": [{"key": "aws:a", "value": ""}]}, "InvalidParameterException", "not allowed"),
])
def test_run_refused(aws, run, change, code, words):
    got, message, status = error_of(run, **change)
    assert (got, status) == (code, 400) and words in message
    assert aws.tasks() == []
    for violation in aws.violations():  # the number of tags is in the model too
        assert violation["kind"] == "model"
    aws.reset_violations()


def test_capacity_provider(aws, run):
    strategy = [{"capacityProvider": "FARGATE", "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}]
    task = run(launchType=None, capacityProviderStrategy=strategy)["tasks"][0]
    assert task["capacityProviderName"] == "FARGATE_SPOT" and task["launchType"] == "FARGATE"
    aws.remove_task(task["taskArn"])


def test_client_token_starts_once(aws, run):
    # boto3 of this age does not know the parameter: send it as it is
    from . import raw
    from .test_model import RUN

    def send(**change):
        status, body, _ = raw.ecs(aws, "RunTask", json.dumps({**RUN, "clientToken": "once", **change}))
        return status, json.loads(body)

    aws.fault("ecs.RunTask", "answer_lost", count=1)
    with pytest.raises(ConnectionResetError):
        send()
    arns = {send()[1]["tasks"][0]["taskArn"] for _ in range(3)}
    assert len(arns) == len(aws.tasks()) == 1
    status, body = send(startedBy="else")
    assert status == 400 and body["__type"] == "ConflictException"
    aws.remove_task(arns.pop())


def test_failures_inside_200(aws, run):
    aws.fault("ecs.RunTask", "failures", count=1)
    answer = run()
    assert answer["tasks"] == [] and answer["failures"][0]["reason"] == "RESOURCE:MEMORY"
    aws.fault("ecs.RunTask", "failures", count=1, start=1, failures=[{"arn": "a", "reason": "Capacity"}])
    answer = run(count=2)
    assert len(answer["tasks"]) == 1 and answer["failures"] == [{"arn": "a", "reason": "Capacity"}]
    aws.remove_task(answer["tasks"][0]["taskArn"])
    missing = run.ecs.describe_tasks(cluster="mirage", tasks=["0" * 32])
    assert missing["tasks"] == [] and missing["failures"][0]["reason"] == "MISSING"
    assert missing["failures"][0]["arn"].endswith("task/mirage/" + "0" * 32)


def test_describe_limits(aws, run):
    assert error_of(run.ecs.describe_tasks, cluster="mirage", tasks=["0" * 32] * 101)[0] == "InvalidParameterException"
    assert error_of(run.ecs.describe_tasks, cluster="mirage", tasks=[])[0] == "InvalidParameterException"
    assert len(take_violations(aws, "limit")) == 2
    assert error_of(run.ecs.describe_tasks, cluster="mirage", tasks=["x"])[0] == "InvalidParameterException"
    assert error_of(run.ecs.describe_tasks, cluster="moon", tasks=["x"])[0] == "ClusterNotFoundException"


def test_task_definitions(aws, run):
    register = lambda: run.ecs.register_task_definition(
        family="app", networkMode="awsvpc", cpu="256", memory="512", requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "app", "image": "app", "portMappings": [{"containerPort": 8080}]}],
        tags=[{"key": "t", "value": "v"}])["taskDefinition"]
    arns = [register()["taskDefinitionArn"] for _ in range(2)]
    describe = lambda text, **more: run.ecs.describe_task_definition(taskDefinition=text, **more)
    assert describe("app")["taskDefinition"]["taskDefinitionArn"] == arns[1]
    assert describe("app:1")["taskDefinition"]["taskDefinitionArn"] == arns[0]
    container = describe(arns[1])["taskDefinition"]["containerDefinitions"][0]
    assert container["portMappings"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    assert container["essential"] is True
    assert "tags" not in describe("app")
    assert describe("app", include=["TAGS"])["tags"] == [{"key": "t", "value": "v"}]
    run.ecs.deregister_task_definition(taskDefinition="app:2")
    assert describe("app")["taskDefinition"]["taskDefinitionArn"] == arns[0]
    assert error_of(run, "app:2")[1] == "TaskDefinition is inactive"
    for text in ("nothing", "app:9", arns[0].replace("app", "nothing"), "app:x"):
        assert error_of(describe, text) == ("ClientException", "Unable to describe task definition.", 400)


def test_list_pages_and_filters(aws, run):
    arns = aws.add_task(count=250, startedBy="many")
    stopped = aws.add_task(desiredStatus="STOPPED", lastStatus="STOPPED")
    pages = list(run.ecs.get_paginator("list_tasks").paginate(cluster="mirage"))
    assert [len(page["taskArns"]) for page in pages] == [100, 100, 50]
    assert sorted(a for page in pages for a in page["taskArns"]) == sorted(arns)
    aws.set_page_size("ecs.ListTasks", 7)
    pages = list(run.ecs.get_paginator("list_tasks").paginate(cluster="mirage", startedBy="many"))
    assert len(pages) == 36 and len({a for page in pages for a in page["taskArns"]}) == 250
    aws.set_page_size("ecs.ListTasks")
    list_tasks = lambda **more: run.ecs.list_tasks(cluster="mirage", **more)["taskArns"]
    assert list_tasks(desiredStatus="STOPPED") == [stopped]
    assert list_tasks(startedBy="nobody") == [] and list_tasks(family="web") == []
    assert len(list_tasks(family="injected", maxResults=3)) == 3
    assert error_of(list_tasks, maxResults=101)[0] == "InvalidParameterException"
    assert error_of(list_tasks, startedBy="many", family="web")[0] == "InvalidParameterException"
    assert len(take_violations(aws, "limit")) == 2
    assert error_of(list_tasks, nextToken="nonsense")[0] == "InvalidParameterException"
    for arn in [*arns, stopped]:
        aws.remove_task(arn)


def test_services(aws, run):
    network = {"awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["g"]}}
    arn = aws.set_service("api", networkConfiguration=network, tags=[{"key": "a", "value": "b"}])
    answer = run.ecs.describe_services(cluster="mirage", services=["api", "nothing"])
    assert answer["services"][0]["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["s"]
    assert "tags" not in answer["services"][0]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    assert run.ecs.describe_services(cluster="mirage", services=[arn], include=["TAGS"])["services"][0]["tags"]


def test_injected_records(aws, run):
    bare = aws.add_task(base="bare", lastStatus="RUNNING", desiredStatus="RUNNING", tags=None)
    tags = [{"key": "ManagedBy", "value": "Mirage"}, {"key": "Subdomain", "value": "%%"}]
    old = aws.add_task(startedAt=1.0, tags=tags, attachments=[], overrides=None)
    tasks = run.ecs.describe_tasks(cluster="mirage", tasks=[bare, old], include=["TAGS"])["tasks"]
    assert "tags" not in tasks[0] and "attachments" not in tasks[0] and tasks[0]["lastStatus"] == "RUNNING"
    assert tasks[1]["startedAt"].timestamp() == 1 and tasks[1]["attachments"] == [] and "overrides" not in tasks[1]
    assert tasks[1]["tags"][1]["value"] == "%%"
    assert {v["kind"] for v in aws.violations()} == {"answer"}  # ECS itself would not have such a tag
    aws.reset_violations()
    aws.change_task(old, lastStatus="DEPROVISIONING")
    assert run.ecs.describe_tasks(cluster="mirage", tasks=[old])["tasks"][0]["lastStatus"] == "DEPROVISIONING"
    run.ecs.stop_task(cluster="mirage", task=bare, reason="enough")
    task = poll(lambda: (t := aws.task(bare))["lastStatus"] == "STOPPED" and t, "it stops")
    assert task["stoppedReason"] == "enough" and task["stopCode"] == "UserInitiated"
    for arn in (bare, old):
        aws.remove_task(arn)


def test_stopped_are_forgotten(aws, run):
    arn = aws.add_task(desiredStatus="STOPPED", lastStatus="STOPPED", stoppedAt=1.0)
    assert run.ecs.list_tasks(cluster="mirage", desiredStatus="STOPPED")["taskArns"] == []
    assert run.ecs.describe_tasks(cluster="mirage", tasks=[arn])["failures"][0]["reason"] == "MISSING"
    assert error_of(run.ecs.stop_task, cluster="mirage", task=arn)[:2] == (
        "InvalidParameterException", "The referenced task was not found.")


def test_aws_command(aws, cli):
    started = cli("ecs", "run-task", "--cluster", "mirage", "--task-definition", "web", "--launch-type", "FARGATE",
                  "--network-configuration", "awsvpcConfiguration={subnets=[subnet-1]}",
                  "--tags", "key=Subdomain,value=YQ==")
    arn = started["tasks"][0]["taskArn"]
    assert cli("ecs", "list-tasks", "--cluster", "mirage")["taskArns"] == [arn]
    cli("ecs", "stop-task", "--cluster", "mirage", "--task", arn)
    assert aws.count("ecs.RunTask") == 1
    assert aws.requests("RunTask")[0]["params"]["tags"] == [{"key": "Subdomain", "value": "YQ=="}]
    aws.remove_task(arn)
