"""What a page of another site, or of an environment, can make a user's browser do: nothing."""

import pytest

from stack import poll
from test_auth import PASSWORD, guarded, token

EVIL = "http://evil.localhost:8080"

# What a page can send without asking first (Fetch, CORS-safelisted requests), to the pages and to the API.
FORMS = {
    "launch": ("/launch", {"subdomain": "intruder", "branch": "b", "taskdef": "web"}),
    "terminate": ("/terminate", {"subdomain": "evil"}),
    "purge": ("/purge", {"duration": "300"}),
    "API launch": ("/api/launch", {"subdomain": "intruder", "branch": "b", "taskdef": "web"}),
    "API terminate": ("/api/terminate", {"subdomain": "evil"}),
    "API purge": ("/api/purge", {"duration": "300"}),
}

SUBMIT = """
const form = document.createElement('form');
[form.method, form.action, form.enctype] = ['POST', arguments[0], arguments[2]];
for (const [name, value] of Object.entries(arguments[1])) {
  const field = document.createElement('input');
  [field.name, field.value] = [name, value];
  form.append(field);
}
document.body.append(form);
form.submit();
"""

FETCH = """
const done = arguments[arguments.length - 1];
fetch(arguments[0], {method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(arguments[1])})
  .then(r => done(r.type), e => done(String(e)));
"""


@pytest.fixture(scope="module", params=["open", "guarded"])
def site(request):
    """A browser whose user has just been let in, and an environment of somebody who means no good."""
    from browser import Browser
    from stack import SECOND_PORT, Stack

    def change(config):
        if request.param == "guarded":
            guarded(config)
            config["listen"]["http"][0]["require_auth_cookie"] = False
    s = Stack(change=change).start()
    b = None
    try:
        if request.param == "guarded":
            s.credentials, s.open_port = [token()], SECOND_PORT
        s.launch("evil")
        b = Browser(s)
        user = f"mirage:{PASSWORD}@" if request.param == "guarded" else ""
        b.driver.get(s.url.replace("http://", f"http://{user}"))
        assert b.one("#running-table")
        b.refused = {400, 401, 415, "Content Security Policy", "frame"}
        yield b
        s.stop()
    finally:
        if b:
            b.quit()
        if s in Stack.alive:
            s.kill()
        s.remove()


def nothing_happened(s):
    assert [t["subdomain"] for t in s.list("all")] == ["evil"] and len(s.list()) == 1
    assert not s.api("GET", "/api/purges").json()["result"]


@pytest.mark.parametrize("enctype", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
@pytest.mark.parametrize("name", FORMS)
def test_form(site, name, enctype):
    path, fields = FORMS[name]
    site.driver.get(EVIL + "/echo")
    site.events()
    site.script(SUBMIT, site.base + path, fields, enctype)

    def status():
        for event in site.events():
            if event["method"] == "Network.responseReceived" and event["params"]["response"]["url"].endswith(path):
                return event["params"]["response"]["status"]
    got = poll(status, 20, "the answer to the form")
    guarded_api = site.stack.credentials and path.startswith("/api/")
    assert got == (401 if guarded_api else 400), "the browser has sent the user's password along, if it has one"
    nothing_happened(site.stack)


@pytest.mark.parametrize("name", FORMS)
def test_fetch(site, name):
    path, fields = FORMS[name]
    site.driver.get(EVIL + "/echo")
    assert site.driver.execute_async_script(FETCH, site.base + path, fields) in ("opaque", "TypeError: Failed to fetch")
    nothing_happened(site.stack)


@pytest.mark.parametrize("path", ["/", "/launcher", "/terminate?subdomain=evil"])
def test_frame(site, path):
    """The page does not show in a frame, where another page could have a user click on it."""
    site.driver.get(EVIL + "/echo")
    site.driver.get_log("browser")
    site.script("const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f);", site.base + path)
    poll(lambda: any("frame-ancestors" in e["message"] or "X-Frame-Options" in e["message"]
                     for e in site.driver.get_log("browser")), 20, "the browser refuses to show it")
