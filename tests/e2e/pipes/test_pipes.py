"""Pipes by boto3: made, described, changed, started, stopped, deleted, listed, tagged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.pipes.piping import Piping
from pileus.services.pipes import pipes
from support.refusals import Refusal, refusal
from support.running import Running


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message, 400)


def missing(name: str) -> Refusal:
    return Refusal("NotFoundException", f"Pipe {name} does not exist.", 404)


def test_a_pipe_shows_what_it_was_told(piping: Piping) -> None:
    log_configuration = {
        "Level": "ERROR",
        "CloudwatchLogsLogDestination": {"LogGroupArn": piping.arn("log-group:g", "logs")},
    }
    given: dict[str, Any] = {
        "Description": "carries",
        "SourceParameters": {
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["a"]}'}]},
            "SqsQueueParameters": {"BatchSize": 5},
        },
        "Enrichment": piping.arn("function:f", "lambda"),
        "EnrichmentParameters": {"InputTemplate": "<$.body>"},
        "TargetParameters": {"InputTemplate": '{"a": <$.body>}'},
        "KmsKeyIdentifier": "k",
        "LogConfiguration": log_configuration,
        "Tags": {"k": "v"},
    }
    made = piping.create(DesiredState="STOPPED", **given)
    assert ("p", piping.arn("pipe/p", "pipes"), "STOPPED", "CREATING") == (
        made["Name"], made["Arn"], made["DesiredState"], made["CurrentState"],
    )  # fmt: skip
    found = piping.client.describe_pipe(Name="p")
    assert given == {name: found[name] for name in given}
    assert ("STOPPED", "STOPPED", piping.arn("q"), piping.arn("t"), piping.role) == (
        found["DesiredState"], found["CurrentState"], found["Source"], found["Target"],
        found["RoleArn"],
    )  # fmt: skip


def test_a_queue_has_batches_of_ten_unless_told_otherwise(piping: Piping) -> None:
    piping.create()
    found = piping.client.describe_pipe(Name="p")
    assert {"SqsQueueParameters": {"BatchSize": 10}} == found["SourceParameters"]
    assert ("RUNNING", "RUNNING") == (found["DesiredState"], found["CurrentState"])


def test_a_name_is_taken_once(piping: Piping) -> None:
    piping.create()
    assert Refusal("ConflictException", "Pipe p already exists.", 409) == refusal(piping.create)


def test_an_account_has_so_many_pipes_where_limits_are_aws(
    piping: Piping, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 1_000 == pipes.PIPES_MAX
    monkeypatch.setattr(pipes, "PIPES_MAX", 2)
    piping.create("p1")
    piping.create("p2")
    monkeypatch.setattr(piping.pileus.app.kernel.quotas, "is_enforced", True)
    expected = Refusal(
        "ServiceQuotaExceededException",
        "The account has 2 pipes, which is the most that it may have.",
        402,
    )
    assert expected == refusal(piping.create, name="p3")
    assert Refusal("ConflictException", "Pipe p2 already exists.", 409) == refusal(
        piping.create, name="p2"
    )
    piping.client.delete_pipe(Name="p1")
    piping.idle()
    assert "CREATING" == piping.create("p3")["CurrentState"]


def test_a_pipe_that_is_not_there(piping: Piping) -> None:
    client = piping.client
    for ask in (client.describe_pipe, client.start_pipe, client.stop_pipe, client.delete_pipe):
        assert missing("p") == refusal(ask, Name="p")
    assert missing("p") == refusal(client.update_pipe, Name="p", RoleArn=piping.role)
    arn = piping.arn("pipe/p", "pipes")
    assert missing("p") == refusal(client.list_tags_for_resource, resourceArn=arn)


def test_a_stopped_pipe_leaves_messages_and_a_started_one_takes_them(piping: Piping) -> None:
    piping.create(TargetParameters={"InputTemplate": "<$.body>"})
    assert "STOPPING" == piping.client.stop_pipe(Name="p")["CurrentState"]
    assert "STOPPED" == piping.client.describe_pipe(Name="p")["CurrentState"]
    piping.send("a")
    assert ([], 1) == (piping.bodies(), piping.left())
    assert "STARTING" == piping.client.start_pipe(Name="p")["CurrentState"]
    assert (['"a"'], 0) == (piping.bodies(), piping.left())


def test_a_deleted_pipe_takes_nothing(piping: Piping) -> None:
    piping.create(Tags={"k": "v"})
    gone = piping.client.delete_pipe(Name="p")
    assert ("DELETED", "DELETING") == (gone["DesiredState"], gone["CurrentState"])
    assert missing("p") == refusal(piping.client.describe_pipe, Name="p")
    piping.send("a")
    assert ([], 1) == (piping.bodies(), piping.left())
    piping.create()
    assert {} == piping.client.describe_pipe(Name="p").get("Tags", {})


def test_an_update_changes_what_it_names(piping: Piping) -> None:
    other = piping.queue("other")
    piping.create(
        Description="before", TargetParameters={"InputTemplate": "<$.body>"},
        SourceParameters={"SqsQueueParameters": {"BatchSize": 3}},
    )  # fmt: skip
    answer = piping.client.update_pipe(
        Name="p", RoleArn=piping.role, Target=piping.arn("other"),
        TargetParameters={"InputTemplate": "new <$.body>"},
    )  # fmt: skip
    found = piping.client.describe_pipe(Name="p")
    assert ("UPDATING", "before", {"SqsQueueParameters": {"BatchSize": 3}}) == (
        answer["CurrentState"], found["Description"], found["SourceParameters"],
    )  # fmt: skip
    piping.send("a")
    assert (['new "a"'], []) == (piping.bodies(other), piping.bodies())
    piping.client.update_pipe(Name="p", RoleArn=piping.role, TargetParameters={"InputTemplate": ""})
    piping.send("b")
    [body] = piping.bodies(other)
    assert '"body":"b"' in body


def test_lists_by_prefix_state_and_ends(piping: Piping) -> None:
    piping.create("a1")
    piping.create("a2", DesiredState="STOPPED")
    piping.create("b", Target=piping.arn("t2"))

    def names(**asked: Any) -> list[str]:
        return [pipe["Name"] for pipe in piping.client.list_pipes(**asked)["Pipes"]]

    assert ["a1", "a2", "b"] == names()
    assert ["a1", "a2"] == names(NamePrefix="a")
    assert ["a2"] == names(DesiredState="STOPPED")
    assert ["a1", "b"] == names(CurrentState="RUNNING")
    assert ["b"] == names(TargetPrefix=piping.arn("t2"))
    assert ["a1", "a2", "b"] == names(SourcePrefix=piping.arn("q"))
    first = piping.client.list_pipes(Limit=2)
    assert ["b"] == names(NextToken=first["NextToken"])
    found = refusal(piping.client.list_pipes, NextToken="?")
    assert invalid("Invalid NextToken provided.") == found


def test_tags(piping: Piping) -> None:
    arn = piping.create(Tags={"a": "1"})["Arn"]
    client = piping.client
    client.tag_resource(resourceArn=arn, tags={"a": "2", "b": "3"})
    client.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert {"a": "2"} == client.list_tags_for_resource(resourceArn=arn)["tags"]
    found = refusal(client.tag_resource, resourceArn=arn, tags={"aws:x": "1"})
    assert invalid("The tag aws:x is not valid.") == found
    many = {f"k{number}": "v" for number in range(50)}
    found = refusal(client.tag_resource, resourceArn=arn, tags=many)
    assert invalid("A resource can have at most 50 tags.") == found


def test_the_role_must_be_there_and_trust_pipes(piping: Piping) -> None:
    expected = invalid("The role must be there and allow pipes.amazonaws.com to assume it.")
    role = f"arn:aws:iam::{piping.account}:role/none"
    assert expected == refusal(piping.create, RoleArn=role)


@pytest.mark.parametrize(
    ("member", "resource", "service", "status"),
    [
        ("Source", "cluster/c/1", "kafka", 501),
        ("Source", "table/t", "dynamodb", 400),
        ("Source", "topic", "sns", 400),
        ("Target", "stateMachine:m", "states", 501),
        ("Target", "deliverystream/s", "firehose", 501),
        ("Target", "api-destination/d/1", "events", 501),
        ("Target", "user/u", "iam", 400),
        ("Enrichment", "stateMachine:m", "states", 501),
        ("Enrichment", "api-destination/d/1", "events", 501),
        ("Enrichment", "queue", "sqs", 400),
    ],
)
def test_what_cannot_be_and_what_is_not_built(
    piping: Piping, member: str, resource: str, service: str, status: int
) -> None:
    arn = piping.arn(resource, service)
    found = refusal(piping.create, **{member: arn})
    message = f"{member} {arn} is not supported."
    if member == "Enrichment":
        message = "Invalid pipe enrichment."
    if status == 501:
        message = (
            f"The pipes operation CreatePipe, member {member} ({service}), is not implemented."
        )
    code = "ValidationException" if status == 400 else "NotImplemented"
    assert Refusal(code, message, status) == found


def test_settings_that_do_not_go_together(piping: Piping) -> None:
    def refused(**members: Any) -> str:
        found = refusal(piping.create, **members)
        assert "ValidationException" == found.code
        return found.message

    def queue(**members: int) -> dict[str, Any]:
        return {"SourceParameters": {"SqsQueueParameters": members}}

    function = {"Target": piping.arn("function:f", "lambda")}
    too_large = "The configured batch size 11 is greater than the max supported batch size 10."
    assert too_large == refused(**queue(BatchSize=11))
    assert (
        "MaximumBatchingWindowInSeconds must be at least 1 where BatchSize is larger than 10."
    ) == refused(**function, **queue(BatchSize=11))
    fifo = {"Source": piping.arn("q.fifo")}
    assert "MaximumBatchingWindowInSeconds cannot be provided for a FIFO queue." == refused(
        **fifo, **queue(MaximumBatchingWindowInSeconds=1)
    )
    assert too_large == refused(**fifo, **function, **queue(BatchSize=11))

    def fields(name: str, message: str) -> dict[str, Any]:
        return {"ValidationErrorFields": [{"Name": name, "Message": message}]}

    assert fields(
        "TargetParameters.SqsQueueParameters.MessageGroupId", "Missing required parameter."
    ) == json.loads(refused(Target=piping.arn("t.fifo")))
    assert fields(
        "TargetParameters.KinesisStreamParameters.PartitionKey", "Missing required parameter."
    ) == json.loads(refused(Target=piping.arn("stream/s", "kinesis")))
    stream = {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}
    assert fields(
        "KinesisStreamParameters", "Invalid source parameter provided for source."
    ) == json.loads(refused(SourceParameters=stream))
    stream = {"KinesisStreamParameters": {"PartitionKey": "k"}}
    assert fields(
        "KinesisStreamParameters", "Invalid target parameter provided for target."
    ) == json.loads(refused(TargetParameters=stream))
    elsewhere = "arn:aws:sqs:eu-west-1:123456789012:q"
    for member in ("Source", "Target"):
        expected = "Creating cross-region pipe is not permitted."
        assert expected == refused(**{member: elsewhere})
    expected = "SNS FIFO topics are not supported as a pipe target."
    assert expected == refused(Target=piping.arn("t.fifo", "sns"))
    expected = "Must provide at least 1 log destination in LogConfiguration."
    assert expected == refused(LogConfiguration={"Level": "INFO"})
    pattern = {"FilterCriteria": {"Filters": [{"Pattern": '{"body": "a"}'}]}}
    assert refused(SourceParameters=pattern).startswith(
        'Invalid Event Pattern. Reason: "body" must be an object or an array'
    )
    expected = "Invalid json path reference or predefined variable for placeholder."
    assert expected == refused(TargetParameters={"InputTemplate": "<aws.pipes.wrong>"})
    logs = {"Target": piping.arn("log-group:g", "logs")}
    assert "NotImplemented" == refusal(piping.create, **logs).code
    endpoint = {"EventBridgeEventBusParameters": {"EndpointId": "abcde.veo"}}
    bus = {"Target": piping.arn("event-bus/default", "events"), "TargetParameters": endpoint}
    assert "NotImplemented" == refusal(piping.create, **bus).code
    http = {"HttpParameters": {"PathParameterValues": ["a"]}}
    assert "HttpParameters does not fit the enrichment of the pipe." == refused(
        Enrichment=piping.arn("function:f", "lambda"), EnrichmentParameters=http
    )


def test_tags_of_what_is_no_pipe_of_the_account(piping: Piping) -> None:
    arn = f"arn:aws:pipes:us-east-1:{piping.account[::-1]}:pipe/p"
    assert missing("p") == refusal(piping.client.list_tags_for_resource, resourceArn=arn)


def test_a_change_takes_its_time_where_delays_are_played(tmp_path: Path, account: str) -> None:
    running = Running(tmp_path, aws_delays=True).start()
    try:
        running.freeze()
        piping = Piping(running, lambda name: running.client(name, account=account), account)
        assert "CREATING" == piping.create()["CurrentState"]
        assert Refusal(
            "ConflictException", "Pipe p cannot be changed while it is CREATING.", 409
        ) == refusal(piping.client.stop_pipe, Name="p")
        running.advance(10)
        assert "RUNNING" == piping.client.describe_pipe(Name="p")["CurrentState"]
        assert "DELETING" == piping.client.delete_pipe(Name="p")["CurrentState"]
        running.advance(10)
        assert missing("p") == refusal(piping.client.describe_pipe, Name="p")
    finally:
        running.stop()
