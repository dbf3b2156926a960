"""mirage link: the A records of running tasks in Route 53."""

import contextlib

import pytest

from stack import CLUSTER, TARGET, ecs_only, poll

pytestmark = ecs_only
ZONE = "Z0123456789ABC"


def linked(new_stack, **kwargs):
    exclude = kwargs.pop("exclude", [])
    s = new_stack(start=False, change=lambda c: c.update(
        link={"hosted_zone_id": ZONE, "exclude_containers": exclude}), **kwargs)
    if ZONE not in vars(s.aws):  # not yet made for this cloud
        s.aws.create_hosted_zone(ZONE, "mirage.test")
        vars(s.aws)[ZONE] = True
    s.url = poll(s._ready, 30, "ready")
    return s


def records(s):
    """name → addresses; every one has a TTL of 60."""
    found = [r for r in s.aws.records(ZONE) if r["Type"] == "A"]
    assert all(r["TTL"] == 60 for r in found)
    return {r["Name"]: sorted(v["Value"] for v in r["ResourceRecords"]) for r in found}


def address(s, subdomain, family):
    (task,) = [t for t in s.tasks(subdomain) if t["taskdef"].startswith(family + ":")]
    return task["ipaddress"]


def test_two_taskdefs_of_one_subdomain(new_stack):
    s = linked(new_stack)
    s.launch("myenv", ["web", "web2"])
    expected = {f"{name}.myenv.mirage.test.": [address(s, "myenv", name)] for name in ("web", "web2")}
    poll(lambda: records(s) == expected, 10, "both records exist")
    s.terminate("myenv")
    poll(lambda: records(s) == {}, 10, "both are gone")


def test_excluded_containers_and_containers_without_a_port(new_stack):
    s = linked(new_stack, exclude=["side*"])
    containers = [{"name": "app", "image": "demo", "portMappings": [{"containerPort": TARGET}]},
                  {"name": "sidecar", "image": "demo", "portMappings": [{"containerPort": 9001}]},
                  {"name": "quiet", "image": "demo", "portMappings": []},
                  {"name": "Has_Under-Score", "image": "demo", "portMappings": [{"containerPort": 9002}]}]
    s.aws.register_task_definition("several", containers)
    s.launch("mixed", "several")
    ip = address(s, "mixed", "several")
    poll(lambda: records(s) == {"app.mixed.mirage.test.": [ip], "has_under-score.mixed.mirage.test.": [ip]}, 10,
         "those with a port that are not excluded")


def test_one_container_in_two_tasks_has_two_addresses(new_stack):
    s = linked(new_stack)
    s.launch("twice", ["web", "web"])
    addresses = sorted(t["ipaddress"] for t in s.tasks("twice"))
    poll(lambda: records(s) == {"web.twice.mirage.test.": addresses}, 10, "one record with two addresses")
    s.api("POST", "/api/terminate", form={"id": s.tasks("twice")[0]["id"]})
    poll(lambda: len(records(s).get("web.twice.mirage.test.", [])) == 1, 10, "one is left")


def test_a_pattern_has_no_records(new_stack):
    s = linked(new_stack)
    s.launch("any-*")
    s.launch("plain")
    poll(lambda: set(records(s)) == {"web.plain.mirage.test."}, 10, "only a plain subdomain has one")


def test_a_new_launch_moves_the_record(new_stack):
    s = linked(new_stack)
    s.launch("moves")
    old = address(s, "moves", "web")
    poll(lambda: records(s) == {"web.moves.mirage.test.": [old]}, 10, "the first")
    s.launch("moves")
    new = address(s, "moves", "web")
    assert new != old
    poll(lambda: records(s) == {"web.moves.mirage.test.": [new]}, 10, "the second")


def test_a_record_that_is_refused_does_not_lose_the_others(new_stack):
    """A CNAME of somebody else stands where an A record should."""
    s = linked(new_stack)
    client = s.aws.boto3_client("route53")
    cname = {"Name": "web.taken.mirage.test.", "Type": "CNAME", "TTL": 60,
             "ResourceRecords": [{"Value": "elsewhere.test."}]}

    def change(action):
        client.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": [
            {"Action": action, "ResourceRecordSet": cname}]})
    change("CREATE")
    s.launch("taken", ["web", "web2"])
    s.launch("other")
    poll(lambda: set(records(s)) == {"web2.taken.mirage.test.", "web.other.mirage.test."}, 10, "the others exist")
    poll(lambda: "the record web.taken.mirage.test. is refused" in s.log_path.read_text(), 10, "the log says so")
    assert s.env("taken").status == 200
    change("DELETE")
    poll(lambda: "web.taken.mirage.test." in records(s), 80, "it is tried again")


def test_route53_that_does_not_answer_holds_up_no_route(new_stack):
    s = linked(new_stack)
    fault = s.aws.fault("route53.*", "hang")
    s.launch("quick")
    s.launch("quick2")
    s.aws.clear_faults(id=fault)
    poll(lambda: len(records(s)) == 2, 100, "the records come when it answers")


def test_no_permission_is_said(new_stack):
    s = linked(new_stack)
    s.aws.fault("route53.ChangeResourceRecordSets", "access_denied", code="AccessDenied", message="no")
    s.launch("denied")
    poll(lambda: "link: Route 53 ChangeResourceRecordSets: AccessDenied" in s.log_path.read_text(), 20, "a log line")
    assert s.env("denied").status == 200


def test_a_zone_that_is_not_there(new_stack):
    s = new_stack(lambda c: c.update(link={"hosted_zone_id": "ZNOSUCHZONE"}), ecs=True)
    poll(lambda: "NoSuchHostedZone" in s.log_path.read_text(), 20, "a log line")
    assert "does link.hosted_zone_id name a zone of this account?" in s.log_path.read_text()
    s.launch("unnamed")  # which does not need it


def test_what_stopped_while_nobody_looked_is_deleted(new_stack, folder):
    first = linked(new_stack, folder=folder)
    first.launch("left")
    poll(lambda: records(first), 10, "the record exists")
    (task,) = first.tasks("left")
    first.stop()
    for file in first.state.glob("mirage.db*"):
        file.unlink()
    first.aws.boto3_client("ecs").stop_task(cluster=CLUSTER, task=task["id"])
    first.aws.wait_task(task["id"], "STOPPED")
    second = linked(new_stack, folder=folder, address=first.address)
    poll(lambda: records(second) == {}, 15, "it is gone")


def test_killed_between_route53_and_the_database(new_stack):
    s = linked(new_stack)
    s.launch("killed")
    poll(lambda: records(s), 10, "the record exists")
    with contextlib.closing(s.database()) as db:
        poll(lambda: db.execute("SELECT count(*) FROM link_record").fetchone()[0] == 1, 5, "it is written down")
        s.kill_program("mirage-sync")
        db.execute("DELETE FROM link_record")  # as if the kill had come before
        poll(lambda: s.pids("mirage-sync"), 10, "it is back")
        poll(lambda: db.execute("SELECT count(*) FROM link_record").fetchone()[0] == 1, 10, "it is known again")
    s.terminate("killed")
    poll(lambda: records(s) == {}, 15, "it is gone")
