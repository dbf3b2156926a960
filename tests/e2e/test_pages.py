"""The pages: what is on them, that nothing hostile gets through, that no other host is asked."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

import pytest

from stack import poll

EVIL = "<script>alert(1)</script>\"'&lt;{{x}}"


class Links(HTMLParser):
    """Everything that a browser fetches or posts to by itself or on submit, and the elements."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.anchors, self.forms, self.fields, self.scripts = [], [], [], {}, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "a":
            self.anchors.append(a.get("href", ""))
        elif tag == "form":
            self.forms.append((a.get("method", "get").lower(), a.get("action", "")))
        elif "href" in a:
            self.fetched.append(a["href"])
        self.fetched += [a[k] for k in ("src", "data", "poster", "srcset") if k in a]
        if tag in ("input", "select", "textarea") and "name" in a:
            self.fields[a["name"]] = (tag, a)
        self.scripts += tag == "script"


def page(stack, path, status=200):
    r = stack.api("GET", path, headers=[("Accept", "text/html")])
    assert r.status == status, r
    assert r.header("Content-Type").lower().replace(" ", "") == "text/html;charset=utf-8", r
    return r.text


def check_hosts(stack, text):
    links = Links(text)
    for url in links.fetched + [action for _, action in links.forms]:
        assert not urlsplit(url).netloc and urlsplit(url).scheme in ("", "data"), url
    for url in re.findall(r"(?:url\(\s*|@import\s+)['\"]?([^'\")]+)", text):
        assert not urlsplit(url).netloc, url
    return links


@pytest.fixture(scope="module")
def shown(stack):
    """An environment whose values and log lines try to break out of the page."""
    stack.launch("shown", branch=EVIL)
    stack.env("shown", "/print?line=" + quote(EVIL))
    poll(lambda: EVIL in "".join(stack.api("GET", "/api/logs?subdomain=shown").json()["result"]), 5,
         "the line is in the logs")
    yield stack.tasks("shown")[0]
    stack.terminate("shown")


def paths(task):
    return ["/", "/launcher", "/list", f"/trace/{task['short_id']}", "/logs/shown"]


@pytest.mark.parametrize("i", range(5), ids=["list", "launcher", "fragment", "trace", "logs"])
def test_no_other_host_is_asked(stack, shown, i):
    check_hosts(stack, page(stack, paths(shown)[i]))


@pytest.mark.parametrize("i", range(5), ids=["list", "launcher", "fragment", "trace", "logs"])
def test_hostile_values_are_escaped(stack, shown, i):
    text = page(stack, paths(shown)[i])
    assert "<script>alert(1)" not in text


def test_escaped_values_are_still_there(stack, shown):
    for path in ("/", "/logs/shown"):
        assert EVIL in html.unescape(page(stack, path)), path


def test_assets_are_served(stack, shown):
    seen = set()
    for path in paths(shown):
        for url in check_hosts(stack, page(stack, path)).fetched:
            if not url.startswith("data:"):
                seen.add(urljoin(path, url))
    assert seen
    for url in seen:
        r = stack.api("GET", url)
        assert r.status == 200 and r.body, url
        for inner in re.findall(rb"url\(\s*['\"]?([^'\")]+)", r.body):
            assert not urlsplit(inner).netloc, inner


def test_list_page(stack, shown):
    text = page(stack, "/")
    links = Links(text)
    assert "shown" in text and shown["short_id"] in text or shown["short_id"][:8] in text
    assert [a for a in links.anchors if urlsplit(a).hostname == "shown.localhost"], links.anchors
    assert ("post", "/terminate") in links.forms or "terminate" in text


def test_launcher_page(stack):
    links = Links(page(stack, "/launcher"))
    assert {"subdomain", "branch", "nick", "color", "taskdef"} <= set(links.fields)
    assert links.fields["color"][0] == "select"
    text = page(stack, "/launcher")
    assert "a nick name" in text and "Deep blue" in text
    assert ("post", "/launch") in links.forms or ("post", "launch") in links.forms


def test_launch_and_terminate_by_form(stack, name):
    r = stack.api("POST", "/launch", form={"subdomain": name, "branch": "b", "taskdef": "demo"})
    assert r.status == 303 and urlsplit(r.header("Location")).path == "/", r
    stack.wait_ready(name)
    (task,) = stack.tasks(name)
    r = stack.api("POST", "/terminate", form={"id": task["id"]})
    assert r.status == 303 and urlsplit(r.header("Location")).path == "/", r
    poll(lambda: not stack.tasks(name), 5, "it is terminated")


def test_launch_by_form_that_fails_says_why(stack):
    r = stack.api("POST", "/launch", form={"subdomain": "a_<b>", "branch": "b", "taskdef": "demo"})
    assert r.status == 400 and "includes invalid characters" in r.text
    assert "<b>" not in r.text or "application/json" in r.header("Content-Type")


@pytest.mark.parametrize("path, form", [("/launch", "/launcher"), ("/purge", "/purges")])
def test_address_of_a_refused_form_leads_to_the_form(stack, path, form):
    """Somebody opens it again, or comes back to it from a load balancer's login."""
    assert stack.api("POST", path, form={"duration": "5"}).status == 400
    r = stack.api("GET", path)
    assert (r.status, r.header("Location")) == (303, form)


def test_trace_shows_the_life(stack, name):
    stack.launch(name, "demo")
    (task,) = stack.tasks(name)
    assert name in page(stack, f"/trace/{task['short_id']}")
    stack.terminate(name)
    poll(lambda: stack.tasks(name, "stopped"), 5, "it is stopped")
    text = page(stack, f"/trace/{task['short_id']}")
    assert "stop" in text.lower()


def test_trace_of_nobody(stack):
    assert stack.api("GET", "/trace/0123456789abcdef").status == 404


def test_logs_page(stack, shown):
    assert "task_server: listening" in html.unescape(page(stack, "/logs/shown"))


def test_logs_of_a_pattern(stack):
    stack.launch("lo[a-c]-*", "demo")
    page(stack, "/logs/" + quote("lo[a-c]-*"))
    stack.terminate("lo[a-c]-*")


@pytest.mark.parametrize("path", ["/static/../../mirage.db", "/static/%2e%2e/%2e%2e/mirage.db",
                                  "/../state/mirage.db", "/static/", "/list.html", "/layout.html"])
def test_no_file_but_the_assets(stack, path):
    r = stack.api("GET", path)
    assert r.status in (400, 403, 404), r


def test_head_of_a_page(stack):
    with stack.connect() as c:
        c.request("HEAD", "/", "mirage.localhost")
        assert c.response("HEAD").status == 200
        c.request("GET", "/api/list", "mirage.localhost")
        assert c.response().status == 200


# --- the trace as text --------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [[("Accept", "text/plain")], [("User-Agent", "curl/8.5.0"), ("Accept", "*/*")], [("User-Agent", "curl/7.88.1")]], ids=str)
def test_trace_as_text(stack, web, headers):
    """As the Go mirage-ecs answers: time, source, text."""
    (task,) = stack.tasks(web)
    r = stack.api("GET", f"/trace/{task['short_id']}", headers=headers)
    assert r.status == 200 and r.header("Content-Type") == "text/plain; charset=UTF-8", r
    lines = [line.split("\t", 2) for line in r.text.splitlines()]
    assert all(len(line) == 3 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line[0]) for line in lines), lines
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert lines[0][1:] == ["TASK", "Created"] and ["TASK", "Started"] in [line[1:] for line in lines]
    assert lines[-1][1:] == ["TASK", "LastStatus:RUNNING"]
    assert lines[-2][1].startswith("CONTAINER:") and lines[-2][2].startswith("LastStatus:RUNNING HealthStatus:")
    gone = stack.api("GET", "/trace/nobody", headers=headers)
    assert (gone.status, gone.text) == (404, "There is no task nobody.\n") and gone.header("Content-Type").startswith("text/plain")


@pytest.mark.parametrize("headers", [[], [("Accept", "text/html,text/plain;q=0.9")], [("User-Agent", "curl/8.5.0"), ("Accept", "text/html")],
                                     [("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")]], ids=str)
def test_trace_as_a_page(stack, web, headers):
    (task,) = stack.tasks(web)
    assert stack.api("GET", f"/trace/{task['short_id']}", headers=headers).header("Content-Type").startswith("text/html")
