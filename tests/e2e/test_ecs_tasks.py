"""Launching, watching and stopping tasks on ECS: what ECS refuses, what is odd in its answers, what it costs."""

import base64
import contextlib
import re
import time

import pytest

from stack import CLUSTER, SECOND_TARGET, TARGET, ecs_only, poll

pytestmark = ecs_only


def launch(s, subdomain, *taskdefs, **parameters):
    r = s.api("POST", "/api/launch", form={"subdomain": subdomain, "branch": "b", "taskdef": taskdefs, **parameters},
              timeout=60)
    return r.status, r.json()["result"]


def tag(subdomain):
    return base64.urlsafe_b64encode(subdomain.encode()).decode()


def add(s, subdomain, *, tags=None, **fields):
    """A task that somebody else has launched, with a server on its address."""
    tags = [{"key": "ManagedBy", "value": "mirage-ecs"}, {"key": "Subdomain", "value": tag(subdomain)}] \
        if tags is None else tags
    definition = s.aws.boto3_client("ecs").describe_task_definition(taskDefinition="demo")["taskDefinition"]
    return s.aws.add_task(serve=(TARGET, SECOND_TARGET), cluster=CLUSTER, tags=tags,
                          **{"taskDefinitionArn": definition["taskDefinitionArn"], **fields})


# --- launch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("session_token", [True, False])
def test_a_life_with_and_without_a_session_token(new_stack, session_token):
    s = new_stack(session_token=session_token)
    s.launch("one", ["web", "web2"], nick="joe")
    assert s.env("one", "/env").json()["NICK"] == "joe"
    assert any("listening" in line for line in s.api("GET", "/api/logs?subdomain=one").json()["result"])
    assert "pulled its images" in s.api("GET", "/trace/" + s.tasks("one")[0]["short_id"]).text
    s.terminate("one")
    poll(lambda: [t["last_status"] for t in s.tasks("one", "stopped")] == ["STOPPED"] * 2, 15, "both have stopped")
    keys = {r["access_key"] for r in s.aws.requests()}
    assert keys == {(s.aws.role if session_token else s.aws.user)["access_key"]}


def test_what_a_task_is_launched_with(stack, name):
    stack.launch(name, "web", branch="fix/#12 \U0001f600", nick="joe")
    (task,) = stack.tasks(name)
    tags = {t["Key"]: t["Value"] for t in task["tags"]}
    assert len(tags.pop("MirageLaunch")) == 26
    assert tags == {"ManagedBy": "mirage-ecs", "Subdomain": tag(name), "branch": "fix/_12 _", "nick": "joe",
                    "color": "blue"}
    assert task["branch"] == "fix/#12 \U0001f600"
    request = stack.aws.requests("ecs.RunTask", last=1)[0]["params"]
    assert request["launchType"] == "FARGATE" and "capacityProviderStrategy" not in request
    assert request["enableExecuteCommand"] is True and request["count"] == 1
    assert request["networkConfiguration"] == {"awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"], "assignPublicIp": "DISABLED"}}
    (override,) = request["overrides"]["containerOverrides"]
    env = {e["name"]: e["value"] for e in override["environment"]}
    assert env["SUBDOMAIN"] == base64.b64encode(name.encode()).decode() and env["SUBDOMAINRAW"] == name
    assert env["GIT_BRANCH"] == "fix/#12 \U0001f600"


def test_capacity_providers_instead_of_a_launch_type(new_stack):
    def change(config):
        config["ecs"]["capacity_provider_strategy"] = [
            {"capacity_provider": "FARGATE_SPOT", "weight": 2, "base": 0},
            {"capacity_provider": "FARGATE", "weight": 1, "base": 1}]
    s = new_stack(change=change)
    s.aws.create_cluster(CLUSTER, capacity_providers=["FARGATE", "FARGATE_SPOT"])
    assert launch(s, "spot", "demo") == (200, "accepted")
    request = s.aws.requests("ecs.RunTask", last=1)[0]["params"]
    assert "launchType" not in request
    assert request["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0},
        {"capacityProvider": "FARGATE", "weight": 1, "base": 1}]


def test_all_taskdefs_are_launched_at_once(new_stack):
    s = new_stack()
    for i in range(5):
        s.aws.register_task_definition(f"five{i}", ports=(TARGET,))
    s.aws.fault("ecs.RunTask", "slow", seconds=2)
    s.aws.fault("ecs.DescribeTaskDefinition", "slow", seconds=1)
    assert launch(s, "five", *[f"five{i}" for i in range(5)]) == (200, "accepted")
    times = s.aws.calls()["ecs.RunTask"]["times"]
    assert len(times) == 5 and max(times) - min(times) < 1.5, "one began when another had ended"


def test_what_started_is_stopped_again_when_another_fails(new_stack):
    s = new_stack()
    s.aws.fault("ecs.RunTask", "failures", count=1, failures=[{"reason": "RESOURCE:MEMORY"}])
    status, said = launch(s, "half", "web", "web2")
    assert status == 500 and "RESOURCE:MEMORY" in said and "; started, and stopped again: web" in said, said
    (task,) = s.aws.tasks()
    assert task["taskArn"].rsplit("/", 1)[1] in said and task["desiredStatus"] == "STOPPED"
    poll(lambda: not s.tasks("half") and s.env("half").status == 404, 10, "nothing is left")


@pytest.mark.parametrize("operation, kind, detail, words", [
    ("ecs.DescribeTaskDefinition", "access_denied", {}, ["AccessDeniedException", "ecs:DescribeTaskDefinition"]),
    ("ecs.RunTask", "access_denied", {"message": "no"}, ["the role must allow ecs:RunTask"]),
    ("ecs.RunTask", "throttle", {}, ["ThrottlingException", "Rate exceeded"]),
    ("ecs.RunTask", "html", {}, ["ECS RunTask", "not in AWS's form"]),
    ("ecs.RunTask", "unavailable", {}, ["status 503"]),
    ("ecs.RunTask", "internal", {}, ["ServerException"]),
    ("ecs.RunTask", "reset_after", {}, ["ECS RunTask"]),
    ("ecs.RunTask", "truncated", {"bytes": 20}, ["ECS RunTask"]),
    ("ecs.RunTask", "error", {"code": "ClientException", "message": "The Fargate vCPU limit"}, ["vCPU limit"]),
    ("ecs.RunTask", "failures", {"failures": [{"reason": "AGENT", "arn": "arn:x"}]}, ["AGENT (arn:x)"]),
])
def test_ecs_refuses(stack, name, operation, kind, detail, words):
    fault = stack.aws.fault(operation, kind, **detail)
    try:
        status, said = launch(stack, name, "demo")
    finally:
        stack.aws.clear_faults(id=fault)
    assert status == 500 and all(w in said for w in [f"failed to launch {name}: demo: ", *words]), said
    assert stack.env(name).status in (404, 503)  # a task whose answer was lost may have started
    assert launch(stack, name, "demo") == (200, "accepted")


def test_a_taskdef_that_does_not_exist(stack):
    status, said = launch(stack, "nothing-there", "no-such-taskdef")
    assert status == 500 and "no-such-taskdef: ECS DescribeTaskDefinition: ClientException" in said, said
    poll(lambda: stack.env("nothing-there").status == 404, 2, "it has no route")


def with_containers(n):
    return {"containers": [{"name": f"c{i}", "image": "demo"} for i in range(n)]}


# What ECS would refuse: a definition's fields, the ecs section's, what a parameter has, and what is said.
REFUSED_BEFORE = {
    "no-role": ({"taskRoleArn": None}, {}, "", ["it has no taskRoleArn", "ecs.enable_execute_command"]),
    "too-long": (with_containers(30), {}, "x" * 255, [
        "the environment of its 30 containers comes to", "ECS takes 8192", "first wish"]),
    "not-for-fargate": ({"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}, {}, "", [
        "it cannot be launched on FARGATE", "ecs.launch_type"]),
    "not-for-fargate-spot": ({"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}, {
        "capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT", "weight": 1}]}, "", [
        "it cannot be launched on FARGATE"]),
    "bridge": ({"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}, {"launch_type": "EC2"}, "", [
        "its networkMode is bridge, which takes no network configuration", "ecs.network_configuration"]),
    "no-network": ({}, {"network_configuration": {}}, "", [
        "its networkMode awsvpc needs ecs.network_configuration.awsvpc_configuration.subnets"]),
    "inactive": ("inactive", {}, "", ["its status is INACTIVE"]),
}


@pytest.mark.parametrize("what", REFUSED_BEFORE)
def test_what_can_be_refused_is_refused_before_anything_is_stopped(new_stack, what):
    fields, ecs, wish, words = REFUSED_BEFORE[what]

    def change(config):
        config["parameters"].append({"name": "wish", "env": "WISH"})
        config["ecs"].update(ecs)
    s = new_stack(change=change)
    running = add(s, "kept")
    poll(lambda: s.env("kept").status == 200, 25, "it runs")
    if fields == "inactive":
        s.aws.register_task_definition("refused", ports=(TARGET,))
        s.aws.boto3_client("ecs").deregister_task_definition(taskDefinition="refused:1")
        status, said = launch(s, "kept", "refused:1", wish=wish)
    else:
        s.aws.register_task_definition("refused", ports=(TARGET,), **fields)
        status, said = launch(s, "kept", "refused", wish=wish)
    assert status == 400 and said.startswith("failed to launch kept: refused"), said
    assert all(w in said for w in [*words, "nothing was stopped"]), said
    assert s.aws.count("ecs.StopTask") == s.aws.count("ecs.RunTask") == 0
    assert [t["id"] for t in s.tasks("kept")] == [running] and s.env("kept").status == 200
    with contextlib.closing(s.database()) as db:  # nor does the view say that it was launched again
        assert db.execute("SELECT request FROM launch WHERE subdomain = 'kept'").fetchall() == [("",)]


def test_a_mistyped_name_among_others_stops_and_starts_nothing(new_stack):
    s = new_stack()
    s.launch("kept", "web")
    s.aws.reset_calls()
    status, said = launch(s, "kept", "web", "wbe2", "demo")
    assert status == 500 and "kept: wbe2: ECS DescribeTaskDefinition: ClientException" in said, said
    assert "nothing was stopped" in said and "web2:" not in said
    assert s.aws.count("ecs.StopTask") == s.aws.count("ecs.RunTask") == 0
    assert s.env("kept").status == 200
    page = s.api("POST", "/launch", form={"subdomain": "kept", "branch": "b", "taskdef": "wbe2"})
    assert "nothing was stopped" in page.text and s.env("kept").status == 200


def test_tasks_that_take_no_command_need_no_role(new_stack):
    s = new_stack(change=lambda c: c["ecs"].update({"enable_execute_command": False}))
    s.aws.register_task_definition("plain", ports=(TARGET,), taskRoleArn=None)
    assert launch(s, "plain", "plain") == (200, "accepted")


def test_a_value_that_ecs_keeps_for_itself(new_stack):
    s = new_stack()
    assert launch(s, "kept-word", "demo", branch="AWS:x") == (200, "accepted")
    (task,) = s.tasks("kept-word")
    assert {"Key": "branch", "Value": "AWS_x"} in task["tags"] and task["env"]["GIT_BRANCH"] == "AWS:x"


def test_throttled_twice_then_taken(new_stack):
    s = new_stack()
    s.aws.fault("ecs.RunTask", "throttle", count=2)
    assert launch(s, "third", "demo") == (200, "accepted")
    assert s.aws.count("ecs.RunTask") == 3


def test_retry_after_is_honoured(new_stack):
    s = new_stack()
    s.aws.fault("ecs.RunTask", "throttle", count=1, retry_after=2)
    assert launch(s, "later", "demo") == (200, "accepted")
    first, second = s.aws.calls()["ecs.RunTask"]["times"]
    assert second - first >= 2


def test_a_launch_whose_answer_was_lost_is_not_made_twice(new_stack):
    """It is asked for again, and by its clientToken ECS answers with the task that is there."""
    s = new_stack()
    s.aws.fault("ecs.RunTask", "answer_lost", count=1)
    status, said = launch(s, "lost", "demo")
    assert (status, said) == (200, "accepted")
    assert s.aws.count("ecs.RunTask") == 2 and len(s.aws.tasks()) == 1
    poll(lambda: [t["last_status"] for t in s.tasks("lost")] == ["RUNNING"], 15, "it runs")
    poll(lambda: s.env("lost").status == 200, 5, "and answers")
    s.terminate("lost")


def test_stopping_what_ecs_has_forgotten(new_stack):
    s = new_stack()
    s.launch("gone", "demo")
    s.aws.remove_task(s.tasks("gone")[0]["id"])
    s.terminate("gone")
    poll(lambda: s.env("gone").status == 404, 2, "its route is gone")


def test_a_stop_that_is_refused_is_said(new_stack):
    s = new_stack()
    s.launch("stays", "demo")
    s.aws.fault("ecs.StopTask", "access_denied")
    r = s.api("POST", "/api/terminate", form={"subdomain": "stays"})
    assert r.status == 500 and "ecs:StopTask" in r.json()["result"], r
    assert s.env("stays").status == 200
    s.aws.clear_faults()
    s.terminate("stays")
    assert s.aws.requests("ecs.StopTask", last=1)[0]["params"]["reason"] == "Terminate requested by Mirage"


def test_the_task_that_cannot_start_says_why(new_stack):
    s = new_stack()
    s.aws.set_image("pulls", pull_error="CannotPullContainerError: no such image: pulls")
    s.aws.register_task_definition("pulls", ports=(TARGET,))
    assert launch(s, "pulls", "pulls") == (200, "accepted")
    (task,) = poll(lambda: s.tasks("pulls", "stopped"), 15, "it has stopped")
    page = s.api("GET", "/trace/" + task["short_id"]).text
    assert "TaskFailedToStart" in page and "no such image" in page


# --- what is listed -----------------------------------------------------------------------------


def test_tasks_outlive_the_stack_and_its_database(new_stack, folder):
    first = new_stack(folder=folder)
    first.launch("stays", "web", branch="main")
    first.stop()
    for file in first.state.glob("mirage.db*"):
        file.unlink()
    second = new_stack(folder=folder, address=first.address)
    poll(lambda: second.env("stays", "/echo").status == 200, 10, "it answers again")
    (task,) = second.tasks("stays")
    assert task["branch"] == "main" and task["env"]["SUBDOMAINRAW"] == "stays"


def test_tasks_of_the_go_mirage_are_taken_over(new_stack):
    s = new_stack()
    add(s, "from-go", tags=[{"key": "ManagedBy", "value": "Mirage"}, {"key": "Subdomain", "value": tag("from-go")},
                            {"key": "branch", "value": "topic/x"}])
    poll(lambda: s.env("from-go").status == 200, 15, "it answers")
    assert s.tasks("from-go")[0]["branch"] == "topic/x"
    s.terminate("from-go")
    poll(lambda: s.env("from-go").status == 404, 5, "it has no route any more")


def test_odd_tasks(new_stack):
    """None of them stops the others from being seen, and each is shown for what it is."""
    s = new_stack()
    add(s, "foreign", tags=[])
    add(s, "bad-base64", tags=[{"key": "ManagedBy", "value": "mirage-ecs"}, {"key": "Subdomain", "value": "%%%"}])
    add(s, "bad-name", tags=[{"key": "ManagedBy", "value": "mirage-ecs"}, {"key": "Subdomain", "value": tag("a/b c")}])
    add(s, "no-subdomain", tags=[{"key": "ManagedBy", "value": "mirage-ecs"}])
    add(s, "unpadded", tags=[{"key": "ManagedBy", "value": "mirage-ecs"},
                             {"key": "Subdomain", "value": tag("unpadded").rstrip("=")}])
    add(s, "no-address", attachments=[], containers=[])
    add(s, "no-overrides", overrides=None)
    add(s, "leaving", lastStatus="DEPROVISIONING", desiredStatus="RUNNING")
    add(s, "no-definition", taskDefinitionArn="arn:aws:ecs:ap-northeast-1:123456789012:task-definition/nowhere:7")
    add(s, "good")
    poll(lambda: s.env("good").status == 200, 25, "the good one answers")
    seen = {t["subdomain"]: t for t in s.list("all")}
    assert set(seen) == {"unpadded", "no-address", "no-overrides", "leaving", "good", "no-definition"}
    assert seen["no-overrides"]["env"] == {} and seen["no-address"]["ipaddress"] == ""
    assert s.env("no-overrides").status == 200 and s.env("unpadded").status == 200
    assert s.env("no-address").status == 503 and s.env("leaving").status in (404, 503)
    warnings = re.findall(r"\[warn\].*task \S+ is tagged ManagedBy, but", s.log_tail(20000))
    assert len(warnings) == 3, "each is told once"


def test_a_definition_that_cannot_be_described_holds_up_no_other(new_stack, folder):
    """After a restart without a database, too: the health check turns 200, and the tasks of the others answer."""
    first = new_stack(folder=folder)
    first.launch("good", "web")
    first.launch("bad", "web2")
    (bad,) = first.tasks("bad")
    first.stop()
    for file in first.state.glob("mirage.db*"):
        file.unlink()
    arn = first.aws.task(bad["id"])["taskDefinitionArn"]
    first.aws.fault("ecs.DescribeTaskDefinition", "internal", where={"taskDefinition": arn})
    second = new_stack(folder=folder, address=first.address)
    poll(lambda: second.get("health.example.net").status == 200, 20, "the health check")
    poll(lambda: second.env("good", "/echo").status == 200, 10, "the good one answers")
    assert [t["last_status"] for t in second.tasks("bad")] == ["RUNNING"]
    assert second.env("bad").status == 503
    assert second.log_path.read_text().count(f"{arn} cannot be described yet") == 1
    assert second.api("GET", "/trace/" + bad["short_id"]).status == 200
    second.aws.clear_faults()
    poll(lambda: second.env("bad", "/echo").status == 200, 25, "it answers, once it can be described")
    assert f"{arn} can be described again" in second.log_path.read_text()


def test_a_definition_that_cannot_be_described_any_more_takes_no_route(new_stack, folder):
    first = new_stack(folder=folder)
    first.launch("routed", "web")
    first.stop()
    first.aws.fault("ecs.DescribeTaskDefinition", "throttle")
    second = new_stack(folder=folder, address=first.address)
    poll(lambda: "cannot be described yet" in second.log_path.read_text(), 20, "its definition is missing")
    listings = second.aws.count("ecs.ListTasks")
    poll(lambda: second.aws.count("ecs.ListTasks") > listings + 1, 25, "the tasks are listed again")
    assert second.env("routed", "/echo").status == 200


@pytest.mark.parametrize("refused_whole", [False, True], ids=["failure", "whole-call"])
def test_a_task_that_cannot_be_described_holds_up_no_other(new_stack, folder, refused_whole):
    first = new_stack(folder=folder)
    first.launch("steady", "web")
    (steady,) = first.tasks("steady")
    first.stop()
    with contextlib.closing(first.database()) as db:  # older than what a listing may lack
        db.execute("UPDATE task SET created_at = 1")
    if refused_whole:
        first.aws.fault("ecs.DescribeTasks", "error", code="InvalidParameterException", message="Invalid identifier",
                        where={"tasks": steady["id"]})
    else:
        first.aws.fault("ecs.DescribeTasks", "failures", failures=[
            {"arn": steady["id"], "reason": "INTERNAL", "detail": "try later"}])
    others = [add(first, f"other-{i}") for i in range(5)]
    second = new_stack(folder=folder, address=first.address)
    poll(lambda: {t["id"] for t in second.list()} == {*others, steady["id"]}, 20, "all are listed")
    poll(lambda: second.env("other-4").status == 200, 10, "the others answer")
    listings = second.aws.count("ecs.ListTasks")
    poll(lambda: second.aws.count("ecs.ListTasks") > listings + 1, 25, "the tasks are listed again")
    assert second.env("steady", "/echo").status == 200 and second.tasks("steady")
    assert second.log_path.read_text().count(f"task {steady['id']} stays as it was known") == 1


def test_a_range_of_ports_is_routed(new_stack):
    s = new_stack()
    s.aws.register_task_definition("ranges", [{"name": "app", "image": "demo", "portMappings": [
        {"containerPortRange": f"{TARGET - 3}-{TARGET + 3}"}]}])
    s.launch("ranges", "ranges")
    assert s.env("ranges").status == 200
    (task,) = s.tasks("ranges")
    assert task["port_map"] == {"app": TARGET}
    assert "state ready" in s.api("GET", "/list").text


def test_ready_is_said_only_of_what_can_be_reached(new_stack):
    s = new_stack()
    s.aws.register_task_definition("worker", [{"name": "worker", "image": "demo", "portMappings": []}])
    s.aws.register_task_definition("other-port", [{"name": "app", "image": "demo", "portMappings": [
        {"containerPort": 9999}]}])
    for subdomain, taskdefs in (("alone", ["worker"]), ("elsewhere", ["other-port"]), ("both", ["worker", "demo"])):
        assert launch(s, subdomain, *taskdefs) == (200, "accepted")
    s.wait_ready("both", 2)

    def states():
        return dict(re.findall(r'data-key="([\w-]+)" data-state="(\w+)"', s.api("GET", "/list").text))
    poll(lambda: states() == {"alone": "running", "elsewhere": "running", "both": "ready"}, 15, "each is what it is")
    assert s.env("alone").status == s.env("elsewhere").status == 404 and s.env("both").status == 200


def test_two_network_interfaces(new_stack):
    s = new_stack()
    arn = add(s, "two-enis")
    (eni,) = s.aws.task(arn)["attachments"]
    gone = {**eni, "id": "gone", "status": "DELETED", "details": [
        {"name": "privateIPv4Address", "value": "127.0.0.99"}]}
    s.aws.change_task(arn, attachments=[gone, eni])
    poll(lambda: s.env("two-enis").status == 200, 15, "it answers")
    assert s.tasks("two-enis")[0]["ipaddress"] != "127.0.0.99"


def test_many_pages(new_stack):
    s = new_stack()
    s.aws.set_page_size("ecs.ListTasks", 7)
    arns = [add(s, f"page-{i}") for i in range(30)]
    poll(lambda: {t["id"] for t in s.list()} == set(arns), 15, "all are listed")


def test_a_task_that_vanishes_is_forgotten(new_stack):
    s = new_stack()
    arn = add(s, "vanishes")
    poll(lambda: s.env("vanishes").status == 200, 15, "it answers")
    with contextlib.closing(s.database()) as db:  # older than what a listing may lack
        db.execute("UPDATE task SET created_at = 1 WHERE arn = ?", (arn,))
    s.aws.change_task(arn, createdAt=time.time() - 3600)
    s.aws.remove_task(arn)
    poll(lambda: not s.tasks("vanishes", "all"), 25, "it is gone")
    poll(lambda: s.env("vanishes").status == 404, 2, "its route is gone")


def test_a_stop_by_somebody_else_is_seen(new_stack):
    s = new_stack()
    s.launch("stopped-elsewhere", "demo")
    (task,) = s.tasks("stopped-elsewhere")
    s.aws.boto3_client("ecs").stop_task(cluster=CLUSTER, task=task["id"], reason="tidying up")
    poll(lambda: s.env("stopped-elsewhere").status == 404, 15, "its route is gone")
    (stopped,) = poll(lambda: s.tasks("stopped-elsewhere", "stopped"), 15, "it is among the stopped")
    assert stopped["id"] == task["id"]
    assert "tidying up" in s.api("GET", "/trace/" + task["short_id"]).text


# --- what it costs ------------------------------------------------------------------------------


def listings(s):
    return [r for r in s.aws.requests("ecs.ListTasks") if r["params"].get("desiredStatus") == "RUNNING"
            and "nextToken" not in r["params"]]


def watch_writes(db):
    """From now on the table test_writes has a row for every row that is written."""
    db.execute("CREATE TABLE test_writes (name TEXT)")
    for table in ("task", "port", "environment"):
        for change in ("INSERT", "UPDATE", "DELETE"):
            db.execute(f"CREATE TRIGGER test_{table}_{change} AFTER {change} ON {table} BEGIN"
                       f" INSERT INTO test_writes VALUES ('{table} {change}'); END")


def test_calls_of_an_idle_cluster(new_stack):
    """A pass every ten seconds, of two calls for a hundred tasks and three for two hundred, whether it looks for what
    has stopped or again at what runs; and what has not changed is not written again."""
    stacks = {2: new_stack(), 3: new_stack()}
    for calls, s in stacks.items():
        for i in range((calls - 1) * 100):
            add(s, f"idle-{i}")
    for calls, s in stacks.items():
        tasks = (calls - 1) * 100
        poll(lambda: sum(t["last_status"] == "RUNNING" for t in s.list()) == tasks, 30, "all are listed")
        with contextlib.closing(s.database()) as db:
            poll(lambda: db.execute("SELECT count(*) FROM port WHERE ready").fetchone()[0] == tasks * 2, 20,
                 "all are ready")
            before = len(listings(s))
            poll(lambda: len(listings(s)) > before, 15, "a pass begins")
            watch_writes(db)
        s.first = len(listings(s)) - 1
    for calls, s in stacks.items():
        poll(lambda: len(listings(s)) > s.first + 2, 35, "two more begin")
        begin, end = (listings(s)[i]["time"] for i in (s.first, s.first + 2))
        with contextlib.closing(s.database()) as db:
            assert db.execute("SELECT name FROM test_writes").fetchall() == []
        made = [r["operation"] for r in s.aws.requests() if begin <= r["time"] < end
                and r["operation"].startswith("ecs.")]  # and the report, once a minute
        assert len(made) <= 2 * calls, made
        assert end - begin > 18, "passes come ten seconds apart"


def test_list_and_page_never_ask_aws(new_stack):
    s = new_stack()
    s.launch("asked")
    s.aws.fault("*", "hang")
    for _ in range(5):
        assert s.tasks("asked") and s.api("GET", "/").status == s.api("GET", "/list").status == 200
        assert s.env("asked").status == 200
    s.aws.clear_faults()
