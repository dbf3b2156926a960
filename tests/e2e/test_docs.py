"""What the documents give to be copied: configuration, JSON, scripts, links."""

import json
import re
import subprocess

import pytest

from stack import PORT, REPOSITORY, clean_environment, local_only, poll, run

DOCUMENTS = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
SECRETS = {"MIRAGE_TOKEN": "t", "MIRAGE_PASSWORD": "p", "MIRAGE_COOKIE_SECRET": "s" * 32, "AWS_REGION": "ap-northeast-1"}


def blocks(path, language):
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", path.read_text(), re.M | re.S)


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if blocks(p, "yaml")], ids=lambda p: p.name)
def test_every_yaml_is_a_configuration(path, folder):
    """Valid, and without a key that nobody knows. Templates of its own are looked for where the test has them."""
    for n, text in enumerate(blocks(path, "yaml")):
        conf = folder / f"{n}.yaml"
        indent = min(len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip())
        text = "\n".join(line[indent:] for line in text.splitlines()) + "\n"
        conf.write_text(re.sub(r"^htmldir: .*", f"htmldir: {REPOSITORY}/html", text, flags=re.M))
        r = run("mirage-ecs", "-local", "-t", "-conf", conf, env=SECRETS)
        assert r.returncode == 0 and "unknown" not in r.stderr and "not known" not in r.stderr, (text, r.stderr)


def test_every_section_of_the_configuration_has_its_yaml():
    """Beside each table, and in each section of keys."""
    text = (REPOSITORY / "docs/CONFIG.md").read_text()
    sections = re.split(r"^### ", text[text.index("## Keys"):], flags=re.M)
    bare = [s.splitlines()[0] for s in sections if ("\n| key |" in s or re.match(r"`", s)) and "```yaml" not in s]
    assert len(sections) > 8 and not bare


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if blocks(p, "json")], ids=lambda p: p.name)
def test_every_json_is_json(path):
    for text in blocks(path, "json"):
        json.loads(text)


def test_every_link_leads_somewhere():
    def anchors(path):
        heads = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
        return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            at = (path.parent / file) if file else path
            assert at.exists(), (path.name, target)
            assert not anchor or anchor in anchors(at), (path.name, target)


@local_only
def test_the_wait_loop(stack, name):
    (loop,) = [text for text in blocks(REPOSITORY / "docs/RECIPES.md", "sh") if "for try in" in text]

    def wait(subdomain):
        text = loop.replace("url=http://cool-feature.localhost:8080/", f"url=http://{subdomain}.localhost:{PORT}/")
        assert text != loop
        text = text.replace("curl -s", f"curl --connect-to ::{stack.address}: -s").replace("sleep 2", "sleep 0.1")
        return subprocess.run(["sh", "-c", text], env=clean_environment(), capture_output=True, text=True, timeout=40)

    stack.launch(name, "web", wait=False)
    r = wait(name)
    assert r.returncode == 0 and stack.env(name).status == 200, r
    poll(lambda: stack.tasks(name)[0]["last_status"] == "RUNNING", 5, "it runs")
    r = wait("nobody-at-all")
    assert (r.returncode, r.stderr) == (1, "it did not come up\n")
