"""Record sets: what a batch does, that it is all or nothing, what is refused and how it is said."""

import json

import pytest

from . import raw
from .conftest import error_of, take_violations


@pytest.fixture
def zone(aws):
    aws.create_hosted_zone("Z1", "dev.test")
    return aws.boto3_client("route53")


def change(action, name, *values, ttl=60, kind="A"):
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [
        {"Value": value} for value in values]}}


def apply(zone, *changes):
    return zone.change_resource_record_sets(HostedZoneId="Z1", ChangeBatch={"Changes": list(changes)})["ChangeInfo"]


def addresses(aws):
    return {r["Name"]: [v["Value"] for v in r["ResourceRecords"]] for r in aws.records("Z1") if r["Type"] == "A"}


def refused(zone, *changes):
    code, message, status = error_of(apply, zone, *changes)
    assert (code, status) == ("InvalidChangeBatch", 400)
    return message


def test_life_of_a_record(aws, zone):
    info = apply(zone, change("UPSERT", "Web.Cool.dev.test", "10.0.0.1"))
    assert info["Status"] == "PENDING" and info["Id"].startswith("/change/C")
    assert zone.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    assert addresses(aws) == {"web.cool.dev.test.": ["10.0.0.1"]}
    apply(zone, change("UPSERT", "web.cool.dev.test.", "10.0.0.2", "10.0.0.3"))
    apply(zone, change("CREATE", "*.x.dev.test", "10.0.0.4"))
    assert addresses(aws) == {"web.cool.dev.test.": ["10.0.0.2", "10.0.0.3"], "\\052.x.dev.test.": ["10.0.0.4"]}
    apply(zone, change("DELETE", "web.cool.dev.test", "10.0.0.3", "10.0.0.2"),
          change("DELETE", "\\052.x.dev.test", "10.0.0.4"))
    assert addresses(aws) == {}


def test_batch_is_all_or_nothing(aws, zone):
    apply(zone, change("CREATE", "a.dev.test", "10.0.0.1"))
    message = refused(zone, change("UPSERT", "b.dev.test", "10.0.0.2"), change("DELETE", "a.dev.test", "10.0.0.9"),
                      change("CREATE", "a.dev.test.", "10.0.0.3", kind="A"), change("DELETE", "c.dev.test", "10.0.0.1"))
    assert message == (
        "[Tried to delete resource record set [name='a.dev.test.', type='A'] but the values provided do not match the "
        "current values, Tried to create resource record set [name='a.dev.test.', type='A'] but it already exists, "
        "Tried to delete resource record set [name='c.dev.test.', type='A'] but it was not found]")
    assert addresses(aws) == {"a.dev.test.": ["10.0.0.1"]}
    apply(zone, change("DELETE", "a.dev.test", "10.0.0.1"), change("CREATE", "a.dev.test", "10.0.0.2"))
    assert addresses(aws) == {"a.dev.test.": ["10.0.0.2"]}


@pytest.mark.parametrize("wrong, words", [
    (change("UPSERT", "a.prod.test", "10.0.0.1"), "not permitted in zone dev.test."),
    (change("UPSERT", "xdev.test", "10.0.0.1"), "not permitted in zone"),
    (change("UPSERT", "a.dev.test", "10.0.0.256"), "not a valid IPv4"),
    (change("UPSERT", "a.dev.test", "::1"), "not a valid IPv4"),
    (change("UPSERT", "a.dev.test", "10.0.0.1", "10.0.0.1"), "Duplicate"),
    (change("UPSERT", "a" * 64 + ".dev.test", "10.0.0.1"), "DomainLabelTooLong"),
    (change("DELETE", "gone.dev.test", "10.0.0.1"), "was not found"),
    (change("DELETE", "a.dev.test", "10.0.0.1", ttl=61), "do not match"),
    (change("UPSERT", "a.dev.test", "b.dev.test", kind="CNAME"), "conflicts with other records"),
])
def test_refused(aws, zone, wrong, words):
    apply(zone, change("UPSERT", "a.dev.test", "10.0.0.1"))
    assert words in refused(zone, wrong)
    assert addresses(aws) == {"a.dev.test.": ["10.0.0.1"]}


def test_twice_in_a_batch_and_too_many(aws, zone):
    assert "invalid set of changes" in refused(zone, *[change("UPSERT", "a.dev.test", "10.0.0.1")] * 2)
    create = [change("CREATE", f"n{i}.dev.test", "10.0.0.1") for i in range(1001)]
    assert "1000 exceeded" in refused(zone, *create)
    assert "1000 exceeded" in refused(zone, *[change("UPSERT", f"n{i}.dev.test", "10.0.0.1") for i in range(501)])
    assert len(take_violations(aws, "limit")) == 2
    apply(zone, *create[:1000])
    assert len(addresses(aws)) == 1000


def test_unknown_zone_and_prior_request(aws, zone):
    assert error_of(zone.get_hosted_zone, Id="Z2")[::2] == ("NoSuchHostedZone", 404)
    aws.fault("route53.ChangeResourceRecordSets", "prior_request", count=1)
    assert error_of(apply, zone, change("UPSERT", "a.dev.test", "10.0.0.1"))[0] == "PriorRequestNotComplete"
    apply(zone, change("UPSERT", "a.dev.test", "10.0.0.1"))


def test_the_other_form_of_refusal(aws, zone):
    aws.set_change_batch_form(form="root")
    body = """<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch>
<Changes><Change><Action>DELETE</Action><ResourceRecordSet><Name>a.dev.test</Name><Type>A</Type><TTL>60</TTL>
<ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>
</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"""
    for path in ("/2013-04-01/hostedzone/Z1/rrset/", "/2013-04-01/hostedzone/Z1/rrset"):
        status, answer, _ = raw.send(aws, "POST", path, body, service="route53", region="us-east-1")
        assert status == 400 and b"<InvalidChangeBatch xmlns=" in answer and b"<Messages><Message>Tried to" in answer
    aws.set_change_batch_form(form="error")


def test_list(aws, zone):
    names = [f"{c}.dev.test." for c in "dbca"]
    apply(zone, *[change("CREATE", name, "10.0.0.1") for name in names])
    aws.set_page_size("route53.ListResourceRecordSets", 2)
    pages = list(zone.get_paginator("list_resource_record_sets").paginate(HostedZoneId="Z1"))
    aws.set_page_size("route53.ListResourceRecordSets")
    assert [len(page["ResourceRecordSets"]) for page in pages] == [2, 2, 2]
    found = [(r["Name"], r["Type"]) for page in pages for r in page["ResourceRecordSets"]]
    assert found == [("dev.test.", "NS"), ("dev.test.", "SOA")] + [(n, "A") for n in sorted(names)]
    page = zone.list_resource_record_sets(HostedZoneId="Z1", StartRecordName="b.dev.test", MaxItems="2")
    assert [r["Name"] for r in page["ResourceRecordSets"]] == ["b.dev.test.", "c.dev.test."]
    assert (page["IsTruncated"], page["NextRecordName"], page["NextRecordType"]) == (True, "d.dev.test.", "A")
    assert page["ResourceRecordSets"][0]["ResourceRecords"] == [{"Value": "10.0.0.1"}]
    assert zone.get_hosted_zone(Id="Z1")["HostedZone"]["ResourceRecordSetCount"] == 6


def test_aws_command(aws, zone, cli):
    batch = {"Changes": [change("UPSERT", "cli.dev.test", "10.0.0.7")]}
    answer = cli("--region", "us-east-1", "route53", "change-resource-record-sets", "--hosted-zone-id", "Z1",
                 "--change-batch", json.dumps(batch))
    assert answer["ChangeInfo"]["Status"] == "PENDING"
    assert addresses(aws) == {"cli.dev.test.": ["10.0.0.7"]}
