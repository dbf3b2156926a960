"""Starts that must fail: status, one sentence that says what to do, nobody left behind."""

import os
import shutil
import subprocess

import pytest

from stack import BUILD, REPOSITORY, clean_environment, local_only, run


def refused(new_stack, *expected, status=1, **kwargs):
    s = new_stack(start=False, **kwargs)
    got, said = s.wait_refused()
    assert got == status, said
    for words in expected:
        assert str(words) in said, f"{words!r} is not in:\n{said}"
    return said


@pytest.mark.parametrize("auth, key", [
    ({"cookie_secret": "planted"}, "auth has none of token, amzn_oidc and basic"),
    ({"token": {"token": "planted"}}, "auth.token: lacks the key 'header'"),
    ({"token": {"header": "x-token", "token": ""}}, "auth.token.token: is empty"),
    ({"token": {"header": "x-token", "token": "{{ env `MIRAGE_PLANTED` }}"}}, "MIRAGE_PLANTED is not set"),
    ({"basic": {"username": "a:b", "password": "planted"}}, "auth.basic.username"),
])
def test_auth_that_lets_in_nobody(new_stack, auth, key):
    said = refused(new_stack, key, change=lambda c: c.update(auth=auth))
    assert "planted" not in said


@local_only
def test_oidc_without_a_region(new_stack):
    refused(new_stack, "auth.amzn_oidc: the load balancer's region is not known; set ecs.region", change=lambda c: c.update(
        auth={"amzn_oidc": {"claim": "email", "matchers": [{"suffix": "@a.example"}]}}))


def test_require_auth_cookie(new_stack):
    def change(config):
        config["listen"]["http"][0]["require_auth_cookie"] = True
    refused(new_stack, "require_auth_cookie", change=change)


def test_configuration_is_not_there(new_stack):
    refused(new_stack, "/nonexistent/mirage.yml", options=["-conf", "/nonexistent/mirage.yml"])


@pytest.mark.parametrize("text, line", [
    ("host:\n  webapi: [", 2), ("a: b\n\tc: d\n", 2), ("host: {webapi: x\nlisten: y\n", 2),
    ("parameters:\n  - name: a\n   env: b\n", 3),
])
def test_broken_yaml(new_stack, text, line):
    said = refused(new_stack, "mirage.yml", config=text)
    assert any(f"{n}" in said for n in (line, line + 1)), said


@pytest.mark.parametrize("text, key, line", [
    ("host:\n  webapi: [a, b]\n", "webapi", 2),
    ("listen:\n  http:\n    - listen: eighty\n      target: 80\n", "listen", 3),
    ("listen:\n  http:\n    - listen: 70000\n      target: 80\n", "listen", 3),
    ("network:\n  proxy_timeout: soon\n", "proxy_timeout", 2),
    ("network:\n  connect_timeout: 5\n", "connect_timeout", 2),
    ("parameters:\n  - name: a\n    env: A\n    rule: '('\n", "rule", 4),
    ("parameters: x\n", "parameters", 1),
    ("use:\n  ignore:\n    user_agents: ['']\n", "use.ignore.user_agents[0]", 3),
    ("use:\n  ignore:\n    paths: [health]\n", "such as /health or /health/*", 3),
    ("use:\n  ignore:\n    networks: [10.0.0.1/8]\n", "use.ignore.networks[0]", 3),
    ("wake:\n  visitors: people\n", "browsers all none", 2),
    ("local:\n  taskdefs:\n    web:\n      command: text\n", "command", 4),
])
def test_wrong_value(new_stack, text, key, line):
    refused(new_stack, "mirage.yml", f":{line}", key, config=text)


def test_missing_must_env(new_stack):
    refused(new_stack, "MIRAGE_E2E_UNSET",
            config='host:\n  webapi: {{ must_env "MIRAGE_E2E_UNSET" }}\n')


def test_state_is_a_file(new_stack, folder):
    (folder / "s").write_text("a file")
    refused(new_stack, folder / "s", folder=folder)
    assert (folder / "s").read_text() == "a file"


def as_nobody():
    """Root may write everywhere: whoever runs the tests as root becomes another user for this one."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def test_state_is_not_writable(folder):
    folder.chmod(0o755)
    program = folder / "mirage-ecs"  # a copy where any user may run it
    program.write_bytes((BUILD / "bin" / "mirage-ecs").read_bytes())
    program.chmod(0o755)
    (folder / "s").mkdir()
    (folder / "s").chmod(0o555)
    r = subprocess.run([program, "-local", "-state", folder / "s"], preexec_fn=as_nobody, timeout=20,
                       env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True,
                       text=True)
    assert r.returncode == 1 and r.stdout == "", r
    assert f"the state folder {folder / 's'} is not writable" in r.stderr, r
    assert not list((folder / "s").iterdir())


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_state_that_others_may_write_to(new_stack, folder, mode):
    (folder / "s").mkdir()
    (folder / "s").chmod(mode)
    refused(new_stack, f"the state folder {folder}/s is ", "others may write to it: name one of its own with -state", folder=folder)
    assert not list((folder / "s").iterdir())


@pytest.mark.parametrize("inner", [False, True])
def test_state_in_a_folder_that_everybody_writes_to(new_stack, folder, inner):
    """Whoever may rename it can put another in its place. /tmp, where only owners rename, is fine: tests run there."""
    above = folder / "above"
    (above / "inner").mkdir(parents=True)
    above.chmod(0o777)
    state = above / "inner" / "s" if inner else above / "s"
    (folder / "link").symlink_to(state.parent)
    for way in state, folder / "link" / "s":
        refused(new_stack, f"the state folder {way}: everybody may write to {above}, ", f"`chmod o-w {above}`", options=["-state", way])
        assert not state.exists() or not list(state.iterdir())


@pytest.mark.parametrize("name, what", [("run", "folder"), ("local", "folder"), ("mirage.db", "file"), ("mirage.db-wal", "file"),
                                        ("mirage.db-shm", "file")])
def test_what_lies_in_the_state_is_a_link(new_stack, folder, name, what):
    """What is written below it would be somebody else's to change: run/mirage.yaml names programs to start."""
    (folder / "s").mkdir(mode=0o700)
    (folder / "elsewhere").mkdir()
    (folder / "s" / name).symlink_to(folder / "elsewhere")
    refused(new_stack, f"{folder}/s/{name} is a link, where a {what} is expected: move it away", folder=folder)
    assert not list((folder / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["run", "local", "mirage.db"])
def test_what_lies_in_the_state_is_open_to_others(new_stack, folder, name):
    (folder / "s").mkdir(mode=0o700)
    at = folder / "s" / name
    at.touch() if "." in name else at.mkdir()
    at.chmod(0o777)
    refused(new_stack, f"{at}: others may write to it: `chmod go-w` it", folder=folder)


@local_only
@pytest.mark.parametrize("program", ["mirage-proxyd", "mirage-api", "mirage-sync", "mirage-purge"])
def test_a_program_alone_looks_at_the_state_too(folder, program):
    (folder / "s").mkdir()
    (folder / "s").chmod(0o777)
    options = {"mirage-api": ["-socket", folder / "a"], "mirage-purge": ["-duration", "300"], "mirage-proxyd": ["-default-port", "8080"]}
    r = run(program, "-local", "-state", folder / "s", *options.get(program, []))
    assert r.returncode == 1 and f"the state folder {folder}/s is " in r.stderr and "others may write to it" in r.stderr, r
    assert not list((folder / "s").iterdir())


@local_only
@pytest.mark.parametrize("program", ["mirage-proxyd", "mirage-api", "mirage-sync", "mirage-purge"])
@pytest.mark.parametrize("name, is_folder", [("run", True), ("local", True), ("lock", False), ("mirage.db", False)])
def test_a_program_alone_follows_no_link_in_the_state(folder, program, name, is_folder):
    (folder / "s").mkdir(mode=0o700)
    (folder / "elsewhere").mkdir() if is_folder else (folder / "elsewhere").touch()
    (folder / "s" / name).symlink_to(folder / "elsewhere")
    options = {"mirage-api": ["-socket", folder / "a"], "mirage-purge": ["-duration", "300"], "mirage-proxyd": ["-default-port", "8080"]}
    r = run(program, "-local", "-state", folder / "s", *options.get(program, []))
    assert r.returncode == 1 and f"{folder}/s/{name} is a link, where a {'folder' if is_folder else 'file'} is expected" in r.stderr, r
    assert not is_folder or not list((folder / "elsewhere").iterdir())


def test_state_cannot_be_made(new_stack):
    refused(new_stack, "/proc/mirage", options=["-state", "/proc/mirage"])


def test_state_path_too_long_for_a_socket(new_stack, folder):
    state = folder / ("x" * 120)
    refused(new_stack, "x" * 120, options=["-state", state])


# --- pages --------------------------------------------------------------------------------------


def own_html(folder):
    html = folder / "html"
    shutil.copytree(BUILD / "share" / "mirage-ecs" / "html", html)
    return html


def test_htmldir_is_not_there(new_stack):
    refused(new_stack, "htmldir: /nonexistent/html/layout.html is missing", change=lambda c: c.update(htmldir="/nonexistent/html"))


def test_htmldir_lacks_a_template(new_stack, folder):
    html = own_html(folder)
    (html / "launcher.html").unlink()
    refused(new_stack, "launcher.html", change=lambda c: c.update(htmldir=str(html)))


@pytest.mark.parametrize("template", ["layout.html", "list.html", "launcher.html"])
@pytest.mark.parametrize("text", ["{{#open}}", "{{/closed}}", "{{unfinished", "{{=x=}}"])
def test_broken_template(new_stack, folder, template, text):
    html = own_html(folder)
    (html / template).write_text("<p>\n\n" + text + "\n")
    refused(new_stack, f"{template}:3", change=lambda c: c.update(htmldir=str(html)))


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-api"])
def test_t_looks_at_templates(folder, program):
    """No state folder is made for it."""
    html, conf = own_html(folder), folder / "m.yml"
    conf.write_text(f"htmldir: {html}\n")
    arguments = program, "-t", "-local", "-conf", conf, "-state", folder / "s"
    assert run(*arguments).returncode == 0
    (html / "list.html").write_text("\n{{#open}}\n")
    r = run(*arguments)
    (line,) = [l for l in r.stderr.splitlines() if "running as root" not in l]
    assert r.returncode == 1 and "[error]" in line and f"htmldir: {html}/list.html:2: " in line, r
    assert not (folder / "s").exists()
    (html / "list.html").unlink()
    assert f"htmldir: {html}/list.html is missing" in run(*arguments).stderr


@local_only
def test_t_warns_once(folder):
    conf = folder / "m.yml"
    conf.write_text("frobnicate: 1\n")
    r = run("mirage-ecs", "-t", "-x", "-local", "-conf", conf)
    assert r.returncode == 0 and r.stderr.count("frobnicate") == 1 and r.stdout.count("htmldir") == 1, r


@local_only
@pytest.mark.parametrize("text, reaches", [
    ("listen: {foreign_address: 0.0.0.0}", "this machine"), ("listen: {foreign_address: '::'}", "this machine"),
    ("listen: {foreign_address: 192.0.2.1}", "192.0.2.1"), ("web: {listen: '192.0.2.1:8090'}", "192.0.2.1:8090"),
    ("listen: {foreign_address: 127.0.0.2}\nweb: {listen: '[::1]:8090'}", None), ("{}", None),
    ("listen: {foreign_address: 0.0.0.0}\nauth: {token: {header: x-t, token: planted}}", None),
])
def test_warns_when_everybody_is_let_in(folder, text, reaches):
    conf = folder / "m.yml"
    conf.write_text(text + "\n")
    r = run("mirage-ecs", "-t", "-local", "-conf", conf)
    assert r.returncode == 0, r
    warned = "[warn] [stack.c" in r.stderr and f"there is no auth in the configuration: whoever reaches {reaches} can use" in r.stderr
    assert warned == bool(reaches) and r.stderr.count("there is no auth") == bool(reaches), r


def test_own_templates(new_stack, folder):
    html = own_html(folder)
    with open(html / "layout.html", "a") as f:
        f.write("<!-- ours -->")
    s = new_stack(lambda c: c.update(htmldir=str(html)))
    assert "<!-- ours -->" in s.api("GET", "/").text


# --- ports and addresses ------------------------------------------------------------------------


def test_address_is_not_ours(new_stack):
    refused(new_stack, "192.0.2.1",
            change=lambda c: c["listen"].update(foreign_address="192.0.2.1"))


def test_unknown_key_is_a_warning(new_stack):
    s = new_stack(lambda c: c.update(frobnicate={"a": 1}))
    assert "frobnicate" in s.log_path.read_text()
    assert s.api("GET", "/api/list").status == 200


def test_sample_configuration(new_stack):
    """Whatever docs/ and deploy/ offer as an example must be accepted by -t."""
    samples = [p for d in ("docs", "deploy") for p in (REPOSITORY / d).rglob("*.y*ml")
               if "mirage" in p.name or "sample" in p.name]
    for sample in samples:
        result = run("mirage-ecs", "-local", "-t", "-conf", sample)
        assert result.returncode == 0, result.stderr
