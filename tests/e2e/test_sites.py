"""deploy/*/site*.conf: the samples for a web server of the site's own, in front of mirage-proxyd. (tests/deploy/test_sites.py
has them unchanged, installed by the commands that they name.)"""

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
UNPACKED = REPOSITORY / "build/unpacked"  # by tools/unpack
APACHE_MODULES = ("mpm_event", "authz_core", "headers", "mime", "proxy", "proxy_http")


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
def lighttpd_with(folder, stack, site):
    (folder / "site.conf").write_text(site)
    conf = folder / "lighttpd.conf"
    conf.write_text(f'server.document-root = "{folder}"\nserver.bind = "{stack.address}"\n'
                    f'server.port = {SITE_PORT}\nserver.errorlog = "{folder}/web.log"\n'
                    'server.http-parseopts = ( "url-path-2f-decode" => "enable" )\n'  # as Debian's
                    f'include "{folder}/site.conf"\n')
    subprocess.run([program("lighttpd"), "-tt", "-f", conf], check=True, timeout=20)
    with running(program("lighttpd"), "-D", "-f", conf):
        yield


def lighttpd(folder, stack):
    return lighttpd_with(folder, stack, sample("deploy/lighttpd/site.conf", {
        '"host" => "127.0.0.1", "port" => 8080': f'"host" => "{stack.address}", "port" => {PORT}'}))


@contextlib.contextmanager
def apache(folder, stack):
    site = sample("deploy/apache/site.conf", {"*:80": f"{stack.address}:{SITE_PORT}", "127.0.0.1:8080/": f"{stack.address}:{PORT}/"})
    modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in APACHE_MODULES)
    conf = folder / "apache2.conf"
    conf.write_text(f"ServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/apache2.pid\n"
                    f"ErrorLog {folder}/web.log\nServerName localhost\nListen {stack.address}:{SITE_PORT}\n"
                    f"{modules}User www-data\nGroup www-data\nTypesConfig /dev/null\n{site}")
    subprocess.run([program("apache2"), "-t", "-f", conf], check=True, timeout=20)
    with running(program("apache2"), "-DFOREGROUND", "-f", conf):
        yield


@contextlib.contextmanager
def nginx_with(folder, site):
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = folder / "nginx.conf"
    conf.write_text(f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/web.log;\n"
                    f"events {{ }}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n")
    subprocess.run([program("nginx"), "-t", "-q", "-c", conf], check=True, timeout=20)
    with running(program("nginx"), "-c", conf):
        yield


def nginx(folder, stack):
    return nginx_with(folder, sample("deploy/nginx/site.conf", {
        "listen 80;": f"listen {stack.address}:{SITE_PORT};", "127.0.0.1:8080;": f"{stack.address}:{PORT};"}))


@pytest.fixture(params=[lighttpd, apache, nginx], ids=lambda server: server.__name__)
def site(request, new_stack, folder):
    s = new_stack(change=lambda config: config.update(host=HOST))
    folder.chmod(0o755)
    with request.param(folder, s):
        poll(lambda: api(s), 20, "the site answers")
        yield s


@pytest.fixture(params=[lighttpd, apache, nginx], ids=lambda server: server.__name__)
def guarded_site(request, new_stack, folder):
    s = new_stack(change=lambda config: (config.update(host=HOST), guarded(config)), start=False)
    s.credentials = [token()]
    poll(s._ready, 30, "it is ready")
    folder.chmod(0o755)
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
    r = ask(site, "GET", APP, "/echo").json()
    headers = {name.lower(): value for name, value in r["headers"]}
    assert headers["host"] == APP and headers["x-forwarded-proto"] == "http"
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


WHO = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP",
       "X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Accesstoken",
       "X-Forwarded", "X-Forwarded-Server", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups",
       "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X-Forwarded-Scheme",
       "X-Forwarded-Ssl", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Original-Host", "X-Original-URI",
       "X-Original-URL", "X-Rewrite-URL", "X-Host", "X-Scheme", "Client-IP", "X-Client-IP", "True-Client-IP",
       "CF-Connecting-IP", "Fastly-Client-IP", "X-Cluster-Client-IP", "Proxy-Client-IP", "WL-Proxy-Client-IP",
       "Forwarded-For", "X-Remote-Addr", "X-Remote-IP", "X-Remote-User", "Remote-User", "X-Auth-Request-Email",
       "X-Auth-Request-User", "Client-Cert", "X-Client-Cert", "X-SSL-Client-Verify")


@local_only
def test_what_a_stranger_says_of_himself_goes_no_further(site):
    """mirage-proxyd would believe it, from this machine."""
    launch(site, "abc")
    r = ask(site, "GET", APP, "/echo", [(name, "by-a-stranger") for name in WHO]).json()
    headers = {name.lower(): value for name, value in r["headers"]}
    assert not [value for value in headers.values() if "by-a-stranger" in value], headers
    assert headers["x-forwarded-for"].startswith("127."), headers
    assert headers["x-forwarded-host"] == APP and headers["x-forwarded-proto"] == "http", headers


@local_only
def test_tls_in_front(new_stack, folder):
    s = new_stack(change=lambda config: config.update(host=HOST))
    folder.chmod(0o755)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=dev.example.net", "-addext",
                    "subjectAltName=DNS:dev.example.net,DNS:*.dev.example.net"], check=True, capture_output=True, timeout=20)
    config = sample("deploy/nginx/site-tls.conf", {
        "listen 80;": f"listen {s.address}:{SITE_PORT};", "listen 443 ssl;": f"listen {s.address}:{SITE_PORT + 1} ssl;",
        "127.0.0.1:8080;": f"{s.address}:{PORT};", "/etc/letsencrypt/live/dev.example.net/fullchain.pem": folder / "cert.pem",
        "/etc/letsencrypt/live/dev.example.net/privkey.pem": folder / "key.pem"})

    def curl(host, path, *options):
        return subprocess.run(["curl", "-s", "-m", "10", "--cacert", folder / "cert.pem", "--resolve", f"{host}:{SITE_PORT + 1}:{s.address}",
                               *options, f"https://{host}:{SITE_PORT + 1}{path}"], capture_output=True, text=True).stdout

    with nginx_with(folder, config):
        poll(lambda: '"result"' in curl(API, "/api/list"), 20, "the site answers")
        plain = ask(s, "GET", APP, "/a?b")
        assert (plain.status, plain.header("Location")) == (308, f"https://{APP}/a?b")
        assert "<title>" in curl(API, "/")
        curl(API, "/api/launch", "-d", "subdomain=abc", "-d", "branch=x", "-d", "taskdef=web")
        told = poll(lambda: (t := curl(APP, "/echo")).startswith("{") and json.loads(t), 20, "the environment answers")
        assert ["X-Forwarded-Proto", "https"] in told["headers"] or ["x-forwarded-proto", "https"] in told["headers"], told
        # a page that is posted from itself is not taken for another site's
        posted = curl(API, "/terminate", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Origin: https://{API}:{SITE_PORT + 1}", "-d", "subdomain=abc")
        assert posted == "303", posted


@local_only
def test_a_task_that_another_mirage_api_launched_ends_with_the_stack(new_stack, folder):
    """A web server of the site's own may start mirage-api itself, and ask it by FastCGI."""
    s = new_stack(change=lambda config: config.update(host=HOST))
    config = folder / "mirage.yaml"
    config.write_text(json.dumps({**base_config(s.address), "host": HOST}))
    command = f"{BUILD}/bin/mirage-api -local -conf {config} -state {s.state}"
    with lighttpd_with(folder, s, f'server.modules += ( "mod_fastcgi", "mod_proxy" )\n$HTTP["host"] =~ "^mirage" {{\n'
                       f'fastcgi.server = ( "/" => (( "bin-path" => "{command}", "socket" => "{folder}/api.sock", '
                       '"check-local" => "disable", "max-procs" => 1 )) )\n}\nelse $HTTP["host"] =~ "" {\n'
                       f'proxy.server = ( "" => (( "host" => "{s.address}", "port" => {PORT} )) )\n}}\n'):
        poll(lambda: api(s), 20, "the site answers")
        launch(s, "abc")
        (status,) = s.state.glob("local/*/status.json")
        supervisor = Path(f"/proc/{json.loads(status.read_text())['supervisor']}")
        assert supervisor.exists()
        s.stop()  # it did not start that task, but it is one of its state folder
        poll(lambda: not supervisor.exists(), 2, "its supervisor has ended")
