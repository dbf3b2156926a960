"""What terraform makes of terraform/, with AWS's answers mocked."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import GIVEN, HERE, REPOSITORY
from test_files import register

BUILD = Path(os.environ.get("MIRAGE_BUILD", REPOSITORY / "build"))
OIDC = {"issuer": "https://id.example.net", "authorization_endpoint": "https://id.example.net/auth",
        "token_endpoint": "https://id.example.net/token", "user_info_endpoint": "https://id.example.net/me",
        "client_id": "mirage"}
AUTHORIZATION = json.loads((HERE / "authorization.json").read_text())["actions"]
INSTANCES_ONLY = {"ecs:ListTasks"}  # its one resource type is the container instance, of which Fargate has none


EXTRA = """
parameters:
  - name: nick
    env: NICK
    default: '{{ must_env "NICK" }}'
auth:
  token: {header: x-mirage-token, token: '{{ must_env "TOKEN" }}'}
  amzn_oidc: {claim: email, matchers: [{suffix: "@example.com"}], signer: "arn:aws:elasticloadbalancing:x"}
  cookie_secret: '{{ must_env "TOKEN" }}'
"""
SECRETS = {"NICK": "arn:aws:ssm:ap-northeast-1:123456789012:parameter/nick",
           "TOKEN": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:token-AbCdEf"}


@pytest.fixture(scope="module")
def plain(terraform):
    return terraform.applied()


@pytest.fixture(scope="module")
def everything(terraform):
    return terraform.applied(nat_gateway=True, link=True, oidc=OIDC, oidc_client_secret="the-client-secret",
                             api_without_oidc=True, require_auth_cookie=True, extra_configuration=EXTRA, secrets=SECRETS, purge_excludes=["main", "release-*"], desired_count=2)


def test_it_is_valid(terraform):
    r = terraform("validate", "-json")
    assert json.loads(r.stdout)["valid"], r.stdout


def containers(resources, name):
    values = resources[f"aws_ecs_task_definition.{name}"]
    definitions = json.loads(values["container_definitions"])
    asked = {"family": values["family"], "networkMode": values["network_mode"], "cpu": str(values["cpu"]),
             "memory": str(values["memory"]), "requiresCompatibilities": values["requires_compatibilities"],
             "taskRoleArn": values["task_role_arn"], "executionRoleArn": values["execution_role_arn"],
             "containerDefinitions": definitions,
             "volumes": [{"name": v["name"]} for v in values.get("volume") or []]}
    assert register(asked) == []
    return definitions


def test_the_containers(plain):
    resources = plain
    (main,) = containers(resources, "main")
    own = json.loads((REPOSITORY / "ecs-task-def.json").read_text())["containerDefinitions"][0]
    for key in ("name", "portMappings", "mountPoints", "stopTimeout"):
        assert main[key] == own[key], key
    (sample,) = containers(resources, "sample")
    assert sample["image"].startswith("public.ecr.aws/")  # so that it can be launched with nothing pushed
    (purge,) = containers(resources, "purge")
    assert purge["entryPoint"] == ["mirage-purge"] and purge["command"] == ["-duration", "86400"]
    assert purge["environment"] == main["environment"]
    service = resources["aws_ecs_service.main"]
    (balanced,) = service["load_balancer"]
    assert (balanced["container_name"], balanced["container_port"]) == ("mirage-ecs", 8080)
    assert resources["aws_lb_target_group.proxy"]["port"] == 8080


def effective(resources, tmp_path):
    """The configuration as mirage-ecs reads it."""
    path = tmp_path / "config.yaml"
    path.write_text(resources["aws_s3_object.config"]["content"])
    for option in ("-t", "-x"):
        r = subprocess.run([BUILD / "bin/mirage-ecs", option, "-conf", path], capture_output=True, text=True, timeout=20,
                           env={"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "NICK": "bob", "TOKEN": "a-secret-of-more-than-32-characters"})
        assert r.returncode == 0 and "unknown key" not in r.stderr, r
    return r.stdout


def test_the_configuration(plain, tmp_path):
    shown = effective(plain, tmp_path)
    for line in ('webapi: "mirage.dev.example.net"', 'reverse_proxy_suffix: ".dev.example.net"', "listen: 8080", "target: 80",
                 'region: "ap-northeast-1"', 'assign_public_ip: "ENABLED"', 'default_task_definition: "mirage-ecs-sample"',
                 'htmldir: "s3://mirage-ecs-20260101000000000000000001/html/"'):
        assert line in shown, line
    assert "hosted_zone_id" not in shown


def test_the_configuration_with_all_of_it(everything, tmp_path):
    shown = effective(everything, tmp_path)
    assert 'assign_public_ip: "DISABLED"' in shown and 'hosted_zone_id: "Z0123456789ABCDEFGHIJ"' in shown
    assert "require_auth_cookie: true" in shown and 'suffix: "@example.com"' in shown and "a-secret" not in shown
    assert 'name: "nick"' in shown and 'default: "bob"' in shown
    (purge,) = containers(everything, "purge")
    (main,) = containers(everything, "main")
    assert main["secrets"] == purge["secrets"] == [{"name": n, "valueFrom": arn} for n, arn in SECRETS.items()]
    granted = {r for s in everything["data.aws_iam_policy_document.execution"]["statement"] for r in s["resources"]}
    assert granted >= set(SECRETS.values())
    assert purge["command"] == ["-duration", "86400", "-exclude", "main", "-exclude", "release-*"]


def test_the_templates_are_in_the_bucket(plain):
    keys = {values["key"] for address, values in plain.items() if address.startswith("aws_s3_object.html")}
    assert keys == {f"html/{path.name}" for path in (REPOSITORY / "html").glob("*.html")}


def test_the_bucket_is_private(plain):
    block = plain["aws_s3_bucket_public_access_block.config"]
    assert all(block[key] for key in ("block_public_acls", "block_public_policy", "ignore_public_acls",
                                      "restrict_public_buckets"))


def test_the_way_in_is_one(plain):
    resources = plain
    rules = {address: values for address, values in resources.items() if "_ingress_rule." in address}
    open_to = {address.split(".")[1].split("[")[0] for address, values in rules.items() if values["cidr_ipv4"]}
    assert open_to == {"alb_https", "alb_http"}
    assert {values["cidr_ipv4"] for values in rules.values() if values["cidr_ipv4"]} == {"203.0.113.0/24"}
    tasks = rules["aws_vpc_security_group_ingress_rule.tasks_proxy"]
    assert (tasks["from_port"], tasks["to_port"]) == (80, 80)


@pytest.mark.parametrize("document", ["task", "execution", "sample", "scheduler"])
def test_statements_are_as_the_service_authorization_reference_has_them(everything, document):
    for statement in everything[f"data.aws_iam_policy_document.{document}"]["statement"]:
        known = [AUTHORIZATION[action] for action in statement["actions"]]
        keys = {key.split("/$")[0].split("/<")[0] for facts in known for key in facts["conditions"]}
        given = {c["variable"].split("/")[0] for c in statement["condition"]}
        assert given <= keys, statement["sid"]
        if "*" in statement["resources"]:
            assert not any(facts["required"] for facts in known) or set(statement["actions"]) <= INSTANCES_ONLY


@pytest.mark.parametrize("which", ["plain", "everything"])
def test_no_statement_is_wider_than_it_must(which, request):
    resources = request.getfixturevalue(which)
    statements = resources["data.aws_iam_policy_document.task"]["statement"]
    assert len(statements) >= 12
    for statement in statements:
        assert not any(action.endswith("*") for action in statement["actions"]), statement["sid"]
    conditions = {c["variable"] for s in statements for c in s["condition"]}
    assert conditions >= {"ecs:cluster", "ecs:CreateAction", "iam:PassedToService", "cloudwatch:namespace", "s3:prefix",
                          "aws:ResourceTag/ManagedBy", "aws:RequestTag/ManagedBy"}


def test_who_opens_the_pages_is_asked(everything, plain):
    rules = {address: values for address, values in everything.items() if "listener_rule" in address}
    kinds = {address: [action["type"] for action in values["action"]] for address, values in rules.items()}
    assert kinds == {"aws_lb_listener_rule.api[0]": ["forward"],
                     "aws_lb_listener_rule.webapi": ["authenticate-oidc", "forward"],
                     "aws_lb_listener_rule.environments": ["forward"]}
    in_order = sorted(rules, key=lambda address: rules[address]["priority"])
    assert in_order == ["aws_lb_listener_rule.api[0]", "aws_lb_listener_rule.webapi", "aws_lb_listener_rule.environments"]
    assert [a["type"] for a in plain["aws_lb_listener_rule.webapi"]["action"]] == ["forward"]


def test_the_client_secret_is_not_shown(terraform):
    given = {**GIVEN, "oidc": OIDC, "oidc_client_secret": "the-client-secret"}
    r = terraform.test(given, "plan", "-verbose")
    assert r.returncode == 0 and "client_secret" in r.stdout, r
    assert "the-client-secret" not in r.stdout + r.stderr


def test_an_existing_zone(terraform):
    resources = terraform.applied(domain="dev.example.net", create_hosted_zone=False,
                                           hosted_zone_id="Z0123456789ABCDEFGHIJ")
    assert resources["aws_route53_record.environments"]["zone_id"] == "Z0123456789ABCDEFGHIJ"
    assert "aws_route53_zone.main[0]" not in resources


# --- what is refused, and the sentence that says what to do -------------------------------------


def without(*names):
    return {name: value for name, value in GIVEN.items() if name not in names}


REFUSED = [
    (without("domain"), "Set domain in terraform.tfvars"),
    ({**GIVEN, "domain": ".dev.example.net"}, "without a leading dot, such as dev.example.net"),
    ({**GIVEN, "domain": "localhost"}, "Set domain in terraform.tfvars"),
    (without("region"), "Set region in terraform.tfvars to an AWS region such as ap-northeast-1."),
    (without("allowed_cidrs"), "Set allowed_cidrs in terraform.tfvars to your team's networks"),
    ({**GIVEN, "allowed_cidrs": ["203.0.113.7"]}, "such as 203.0.113.0/24"),
    (without("create_hosted_zone"), "set hosted_zone_id to the one that it is in, or create_hosted_zone = true"),
    ({**GIVEN, "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}, "to have one made, not both"),
    ({**without("create_hosted_zone"), "hosted_zone_id": "example.net"}, "see aws route53 list-hosted-zones"),
    ({**without("create_hosted_zone"), "hosted_zone_id": "Z0123456789ABCDEFGHIJ", "domain": "dev.example.org"},
     "is not for dev.example.org: set hosted_zone_id to the public zone of that domain"),
    ({**GIVEN, "name": "Mirage"}, "lower-case letters"),
    ({**GIVEN, "vpc_cidr": "10.0.0.0/8"}, "from /16 to /24"),
    ({**GIVEN, "cpu": 300}, "one of Fargate's sizes"),
    ({**GIVEN, "memory": 600}, "Fargate has no other sizes"),
    ({**GIVEN, "purge_duration": 60}, "at least 300"),
    ({**GIVEN, "purge_schedule": "0 3 * * ? *"}, "such as cron(0 3 * * ? *)"),
    ({**GIVEN, "oidc_client_secret": "x"}, "go together: set both (the secret as TF_VAR_oidc_client_secret"),
    ({**GIVEN, "oidc": {**OIDC, "issuer": "id.example.net"}, "oidc_client_secret": "x"}, "are https:// URLs"),
    ({**GIVEN, "extra_configuration": "a: [b"}, "extra_configuration is YAML"),
    ({**GIVEN, "extra_configuration": "host: {webapi: x}"}, "without the sections that Terraform writes"),
    ({**GIVEN, "api_without_oidc": True, "oidc": OIDC, "oidc_client_secret": "x"}, "needs auth.token in"),
    ({**GIVEN, "require_auth_cookie": True}, "needs auth.cookie_secret in extra_configuration"),
    ({**GIVEN, "secrets": {"TOKEN": "abc"}}, "not the secret itself"),
    ({**GIVEN, "html_dir": "/nonexistent"}, "html_dir is a folder with layout.html"),
    ({**GIVEN, "passable_role_arns": ["myapp"]}, "is a role's ARN"),
    ({**GIVEN, "log_retention_days": 2}, "one of CloudWatch's"),
]


@pytest.fixture(scope="module")
def complaints(terraform):
    return terraform.complaints([variables for variables, _ in REFUSED])


@pytest.mark.parametrize("i", range(len(REFUSED)), ids=[sentence for _, sentence in REFUSED])
def test_refused(complaints, i):
    assert REFUSED[i][1] in complaints[i]


def test_open_to_everybody_is_warned_about(terraform):
    r = terraform.test({**GIVEN, "allowed_cidrs": ["0.0.0.0/0"]}, "plan")
    assert "Everybody may launch and terminate environments" in " ".join((r.stdout + r.stderr).split())
