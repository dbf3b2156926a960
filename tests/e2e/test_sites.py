"""deploy/*/site.conf: the samples for a web server of the site's own, in front of mirage-proxyd and mirage-api."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stack import BUILD, PORT, REPOSITORY, base_config, clean_environment, local_only, poll
from test_auth import basic, guarded, token
from test_proxy_upgrade import frame, read_frame, websocket
from wire import Connection

API, APP = "mirage.dev.example.net", "abc.dev.example.net"
HOST = {"webapi": API, "reverse_proxy_suffix": ".dev.example.net"}
FORM = ("Content-Type", "application/x-www-form-urlencoded")
SITE_PORT = PORT + 1000
STATIC = "/usr/local/share/mirage-ecs/html/static"
SOCKET = "/run/mirage-ecs/site-api.sock"
UNPACKED = REPOSITORY / "build/unpacked"  # by tools/unpack
APACHE_MODULES = ("mpm_event", "authz_core", "alias", "buffer", "deflate", "env", "expires", "filter", "headers", "mime",
                  "proxy", "proxy_fcgi", "proxy_http")


def program(name):
    found = shutil.which(name, path=f"/usr/sbin:/usr/bin:{UNPACKED}/usr/sbin")
    assert found, f"{name} is not there: make deps-test"
    return found


def sample(path, replaced):
    text = (REPOSITORY / path).read_text()
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


def static_files(folder):
    """A copy that the web servers' own user can read: the source may lie in a folder of root's."""
    copy = folder / "static"
    shutil.copytree(BUILD / "share/mirage-ecs/html/static", copy)
    folder.chmod(0o755)
    return copy


def api_command(folder, stack):
    config = folder / "mirage.yaml"
    config.write_text(json.dumps({**base_config(stack.address), "host": HOST,
                                  **({"auth": stack.auth} if stack.auth else {})}))
    return [BUILD / "bin/mirage-api", "-local", "-conf", config, "-state", stack.state]


@contextlib.contextmanager
def running(*command):
    with open(os.devnull) as nothing:
        p = subprocess.Popen(list(map(str, command)), env=clean_environment(), stdin=nothing)
    try:
        yield p
    finally:
        p.terminate()
        p.wait(timeout=20)


@contextlib.contextmanager
def api_on_a_socket(folder, stack):
    """As spawn-fcgi would start it, with a socket that the web server's user may write to."""
    socket = folder / "api.sock"
    with running(*api_command(folder, stack), "-socket", socket):
        poll(socket.exists, 10, "mirage-api listens")
        folder.chmod(0o755)
        socket.chmod(0o666)
        yield socket


@contextlib.contextmanager
def lighttpd(folder, stack):
    """It starts mirage-api itself."""
    command = " ".join(map(str, api_command(folder, stack)))
    (folder / "site.conf").write_text(sample("deploy/lighttpd/site.conf", {
        "/usr/local/bin/mirage-api -conf /etc/mirage-ecs/mirage.yaml": command,
        STATIC: static_files(folder),
        SOCKET: f"{folder}/api.sock",
        '"host" => "127.0.0.1", "port" => 8081': f'"host" => "{stack.address}", "port" => {PORT}',
    }))
    conf = folder / "lighttpd.conf"
    conf.write_text(f'server.document-root = "{folder}"\nserver.bind = "{stack.address}"\n'
                    f'server.port = {SITE_PORT}\nserver.errorlog = "{folder}/web.log"\n'
                    'server.http-parseopts = ( "url-path-2f-decode" => "disable" )\n'
                    'mimetype.assign = ( ".css" => "text/css" )\n'
                    f'include "{folder}/site.conf"\n')
    subprocess.run([program("lighttpd"), "-tt", "-f", conf], check=True, timeout=20)
    with running(program("lighttpd"), "-D", "-f", conf):
        yield


@contextlib.contextmanager
def apache(folder, stack):
    with api_on_a_socket(folder, stack) as socket:
        site = sample("deploy/apache/site.conf", {
            "*:80": f"{stack.address}:{SITE_PORT}", STATIC: static_files(folder), SOCKET: socket,
            "127.0.0.1:8081/": f"{stack.address}:{PORT}/"})
        modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in APACHE_MODULES)
        conf = folder / "apache2.conf"
        conf.write_text(f"ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/apache2.pid\n"
                        f"ErrorLog {folder}/web.log\nServerName localhost\nListen {stack.address}:{SITE_PORT}\n"
                        f"{modules}User www-data\nGroup www-data\nTypesConfig /dev/null\nAddType text/css .css\n{site}")
        subprocess.run([program("apache2"), "-t", "-f", conf], check=True, timeout=20)
        with running(program("apache2"), "-DFOREGROUND", "-f", conf):
            yield


@contextlib.contextmanager
def nginx(folder, stack):
    with api_on_a_socket(folder, stack) as socket:
        replaced = {"listen 80;": f"listen {stack.address}:{SITE_PORT};", SOCKET: socket,
                    STATIC: static_files(folder),
                    "127.0.0.1:8081;": f"{stack.address}:{PORT};"}
        if not Path("/etc/nginx/fastcgi_params").exists():
            replaced["/etc/nginx/fastcgi_params"] = UNPACKED / "etc/nginx/fastcgi_params"
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = folder / "nginx.conf"
        conf.write_text(f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/web.log;\n"
                        f"events {{ }}\nhttp {{\ntypes {{ text/css css; }}\naccess_log off;\n{temporary}"
                        f"{sample('deploy/nginx/site.conf', replaced)}}}\n")
        subprocess.run([program("nginx"), "-t", "-q", "-c", conf], check=True, timeout=20)
        with running(program("nginx"), "-c", conf):
            yield


@pytest.fixture(params=[lighttpd, apache, nginx], ids=lambda server: server.__name__)
def site(request, new_stack, folder):
    s = new_stack(change=lambda config: config.update(host=HOST))
    s.auth = None
    with request.param(folder, s):
        poll(lambda: api(s), 20, "the site answers")
        yield s


@pytest.fixture(params=[lighttpd, apache, nginx], ids=lambda server: server.__name__)
def guarded_site(request, new_stack, folder):
    s = new_stack(change=lambda config: (config.update(host=HOST), guarded(config)), start=False)
    s.auth = json.loads(s.conf.read_text())["auth"]
    s.credentials = [token()]
    poll(s._ready, 30, "it is ready")
    with request.param(folder, s):
        poll(lambda: api(s, [token()]), 20, "the site answers")
        yield s


def ask(s, method, host, target, headers=(), body=b""):
    with Connection((s.address, SITE_PORT)) as c:
        c.request(method, target, host, [("Connection", "close"), *headers], body)
        return c.response(method)


def api(s, headers=()):
    try:
        return ask(s, "GET", API, "/api/list", headers).status == 200
    except OSError:
        return False


def launch(s, subdomain):
    body = f"subdomain={subdomain}&branch=x&taskdef=web".encode()
    r = ask(s, "POST", API, "/api/launch", [FORM], body)
    assert (r.status, r.json()) == (200, {"result": "accepted"}), r
    poll(lambda: ask(s, "GET", f"{subdomain}.dev.example.net", "/env").status == 200, 15, "the environment answers")


@local_only
def test_the_api_and_the_pages(site):
    assert ask(site, "GET", f"{API}:80", "/").header("Content-Type").startswith("text/html")
    style = ask(site, "GET", API, "/static/style.css")
    assert style.status == 200 and style.header("Content-Type").startswith("text/css"), style
    packed = ask(site, "GET", API, "/", [("Accept-Encoding", "gzip")])
    assert packed.header("Content-Encoding") == "gzip"
    arn = "arn%3Aaws%3Aecs%3Alocal%3A0%3Atask%2Flocal%2Fnobody"
    assert "nobody" in ask(site, "GET", API, f"/trace/{arn}").text  # not: no such page
    over = ask(site, "POST", API, "/api/terminate", [FORM], b"subdomain=x&pad=" + b"x" * (1 << 20))
    assert over.status == 413 and "result" in over.json(), over
    with Connection((site.address, SITE_PORT)) as c:
        c.request("POST", "/api/terminate", API, [FORM, ("Transfer-Encoding", "chunked")])
        c.send(b"a\r\nsubdomain=\r\n6\r\nnobody\r\n0\r\n\r\n")
        assert c.response().json() == {"result": "ok"}


@local_only
def test_who_is_let_in(guarded_site):
    """What opens the pages reaches mirage-api, and its cookie comes back."""
    assert ask(guarded_site, "GET", API, "/").status == 401
    assert ask(guarded_site, "GET", API, "/api/list").status == 401
    page = ask(guarded_site, "GET", API, "/", [basic()])
    assert page.status == 200 and page.header("Set-Cookie").startswith("mirage-ecs-auth="), page
    assert ask(guarded_site, "GET", APP, "/").status == 403
    cookie = ("Cookie", page.header("Set-Cookie").split(";")[0])
    assert ask(guarded_site, "GET", APP, "/", [cookie]).status == 404  # nothing runs there


@local_only
def test_the_environments(site):
    launch(site, "abc")
    r = ask(site, "GET", APP, "/echo", [("X-Forwarded-For", "192.0.2.7")]).json()
    headers = {name.lower(): value for name, value in r["headers"]}
    assert headers["host"] == APP
    assert headers["x-forwarded-for"].startswith("192.0.2.7, ")
    ask(site, "GET", APP, "/a%2Fb?c=%2Fd&e")
    assert "GET /a%2Fb?c=%2Fd&e" in ask(site, "GET", APP, "/seen").json()
    body = os.urandom(3 << 20)  # more than the API takes
    uploaded = ask(site, "POST", APP, "/upload", body=body).json()
    assert uploaded["sha256"] == hashlib.sha256(body).hexdigest()
    assert ask(site, "GET", "nobody.dev.example.net", "/").status == 404
    with Connection((site.address, SITE_PORT)) as c:
        websocket(c, APP)
        c.send(frame(b"hello"))
        assert read_frame(c) == (2, b"hello")
        c.send(frame(b"again", 1))
        assert read_frame(c) == (1, b"again")


@local_only
def test_a_task_that_the_site_launched_ends_with_the_stack(site):
    launch(site, "abc")
    (status,) = site.state.glob("local/*/status.json")
    supervisor = Path(f"/proc/{json.loads(status.read_text())['supervisor']}")
    assert supervisor.exists()
    site.stop()  # it did not start that task, but it is one of its state folder
    poll(lambda: not supervisor.exists(), 2, "its supervisor has ended")
