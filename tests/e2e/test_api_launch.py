"""POST /api/launch: what is checked, in what order, with which words; and what a task is given."""

import base64

import pytest

from stack import local_only, poll

ACCEPTED = (200, {"result": "accepted"})


def answer(r):
    assert r.header("Content-Type") == "application/json; charset=UTF-8", r
    return r.status, r.json()


def launch(stack, **fields):
    form = {"branch": "main", "taskdef": "web", **fields}
    return answer(stack.api("POST", "/api/launch", form=form))


@pytest.mark.parametrize("subdomain, message", [
    ("", "subdomain is empty"),
    ("a", "subdomain is too short"),
    ("a" * 64, "subdomain is too long"),
    ("a_b", "subdomain a_b includes invalid characters"),
    ("a.b", "subdomain a.b includes invalid characters"),
    ("-ab", "subdomain -ab includes invalid characters"),
    ("1ab", "subdomain 1ab includes invalid characters"),
    ("ab-", "subdomain ab- includes invalid characters"),
    ("a b", "subdomain a b includes invalid characters"),
    ("b\u00fccher", None),
    ("a\nb", None),
    ("ab\n", None),
    ("a/b", "subdomain a/b includes invalid characters"),
    ("<script>", "subdomain <script> includes invalid characters"),
    ("mirage", "subdomain mirage is where mirage-ecs itself answers"),
    ("Mirage", "subdomain mirage is where mirage-ecs itself answers"),
])
def test_bad_subdomain(stack, subdomain, message):
    status, body = launch(stack, subdomain=subdomain)
    assert status == 400
    if message:
        assert body == {"result": message}
    else:
        assert "includes invalid characters" in body["result"]


@pytest.mark.parametrize("subdomain", ["a[b", "ab[", "[]ab", "a[^]b", "a[b-]c"])
def test_malformed_pattern(stack, subdomain):
    status, body = launch(stack, subdomain=subdomain)
    assert status == 400 and list(body) == ["result"]


@pytest.mark.parametrize("length", [2, 63])
def test_shortest_and_longest_subdomain(stack, length):
    subdomain = "z" * length
    assert launch(stack, subdomain=subdomain, taskdef="demo") == ACCEPTED
    stack.wait_ready(subdomain)
    stack.terminate(subdomain)


def test_subdomain_is_lower_cased(stack, name):
    assert launch(stack, subdomain=name.upper(), taskdef="demo") == ACCEPTED
    stack.wait_ready(name)
    assert stack.tasks(name)[0]["subdomain"] == name


def test_nul_in_a_subdomain(stack):
    assert launch(stack, subdomain="a\x00b")[0] == 400


def test_no_subdomain(stack):
    r = stack.api("POST", "/api/launch", form={"branch": "main", "taskdef": "web"})
    assert answer(r) == (400, {"result": "subdomain is empty"})


def test_empty_body(stack):
    r = stack.api("POST", "/api/launch", form={})
    assert answer(r) == (400, {"result": "subdomain is empty"})


def test_missing_required_parameter(stack):
    r = stack.api("POST", "/api/launch", form={"subdomain": "abc", "taskdef": "web"})
    assert answer(r) == (400, {"result": "lack require parameter: branch"})


def test_rule_that_fails(stack):
    status, body = launch(stack, subdomain="abc", nick="Not Lower")
    assert (status, body) == (400, {"result": "parameter nick value is rule error"})


def test_rule_matches_anywhere(new_stack):
    def change(config):
        config["parameters"] = [{"name": "tag", "env": "TAG", "rule": "v[0-9]"}]
    s = new_stack(change)
    assert launch(s, subdomain="abc", taskdef="demo", tag="release-v2-final") == ACCEPTED
    assert launch(s, subdomain="abd", taskdef="demo", tag="release")[0] == 400


def test_parameter_of_255_characters(stack, name):
    assert launch(stack, subdomain=name, taskdef="demo", branch="\u00e4" * 255) == ACCEPTED
    stack.wait_ready(name)
    assert stack.tasks(name)[0]["branch"] == "\u00e4" * 255


def test_parameter_of_256_characters(stack):
    status, body = launch(stack, subdomain="abc", branch="\u00e4" * 256)
    assert status == 400 and "branch" in body["result"]


def test_no_taskdef(stack):
    r = stack.api("POST", "/api/launch", form={"subdomain": "abc", "branch": "main"})
    assert answer(r) == (400, {"result": "parameter required: subdomain=abc, taskdef=[]"})


def test_subdomain_is_checked_before_parameters_before_taskdef(stack):
    r = stack.api("POST", "/api/launch", form={"subdomain": "a_b"})
    assert r.json() == {"result": "subdomain a_b includes invalid characters"}
    r = stack.api("POST", "/api/launch", form={"subdomain": "abc"})
    assert r.json() == {"result": "lack require parameter: branch"}


def test_nothing_was_launched_by_what_was_refused(stack):
    assert not {"abc", "abd"} & {t["subdomain"] for t in stack.list("all")}


def test_environment_of_a_task(stack, name):
    stack.launch(name, nick="joe", branch="feature/caf\u00e9 $HOME `id`")
    env = stack.env(name, "/env").json()
    assert env["SUBDOMAIN"] == base64.b64encode(name.encode()).decode()
    assert env["SUBDOMAINRAW"] == name
    assert env["GIT_BRANCH"] == "feature/caf\u00e9 $HOME `id`"
    assert env["NICK"] == "joe"
    assert env["COLOR"] == "blue"
    assert env["FROM_TASKDEF"] == "yes"
    assert "GATE" not in env


def test_given_value_beats_default(stack, name):
    stack.launch(name, color="red")
    assert stack.env(name, "/env").json()["COLOR"] == "red"


def test_json(stack, name):
    r = stack.api("POST", "/api/launch", json_body={
        "subdomain": name, "taskdef": ["web"], "branch": "b", "parameters": {"nick": "ann"}})
    assert answer(r) == ACCEPTED
    stack.wait_ready(name)
    env = stack.env(name, "/env").json()
    assert (env["GIT_BRANCH"], env["NICK"]) == ("b", "ann")


def test_json_with_taskdef_as_text(stack, name):
    r = stack.api("POST", "/api/launch", json_body={
        "subdomain": name, "taskdef": "demo", "branch": "b"})
    assert answer(r) == ACCEPTED
    stack.wait_ready(name)


def test_several_taskdefs_by_form(stack, name):
    stack.launch(name, ["web", "web2"])
    families = sorted(t["taskdef"].split(":")[0] for t in stack.tasks(name))
    assert families == ["web", "web2"]


def test_several_taskdefs_by_json(stack, name):
    r = stack.api("POST", "/api/launch", json_body={
        "subdomain": name, "taskdef": ["web", "demo"], "branch": "b"})
    assert answer(r) == ACCEPTED
    stack.wait_ready(name, 2)


@local_only
def test_any_name_runs_the_built_in_page(stack, name):
    stack.launch(name, "whatever", branch="my-branch")
    page = stack.env(name)
    assert page.status == 200 and "my-branch" in page.text and name in page.text


def test_launching_again_replaces(stack, name):
    stack.launch(name, branch="one")
    (old,) = stack.tasks(name)
    stack.launch(name, branch="two", wait=False)
    stack.wait_ready(name)
    (new,) = stack.tasks(name)
    assert new["id"] != old["id"] and new["branch"] == "two"
    assert old["id"] in [t["id"] for t in stack.list("stopped")]
    assert stack.env(name, "/env").json()["GIT_BRANCH"] == "two"


def test_a_taskdef_that_cannot_run_is_named(stack, name):
    r = stack.api("POST", "/api/launch", form=[
        ("subdomain", name), ("branch", "b"), ("taskdef", "missing")])
    if r.status == 200:  # taken, and died at once: then the life of the task says so
        poll(lambda: [t for t in stack.tasks(name, "stopped")], 5, "the task is seen as stopped")
    else:
        assert r.status == 500 and "missing" in r.json()["result"], r


def test_compat_v1_off_takes_json_only(new_stack):
    s = new_stack(options=["-compat-v1=false"])
    for path in ("/api/launch", "/api/terminate", "/api/purge"):
        r = s.api("POST", path, form={"subdomain": "abc", "branch": "b", "taskdef": "web"})
        assert r.status == 400, (path, r)
    r = s.api("POST", "/api/launch",
              json_body={"subdomain": "abc", "taskdef": "web", "branch": "b"})
    assert answer(r) == ACCEPTED
    s.wait_ready("abc")
    assert s.env("abc", "/env").json()["SUBDOMAIN"] == "abc"
