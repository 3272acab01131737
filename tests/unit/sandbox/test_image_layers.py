"""What becomes of the layers of container images, hostile ones among them."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.fleet import BadPackage, Installed, PackageTooLarge
from pileus.sandbox.packages import image_layers
from pileus.sandbox.packages.image_layers import Layer, unpack
from support.oci_images import digest_of, entry, layer

NAME = "d" * 64
LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


class Pieces:
    """A layer that comes in pieces of some length."""

    def __init__(self, content: bytes, size: int = 1000) -> None:
        self._pieces = iter([content[at : at + size] for at in range(0, len(content), size)])

    def read(self) -> bytes:
        return next(self._pieces, b"")


def plain(tar: bytes) -> Layer:
    return Layer(Pieces(tar), False, digest_of(tar))


def zipped(tar: bytes, compressed: bytes | None = None) -> Layer:
    return Layer(Pieces(compressed or gzip.compress(tar, mtime=0)), True, digest_of(tar))


@pytest.fixture
def unpacked(tmp_path: Path) -> Any:
    def unpack_all(*tars: bytes) -> Path:
        unpack(NAME, [zipped(tar) for tar in tars], tmp_path / "packages")
        return tmp_path / "packages" / NAME

    return unpack_all


def tree(root: Path) -> dict[str, str]:
    """What each file holds, and where each link leads; without what every tree gets."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text()
    own = {"etc/hosts": "", "etc/resolv.conf": ""}
    assert own.keys() <= found.keys()
    return {name: said for name, said in found.items() if own.get(name) != said}


def test_layers_cover_what_lies_below(unpacked: Any) -> None:
    root = unpacked(
        layer(entry("a", b"1"), entry("d/b", b"1"), entry("x/y", b"1")),
        layer(entry("./a", b"2"), entry("/d/c", b"2"), entry("x", b"now a file")),
    )
    assert {"a": "2", "d/b": "1", "d/c": "2", "x": "now a file"} == tree(root)


def test_whiteouts_hide_what_lies_below(unpacked: Any) -> None:
    root = unpacked(
        layer(entry("a", b"1"), entry("d/b", b"1"), entry("e/f/g", b"1"), entry("e/h", b"1")),
        layer(
            entry(".wh.a"), entry("d/.wh.b"), entry("d/new", b"2"), entry("d/.wh.missing"),
            entry("e/f/new", b"2"), entry("e/.wh..wh..opq"), entry("e/later", b"2"),
        ),
    )  # fmt: skip
    assert {"d/new": "2", "e/f/new": "2", "e/later": "2"} == tree(root)


def test_links_are_followed_as_the_container_would(unpacked: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    root = unpacked(
        layer(
            entry("usr/lib/a", b"1"),
            entry("lib", type=LINK, linkname="usr/lib"),
            entry("abs", type=LINK, linkname="/usr/lib"),
            entry("up", type=LINK, linkname="../../../../usr"),
            entry("out", type=LINK, linkname=str(tmp_path / "out")),
        ),
        layer(
            entry("lib/b", b"2"), entry("abs/c", b"2"), entry("up/d", b"2"),
            entry("out/e", b"2"), entry("hard", type=HARD, linkname="lib/b"),
        ),
    )  # fmt: skip
    found = tree(root)
    expected = {"usr/lib/a": "1", "usr/lib/b": "2", "usr/lib/c": "2", "usr/d": "2", "hard": "2"}
    assert expected == {name: found[name] for name in expected}
    assert "2" == found[f"{str(tmp_path / 'out').lstrip('/')}/e"]
    assert [] == list((tmp_path / "out").iterdir())


def test_a_file_that_replaces_a_link_does_not_write_through_it(
    unpacked: Any, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    root = unpacked(
        layer(entry("a", type=LINK, linkname=str(victim)), entry("a", b"theirs")),
        layer(entry("b", type=LINK, linkname=str(victim)), entry("b", type=tarfile.DIRTYPE)),
    )
    assert ("mine", {"a": "theirs"}) == (victim.read_text(), tree(root))


def test_rights_are_kept_but_for_those_that_hurt(unpacked: Any) -> None:
    root = unpacked(
        layer(
            entry("program", b"x", mode=0o4700, mtime=1_000_000_000), entry("text", b"x", mode=0),
            entry("closed", type=tarfile.DIRTYPE, mode=0), entry("closed/in", b"x"),
            entry("device", type=tarfile.CHRTYPE), entry("pipe", type=tarfile.FIFOTYPE),
        )
    )  # fmt: skip
    modes = {name: stat.S_IMODE((root / name).stat().st_mode) for name in ("program", "closed")}
    assert {"program": 0o755, "closed": 0o755} == modes
    assert 1_000_000_000 == (root / "program").stat().st_mtime
    assert os.access(root / "text", os.R_OK)
    assert not (root / "device").exists() and not (root / "pipe").exists()


def test_what_environments_cover_is_no_link(unpacked: Any, tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    links = [
        entry(name, type=LINK, linkname=str(tmp_path / "host"))
        for name in ("tmp", "proc", "dev", "etc")
    ]
    root = unpacked(layer(*links))
    for name in ("tmp", "proc", "dev", "etc", "var/task"):
        assert (root / name).is_dir() and not (root / name).is_symlink()
    for name in ("etc/resolv.conf", "etc/hosts"):
        assert (root / name).is_file() and not (root / name).is_symlink()
    assert [] == list((tmp_path / "host").iterdir())


def test_layers_may_be_plain_or_of_several_compressed_streams(tmp_path: Path) -> None:
    first, second = layer(entry("a", b"1")), layer(entry("b", b"2"))
    middle = len(second) // 2
    twice = gzip.compress(second[:middle], mtime=0) + gzip.compress(second[middle:])
    made = unpack(NAME, [plain(first), zipped(second, twice)], tmp_path)
    assert Installed(str(tmp_path / NAME), 2) == made
    assert {"a": "1", "b": "2"} == tree(tmp_path / NAME)
    # Known by its name, it is not read again.
    assert made == unpack(NAME, [plain(b"")], tmp_path)


def bad(*entries: Any) -> bytes:
    return layer(*entries)


@pytest.mark.parametrize(
    "tar",
    [
        bad(entry("../a", b"x")),
        bad(entry("a/../../b", b"x")),
        bad(entry("a", type=HARD, linkname="../../etc/passwd")),
        bad(entry("a", type=HARD, linkname="missing")),
        bad(entry("a", type=HARD, linkname="/")),
        bad(entry("d", type=tarfile.DIRTYPE), entry("a", type=HARD, linkname="d")),
        bad(entry("a", type=LINK, linkname="b"), entry("b", type=LINK, linkname="a"),
            entry("a/x", b"x")),
        bad(entry("a/b", b"x"), entry("a", type=HARD, linkname="a/b")),
        bad(entry("/".join(["n" * 250] * 100), b"x")),
        bad(entry("a", type=LINK, linkname="")),
        bad(entry("a", type=LINK, linkname="n" * 5000)),
        bad(entry("d/.wh...", b"")),
        bad(entry("d/.wh.", b"")),
        bad(entry("x/" * 200 + "y", b"")),
        b"not a tar at all" * 100,
    ],
)  # fmt: skip
def test_hostile_layers_are_refused_and_leave_nothing(tmp_path: Path, tar: bytes) -> None:
    directory = tmp_path / "packages"
    with pytest.raises(BadPackage):
        unpack(NAME, [plain(tar)], directory)
    assert ([], [directory]) == (list(directory.iterdir()), list(tmp_path.iterdir()))


@pytest.mark.parametrize("content", [b"", b"not gzip", gzip.compress(bytes(10_000), mtime=0)[:-20]])
def test_what_is_not_compressed_as_said_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadPackage):
        unpack(NAME, [Layer(Pieces(content), True, digest_of(b""))], tmp_path)


def test_a_layer_must_be_what_its_image_says(tmp_path: Path) -> None:
    tar = layer(entry("a", b"1"))
    with pytest.raises(BadPackage, match="as the image says"):
        unpack(NAME, [Layer(Pieces(tar), False, digest_of(b"other"))], tmp_path)


def test_an_extension_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    tar = header.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)
    with pytest.raises(BadPackage):
        unpack(NAME, [plain(tar)], tmp_path)


def test_bombs_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_layers, "IMAGE_BYTES_MAX", 1_000_000)
    monkeypatch.setattr(image_layers, "_OVERHEAD_BYTES_MAX", 100_000)
    with pytest.raises(PackageTooLarge):
        unpack(NAME, [zipped(layer(entry("a", bytes(1_000_001))))], tmp_path)
    # What is skipped is read all the same.
    skipped = io.BytesIO(layer(entry("a")) + bytes(2_000_000))
    with pytest.raises(PackageTooLarge):
        unpack(NAME, [zipped(skipped.getvalue())], tmp_path)
    monkeypatch.setattr(image_layers, "ENTRIES_MAX", 10)
    with pytest.raises(PackageTooLarge):
        unpack(NAME, [zipped(layer(*[entry(f"f{n}") for n in range(11)]))], tmp_path)
    assert [] == list(tmp_path.iterdir())


def entries() -> Iterator[Any]:
    names = st.lists(
        st.sampled_from(["a", "b", "..", ".", "", "tmp", "etc", ".wh.a", ".wh..wh..opq"]),
        min_size=1, max_size=4,
    ).map("/".join)  # fmt: skip
    kinds = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, LINK, HARD, tarfile.FIFOTYPE])
    return st.builds(  # type: ignore[return-value]
        lambda name, kind, to: entry(name, b"", type=kind, linkname=to), names, kinds, names
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(entries(), max_size=8), max_size=3))  # type: ignore[arg-type]
def test_no_layer_reaches_beyond_its_tree(
    tmp_path_factory: pytest.TempPathFactory, layers: list[list[Any]]
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "a").write_text("mine")
    directory = outer / "packages"
    try:
        unpack(NAME, [plain(layer(*each)) for each in layers], directory)
    except BadPackage:
        assert [] == list(directory.iterdir())
    else:
        assert {NAME, f"{NAME}.size"} == {each.name for each in directory.iterdir()}
    assert "mine" == (outer / "a").read_text()
    assert {"a", "packages"} == {each.name for each in outer.iterdir()}
