"""Options of all programs, without starting the stack."""

import json
from pathlib import Path

import pytest

from stack import REPOSITORY, clean_environment, local_only, poll, run

ALL = ["mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync", "mirage-purge"]
VERSION = (REPOSITORY / "VERSION").read_text().strip()


@pytest.mark.parametrize("program", [*ALL, "mirage-local-task"])
@pytest.mark.parametrize("option", ["-version", "--version", "-v"])
def test_version(program, option):
    r = run(program, option)
    assert r.returncode == 0 and VERSION in r.stdout, r


@pytest.mark.parametrize("program", ALL)
@pytest.mark.parametrize("option", ["-help", "--help"])
def test_help(program, option):
    r = run(program, option)
    assert r.returncode == 0, r
    for name in ("-conf", "-domain", "-default-port", "-local", "-compat-v1", "-log-format",
                 "-log-level", "-state", "-env-file", "-x", "-t", "-version", "-help"):
        assert name in r.stdout, name


@pytest.mark.parametrize("option", ["-help", "--help", "-h"])
def test_help_of_the_one_without_options(option):
    r = run("mirage-local-task", option)
    assert r.returncode == 0 and r.stdout.startswith("usage: mirage-local-task DIR\n") and r.stderr == "", r
    r = run("mirage-local-task", "-nonsense")
    assert r.returncode == 2 and "usage: mirage-local-task DIR" in r.stderr and r.stdout == "", r


@pytest.mark.parametrize("program", ALL)
@pytest.mark.parametrize("arguments", [
    ["-nonsense"], ["--nonsense=1"], ["extra"], ["-default-port", "x"], ["-default-port", "0"],
    ["-default-port", "65536"], ["-log-level", "loud"], ["-log-format", "xml"],
    ["-compat-v1=maybe"], ["-conf"], ["-state"], ["-local=perhaps"],
], ids=" ".join)
def test_usage(program, arguments):
    r = run(program, *arguments)
    assert r.returncode == 2, r
    assert len(r.stderr.strip().splitlines()) >= 1 and r.stdout == "", r


@pytest.mark.parametrize("name, value", [
    ("MIRAGE_DEFAULT_PORT", "x"), ("MIRAGE_LOG_LEVEL", "loud"), ("MIRAGE_COMPAT_V1", "maybe"),
])
def test_usage_by_environment(name, value):
    r = run("mirage-ecs", "-t", "-local", env={name: value})
    assert r.returncode == 2 and name in r.stderr, r


def effective(*arguments, env=None, program="mirage-ecs"):
    r = run(program, "-x", *arguments, env=env)
    assert r.returncode == 0, r.stderr
    return r.stdout


def test_defaults():
    text = effective("-local")
    for words in ("mirage.localhost", ".localhost", "branch", "GIT_BRANCH"):
        assert words in text, text


@pytest.mark.parametrize("domain, suffix", [
    ("dev.example.net", ".dev.example.net"), (".dev.example.net", ".dev.example.net"),
])
def test_domain(domain, suffix):
    text = effective("-local", "-domain", domain)
    assert f"mirage{suffix}" in text and "localhost" not in text
    assert effective("-local", env={"MIRAGE_DOMAIN": domain}) == text
    assert effective("-local", f"--domain={domain}") == text


def test_command_line_wins():
    text = effective("-local", "-domain", "one.example", env={"MIRAGE_DOMAIN": "two.example"})
    assert "one.example" in text and "two.example" not in text


def test_local_by_environment():
    assert effective(env={"MIRAGE_LOCAL": "true"}) == effective("-local")


def test_default_port():
    assert "8123" in effective("-local", "-default-port", "8123")


CONFIG = {
    "host": {"webapi": "Mirage.Example.net", "reverse_proxy_suffix": ".example.net"},
    "listen": {"foreign_address": "127.0.0.1", "http": [{"listen": 8080, "target": 80}]},
    "network": {"proxy_timeout": "1m30s", "connect_timeout": "500ms", "workers": 2},
    "parameters": [
        {"name": "nick", "env": "NICK", "rule": "^[a-z]+$", "required": True,
         "description": "it's \"quoted\": yes # no comment\nsecond line",
         "options": [{"label": "- a", "value": "*x"}, {"value": "null"}, {"value": "1"}]},
    ],
    "local": {"taskdefs": {"web": {"command": ["/bin/echo", "a b", ""], "ports": [80, 8080],
                                   "env": {"A": "1", "B": "true", "C": ": {"}}}},
}


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-proxyd", "mirage-api", "mirage-sync"])
def test_what_x_prints_loads_again(folder, program):
    first = folder / "first.yml"
    first.write_text(json.dumps(CONFIG))
    text = effective("-local", "-conf", first, program=program)
    second = folder / "second.yml"
    second.write_text(text)
    r = run(program, "-local", "-x", "-conf", second)
    assert r.returncode == 0 and "warn" not in r.stderr, r.stderr
    assert r.stdout == text


def test_conf_by_environment(folder):
    conf = folder / "m.yml"
    conf.write_text("host: {webapi: here.example}\n")
    assert "here.example" in effective("-local", env={"MIRAGE_CONF": str(conf)})


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync"])
def test_t_good(folder, program):
    conf = folder / "m.yml"
    conf.write_text(json.dumps(CONFIG))
    assert run(program, "-local", "-t", "-conf", conf).returncode == 0


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync"])
def test_t_bad(folder, program):
    conf = folder / "m.yml"
    conf.write_text("listen:\n  http:\n    - listen: x\n")
    r = run(program, "-local", "-t", "-conf", conf)
    assert r.returncode == 1, r
    (line,) = [l for l in r.stderr.splitlines() if l]
    assert str(conf) in line and ":3" in line and "listen" in line, line


def test_unknown_key_is_a_warning_with_its_line(folder):
    conf = folder / "m.yml"
    conf.write_text("host:\n  webapi: a.example\n  colour: red\n")
    r = run("mirage-ecs", "-local", "-t", "-conf", conf)
    assert r.returncode == 0 and "colour" in r.stderr and ":3" in r.stderr, r


def test_template_env(folder):
    conf = folder / "m.yml"
    conf.write_text('host:\n  webapi: {{ env "E2E_A" "E2E_B" "fallback.example" }}\n'
                    "  reverse_proxy_suffix: {{ must_env `E2E_C` }}\n")
    text = effective("-local", "-conf", conf, env={"E2E_C": ".c.example"})
    assert "fallback.example" in text and ".c.example" in text
    text = effective("-local", "-conf", conf, env={"E2E_C": ".c", "E2E_B": "b.example"})
    assert "b.example" in text and "fallback" not in text
    text = effective("-local", "-conf", conf,
                     env={"E2E_C": ".c", "E2E_A": "a.example", "E2E_B": "b.example"})
    assert "a.example" in text and "b.example" not in text


def test_template_must_env_missing(folder):
    conf = folder / "m.yml"
    conf.write_text('host:\n  webapi: {{ must_env "E2E_UNSET" }}\n')
    r = run("mirage-ecs", "-local", "-t", "-conf", conf)
    assert r.returncode == 1 and "E2E_UNSET" in r.stderr


def test_json_log(folder):
    conf = folder / "m.yml"
    conf.write_text("colour: red\n")
    r = run("mirage-ecs", "-local", "-t", "-conf", conf, "-log-format", "json")
    assert r.returncode == 0
    entries = [json.loads(line) for line in r.stderr.splitlines()]
    assert any("colour" in json.dumps(e) for e in entries)


# --- -env-file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ALL)
def test_env_file(folder, program):
    """Its variables fill in the configuration, and set options; the command line wins, and the file over the environment."""
    (folder / "env").write_text("# secrets\nTOKEN=\"it's #x\"\nMIRAGE_DOMAIN=file.example\nMIRAGE_CONF=" + str(folder / "m.yml") + "\n")
    (folder / "m.yml").write_text("htmldir: 'x{{ must_env \"TOKEN\" }}'\n")
    env = {**clean_environment(), "TOKEN": "of the environment", "MIRAGE_LOCAL": "true"}
    for how, more in (["-env-file", folder / "env"], {}), ([f"--env-file=-{folder}/env"], {}), ([], {"MIRAGE_ENV_FILE": str(folder / "env")}), (
            ["-env-file", folder / "env"], {"MIRAGE_ENV_FILE": "/nonexistent"}):
        r = run(program, "-x", *how, env={**env, **more})
        assert r.returncode == 0 and "xit's #x" in r.stdout and "mirage.file.example" in r.stdout, r
    r = run(program, "-x", "-env-file", folder / "env", "-domain", "line.example", env=env)
    assert "mirage.line.example" in r.stdout, r
    r = run(program, "-x", env={**env, "MIRAGE_CONF": str(folder / "m.yml")})
    assert "xof the environment" in r.stdout, r


@pytest.mark.parametrize("text, words", [
    (None, "cannot read {file}: No such file or directory"), ("A=1\nexport B=planted\n", "{file}:2: expected NAME=value, without export"),
    ("A='planted", "{file}:1: the value's quote is not closed"),
])
def test_env_file_that_is_wrong(folder, text, words):
    file = folder / "env"
    if text is not None:
        file.write_text(text)
    r = run("mirage-purge", "-t", "-local", "-env-file", file)
    assert r.returncode == 2 and r.stderr == f"mirage-purge: -env-file: {words.format(file=file)}\n", r


def test_the_sample_for_cron_takes_the_services_variables():
    (line,) = [line for line in (REPOSITORY / "deploy/cron/mirage-purge").read_text().splitlines() if line.startswith("0 3 ")]
    unit = (REPOSITORY / "deploy/systemd/mirage-purge.service.in").read_text()
    assert "EnvironmentFile=-@sysconfdir@/mirage-ecs/environment" in unit
    assert "mirage-purge -env-file -/etc/mirage-ecs/environment -conf /etc/mirage-ecs/mirage.yaml" in line


@local_only
def test_the_stacks_programs_inherit_the_variables(new_stack, folder):
    """They need not be able to read the file, and one start has one file."""
    (folder / "env").write_text("TOKEN=planted\nMIRAGE_LOG_LEVEL=debug\n")
    s = new_stack(lambda c: c.update(auth={"token": {"header": "x-token", "token": '{{ must_env `TOKEN` }}'}}),
                  options=["-env-file", str(folder / "env")])
    (folder / "env").unlink()
    s.kill_program("mirage-api")
    poll(lambda: s.api("GET", "/api/list", headers=[("X-Token", "planted")]).status == 200, 10, "it is back")
    assert "[debug]" in s.log_path.read_text()
    for pid in s.pids():
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"env-file" not in arguments or pid == s.process.pid
