"""terraform/ as text: format, references, arguments, and what it has in common with the rest of the repository."""

import json
import re
from fnmatch import fnmatch

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from fakeaws.shape_check import problems

from conftest import HERE, MODULE, REPOSITORY, hcl

ARGUMENTS = json.loads((HERE / "arguments.json").read_text())
ECS = ServiceModel(Loader().load_service_model("ecs", "service-2"), "ecs")
META = {"count", "for_each", "depends_on", "lifecycle", "provider", "timeouts", "dynamic"}
REFERENCE = re.compile(r"(?<![\w.\"/])(data\.aws_\w+\.\w+|aws_[a-z0-9_]+\.\w+|var\.\w+|local\.\w+)")


def strings(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def references(value):
    """What the expressions in it name."""
    return {name for text in strings(value) if "${" in text for name in REFERENCE.findall(text)}


def named(files, kind):
    """What a kind of block defines: name → block."""
    return {name: block for content in files.values() for name, (block,) in content.get(kind, {}).items()}


def resources(files, kind="resource"):
    return [(t, name, block) for content in files.values() for t, blocks in content.get(kind, {}).items()
            for name, (block,) in blocks.items()]


def definitions(files):
    found = {f"var.{name}" for name in named(files, "variable")}
    found |= {f"local.{name}" for content in files.values() for block in content.get("locals", []) for name in block}
    found |= {f"{t}.{name}" for t, name, _ in resources(files)}
    return found | {f"data.{t}.{name}" for t, name, _ in resources(files, "data")}


def test_format():
    r = hcl("check", *sorted(MODULE.glob("*.tf")), *sorted(HERE.glob("mocks/*.hcl")))
    assert (r.returncode, r.stderr) == (0, "")


def test_the_format_check_sees_something(tmp_path):
    (tmp_path / "a.tf").write_text('variable "x" {\n  a = 1\n  bcd = 2\n}\n')
    (tmp_path / "b.tf").write_text('variable "x" {\n')
    r = hcl("check", tmp_path / "a.tf", tmp_path / "b.tf")
    assert r.returncode == 1 and "a.tf: not as terraform fmt" in r.stderr and "b.tf" in r.stderr


def test_every_reference_resolves(files):
    missing = references(files) - definitions(files)
    assert not missing
    assert len(references(files)) > 80  # that it finds them


def test_nothing_is_unused(files):
    """A variable's own validation is no use of it."""
    used = {name for content in files.values() for kind, value in content.items() if kind != "variable"
            for name in references(value)}
    unused = {name for name in definitions(files) if name.startswith(("var.", "local.", "data."))} - used
    assert not unused


def test_everything_is_described(files):
    for name, block in {**named(files, "variable"), **named(files, "output")}.items():
        assert len(block.get("description", "")) > 10, name
    for name, block in named(files, "variable").items():
        assert "type" in block, name
        for validation in block.get("validation", []):
            assert validation["error_message"].endswith("."), name


def check_block(facts, block, where):
    known = set(facts["required"]) | set(facts["optional"]) | set(facts["blocks"])
    dynamic = block.get("dynamic", {})
    given = (set(block) - META) | (META & set(block) & known) | set(dynamic)
    assert not given - known, f"{where} has no {given - known}"
    assert not set(facts["required"]) - given, f"{where} lacks {set(facts['required']) - given}"
    for name, sub in facts["blocks"].items():
        assert sub["min"] == 0 or name in given, f"{where} lacks the block {name}"
        for one in block.get(name, []):
            check_block(sub, one, f"{where}.{name}")
        for one in dynamic.get(name, []):
            for content in one["content"]:
                check_block(sub, content, f"{where}.{name}")


def test_every_argument_is_the_providers(files):
    checked = 0
    for kind in ("resource", "data"):
        for t, name, block in resources(files, kind):
            assert t in ARGUMENTS[kind], f"{t}: make tests/terraform/arguments.json anew"
            check_block(ARGUMENTS[kind][t], block, f"{t}.{name}")
            checked += 1
    assert checked > 60


def test_an_argument_that_is_not_the_providers():
    facts = ARGUMENTS["resource"]["aws_lb_target_group"]
    with pytest.raises(AssertionError, match="has no .*'colour'"):
        check_block(facts, {"colour": "blue"}, "it")
    with pytest.raises(AssertionError, match="has no .*'pth'"):
        check_block(facts, {"health_check": [{"pth": "/"}]}, "it")
    with pytest.raises(AssertionError, match="lacks .*'role'"):
        check_block(ARGUMENTS["resource"]["aws_iam_role_policy"], {"policy": "{}"}, "it")


def test_arguments_are_of_the_pinned_provider(files):
    wanted = files["versions.tf"]["terraform"][0]["required_providers"][0]["aws"]["version"]
    major_minor = ARGUMENTS["provider"].split()[1].rsplit(".", 1)[0]
    assert wanted == f"~> {major_minor}"


# --- what it has in common with the rest --------------------------------------------------------


def actions_of(files, document):
    (block,) = (b for t, name, b in resources(files, "data") if (t, name) == ("aws_iam_policy_document", document))
    statements = block["statement"] + [c for d in block.get("dynamic", {}).get("statement", []) for c in d["content"]]
    return {action for statement in statements for action in statement["actions"]}


def test_the_task_role_has_the_actions_of_the_docs(files):
    text = (REPOSITORY / "docs/AWS.md").read_text()
    table = text.split("## What its role must allow")[1].split("\n## ")[0]
    documented = {action for line in table.splitlines() if line.startswith("| `")
                  for action in re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", line.split("|")[1])}
    assert len(documented) > 12
    assert actions_of(files, "task") == documented
    pasted = {action for statement in documented_json("AWS.md")["Statement"] for action in actions_in(statement)}
    assert pasted == documented


def documented_json(name):
    """The first of a document's blocks."""
    return json.loads(re.search(r"^```json\n(.*?)^```", (REPOSITORY / "docs" / name).read_text(), re.M | re.S).group(1))


def actions_in(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def test_the_policy_to_paste_is_narrow():
    """No more than what IAM cannot narrow down is for everything."""
    policy = documented_json("AWS.md")
    assert policy["Version"] == "2012-10-17" and len({s["Sid"] for s in policy["Statement"]}) == len(policy["Statement"])
    for statement in policy["Statement"]:
        wide = statement["Resource"] == "*" and "Condition" not in statement
        assert statement["Effect"] == "Allow" and not wide or set(actions_in(statement)) == {"ecs:DescribeTaskDefinition", "cloudwatch:GetMetricData"}


def test_the_recipes_task_definition_is_one():
    assert register(documented_json("RECIPES.md")) == []


def test_idle_timeouts(files):
    """The load balancer's is shorter than mirage-proxyd's."""
    (lb,) = (block for t, _, block in resources(files) if t == "aws_lb")
    documented = re.search(r"`network.idle_timeout` \| `(\d+)s`", (REPOSITORY / "docs/CONFIG.md").read_text())
    assert lb["idle_timeout"] < int(documented.group(1))


def register(definition):
    return problems(definition, ECS.operation_model("RegisterTaskDefinition").input_shape)


def test_the_task_definition_on_its_own(files):
    text = (REPOSITORY / "ecs-task-def.json").read_text()
    definition = json.loads(text)
    assert register(definition) == []
    assert register({**definition, "networkMode": "wlan"}) and register({**definition, "volums": []})
    (container,) = definition["containerDefinitions"]
    assert container["portMappings"][0]["containerPort"] == files["ecs.tf"]["locals"][0]["proxy_port"]
    (mount,) = container["mountPoints"]
    documented = re.search(r"`-state DIR` \| `([^`]+)`", (REPOSITORY / "docs/CONFIG.md").read_text()).group(1)
    assert mount["containerPath"] == documented
    assert mount["sourceVolume"] == definition["volumes"][0]["name"]
    assert 30 < container["stopTimeout"] <= 120  # mirage-proxyd drains for 30 s; Fargate allows 120


@pytest.mark.parametrize("name", [
    "terraform.tfstate", "terraform.tfstate.backup", "terraform.tfstate.d", "mine.tfvars", "mine.auto.tfvars", "mine.tfvars.json",
    "plan.tfplan", ".terraform", ".env", ".env.local", "ca.pem", "ca.key"])
def test_what_may_hold_secrets_is_neither_in_git_nor_in_the_image(name):
    """A state holds every password in plain text."""
    git = [line.rstrip("/") for line in (REPOSITORY / ".gitignore").read_text().splitlines()]
    docker = [line.removeprefix("**/") for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("**/")]
    for patterns in git, docker:
        assert any(fnmatch(name, pattern) for pattern in patterns), patterns
