"""Fixtures: one fake for all tests of a file; after each test it must have seen nothing wrong, and is set back."""

import json
import subprocess
import time

import pytest

from .client import FakeAws


def poll(predicate, what, seconds=10):
    """The first true value of predicate(), asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := predicate()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return value


@pytest.fixture(scope="module")
def running_aws():
    with FakeAws() as aws:
        aws.create_cluster("mirage")
        aws.register_task_definition("web")
        aws.set_delays(all=0.01)
        aws.set_check_answers(on=True)
        yield aws


@pytest.fixture
def aws(running_aws):
    """A test that expects violations takes them with aws.reset_violations()."""
    running_aws.reset_calls()
    running_aws.reset_violations()
    yield running_aws
    running_aws.clear_faults()
    running_aws.set_clock(offset=0)
    violations = running_aws.violations()
    running_aws.reset_violations()
    assert violations == []


@pytest.fixture
def run(aws):
    """RunTask with what it needs."""
    ecs = aws.boto3_client("ecs")

    def run_task(definition="web", **more):
        arguments = {"cluster": "mirage", "taskDefinition": definition, "launchType": "FARGATE",
                     "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}, **more}
        return ecs.run_task(**{name: value for name, value in arguments.items() if value is not None})

    run_task.ecs = ecs
    return run_task


@pytest.fixture
def cli(aws, tmp_path):
    """The aws command with these words; gives what it says, as JSON when it is that."""

    def command(*words, session_token=True):
        environment = {**aws.environment(session_token), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path),
                       "AWS_PAGER": "", "AWS_CONFIG_FILE": "/nonexistent"}
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", aws.url, "--output", "json", *words],
                              capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return command


def take_violations(aws, kind):
    """Messages of the violations so far, all of that kind; forgets them."""
    found = aws.violations()
    aws.reset_violations()
    assert {v["kind"] for v in found} == {kind}, found
    return [v["message"] for v in found]


def error_of(call, *arguments, **parameters):
    """(code, message, status) of the ClientError that the call raises."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as raised:
        call(*arguments, **parameters)
    response = raised.value.response
    return (response["Error"]["Code"], response["Error"].get("Message", ""),
            response["ResponseMetadata"]["HTTPStatusCode"])
