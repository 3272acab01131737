"""What schedules do when they are due, by the virtual clock."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from e2e.scheduler.asking import Asking
from support.refusals import Refusal, refusal

HOUR = 3600


def sent_at(asking: Asking, messages: list[dict[str, Any]], since: int) -> list[int]:
    """Seconds after an instant at which messages were sent, in order."""
    stamps = [int(message["Attributes"]["SentTimestamp"]) for message in messages]
    return sorted((stamp - since) // 1000 for stamp in stamps)


def test_a_one_time_schedule_runs_once_and_stays(asking: Asking) -> None:
    since = asking.pileus.now // 1000 * 1000
    asking.create()
    asking.pileus.advance(3 * HOUR)
    assert [HOUR] == sent_at(asking, asking.received(), since)
    assert "ENABLED" == asking.client.get_schedule(Name="s")["State"]


def test_a_one_time_schedule_of_the_past_does_not_run(asking: Asking) -> None:
    asking.create(expression=asking.at(-HOUR))
    asking.pileus.advance(HOUR)
    assert [] == asking.bodies()


def test_a_rate_begins_at_once_and_goes_on(asking: Asking) -> None:
    since = asking.pileus.now
    asking.create(expression="rate(20 minutes)")
    asking.pileus.advance(HOUR)
    assert [0, 1200, 2400, 3600] == sent_at(asking, asking.received(), since)
    asking.client.delete_schedule(Name="s")


def test_a_rate_is_counted_from_its_start_to_its_end(asking: Asking) -> None:
    since = asking.pileus.now // 1000 * 1000
    asking.create(
        expression="rate(20 minutes)", StartDate=asking.now + timedelta(minutes=5),
        EndDate=asking.now + timedelta(minutes=50),
    )  # fmt: skip
    asking.pileus.advance(2 * HOUR)
    assert [300, 1500, 2700] == sent_at(asking, asking.received(), since)


def test_cron_runs_on_the_minute(asking: Asking) -> None:
    due = asking.now.replace(second=0) + timedelta(minutes=7)
    asking.create(expression=f"cron({due.minute} {due.hour} * * ? *)")
    asking.pileus.advance(2 * 24 * HOUR)
    stamps = [int(each["Attributes"]["SentTimestamp"]) // 1000 for each in asking.received()]
    first = int(due.timestamp())
    assert [first, first + 24 * HOUR] == sorted(stamps)
    asking.client.delete_schedule(Name="s")


def test_a_disabled_schedule_rests_until_it_is_enabled(asking: Asking) -> None:
    since = asking.pileus.now
    given = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    asking.create(expression="rate(1 hour)", State="DISABLED")
    asking.pileus.advance(HOUR // 2)
    asking.client.update_schedule(Name="s", Target=asking.target(), **given)
    asking.pileus.advance(HOUR)
    assert [1800, 5400] == sent_at(asking, asking.received(), since)
    asking.client.update_schedule(Name="s", Target=asking.target(), State="DISABLED", **given)
    asking.pileus.advance(3 * HOUR)
    assert [] == asking.bodies()


def test_a_change_of_the_input_keeps_the_rhythm(asking: Asking) -> None:
    asking.create(expression="rate(1 hour)")
    asking.pileus.advance(HOUR // 2)
    asking.client.update_schedule(
        Name="s", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
        Target=asking.target(Input="new"),
    )  # fmt: skip
    asking.pileus.advance(HOUR // 2)
    assert ["ring", "new"] == asking.bodies()
    asking.client.delete_schedule(Name="s")


def test_a_flexible_schedule_runs_within_its_window(asking: Asking) -> None:
    since = asking.pileus.now // 1000 * 1000
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    for number in range(10):
        asking.create(
            f"s{number}", expression=asking.at(HOUR), FlexibleTimeWindow=window,
            target={"Input": "<aws.scheduler.scheduled-time>"},
        )  # fmt: skip
    scheduled = (asking.now + timedelta(seconds=HOUR)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asking.pileus.advance(2 * HOUR)
    found = asking.received()
    seconds = sent_at(asking, found, since)
    assert 10 == len(seconds)
    assert all(HOUR <= second < HOUR + 1800 for second in seconds)
    assert 1 < len(set(seconds))
    assert {scheduled} == {message["Body"] for message in found}


def test_the_input_tells_of_its_run(asking: Asking) -> None:
    text = json.dumps(
        {
            "arn": "<aws.scheduler.schedule-arn>",
            "at": "<aws.scheduler.scheduled-time>",
            "id": "<aws.scheduler.execution-id>",
            "number": "<aws.scheduler.attempt-number>",
            "other": "<aws.scheduler.other>",
        }
    )
    due = asking.now + timedelta(seconds=HOUR)
    asking.create(target={"Input": text})
    asking.pileus.advance(HOUR)
    [body] = asking.bodies()
    found = json.loads(body)
    assert 16 == len(found.pop("id"))
    assert {
        "arn": asking.arn("schedule/default/s"),
        "at": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "number": "1",
        "other": "<aws.scheduler.other>",
    } == found


def test_a_target_without_input_gets_an_event(asking: Asking) -> None:
    due = asking.now + timedelta(seconds=HOUR)
    asking.create(Target={"Arn": asking.arn("q", "sqs"), "RoleArn": asking.role})
    asking.pileus.advance(HOUR)
    [body] = asking.bodies()
    found = json.loads(body)
    assert 16 == len(found.pop("id"))
    assert {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": asking.account,
        "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [asking.arn("schedule/default/s")],
        "detail": "{}",
    } == found


def test_a_fifo_queue_gets_a_group(asking: Asking) -> None:
    url = asking.queue("f.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    target = {"Arn": asking.arn("f.fifo", "sqs"), "SqsParameters": {"MessageGroupId": "g"}}
    asking.create(target=target)
    asking.pileus.advance(HOUR)
    [message] = asking.received(url)
    assert ("ring", "g") == (message["Body"], message["Attributes"]["MessageGroupId"])
    found = refusal(asking.create, name="n", target={"Arn": target["Arn"]})
    expected = "Parameters SqsParameters must be specified."
    assert Refusal("ValidationException", expected, 400) == found


def test_a_schedule_may_go_after_its_last_run(asking: Asking) -> None:
    asking.create("once", ActionAfterCompletion="DELETE")
    end = asking.now + timedelta(minutes=90)
    for name, action in (("often", "DELETE"), ("kept", "NONE")):
        asking.create(
            name, expression="rate(1 hour)", EndDate=end, ActionAfterCompletion=action,
            target={"Input": name},
        )  # fmt: skip
    asking.pileus.advance(HOUR - 1)
    assert ["kept", "often", "once"] == asking.names()
    asking.pileus.advance(1)
    assert ["kept"] == asking.names()
    assert ["kept", "kept", "often", "often", "ring"] == sorted(asking.bodies())


def test_many_run_in_their_order_and_once(asking: Asking) -> None:
    base = asking.now
    for number in range(100):
        at = base + timedelta(minutes=1 + (number * 37) % 100)
        asking.create(
            f"s{number}", expression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            target={"Input": f"{(number * 37) % 100:02}"},
        )  # fmt: skip
    asking.pileus.advance(2 * HOUR)
    messages = asking.received()
    stamp = [(int(each["Attributes"]["SentTimestamp"]), each["Body"]) for each in messages]
    assert [f"{number:02}" for number in range(100)] == [body for _, body in sorted(stamp)]


def test_times_are_of_the_schedules_zone(asking: Asking) -> None:
    local = asking.now + timedelta(hours=10)
    expression = f"at({local:%Y-%m-%dT%H:%M:%S})"
    asking.create(expression=expression, ScheduleExpressionTimezone="Asia/Tokyo")
    asking.pileus.advance(HOUR)
    [message] = asking.received()
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, local.tzinfo)
    assert local - timedelta(hours=9) == sent
