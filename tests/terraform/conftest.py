"""terraform/ as HashiCorp's parser reads it, and, where there are terraform and the provider, as they understand it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
MODULE = REPOSITORY / "terraform"
sys.path.insert(0, str(REPOSITORY / "tests"))

GIVEN = {"domain": "dev.example.net", "region": "ap-northeast-1", "allowed_cidrs": ["203.0.113.0/24"],
         "create_hosted_zone": True}


def hcl(command, *paths):
    """HashiCorp's parser from npm, which is fetched once."""
    if not (HERE / "node_modules/@cdktf/hcl2json").exists():
        fetched = subprocess.run([REPOSITORY / "tools/npm-ci", HERE], capture_output=True, text=True, timeout=300)
        assert fetched.returncode == 0, fetched.stderr
    return subprocess.run(["node", HERE / "hcl.js", command, *paths], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="session")
def files():
    """Name of a file → what is in it."""
    r = hcl("parse", *sorted(MODULE.glob("*.tf")))
    assert r.returncode == 0, r.stderr
    return {Path(path).name: content for path, content in json.loads(r.stdout).items()}


class Terraform:
    """The real one on a copy of the modules, AWS's answers mocked: nothing is asked of AWS."""

    def __init__(self, folder):
        self.folder = folder / "terraform"
        shutil.copytree(MODULE, self.folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars"))
        shutil.copytree(REPOSITORY / "html", folder / "html")
        shutil.copytree(HERE / "mocks", self.folder / "mocks")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_"))}
        self.env["CHECKPOINT_DISABLE"] = "1"

    def __call__(self, *arguments, timeout=240):
        return subprocess.run(["terraform", *arguments], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout)

    def init(self):
        """The provider is downloaded, or is in the folder that MIRAGE_TF_PLUGINS names."""
        folder = os.environ.get("MIRAGE_TF_PLUGINS")
        options = [f"-plugin-dir={folder}"] if folder else []
        return self("init", "-backend=false", "-input=false", "-no-color", *options)

    def test(self, variables, command="apply", *options):
        return self.tests([variables], command, *options)

    def tests(self, cases, command, *options):
        """Each case's variables in a file of its own."""
        tests = self.folder / "tests"
        shutil.rmtree(tests, ignore_errors=True)
        tests.mkdir()
        for i, variables in enumerate(cases):
            values = "".join(f"    {name} = {json.dumps(value)}\n" for name, value in variables.items())
            (tests / f"{i}.tftest.hcl").write_text(
                'mock_provider "aws" {\n  source = "./mocks"\n}\n'
                f'run "it" {{\n  command = {command}\n  variables {{\n{values}  }}\n}}\n')
        return self("test", "-no-color", *options)

    def applied(self, **variables):
        """Address → values of all that there is then."""
        r = self.test({**GIVEN, **variables}, "apply", "-json", "-verbose")
        messages = [json.loads(line) for line in r.stdout.splitlines()]
        assert r.returncode == 0, [m for m in messages if m["type"] == "diagnostic"] or r.stderr
        (state,) = (m["test_state"] for m in messages if m["type"] == "test_state")
        return {one["address"]: one["values"] for one in state["root_module"]["resources"]}

    def complaints(self, cases):
        """What it says to each."""
        said = [""] * len(cases)
        for line in self.tests(cases, "plan", "-json").stdout.splitlines():
            message = json.loads(line)
            if message["type"] == "diagnostic":
                said[int(Path(message["@testfile"]).name.split(".")[0])] += message["diagnostic"].get("detail", "") + "\n"
        return said


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    if not shutil.which("terraform"):
        pytest.skip("there is no terraform here")
    t = Terraform(tmp_path_factory.mktemp("terraform"))
    r = t.init()
    if r.returncode != 0:
        pytest.skip("terraform cannot get its provider here; MIRAGE_TF_PLUGINS may name a folder that has it")
    return t
