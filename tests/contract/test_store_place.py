"""What the embedded store asks of its directory: one process, one layout, a local disk."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pileus.kernel.database.place import check_file_system, file_system, is_network
from pileus.kernel.database.sqlite import SqliteStore
from pileus.kernel.database.store import StoreRefused
from support.stores import add, sqlite_engine

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def test_a_directory_belongs_to_one_process(tmp_path):
    engine = sqlite_engine("sqlite", tmp_path / "data")
    program = (
        "import fcntl, sys\n"
        "lock = open(sys.argv[1], 'r+')\n"
        "try: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except OSError: print('taken')\n"
    )

    async def story(store):
        with pytest.raises(StoreRefused, match=f"in use by another Pileus .process {os.getpid()}"):
            await SqliteStore(tmp_path / "data", engine.settings()).start()
        command = [sys.executable, "-c", program, str(tmp_path / "data/lock")]
        return await asyncio.to_thread(subprocess.check_output, command)

    assert b"taken\n" == engine.run(story)

    async def again(store):
        return await store.transact(add, "sent", 1, about=QUEUE)

    assert 1 == engine.run(again)


def test_a_store_keeps_its_number_of_files(tmp_path):
    async def nothing(store):
        pass

    sqlite_engine("two", tmp_path / "data", files=2).run(nothing)
    three = sqlite_engine("three", tmp_path / "data", files=3)
    with pytest.raises(StoreRefused, match="made with 2 files, not 3"):
        three.run(nothing)


def test_files_of_two_stores_are_not_mixed(tmp_path):
    async def nothing(store):
        pass

    two = sqlite_engine("two", tmp_path / "data", files=2)
    two.run(nothing)
    shutil.copy(tmp_path / "data/store/0.sqlite", tmp_path / "data/store/1.sqlite")
    with pytest.raises(StoreRefused):
        two.run(nothing)


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 254:1 / /home/me/local\\040disk rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/sshfs rw - fuse.sshfs me@host: rw
33 22 0:42 / /mnt/share rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/pileus", "ext4"),
        ("/home/me", "nfs4"),
        ("/homework", "ext4"),
        ("/home/me/local disk/data", "xfs"),
        ("/mnt/sshfs/data", "fuse.sshfs"),
        ("/mnt/share", "cifs"),
    ],
)
def test_the_file_system_of_a_directory_is_known(path, kind):
    assert kind == file_system(Path(path), MOUNTS)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph"])
def test_network_file_systems_are_refused(tmp_path, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 254:0 / / rw,relatime - {kind} server rw\n")
    with pytest.raises(StoreRefused, match=f"network file system .{kind}."):
        check_file_system(tmp_path, mounts)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk"])
def test_local_file_systems_are_accepted(kind):
    assert not is_network(kind)
