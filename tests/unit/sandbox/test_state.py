"""What a host keeps: user ids and merged layers; and the filter that it puts over functions."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pileus.sandbox.isolation import seccomp
from pileus.sandbox.packages import layers
from pileus.sandbox.runtimes.interpreters import Interpreter
from pileus.sandbox.runtimes.libraries import node_libraries
from pileus.sandbox.uids import FIRST_UID, UidTable


def test_a_function_keeps_its_user_id(tmp_path: Path) -> None:
    table = UidTable(tmp_path / "uids")
    assert [FIRST_UID, FIRST_UID + 1, FIRST_UID] == [table.uid_of(arn) for arn in "aba"]
    again = UidTable(tmp_path / "uids")
    assert [FIRST_UID + 1, FIRST_UID, FIRST_UID + 2] == [again.uid_of(arn) for arn in "bac"]


def layer(directory: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return str(directory)


def found(directory: Path) -> dict[str, str]:
    return {
        str(each.relative_to(directory)): each.read_text()
        for each in directory.rglob("*")
        if each.is_file()
    }


def test_later_layers_cover_earlier_ones(tmp_path: Path) -> None:
    first = layer(tmp_path / "1", {"a": "1", "d/b": "1", "d/c": "1"})
    second = layer(tmp_path / "2", {"a": "2", "d/b": "2", "e/f": "2"})
    merged = layers.merged((first, second), tmp_path / "merged")
    assert {"a": "2", "d/b": "2", "d/c": "1", "e/f": "2"} == found(merged)


def test_merging_leaves_the_layers_alone_and_copies_nothing(tmp_path: Path) -> None:
    first, second = layer(tmp_path / "1", {"a": "1"}), layer(tmp_path / "2", {"a": "2", "b": "2"})
    merged = layers.merged((first, second), tmp_path / "merged")
    assert ({"a": "1"}, {"a": "2", "b": "2"}) == (found(tmp_path / "1"), found(tmp_path / "2"))
    assert (tmp_path / "2" / "b").stat().st_ino == (merged / "b").stat().st_ino


def test_a_merge_is_made_once_and_order_counts(tmp_path: Path) -> None:
    first, second = layer(tmp_path / "1", {"a": "1"}), layer(tmp_path / "2", {"a": "2"})
    directory = tmp_path / "merged"
    merged = layers.merged((first, second), directory)
    assert merged == layers.merged((first, second), directory)
    assert {"a": "1"} == found(layers.merged((second, first), directory))


def test_a_file_covers_a_directory_and_the_other_way_round(tmp_path: Path) -> None:
    first = layer(tmp_path / "1", {"x/deep": "1", "y": "1"})
    second = layer(tmp_path / "2", {"x": "2", "y/deep": "2"})
    merged = layers.merged((first, second), tmp_path / "merged")
    assert {"x": "2", "y/deep": "2"} == found(merged)


def test_an_interrupted_merge_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".left" / "deep").mkdir(parents=True)
    layers.sweep(tmp_path)
    assert [] == list(tmp_path.iterdir())


LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOWED, KILLED = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97


def verdict(machine: str, architecture: int, number: int, argument: int = 0) -> int:
    """Run the filter as the kernel would: what it returns for a call."""
    code = seccomp.program(machine)
    lines = [struct.unpack_from("HBBI", code, place) for place in range(0, len(code), 8)]
    data = {0: number, 4: architecture, 16: argument}
    place = accumulator = 0
    while True:
        operation, if_true, if_false, value = lines[place]
        place += 1
        if operation == RETURN:
            return int(value)
        if operation == LOAD:
            accumulator = data[value]
            continue
        holds = {
            JUMP_EQUAL: accumulator == value,
            JUMP_AT_LEAST: accumulator >= value,
            JUMP_BITS: bool(accumulator & value),
        }[operation]
        place += if_true if holds else if_false


@pytest.mark.parametrize(
    ("number", "argument", "expected"),
    [
        (0, 0, ALLOWED),  # read
        (165, 0, EPERM),  # mount
        (56, 17, ALLOWED),  # clone as fork does it
        (56, 0x10000000, EPERM),  # clone with a user namespace
        (56, 0x00020000, EPERM),  # clone with a mount namespace
        (435, 0, ENOSYS),  # clone3
        (41, 2, ALLOWED),  # socket AF_INET
        (41, 1, ALLOWED),  # socket AF_UNIX
        (41, 40, EAFNOSUPPORT),  # socket AF_VSOCK
        (0x40000000 | 165, 0, ENOSYS),  # mount by another door
    ],
)
def test_the_filter_lets_through_what_it_should(number: int, argument: int, expected: int) -> None:
    assert expected & 0xFFFF == verdict("x86_64", 0xC000003E, number, argument) & 0xFFFF


def test_calls_of_another_architecture_end_the_process() -> None:
    assert KILLED == verdict("x86_64", 0x40000003, 0)


@pytest.mark.parametrize(
    ("number", "argument", "expected"),
    [(63, 0, ALLOWED), (40, 0, EPERM), (220, 17, ALLOWED), (220, 0x20000000, EPERM),
     (435, 0, ENOSYS), (198, 2, ALLOWED), (198, 40, EAFNOSUPPORT)],
)  # fmt: skip
def test_the_filter_knows_aarch64(number: int, argument: int, expected: int) -> None:
    assert expected & 0xFFFF == verdict("aarch64", 0xC00000B7, number, argument) & 0xFFFF


def test_node_functions_find_an_installed_sdk_and_nothing_beside_it(tmp_path: Path) -> None:
    for name in ("@aws-sdk/client-sqs", "npm", "left-pad"):
        (tmp_path / "lib" / "node_modules" / name).mkdir(parents=True)
    node = Interpreter("node", (20, 1), str(tmp_path / "bin" / "node"), str(tmp_path))
    expected = {"node_modules/@aws-sdk": str(tmp_path / "lib" / "node_modules" / "@aws-sdk")}
    assert expected == node_libraries(node, "")
    assert expected == node_libraries(node, str(tmp_path / "absent"))
    other = str(tmp_path / "lib")
    assert {"node_modules": other} == node_libraries(node, other)
