"""Small values of the kernel: ARNs, ids, pagination tokens, tags, quotas, running work."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel import arns, pagination, tags
from pileus.kernel.errors import AwsError
from pileus.kernel.ids import Ids
from pileus.kernel.quotas import Quotas
from pileus.kernel.work import Work

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_an_arn_is_taken_apart_and_put_together() -> None:
    text = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*"
    arn = arns.parse(text)
    assert arn is not None
    assert "log-group:/aws/lambda/f:*" == arn.resource
    assert text == str(arn)


@pytest.mark.parametrize("text", ["", "arn", "arn:aws:sqs", "arn:aws::r:a:x", "x:aws:sqs:r:a:q"])
def test_what_is_no_arn_is_none(text: str) -> None:
    assert arns.parse(text) is None


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_region_decides_the_partition(region: str, partition: str) -> None:
    assert f"arn:{partition}:sqs:{region}:1:q" == arns.build("sqs", region, "1", "q")


def test_the_message_of_an_error_can_always_be_sent() -> None:
    error = AwsError("Code", "grün, and half a pair: \ud800")
    assert ("grün, and half a pair: ?", "Code: grün, and half a pair: ?") == (
        error.message, str(error),
    )  # fmt: skip


def test_uuids_are_of_version_4_and_differ() -> None:
    made = [Ids().uuid() for _ in range(1000)]
    assert all(UUID4.fullmatch(uuid) for uuid in made)
    assert 1000 == len(set(made))


def test_a_seed_fixes_ids() -> None:
    first, second = Ids(seed=4711), Ids(seed=4711)
    assert [first.uuid() for _ in range(300)] == [second.uuid() for _ in range(300)]


def test_hexadecimal_has_the_length_asked_for() -> None:
    assert 7 == len(Ids().hexadecimal(7))


@given(st.text(), st.integers(0, 2**53))
def test_a_pagination_token_gives_its_position_back(name: str, at: int) -> None:
    assert (name, at) == pagination.decode(pagination.encode(name, at), str, int)


@given(st.text(max_size=200))
def test_a_foreign_pagination_token_is_refused(token: str) -> None:
    with pytest.raises(pagination.InvalidToken):
        pagination.decode(token, str, int, str, int)


def test_a_pagination_token_of_other_types_is_refused() -> None:
    with pytest.raises(pagination.InvalidToken):
        pagination.decode(pagination.encode("a", "b"), str, int)


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ({"": "v"}, tags.Problem.KEY),
        ({"k" * 129: "v"}, tags.Problem.KEY),
        ({"aws:k": "v"}, tags.Problem.RESERVED_KEY),
        ({"k": "v" * 257}, tags.Problem.VALUE),
        ({"k": "a<b"}, tags.Problem.VALUE),
        ({str(n): "v" for n in range(51)}, tags.Problem.TOO_MANY),
    ],
)
def test_tags_beyond_awss_limits_are_named(added: dict[str, str], problem: tags.Problem) -> None:
    found = tags.problem({}, added)
    assert found is not None
    assert problem == found[0]


def test_tags_within_awss_limits_are_fine() -> None:
    assert tags.problem({"k": "1"}, {"Grüße": "a b.c:d/e=f+g-h@i_j"}) is None


def test_a_rate_is_enforced_and_refills() -> None:
    quotas = Quotas(is_enforced=True)
    assert [True, True, False] == [quotas.allows("q", 2, now=0) for _ in range(3)]
    assert quotas.allows("q", 2, now=500)


def test_a_rate_keeps_what_was_not_used_where_it_may() -> None:
    quotas = Quotas(is_enforced=True)
    assert quotas.allows("q", 2, now=0, amount=2, holds_seconds=10)
    assert quotas.allows("q", 2, now=60_000, amount=20, holds_seconds=10)
    assert not quotas.allows("q", 2, now=60_000, holds_seconds=10)


def test_relaxed_rates_allow_everything() -> None:
    assert all(Quotas(is_enforced=False).allows("q", 0.001, now=0) for _ in range(100))


def test_idle_is_told_when_the_last_work_ends() -> None:
    async def run() -> tuple[bool, bool]:
        work = Work()
        first, second = work.begin("a test"), work.begin("a test")
        idle = work.idle()
        work.end(first)
        was_idle = idle.done()
        work.end(second)
        return was_idle, idle.done()

    assert (False, True) == asyncio.run(run())


def test_running_work_is_named_apart_from_what_is_not_waited_for() -> None:
    work = Work()
    work.begin("asked from here")
    mine = work.snapshot()
    ended = work.begin("ended")
    work.begin("SendMessage")
    work.end(ended)
    assert (["SendMessage"], ["asked from here", "SendMessage"]) == (work.names(mine), work.names())


def test_work_of_a_snapshot_is_not_waited_for() -> None:
    async def run() -> tuple[bool, bool]:
        work = Work()
        work.begin("a test")
        mine = work.snapshot()
        other = work.begin("a test")
        busy = work.is_idle(mine)
        work.end(other)
        return busy, work.is_idle(mine)

    assert (False, True) == asyncio.run(run())
