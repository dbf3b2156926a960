"""deploy/*/site*.conf unchanged, on a machine with the package: by the commands that each of them names, against the
configuration that the package ships. What the commands download is in apt's cache before the machine boots."""

import re

import pytest

from machine import RELEASE, Machine, Root, poll, why_not

pytestmark = [
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.skipif(RELEASE is None, reason="this machine is neither Debian 12 nor 13: its package fits no folder"),
]
API = "mirage.dev.example.net"
SAMPLES = {"lighttpd/site.conf": "lighttpd", "nginx/site.conf": "nginx", "nginx/site-tls.conf": "nginx", "apache/site.conf": "apache2"}


@pytest.fixture(scope="module")
def root(deb):
    r = Root(RELEASE)
    try:
        r.install("systemd-sysv", "dbus", "openssl")
        (r.path / "root" / deb.name).write_bytes(deb.read_bytes())
        r.install(f"/root/{deb.name}")
        r.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only", "nginx")
        r.run("apt-get", "install", "-q", "-y", "--download-only", "nginx", "apache2")
        r.write("/etc/mirage-ecs/environment", "MIRAGE_LOCAL=true\n", 0o600)
        yield r
    finally:
        r.remove()


@pytest.fixture(scope="module")
def machine(root):
    m = Machine(root)
    try:
        why = m.start()
        if why:
            pytest.skip(f"no machine can be booted here: {why}")
        m.systemctl("start", "mirage-ecs")
        poll(lambda: m.api_answers(API, port=8080), 60, "the stack answers")
        launched = m.ask(API, "/api/launch", "-d", "subdomain=cool", "-d", "branch=x", "-d", "taskdef=y", port=8080)
        assert launched.strip() == '{"result":"accepted"}', launched
        yield m
    finally:
        m.stop()


def ask(machine, host, path, tls):
    if not tls:
        return machine.ask(host, path, "-H", "X-Forwarded-For: 192.0.2.66")
    return machine.ask(host, "/", "-k", "--resolve", f"{host}:443:127.0.0.1", f"https://{host}{path}")


@pytest.mark.parametrize("sample", SAMPLES)
def test_three_commands(machine, root, sample):
    service, tls = SAMPLES[sample], "tls" in sample
    text = root.read(f"/usr/share/mirage-ecs/{sample}")
    commands = re.findall(r"^#   (\S.*)$", text, re.M)
    assert len(commands) == 3, commands
    if tls:
        machine.run("mkdir", "-p", "/etc/letsencrypt/live/dev.example.net")
        machine.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=*.dev.example.net", "-keyout",
                    "/etc/letsencrypt/live/dev.example.net/privkey.pem", "-out", "/etc/letsencrypt/live/dev.example.net/fullchain.pem")
    machine.run("systemctl", "stop", *sorted({"lighttpd", *SAMPLES.values()} - {service}), check=False)
    try:
        for command in commands:
            machine.run("sh", "-c", command, timeout=300)
        poll(lambda: "<title>Environments" in ask(machine, API, "/", tls), 20, "the pages answer")
        poll(lambda: "<title>cool</title>" in ask(machine, "cool.dev.example.net", "/", tls), 20, "the environment answers")
        assert "is not found" in ask(machine, "nobody.dev.example.net", "/", tls)
        assert "color-scheme" in ask(machine, API, "/static/style.css", tls)
        if tls:
            assert machine.ask(API, "/x", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}") == f"308 https://{API}/x"
    finally:
        machine.run("systemctl", "stop", service, check=False)
        machine.run("sh", "-c", "rm -f /etc/nginx/conf.d/mirage-ecs.conf /etc/apache2/sites-enabled/mirage-ecs.conf")
