"""Access key ids tell their account; issued keys are remembered within bounds."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel import access
from pileus.kernel.access import IssuedKeys, Key, account_of_key, is_key_id, new_key_id
from pileus.kernel.ids import Ids


@given(st.integers(0, 10**12 - 1), st.sampled_from([access.LONG_TERM, access.TEMPORARY]))
def test_an_id_tells_its_account(number: int, prefix: str) -> None:
    account = f"{number:012d}"
    made = new_key_id(Ids(1), prefix, account)
    assert is_key_id(made)
    assert account == account_of_key(made)


@given(st.text(max_size=24))
def test_other_texts_tell_none(text: str) -> None:
    assert account_of_key(text) is None or is_key_id(text)


def test_ids_differ() -> None:
    ids = Ids(7)
    assert 1_000 == len({new_key_id(ids, access.LONG_TERM, "123456789012") for _ in range(1_000)})


def test_a_key_is_read_once_and_again_after_a_change() -> None:
    asked: list[str] = []
    wanted = new_key_id(Ids(1), access.TEMPORARY, "123456789012")

    async def read(access_key_id: str) -> Key | None:
        asked.append(access_key_id)
        return Key(f"secret-{len(asked)}", "123456789012", "arn")

    async def story() -> list[str | None]:
        keys = IssuedKeys()
        keys.add(access.TEMPORARY, read)
        seen: list[str | None] = []
        for _ in range(2):
            if keys.must_load(wanted):
                await keys.load_key(wanted)
            found = keys.find_key(wanted)
            seen.append(found and found.secret)
        keys.forget(wanted)
        assert keys.must_load(wanted)
        await keys.load_key(wanted)
        found = keys.find_key(wanted)
        return [*seen, found and found.secret]

    assert ["secret-1", "secret-1", "secret-2"] == asyncio.run(story())
    assert 2 == len(asked)


def test_that_there_is_no_key_is_remembered_too() -> None:
    wanted = new_key_id(Ids(1), access.LONG_TERM, "123456789012")

    async def read(access_key_id: str) -> Key | None:
        return None

    async def story() -> tuple[bool, bool]:
        keys = IssuedKeys()
        assert not keys.must_load(wanted)
        keys.add(access.LONG_TERM, read)
        before = keys.must_load(wanted)
        await keys.load_key(wanted)
        return before, keys.must_load(wanted)

    assert (True, False) == asyncio.run(story())


def test_the_oldest_keys_are_forgotten_first() -> None:
    keys = IssuedKeys()
    key = Key("s", "1", "arn")
    for number in range(20_001):
        keys.put(str(number), key)
    assert keys.find_key("0") is None
    assert key == keys.find_key("1")
