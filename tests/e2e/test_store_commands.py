"""`pileus snapshot`, `restore` and `doctor` from the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from pileus.cli import main
from support.places import fill, sqlite_place, write_blob


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_store_goes_into_a_file_and_comes_back(tmp_path: Path):
    fill(sqlite_place(tmp_path / "data", 1))
    copy = tmp_path / "copy.tar"
    taken = run("snapshot", copy, "--data", tmp_path / "data")
    assert (0, "Copied store store-1 with 1 large contents.\n") == (taken.exit_code, taken.output)
    restored = run("restore", copy, "--data", tmp_path / "new")
    assert "Restored store store-1 with 1 large contents.\n" == restored.output
    assert 0 == run("doctor", "--read-contents", "--data", tmp_path / "new").exit_code


def test_nothing_is_replaced_unasked(tmp_path: Path):
    fill(sqlite_place(tmp_path / "data", 1))
    copy = tmp_path / "copy.tar"
    run("snapshot", copy, "--data", tmp_path / "data")
    again = run("snapshot", copy, "--data", tmp_path / "data")
    assert (1, f"Error: {copy} exists already.\n") == (again.exit_code, again.output)
    refused = run("restore", copy, "--data", tmp_path / "data")
    assert (1, True) == (refused.exit_code, "only by force" in refused.output)
    assert 0 == run("restore", copy, "--data", tmp_path / "data", "--force").exit_code


def test_a_place_without_a_store_is_said_so(tmp_path: Path):
    refused = run("snapshot", tmp_path / "copy.tar", "--data", tmp_path / "none")
    assert (1, True) == (refused.exit_code, "There is no store" in refused.output)
    found = run("doctor", "--data", tmp_path / "none")
    assert (1, True) == (found.exit_code, "error   directory:" in found.output)
    (tmp_path / "file").write_text("no snapshot")
    refused = run("restore", tmp_path / "file", "--data", tmp_path / "new")
    assert (1, True) == (refused.exit_code, "is not a snapshot of Pileus" in refused.output)


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path):
    fill(sqlite_place(tmp_path / "data", 1))
    refused = run("snapshot", tmp_path / "no" / "copy.tar", "--data", tmp_path / "data")
    assert (1, True) == (refused.exit_code, "No such file or directory" in refused.output)


def test_the_doctor_says_what_to_do(tmp_path: Path):
    place = sqlite_place(tmp_path / "data", 1)
    file = fill(place)
    write_blob(place.data, b"stray")
    found = run("doctor", "--data", place.data)
    assert (0, True) == (found.exit_code, "warning blobs: 1 files" in found.output)
    (place.data / "blobs" / file[:2] / file[2:]).unlink()
    found = run("doctor", "--data", place.data)
    assert (1, True) == (found.exit_code, "Restore a snapshot." in found.output)
