"""deploy/github and deploy/gitlab: their shell steps, run against a stack as the runners would run them."""

import re
import subprocess
import textwrap

import pytest

from stack import PORT, REPOSITORY, SECOND_PORT, clean_environment, local_only, poll
from test_auth import TOKEN, guarded

pytestmark = local_only
GITHUB = (REPOSITORY / "deploy/github/preview.yml").read_text()
GITLAB = (REPOSITORY / "deploy/gitlab/preview.yml").read_text()


def github_step(name):
    found = re.search(rf"^      - name: {name}\n(?:        env:\n          .*\n)?        run: \|\n((?:          .*\n|\n)+)", GITHUB, re.M)
    return textwrap.dedent(found[1])


def gitlab_scripts(job):
    """before_script and the script of a job, one shell for all, as GitLab has it."""
    before = re.search(r"^  before_script:\n    - \|\n((?:      .*\n)+)", GITLAB, re.M)[1]
    body = re.search(rf"^{job}:\n((?:  .*\n|\n)+)", GITLAB, re.M)[1]
    script = re.search(r"^  script:\n((?:    .*\n)+)", body, re.M)[1]
    return textwrap.dedent(before) + "".join(textwrap.dedent(part) for part in re.split(r"^    - \|\n", script, flags=re.M)[1:])


class Runner:
    def __init__(self, s, folder):
        self.s, self.folder = s, folder
        (folder / "path").mkdir()
        # The names are the stack's own address, and whoever waits does not do so for long.
        for name, text in {"sleep": "exec /bin/sleep 0.1", "curl": f"exec /usr/bin/curl --connect-to ::{s.address}: \"$@\""}.items():
            (folder / "path" / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / "path" / name).chmod(0o755)

    def __call__(self, script, shell=("bash", "-e", "-o", "pipefail", "-c"), **variables):
        env = clean_environment(MIRAGE_TOKEN=TOKEN, MIRAGE_URL=f"http://mirage.localhost:{PORT}", **variables)
        env["PATH"] = f"{self.folder}/path:{env['PATH']}"
        r = subprocess.run([*shell, script], cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=60)
        return r.returncode, r.stdout + r.stderr


@pytest.fixture
def runner(new_stack, folder):
    s = new_stack(guarded, start=False)
    s.credentials = [("x-mirage-token", TOKEN)]
    poll(s._ready, 30, "it is ready")
    return Runner(s, folder)


# The second port asks for no cookie; the first does, and answers 403 whatever runs.
ports = pytest.mark.parametrize("port", [SECOND_PORT, PORT])


@ports
def test_github(runner, port):
    variables = {"NAME": "pr-12", "BRANCH": "feature/a b&c", "TASKDEF": "web", "ENVIRONMENT_URL": f"http://pr-12.localhost:{port}/"}
    assert runner(github_step("Launch"), **variables) == (0, '{"result":"accepted"}\n')
    assert [t["branch"] for t in runner.s.tasks("pr-12")] == ["feature/a b&c"]
    status, said = runner(github_step("Wait until it is ready"), **variables)
    assert status == 0 and "is ready" in said, said
    assert [t["last_status"] for t in runner.s.tasks("pr-12")] == ["RUNNING"]
    assert runner(github_step("Terminate"), **variables) == (0, '{"result":"ok"}\n')
    poll(lambda: not runner.s.tasks("pr-12"), 10, "it ended")


@ports
def test_github_says_what_is_wrong(runner, port):
    variables = {"NAME": "pr-13", "BRANCH": "x", "ENVIRONMENT_URL": f"http://pr-13.localhost:{port}/"}
    status, said = runner(github_step("Launch"), **variables, TASKDEF="")
    assert status != 0 and "parameter required" in said, said
    assert runner(github_step("Launch"), **variables, TASKDEF="dies")[0] == 0
    poll(lambda: not runner.s.tasks("pr-13"), 10, "it has died")
    status, said = runner(github_step("Wait until it is ready"), **variables)
    assert status == 1 and f"it did not come up; http://mirage.localhost:{PORT}/logs/pr-13 says why" in said, said


@ports
@pytest.mark.parametrize("slug", ["12-fix-the-thing", "x" * 63])
def test_gitlab(runner, slug, port):
    name = f"b-{slug}"[:63]
    variables = {"CI_COMMIT_REF_SLUG": slug, "CI_COMMIT_REF_NAME": "12-Fix/the thing", "TASKDEF": "web", "MIRAGE_SUFFIX": ".localhost"}
    here = f"http://$NAME$MIRAGE_SUFFIX:{port}/"  # for want of a certificate
    launched, ended = (gitlab_scripts(job).replace("https://$NAME$MIRAGE_SUFFIX/", here) for job in ("launch", "terminate"))
    status, said = runner(launched, **variables)
    assert status == 0 and "is ready" in said, said
    assert [t["branch"] for t in runner.s.tasks(name)] == ["12-Fix/the thing"]
    assert (runner.folder / "preview.env").read_text() == f"PREVIEW_URL=http://{name}.localhost:{port}/\n"
    status, said = runner(ended, **variables)
    assert status == 0, said
    poll(lambda: not runner.s.tasks(name), 10, "it ended")
