"""GetLogEvents: ends, tokens, times, pages."""

import pytest

from .conftest import error_of


@pytest.fixture
def read(aws):
    aws.delete_log(group="g")
    aws.add_log_events("g", "s", [(1000 + i, f"line {i}") for i in range(10)])
    logs = aws.boto3_client("logs")
    return lambda **more: logs.get_log_events(**{"logGroupName": "g", "logStreamName": "s", **more})


def lines(page):
    return [int(event["message"].split()[1]) for event in page["events"]]


def test_whole_from_either_end(read):
    for head in (True, False):
        page = read(startFromHead=head)
        assert lines(page) == list(range(10))
        assert page["events"][0]["timestamp"] == 1000 and page["events"][0]["ingestionTime"] > 1000


def test_forward_until_the_token_stays(aws, read):
    page, seen = read(startFromHead=True, limit=4), []
    while page["events"]:
        seen += lines(page)
        token = page["nextForwardToken"]
        page = read(startFromHead=True, limit=4, nextToken=token)
    assert seen == list(range(10)) and page["nextForwardToken"] == token
    aws.add_log_events("g", "s", [(2000, "line 10")])
    assert lines(read(startFromHead=True, nextToken=token)) == [10]  # what came later is there


def test_backward_from_the_end(read):
    page = read(limit=4)
    assert lines(page) == [6, 7, 8, 9]
    page = read(limit=4, nextToken=page["nextBackwardToken"])
    assert lines(page) == [2, 3, 4, 5]
    page = read(limit=4, nextToken=page["nextBackwardToken"])
    assert lines(page) == [0, 1]
    last = read(limit=4, nextToken=page["nextBackwardToken"])
    assert lines(last) == [] and last["nextBackwardToken"] == page["nextBackwardToken"]


def test_times(aws, read):
    assert lines(read(startTime=1003, endTime=1006)) == [3, 4, 5]
    assert lines(read(startTime=1003, endTime=1006, limit=2)) == [4, 5]
    assert lines(read(startTime=1003, limit=2, startFromHead=True)) == [3, 4]
    assert lines(read(startTime=5000)) == []
    aws.add_log_events("g", "s", [(1002, "line 99")])  # late, but of an early time
    assert lines(read(startTime=1002, endTime=1004)) == [2, 99, 3]


def test_page_sizes(aws, read):
    aws.set_page_size("logs.GetLogEvents", 3)
    assert lines(read(startFromHead=True)) == [0, 1, 2]
    aws.set_page_size("logs.GetLogEvents")
    aws.add_log_events("g", "big", [(i, f"line {i} " + "é" * 100_000) for i in range(20)])
    page = read(logStreamName="big", startFromHead=True)
    assert lines(page) == [0, 1, 2, 3, 4]  # a mebibyte is full
    assert lines(read(logStreamName="big")) == [15, 16, 17, 18, 19]


def test_empty_page_in_between(aws, read):
    first = read(startFromHead=True, limit=4)
    aws.fault("logs.GetLogEvents", "empty_page", count=1)
    empty = read(startFromHead=True, limit=4, nextToken=first["nextForwardToken"])
    assert empty["events"] == []
    assert lines(read(startFromHead=True, limit=4, nextToken=empty["nextForwardToken"])) == [4, 5, 6, 7]


def test_refused(aws, read):
    assert error_of(read, logGroupName="no")[:2] == ("ResourceNotFoundException",
                                                     "The specified log group does not exist.")
    assert error_of(read, logStreamName="no")[:2] == ("ResourceNotFoundException",
                                                      "The specified log stream does not exist.")
    for wrong in ({"nextToken": "x"}, {"startTime": 2, "endTime": 1},
                  {"nextToken": f"f/{0:056d}/s", "startFromHead": False}):
        assert error_of(read, **wrong)[0] == "InvalidParameterException"
    assert aws.violations() == []
    assert error_of(read, limit=10001)[0] == "InvalidParameterException"
    assert error_of(read, logGroupName="a b")[0] == "InvalidParameterException"
    assert len(aws.violations()) == 2
    aws.reset_violations()


def test_aws_command(read, cli):
    page = cli("logs", "get-log-events", "--log-group-name", "g", "--log-stream-name", "s", "--limit", "2")
    assert lines(page) == [8, 9]
