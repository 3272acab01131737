"""Packages: what is unpacked, and which hostile ones are refused before they do harm."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from pileus.kernel.fleet import BadPackage, PackageTooLarge
from pileus.sandbox.packages import packages

REGULAR = stat.S_IFREG | 0o644
LINK = stat.S_IFLNK | 0o777


def zipped(*entries: tuple[str, bytes, int], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            # Without any attribute, zipfile would make some up.
            entry.external_attr = mode << 16 | 0x20
            entry.compress_type = compression
            archive.writestr(entry, content)
    return buffer.getvalue()


def unpacked(directory: Path, *entries: tuple[str, bytes, int]) -> Path:
    return Path(packages.unpack("digest", zipped(*entries), directory).code_path)


def test_files_are_unpacked_with_their_modes_and_readable(tmp_path: Path) -> None:
    place = unpacked(
        tmp_path,
        ("app.py", b"code", REGULAR),
        ("bin/", b"", stat.S_IFDIR | 0o700),
        ("bin/run", b"#!", stat.S_IFREG | 0o755),
        ("no-mode", b"x", 0),
        ("private", b"x", stat.S_IFREG | 0o600),
        ("tool", b"x", stat.S_IFREG | 0o700),
    )
    found = {
        str(each.relative_to(place)): (oct(each.stat().st_mode), each.read_bytes())
        for each in place.rglob("*")
        if each.is_file()
    }
    assert {
        "app.py": ("0o100644", b"code"),
        "bin/run": ("0o100755", b"#!"),
        "no-mode": ("0o100644", b"x"),
        "private": ("0o100644", b"x"),
        "tool": ("0o100755", b"x"),
    } == found


def test_set_user_id_bits_are_dropped(tmp_path: Path) -> None:
    place = unpacked(tmp_path, ("run", b"", stat.S_IFREG | 0o6755))
    assert "0o100755" == oct((place / "run").stat().st_mode)


def test_what_was_unpacked_is_known_with_its_size(tmp_path: Path) -> None:
    assert packages.installed("digest", tmp_path) is None
    first = packages.unpack("digest", zipped(("a", b"12345", REGULAR)), tmp_path)
    assert (first, 5) == (packages.installed("digest", tmp_path), first.unpacked_bytes)
    assert first == packages.unpack("digest", b"never looked at", tmp_path)


def test_names_in_other_alphabets_are_kept(tmp_path: Path) -> None:
    place = unpacked(tmp_path, ("ä/日本.txt", b"x", REGULAR))
    assert b"x" == (place / "ä" / "日本.txt").read_bytes()


def test_a_link_inside_the_package_is_kept(tmp_path: Path) -> None:
    place = unpacked(tmp_path, ("lib/a.so.1", b"x", REGULAR), ("lib/a.so", b"a.so.1", LINK))
    assert ("a.so.1", b"x") == (
        os.readlink(place / "lib" / "a.so"),  # noqa: PTH115
        (place / "lib" / "a.so").read_bytes(),
    )


def test_a_link_to_a_place_of_the_environment_is_kept(tmp_path: Path) -> None:
    place = unpacked(tmp_path, ("cache", b"/tmp/cache", LINK))
    assert "/tmp/cache" == os.readlink(place / "cache")  # noqa: PTH115


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil", b"x", REGULAR)],
        [("a/../../evil", b"x", REGULAR)],
        [("/etc/evil", b"x", REGULAR)],
        [("a\\..\\evil", b"x", REGULAR)],
        [("link", b"../../outside", LINK)],
        [("link", b"/etc/passwd", LINK)],
        [("link", b"/tmp/../etc/passwd", LINK)],
        [("link", b"/etc", LINK), ("link/evil", b"x", REGULAR)],
        [("link", b"..", LINK), ("link/evil", b"x", REGULAR)],
        [("one", b"two", LINK), ("two", b"one", LINK)],
        [("link", b"", LINK)],
        [("link", b"x" * 5000, LINK)],
        [("null", b"", stat.S_IFCHR | 0o666)],
        [("disk", b"", stat.S_IFBLK | 0o666)],
        [("pipe", b"", stat.S_IFIFO | 0o666)],
        [("file", b"x", REGULAR), ("file/below", b"x", REGULAR)],
        [("x" * 256, b"x", REGULAR)],
        [("a/" * 600 + "x", b"x", REGULAR)],
    ],
    ids=lambda entries: repr(entries)[:50],
)
def test_a_package_that_leads_outside_is_refused(
    tmp_path: Path, entries: list[tuple[str, bytes, int]]
) -> None:
    directory = tmp_path / "packages"
    with pytest.raises(BadPackage):
        unpacked(directory, *entries)
    assert [] == list(directory.iterdir())
    assert ["packages"] == [each.name for each in tmp_path.iterdir()]


def test_the_later_of_two_entries_of_one_name_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        package = zipped(
            ("link", b"app.py", LINK), ("app.py", b"x", REGULAR), ("link", b"y", REGULAR)
        )
    place = Path(packages.unpack("digest", package, tmp_path).code_path)
    assert (b"x", b"y") == ((place / "app.py").read_bytes(), (place / "link").read_bytes())


@pytest.mark.parametrize("package", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_or_an_empty_one_is_refused(tmp_path: Path, package: bytes) -> None:
    with pytest.raises(BadPackage):
        packages.unpack("digest", package, tmp_path)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_zip_is_refused(tmp_path: Path, place: float) -> None:
    package = bytearray(zipped(("a", os.urandom(20_000), REGULAR)))
    package[int(len(package) * place)] ^= 0xFF
    with pytest.raises(BadPackage):
        packages.unpack("digest", bytes(package), tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    package = zipped(("a", b"x" * 1000, REGULAR))
    with pytest.raises(BadPackage):
        packages.unpack("digest", package[:-30], tmp_path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    package = bytearray(zipped(("a", b"x", REGULAR), compression=zipfile.ZIP_STORED))
    package[6] |= 1
    package[package.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BadPackage):
        packages.unpack("digest", bytes(package), tmp_path)


def test_the_limit_is_aws_250_megabytes() -> None:
    assert 262_144_000 == packages.UNZIPPED_BYTES_MAX


def test_a_package_of_exactly_the_limit_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "UNZIPPED_BYTES_MAX", 1 << 20)
    package = zipped(("zeros", bytes(1 << 20), REGULAR))
    assert 1 << 20 == packages.unpack("digest", package, tmp_path).unpacked_bytes


def test_a_package_of_300_megabytes_does_not_fit(tmp_path: Path) -> None:
    half = bytes(150_000_000)
    package = zipped(("a", half, REGULAR), ("b", half, REGULAR))
    with pytest.raises(PackageTooLarge):
        packages.unpack("digest", package, tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_bomb_whose_headers_lie_is_refused(tmp_path: Path) -> None:
    """The headers state ten bytes; inflated it would be half a gigabyte."""
    package = lying_zip(1 << 29)
    assert len(package) < 1 << 20
    with pytest.raises((BadPackage, PackageTooLarge)):
        packages.unpack("digest", package, tmp_path)
    assert [] == list(tmp_path.iterdir())


def lying_zip(size: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = bytes(1 << 22)
    body = b"".join(compressor.compress(chunk) for _ in range(size // len(chunk)))
    body += compressor.flush()
    sizes = struct.pack("<III", 0, len(body), 10)
    name = b"bomb"
    local = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 0x21) + sizes
    local += struct.pack("<HH", len(name), 0) + name
    central = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 0x21) + sizes
    central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    start = len(local) + len(body)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), start, 0)
    return local + body + central + end


def test_a_great_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "ENTRIES_MAX", 100)
    package = zipped(*((f"f{number}", b"", REGULAR) for number in range(101)))
    with pytest.raises(PackageTooLarge):
        packages.unpack("digest", package, tmp_path)


def test_leftovers_of_an_interrupted_unpacking_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".abc" / "deep").mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    packages.sweep_scratch(tmp_path)
    assert ["kept"] == [each.name for each in tmp_path.iterdir()]
