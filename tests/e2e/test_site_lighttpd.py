"""deploy/lighttpd/site.conf, included by a lighttpd of the site's own, which starts mirage-api itself."""

import json
import shutil
import subprocess
from pathlib import Path

from stack import BUILD, PORT, REPOSITORY, base_config, clean_environment, local_only, poll
from wire import Connection

HOST = {"webapi": "mirage.dev.example.net", "reverse_proxy_suffix": ".dev.example.net"}
LIGHTTPD = shutil.which("lighttpd", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def site(folder, stack, port):
    """Its configuration: the sample with this test's host names and paths in it."""
    config = folder / "mirage.yaml"
    config.write_text(json.dumps({
        **base_config(stack.address),
        "host": HOST,
    }))
    sample = (REPOSITORY / "deploy/lighttpd/site.conf").read_text()
    replaced = {
        "/usr/local/bin/mirage-api -conf /etc/mirage-ecs/mirage.yaml":
            f"{BUILD}/bin/mirage-api -local -conf {config} -state {stack.state}",
        "/usr/local/share/mirage-ecs/html/static/": f"{BUILD}/share/mirage-ecs/html/static/",
        "/run/mirage-ecs/site-api.sock": f"{folder}/api.sock",
        '"host" => "127.0.0.1", "port" => 8081': f'"host" => "{stack.address}", "port" => {PORT}',
    }
    for old, new in replaced.items():
        assert old in sample, old
        sample = sample.replace(old, new)
    (folder / "site.conf").write_text(sample)
    path = folder / "lighttpd.conf"
    path.write_text(f'server.document-root = "{folder}"\nserver.bind = "{stack.address}"\n'
                    f'server.port = {port}\ninclude "{folder}/site.conf"\n')
    return path


@local_only
def test_the_sample_serves_api_pages_and_environments(new_stack, folder):
    s = new_stack(change=lambda config: config.update(host=HOST))
    port = PORT + 1000
    path = site(folder, s, port)
    assert LIGHTTPD, "lighttpd is not installed"
    subprocess.run([LIGHTTPD, "-tt", "-f", path], check=True, timeout=20)
    lighttpd = subprocess.Popen([LIGHTTPD, "-D", "-f", path], env=clean_environment(),
                                stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(host, target):
        try:
            with Connection((s.address, port)) as c:
                c.request("GET", target, host, [("Connection", "close")])
                return c.response()
        except OSError:
            return None
    try:
        r = poll(lambda: get("mirage.dev.example.net", "/api/list"), 20, "lighttpd answers")
        assert (r.status, r.json()) == (200, {"result": []}), r
        assert b"Launch" in get("mirage.dev.example.net:80", "/").body
        assert get("mirage.dev.example.net", "/static/style.css").status == 200
        with Connection((s.address, port)) as c:
            body = b"subdomain=abc&branch=x&taskdef=web"
            c.request("POST", "/api/launch", "mirage.dev.example.net",
                      [("Content-Type", "application/x-www-form-urlencoded")], body)
            assert c.response().status == 200
        poll(lambda: get("abc.dev.example.net", "/env").status == 200, 15, "the environment answers")
        assert get("nobody.dev.example.net", "/").status == 404
        (status,) = s.state.glob("local/*/status.json")
        supervisor = Path(f"/proc/{json.loads(status.read_text())['supervisor']}")
        assert supervisor.exists()
        s.stop()  # it did not start that task, but it is one of its state folder
        poll(lambda: not supervisor.exists(), 2, "its supervisor has ended")
    finally:
        lighttpd.terminate()
        lighttpd.wait(timeout=20)
