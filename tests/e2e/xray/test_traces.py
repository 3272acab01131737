"""X-Ray by boto3: segments in, summaries, traces and maps out, and the rules of sampling."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

DAY = 24 * 3600
_numbers = count(1)


@pytest.fixture
def xray(aws: Any) -> Any:
    return aws("xray")


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def new_trace(pileus: Running) -> str:
    return f"1-{pileus.now // 1000:08x}-{next(_numbers):024x}"


def segment(pileus: Running, trace_id: str, **members: Any) -> dict[str, Any]:
    now = pileus.now / 1000
    return {
        "trace_id": trace_id, "id": f"{next(_numbers):016x}", "name": "shop",
        "start_time": now, "end_time": now + 0.5, **members,
    }  # fmt: skip


def put(xray: Any, *documents: Any) -> list[Any]:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in documents]
    found: list[Any] = xray.put_trace_segments(TraceSegmentDocuments=texts)[
        "UnprocessedTraceSegments"
    ]
    return found


def summaries(xray: Any, pileus: Running, text: str = "", **params: Any) -> list[Any]:
    now = datetime.fromtimestamp(pileus.now / 1000, UTC)
    asked = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(minutes=1), **params}
    if text:
        asked["FilterExpression"] = text
    return [
        each
        for page in xray.get_paginator("get_trace_summaries").paginate(**asked)
        for each in page["TraceSummaries"]
    ]


def test_a_trace_is_put_together_from_its_parts(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    root = segment(pileus, trace_id)
    below = segment(pileus, trace_id, type="subsegment", parent_id=root["id"], name="db")
    other = segment(
        pileus, trace_id, parent_id=below["id"], name="store", start_time=root["start_time"] + 0.1,
        end_time=root["start_time"] + 2, fault=True,
    )  # fmt: skip
    assert [] == put(xray, below, other, root)
    missing = new_trace(pileus)
    answer = xray.batch_get_traces(TraceIds=[trace_id, missing])
    assert [missing] == answer["UnprocessedTraceIds"]
    (trace,) = answer["Traces"]
    assert (trace_id, 2.0) == (trace["Id"], trace["Duration"])
    first, second = (json.loads(each["Document"]) for each in trace["Segments"])
    assert {**root, "subsegments": [below]} == first
    assert other == second


def test_a_segment_in_progress_is_replaced(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    whole = segment(pileus, trace_id)
    begun = {k: v for k, v in whole.items() if k != "end_time"} | {"in_progress": True}
    put(xray, begun)
    assert [True] == [each["IsPartial"] for each in summaries(xray, pileus)]
    put(xray, whole)
    assert [(False, 2)] == [
        (each["IsPartial"], each["Revision"]) for each in summaries(xray, pileus)
    ]


def test_documents_that_make_no_sense_are_named(xray: Any, pileus: Running) -> None:
    good = segment(pileus, new_trace(pileus))
    without = {key: {k: v for k, v in good.items() if k != key} for key in good}
    refused = put(
        xray, "{", without["id"], without["trace_id"], without["start_time"],
        without["end_time"], without["name"], {**good, "trace_id": "1-x"}, {**good, "id": "zz"},
        {**good, "trace_id": "1-00000001-" + "0" * 24}, {**good, "metadata": "x" * 66_000},
        {**good, "start_time": 1e300}, {**good, "type": "subsegment"}, good,
    )  # fmt: skip
    assert [
        "ParseError", "MissingId", "MissingTraceId", "MissingStartTime", "MissingEndTime",
        "InvalidName", "InvalidTraceId", "InvalidId", "TraceIdTooOld", "SegmentSizeLimitExceeded",
        "InvalidStartTime", "MissingParentId",
    ] == [each["ErrorCode"] for each in refused]  # fmt: skip


def test_a_trace_holds_half_a_megabyte(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    codes = [
        each["ErrorCode"]
        for _ in range(9)
        for each in put(xray, segment(pileus, trace_id, metadata="x" * 60_000))
    ]
    assert ["TraceSizeLimitExceeded"] == codes


def test_summaries_are_found_by_filters(xray: Any, pileus: Running) -> None:
    good, bad = new_trace(pileus), new_trace(pileus)
    put(
        xray,
        segment(pileus, good, http={"request": {"url": "http://a/x"}, "response": {"status": 200}},
                annotations={"size": 5, "kind": "small"}, user="ann"),
        segment(pileus, bad, name="bank", fault=True, end_time=pileus.now / 1000 + 3),
    )  # fmt: skip

    def found(text: str) -> list[str]:
        return sorted(each["Id"] for each in summaries(xray, pileus, text))

    assert [good, bad] == found("")
    assert [bad] == found("fault")
    assert [good] == found("ok AND responsetime < 1")
    assert [bad] == found("!ok OR duration > 100")
    assert [good] == found('service("shop")')
    assert [] == found('service("shop") { fault }')
    assert [good] == found('http.url CONTAINS "/x" AND http.status = 200')
    assert [good] == found('annotation.size >= 5 AND annotation[kind] = "small"')
    assert [] == found('annotation.size > 5 OR user = "bob"')
    assert "InvalidRequestException" == refusal(summaries, xray=xray, pileus=pileus, text="(")[0]
    assert "InvalidRequestException" == refusal(
        summaries, xray=xray, pileus=pileus, text="nonsense = 1"
    )[0]  # fmt: skip


def test_a_summary_tells_of_the_whole_trace(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    put(
        xray,
        segment(pileus, trace_id, origin="AWS::Lambda", error=True, throttle=True, user="ann",
                resource_arn="arn:x", annotations={"a": True},
                http={"request": {"method": "GET"}, "response": {"status": 429}}),
    )  # fmt: skip
    (found,) = summaries(xray, pileus)
    assert (False, True, True) == (found["HasFault"], found["HasError"], found["HasThrottle"])
    assert (0.5, 0.5) == (found["Duration"], found["ResponseTime"])
    assert {"HttpStatus": 429, "HttpMethod": "GET"} == found["Http"]
    assert ("shop", "AWS::Lambda") == (found["EntryPoint"]["Name"], found["EntryPoint"]["Type"])
    assert [{"ARN": "arn:x"}] == found["ResourceARNs"]
    assert {"BooleanValue": True} == found["Annotations"]["a"][0]["AnnotationValue"]
    assert ["ann"] == [each["UserName"] for each in found["Users"]]


def test_summaries_come_in_pages_and_by_range(xray: Any, pileus: Running) -> None:
    for _ in range(3):
        put(xray, *(segment(pileus, new_trace(pileus)) for _ in range(50)))
    assert 150 == len(summaries(xray, pileus))
    later = datetime.fromtimestamp(pileus.now / 1000, UTC) + timedelta(seconds=30)
    assert [] == summaries(xray, pileus, StartTime=later)
    assert 150 == len(summaries(xray, pileus, TimeRangeType="Event"))


def test_ranges_ids_and_tokens_are_checked(xray: Any, pileus: Running) -> None:
    now = datetime.fromtimestamp(pileus.now / 1000, UTC)
    ask = xray.get_trace_summaries
    code = "InvalidRequestException"
    assert code == refusal(ask, StartTime=now, EndTime=now)[0]
    assert code == refusal(ask, StartTime=now - timedelta(days=2), EndTime=now)[0]
    earlier = now - timedelta(hours=1)
    assert code == refusal(ask, StartTime=earlier, EndTime=now, NextToken="?")[0]
    assert code == refusal(xray.batch_get_traces, TraceIds=["nonsense"])[0]
    assert code == refusal(xray.batch_get_traces, TraceIds=[new_trace(pileus)] * 6)[0]
    assert code == refusal(xray.put_trace_segments, TraceSegmentDocuments=["{}"] * 51)[0]


def test_traces_are_kept_for_thirty_days(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    put(xray, segment(pileus, trace_id))
    pileus.advance(29 * DAY)
    assert 1 == len(xray.batch_get_traces(TraceIds=[trace_id])["Traces"])
    pileus.advance(2 * DAY)
    assert [] == xray.batch_get_traces(TraceIds=[trace_id])["Traces"]


def test_the_map_shows_who_called_whom(xray: Any, pileus: Running) -> None:
    trace_id = new_trace(pileus)
    root = segment(pileus, trace_id, origin="AWS::Lambda")
    below = segment(pileus, trace_id, name="bank", parent_id=root["id"], fault=True)
    put(xray, root, below)
    now = datetime.fromtimestamp(pileus.now / 1000, UTC)
    by_range = xray.get_service_graph(
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1)
    )["Services"]
    for services in (by_range, xray.get_trace_graph(TraceIds=[trace_id])["Services"]):
        nodes = {(each["Name"], each["Type"]): each for each in services}
        assert {("shop", "client"), ("shop", "AWS::Lambda"), ("bank", "Service")} == set(nodes)
        (edge,) = nodes["shop", "AWS::Lambda"]["Edges"]
        assert nodes["bank", "Service"]["ReferenceId"] == edge["ReferenceId"]
        assert 1 == edge["SummaryStatistics"]["FaultStatistics"]["TotalCount"]
        assert nodes["shop", "client"]["Root"] is True


RULE = {
    "RuleName": "checkout", "ResourceARN": "*", "Priority": 10, "FixedRate": 0.5,
    "ReservoirSize": 3, "ServiceName": "shop", "ServiceType": "*", "Host": "*",
    "HTTPMethod": "*", "URLPath": "/checkout", "Version": 1,
}  # fmt: skip


def test_sampling_rules_are_kept_and_told_as_targets(xray: Any, pileus: Running) -> None:
    made = xray.create_sampling_rule(SamplingRule=RULE)["SamplingRuleRecord"]["SamplingRule"]
    assert made["RuleARN"].endswith(":sampling-rule/checkout")
    names = [
        each["SamplingRule"]["RuleName"]
        for each in xray.get_sampling_rules()["SamplingRuleRecords"]
    ]
    assert ["checkout", "Default"] == names
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "checkout", "FixedRate": 0.1})
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 1.0})
    document = {
        "ClientID": "0" * 24, "Timestamp": pileus.now / 1000, "RequestCount": 1, "SampledCount": 1
    }  # fmt: skip
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[
            {**document, "RuleName": name} for name in ("checkout", "Default", "other")
        ]
    )
    assert [("checkout", 0.1, 3), ("Default", 1.0, 1)] == [
        (each["RuleName"], each["FixedRate"], each["ReservoirQuota"])
        for each in answer["SamplingTargetDocuments"]
    ]
    assert ["other"] == [each["RuleName"] for each in answer["UnprocessedStatistics"]]
    xray.delete_sampling_rule(RuleName="checkout")
    assert 1 == len(xray.get_sampling_rules()["SamplingRuleRecords"])


def test_what_sampling_rules_refuse(xray: Any) -> None:
    code = "InvalidRequestException"
    xray.create_sampling_rule(SamplingRule=RULE)
    assert code == refusal(xray.create_sampling_rule, SamplingRule=RULE)[0]
    assert code == refusal(xray.delete_sampling_rule, RuleName="none")[0]
    assert code == refusal(xray.delete_sampling_rule, RuleName="Default")[0]
    assert code == refusal(xray.delete_sampling_rule)[0]
    change = {"RuleName": "checkout", "FixedRate": 2.0}
    assert code == refusal(xray.update_sampling_rule, SamplingRuleUpdate=change)[0]
    change = {"RuleName": "Default", "Priority": 1}
    assert code == refusal(xray.update_sampling_rule, SamplingRuleUpdate=change)[0]
    for number in range(24):
        xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": f"rule-{number}"})
    assert "RuleLimitExceededException" == refusal(
        xray.create_sampling_rule, SamplingRule={**RULE, "RuleName": "more"}
    )[0]  # fmt: skip


def test_daemons_may_tell_how_they_are(xray: Any, pileus: Running) -> None:
    answer = xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": pileus.now / 1000}])
    assert 200 == answer["ResponseMetadata"]["HTTPStatusCode"]
