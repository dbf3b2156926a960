"""Logs and traces of tasks on ECS."""

import re
import time

from stack import TARGET, ecs_only, poll

pytestmark = ecs_only


def logs(s, subdomain, **query):
    target = "/api/logs?" + "&".join([f"subdomain={subdomain}", *[f"{k}={v}" for k, v in query.items()]])
    r = s.api("GET", target)
    assert r.status == 200, r
    return r.json()["result"]


def two_containers(s, subdomain):
    s.aws.register_task_definition("pair", [
        {"name": "front", "image": "demo", "portMappings": [{"containerPort": TARGET}]},
        {"name": "back", "image": "demo", "portMappings": [{"containerPort": 9001}]}])
    s.launch(subdomain, "pair")
    return s.tasks(subdomain)[0]["short_id"]


def test_all_containers_merged_by_time(new_stack):
    s = new_stack()
    task = two_containers(s, "pair")
    now = int(time.time() * 1000)
    s.aws.add_log_events("/tests", f"ecs/front/{task}", [(now + 1, "one"), (now + 3, "three"), (now + 5, "five")])
    s.aws.add_log_events("/tests", f"ecs/back/{task}", [(now + 2, "two"), (now + 4, "four")])
    assert logs(s, "pair")[-5:] == ["one", "two", "three", "four", "five"]
    assert logs(s, "pair", tail=3) == ["three", "four", "five"]
    assert logs(s, "pair", tail=0) == []


def test_pages_and_since(new_stack):
    s = new_stack()
    task = two_containers(s, "long")
    now = int(time.time() * 1000)
    s.aws.add_log_events("/tests", f"ecs/front/{task}", [(now - 60000 + i * 100, f"line {i}") for i in range(100)])
    s.aws.set_page_size("logs.GetLogEvents", 9)
    lines = [line for line in logs(s, "long") if line.startswith("line")]
    assert lines == [f"line {i}" for i in range(100)]
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((now - 60000 + 5000) // 1000 + 1))
    lines = [line for line in logs(s, "long", since=since) if line.startswith("line")]
    assert lines[-1] == "line 99" and 40 <= len(lines) <= 50
    s.aws.fault("logs.GetLogEvents", "empty_page", count=1)  # an empty page is not the end
    assert "line 0" in logs(s, "long")


def test_a_container_that_has_not_written_yet(new_stack):
    s = new_stack()
    task = two_containers(s, "silent")
    s.aws.delete_log(group="/tests", stream=f"ecs/back/{task}")
    assert logs(s, "silent")


def test_without_awslogs_it_says_what_to_do(new_stack):
    s = new_stack()
    s.aws.register_task_definition("mute", ports=(TARGET,), log_group=None)
    s.launch("mute", "mute")
    r = s.api("GET", "/api/logs?subdomain=mute")
    assert r.status == 500 and "awslogs-stream-prefix" in r.json()["result"], r


def test_no_permission(new_stack):
    s = new_stack()
    s.launch("denied", "demo")
    s.aws.fault("logs.GetLogEvents", "access_denied")
    r = s.api("GET", "/api/logs?subdomain=denied")
    assert r.status == 500 and "logs:GetLogEvents" in r.json()["result"], r


def test_a_container_whose_logs_are_refused_hides_no_other(new_stack):
    s = new_stack()
    task = two_containers(s, "pair")
    s.aws.add_log_events("/tests", f"ecs/front/{task}", [(int(time.time() * 1000), "the front's line")])
    s.aws.fault("logs.GetLogEvents", "access_denied", where={"logStreamName": f"ecs/back/{task}"})
    answer = s.api("GET", "/api/logs?subdomain=pair").json()
    assert answer["result"][-1] == "the front's line"
    (note,) = answer["notes"]
    assert note.startswith("back: CloudWatch Logs GetLogEvents: AccessDeniedException"), note
    page = s.api("GET", "/logs/pair").text
    assert "the front&#39;s line" in page and "back: CloudWatch Logs GetLogEvents: AccessDeniedException" in page
    download = s.api("GET", "/logs/pair?download=1").text
    assert "front the front's line\n" in download and "\n# back: CloudWatch Logs" in download
    s.aws.clear_faults()
    assert "notes" not in s.api("GET", "/api/logs?subdomain=pair").json()


def test_a_task_whose_definition_is_refused_hides_no_other(new_stack):
    s = new_stack()
    s.launch("two", ["web", "demo"])
    demo, _ = sorted(s.tasks("two"), key=lambda t: t["taskdef"])
    assert s.env("two", "/print?line=hello").status == 200
    s.aws.fault("ecs.DescribeTaskDefinition", "access_denied", where={"taskDefinition": demo["taskdef"]})
    answer = s.api("GET", "/api/logs?subdomain=two").json()
    assert answer["result"] and [n.split(": ")[0] for n in answer["notes"]] == [demo["taskdef"]], answer


def test_the_life_of_a_task(new_stack):
    s = new_stack()
    s.launch("dies")
    (task,) = s.tasks("dies")
    assert s.env("dies", "/print?line=last-words").status == 200
    assert s.env("dies", "/exit?code=3").text == "bye"

    def page():
        return s.api("GET", "/trace/" + task["short_id"]).text
    poll(lambda: "its containers have ended" in page(), 15, "its end is told")
    assert re.search("created.*pulling its images.*pulled its images.*started.*stopping.*its containers have ended",
                     page(), re.S)
    assert "EssentialContainerExited: Essential container in task exited" in page() and ">3<" in page()
    assert "last-words" in "\n".join(logs(s, "dies"))


def test_a_task_that_ecs_has_forgotten(new_stack):
    s = new_stack()
    s.launch("forgotten", "demo")
    (task,) = s.tasks("forgotten")
    s.aws.remove_task(task["id"])
    assert s.api("GET", "/trace/" + task["short_id"]).status == 200  # what the database remembers
