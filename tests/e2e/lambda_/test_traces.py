"""Traces of functions: sampled or not, with segments, and on through queues, topics and buses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pileus.kernel.fleet import LogLine
from support.lambdas import Functions, RunningLambda, log_lines

ROOT = "1-5f84c7a9-0000000000000000000000aa"
HEADER = f"Root={ROOT};Parent=00000000000000bb;Sampled=1"
ACTIVE = {"TracingConfig": {"Mode": "Active"}}


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def handler(seen: list[str]) -> Any:
    def handle(event: Any, context: Any) -> Any:
        # How often it has run on the way here is counted too.
        seen.append(context.trace_id.partition(";Lineage=")[0])
        return {}

    return handle


def root_of(header: str) -> str:
    return header.split(";")[0].removeprefix("Root=")


def documents(aws: Any, trace_id: str) -> dict[str, Any]:
    """The segments of a trace by what they are of."""
    traces = aws("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    found = [json.loads(each["Document"]) for trace in traces for each in trace["Segments"]]
    return {each["origin"]: each for each in found}


def with_header(client: Any, header: str) -> Any:
    """The client, whose next requests carry a trace header."""

    def add(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = header

    client.meta.events.register("before-sign", add, unique_id="trace")
    return client


@pytest.fixture
def traced(pileus: RunningLambda, account: str) -> Any:
    """`traced("sqs")`: a client of its own, whose requests carry HEADER."""
    made = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = with_header(
                pileus.client(service, account=account, user_agent_extra="traced"), HEADER
            )
        return made[service]

    return client


def test_an_active_function_sends_segments(
    functions: Functions, aws: Any, handler: Any, seen: list[str], pileus: RunningLambda
) -> None:
    name = functions.create(handler, **ACTIVE)
    functions.invoke(name)
    pileus.idle()
    assert seen[0].endswith(";Sampled=1")
    found = documents(aws, root_of(seen[0]))
    service, function = found["AWS::Lambda"], found["AWS::Lambda::Function"]
    assert f"Parent={function['id']}" in seen[0]
    assert service["id"] == function["parent_id"]
    assert "parent_id" not in service
    assert ["Initialization", "Invocation", "Overhead"] == [
        each["name"] for each in function["subsegments"]
    ]
    assert functions.arn(name) == function["aws"]["function_arn"]
    report = next(line for line in log_lines(aws("logs"), name) if line.startswith("REPORT"))
    told = f"\nXRAY TraceId: {root_of(seen[0])}\tSegmentId: {function['id']}\tSampled: true\t\n"
    assert report.endswith(told)


def test_the_first_request_of_a_second_is_sampled(
    functions: Functions, handler: Any, seen: list[str], pileus: RunningLambda
) -> None:
    name = functions.create(handler, **ACTIVE)
    for _ in range(2):
        functions.invoke(name)
        pileus.advance(1)
    assert [True, True] == [each.endswith("Sampled=1") for each in seen]
    for _ in range(30):
        functions.invoke(name)
    assert any(each.endswith("Sampled=0") for each in seen[3:])


def test_a_passive_function_is_traced_where_the_caller_says_so(
    functions: Functions, aws: Any, handler: Any, seen: list[str], traced: Any,
    pileus: RunningLambda,
) -> None:  # fmt: skip
    name = functions.create(handler)
    functions.invoke(name)
    assert seen[0].endswith(";Sampled=0")
    assert {} == documents(aws, root_of(seen[0]))
    traced("lambda").invoke(FunctionName=name)
    pileus.idle()
    assert seen[1].startswith(f"Root={ROOT};Parent=") and seen[1].endswith(";Sampled=1")
    # X-Ray refuses what is older than thirty days, as this trace's id is.
    assert {} == documents(aws, ROOT)


def test_an_active_function_heeds_a_caller_that_is_not_sampled(
    functions: Functions, handler: Any, seen: list[str], pileus: RunningLambda, account: str
) -> None:
    name = functions.create(handler, **ACTIVE)
    header = f"Root={ROOT};Sampled=0"
    client = pileus.client("lambda", account=account, user_agent_extra="unsampled")
    with_header(client, header).invoke(FunctionName=name)
    assert [header] == seen


def test_errors_and_throttles_stand_in_the_trace(
    functions: Functions, aws: Any, pileus: RunningLambda, account: str
) -> None:
    def fail(event: Any, context: Any) -> Any:
        raise ValueError("no such luck")

    header = f"Root=1-{pileus.now // 1000:08x}-{'0' * 22}cc;Sampled=1"
    client = with_header(
        pileus.client("lambda", account=account, user_agent_extra="failing"), header
    )
    name = functions.create(fail)
    client.invoke(FunctionName=name)
    pileus.idle()
    function = documents(aws, root_of(header))["AWS::Lambda::Function"]
    assert function["fault"] is True
    (told,) = function["cause"]["exceptions"]
    assert ("ValueError", "no such luck") == (told["type"], told["message"])
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName=name)
    pileus.idle()
    (summary,) = aws("xray").get_trace_summaries(
        StartTime=pileus.now / 1000 - 60, EndTime=pileus.now / 1000 + 60
    )["TraceSummaries"]
    assert (True, True) == (summary["HasFault"], summary["HasThrottle"])


def test_an_asynchronous_event_stays_in_its_trace(
    functions: Functions, handler: Any, seen: list[str], traced: Any, pileus: RunningLambda
) -> None:
    name = functions.create(handler)
    traced("lambda").invoke(FunctionName=name, InvocationType="Event")
    pileus.idle()
    assert [ROOT] == [root_of(each) for each in seen]


def test_a_message_hands_its_trace_on_to_the_function(
    functions: Functions, aws: Any, handler: Any, seen: list[str], traced: Any,
    pileus: RunningLambda,
) -> None:  # fmt: skip
    url = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{functions.account}:q"
    functions.client.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=functions.create(handler)
    )
    traced("sqs").send_message(QueueUrl=url, MessageBody="m")
    pileus.advance(1)
    assert [ROOT] == [root_of(each) for each in seen]
    assert seen[0].endswith("Sampled=1")


def test_topics_and_buses_hand_the_trace_on(
    functions: Functions, aws: Any, handler: Any, seen: list[str], traced: Any,
    pileus: RunningLambda,
) -> None:  # fmt: skip
    arn = functions.arn(functions.create(handler))
    topic = aws("sns").create_topic(Name="t")["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    traced("sns").publish(TopicArn=topic, Message="m")
    pileus.idle()
    aws("events").put_rule(Name="r", EventPattern='{"source": ["s"]}')
    aws("events").put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    traced("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])
    pileus.idle()
    assert [ROOT, ROOT] == [root_of(each) for each in seen]


def test_what_a_function_sends_to_the_daemon_is_in_its_trace(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    seen = []
    pileus.advance(1)
    now = pileus.now / 1000

    def handle(event: Any, context: Any) -> Any:
        root, parent, *_ = (each.partition("=")[2] for each in context.trace_id.split(";"))
        seen.append(root)
        segment = {
            "type": "subsegment", "id": "00000000000000dd", "trace_id": root, "parent_id": parent,
            "name": "work", "start_time": now, "end_time": now,
        }  # fmt: skip
        environment = pileus.fleet.alive[context.spec.environment_id]
        environment.on_output([LogLine(0, json.dumps(segment), is_segment=True)])
        return {}

    answer = functions.invoke(functions.create(handle, **ACTIVE))
    assert {} == json.loads(answer["Payload"])
    pileus.idle()
    below = documents(aws, seen[0])["AWS::Lambda::Function"]["subsegments"]
    assert "work" in [each["name"] for each in below]
