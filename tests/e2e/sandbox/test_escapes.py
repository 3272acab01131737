"""The ways out of a sandbox that the literature names, each tried from inside.

`test_containment.py` has the plain ones. Here one environment runs many attempts at once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.sandbox.machine import Machine, Tried

ATTEMPTS = """
    import ctypes, errno, gc, os, resource, signal, socket, stat, subprocess, sys, time
    import http.client

    libc = ctypes.CDLL(None, use_errno=True)

    def call(number, *arguments):
        ctypes.set_errno(0)
        result = libc.syscall(number, *arguments)
        return "allowed" if result >= 0 else errno.errorcode[ctypes.get_errno()]

    def written(place, text):
        descriptor = os.open(place, os.O_WRONLY)
        try:
            return os.write(descriptor, text)
        finally:
            os.close(descriptor)

    def many(make, most):
        kept = []
        try:
            for _ in range(most):
                kept.append(make())
        except OSError as error:
            return len(kept), errno.errorcode[error.errno]
        finally:
            for each in kept:
                os.close(each)
        return len(kept), None

    def inotify():
        descriptor = libc.inotify_init1(0)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        return descriptor

    def ask(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", 9001, timeout=5)
        connection.request(method, "/2018-06-01/runtime" + path, body)
        return connection.getresponse().status

    def orphans(count):
        for _ in range(count):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
        deadline = time.monotonic() + 10
        while len([n for n in os.listdir("/proc") if n.isdigit()]) > 2:
            if time.monotonic() > deadline:
                return "zombies are left"
            time.sleep(0.01)
        return "reaped"

    def crash():
        pid = os.fork()
        if pid == 0:
            os.chdir("/tmp")
            os.kill(os.getpid(), signal.SIGSEGV)
        status = os.waitpid(pid, 0)[1]
        return os.WTERMSIG(status), os.WCOREDUMP(status), os.listdir("/tmp")

    def handler(event, context):
        answers = []
        for code in event:
            try:
                answers.append(eval(code, globals() | {"context": context}))
            except OSError as error:
                answers.append(errno.errorcode.get(error.errno, str(error)))
        return answers
"""


@pytest.fixture(scope="module")
def inside(machine: Machine) -> Iterator[Tried]:
    tried = machine.start(ATTEMPTS)
    yield tried
    tried.stop()


def outcomes(inside: Tried, *codes: str) -> list[object]:
    found = inside.answer(list(codes))
    assert isinstance(found, list)
    return found


def only_here(number: str) -> str:
    if os.uname().machine != "x86_64":
        pytest.skip("these call numbers: this needs x86_64")
    return number


@pytest.mark.parametrize("name", ["kallsyms", "keys", "key-users", "iomem", "interrupts", "kcore"])
def test_what_proc_tells_of_the_machine_is_empty(inside: Tried, name: str) -> None:
    code = f"open('/proc/{name}').read() if os.path.exists('/proc/{name}') else ''"
    assert [""] == outcomes(inside, code)


def test_directories_of_proc_about_the_machine_are_empty(inside: Tried) -> None:
    places = ["bus", "driver", "fs", "irq", "acpi"]
    codes = [f"os.path.exists('/proc/{p}') and len(os.listdir('/proc/{p}'))" for p in places]
    assert [0] * len(places) == [int(str(each) or 0) for each in outcomes(inside, *codes)]


def test_what_hides_them_stays(inside: Tried) -> None:
    assert ["EPERM", "EPERM", "EPERM"] == outcomes(
        inside,
        only_here("call(166, b'/proc/kallsyms', 2)"),
        "call(165, b'proc', b'/tmp', b'proc', 0, 0)",
        "call(428, -100, b'/proc', 1)",
    )


def test_no_file_of_the_machine_below_proc_takes_writes(inside: Tried) -> None:
    # Without regard to whom it belongs: root without all powers still owns these files.
    find = (
        "[os.path.join(d, f) for top in sorted(set(os.listdir('/proc')) - {'self', 'thread-self'})"
        " if not top.isdigit() for d, _, fs in [*os.walk('/proc/' + top), ('/proc', (), [top])]"
        " for f in fs if os.path.isfile(os.path.join(d, f)) and not os.path.islink('/proc/' + top)"
        " and os.stat(os.path.join(d, f)).st_mode & 0o222"
        " and not os.statvfs(os.path.join(d, f)).f_flag & os.ST_RDONLY]"
    )
    assert [[]] == outcomes(inside, find)


def test_ids_and_oom_scores_are_settled(inside: Tried) -> None:
    found = outcomes(
        inside,
        "written('/proc/self/uid_map', b'0 0 1')",
        "written('/proc/self/gid_map', b'0 0 1')",
        "written('/proc/self/setgroups', b'allow')",
        "written('/proc/self/oom_score_adj', b'-1000')",
        "written('/proc/sys/kernel/ns_last_pid', b'300')",
    )
    assert set(found) <= {"EPERM", "EACCES", "EROFS"}


def test_namespaces_are_refused_twice(inside: Tried) -> None:
    kinds = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"]
    code = f"[open(f'/proc/sys/user/max_{{k}}_namespaces').read() for k in {kinds}]"
    limits, write = outcomes(inside, code, "written('/proc/sys/user/max_user_namespaces', b'9')")
    assert (["0\n"] * len(kinds), True) == (limits, write in ("EACCES", "EROFS"))


def test_devices_cannot_be_made_and_links_to_them_lead_nowhere(inside: Tried) -> None:
    assert ["EPERM", "EPERM", "EXDEV", "ENOENT", "ENOENT"] == outcomes(
        inside,
        "os.mknod('/tmp/memory', stat.S_IFCHR | 0o666, os.makedev(1, 1))",
        "os.mknod('/tmp/disk', stat.S_IFBLK | 0o666, os.makedev(254, 0))",
        "os.link('/etc/passwd', '/tmp/passwd')",
        "os.open('/dev/mem', os.O_RDWR)",
        "os.open('/dev/kmsg', os.O_RDONLY)",
    )


def test_a_set_user_id_program_of_its_own_gives_nothing(inside: Tried) -> None:
    make = "subprocess.run('cp /usr/bin/id /tmp/id && chmod 4755 /tmp/id && /tmp/id -u', shell=True"
    assert ["993\n"] == outcomes(inside, f"{make}, capture_output=True, text=True).stdout")


def test_code_in_memory_runs_under_the_same_filter(inside: Tried) -> None:
    code = (
        "(lambda d: (os.write(d, open('/usr/bin/unshare', 'rb').read()),"
        " subprocess.run([f'/proc/self/fd/{d}', '-U', 'true'], pass_fds=[d],"
        " stderr=-3).returncode))(os.memfd_create('x'))[1]"
    )
    assert [1] == outcomes(inside, code)


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("personality", "call(135, 0x0400000)", "EPERM"),
        ("asking for the personality", "call(135, 0xffffffff)", "allowed"),
        ("mbind", "call(237, 0, 0, 0, 0, 0, 0)", "EPERM"),
        ("move_pages", "call(279, 0, 0, 0, 0, 0, 0)", "EPERM"),
        ("modify_ldt", "call(154, 0, 0, 0)", "EPERM"),
        ("memfd_secret", "call(447, 0)", "ENOSYS"),
        ("userfaultfd for its own memory", "call(323, 1)", "EPERM"),
        ("statmount", "call(457, 0, 0, 0, 0)", "EPERM"),
        ("fanotify", "call(300, 0, 0)", "EPERM"),
        ("kexec_file_load", "call(320, -1, -1, 0, 0, 0)", "EPERM"),
        ("io_uring_setup", "call(425, 1, 0)", "ENOSYS"),
        ("bpf", "call(321, 5, 0, 0)", "EPERM"),
        ("request_key", "call(249, b'user', b'x', 0, 0)", "EPERM"),
        ("an x32 call", "call(0x40000000 | 39)", "ENOSYS"),
        ("clone3", "call(435, 0, 0)", "ENOSYS"),
        ("ptrace of itself", "call(101, 0, 0, 0, 0)", "EPERM"),
        ("memory of process 1", "call(310, 1, 0, 0, 0, 0, 0)", "EPERM"),
        ("a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "EPERM"),
        ("netfilter", "socket.socket(16, 3, 12)", "EPROTONOSUPPORT"),
        ("audit", "socket.socket(16, 3, 9)", "EPROTONOSUPPORT"),
        ("uevents", "socket.socket(16, 3, 15)", "EPROTONOSUPPORT"),
        ("routes are read", "socket.socket(16, 3, 0).close()", None),
        ("real time", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", "EPERM"),
        ("priority", "os.nice(-5)", "EPERM"),
    ],
)
def test_a_call_is_answered(inside: Tried, name: str, code: str, expected: object) -> None:
    assert [expected] == outcomes(inside, only_here(code))


def test_routes_cannot_be_changed(inside: Tried) -> None:
    message = "bytes.fromhex('1c000000' '1900' '0105' '00000000' '00000000') + bytes(12)"
    ask = f"(lambda s: (s.send({message}), s.recv(999)[16:20]))(socket.socket(16, 3, 0))[1].hex()"
    # -1: EPERM.
    assert ["ffffffff"] == outcomes(inside, ask)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"]
)
def test_metadata_is_closed_off_whatever_way_out_there_is(inside: Tried, address: str) -> None:
    connect = "socket.create_connection(({!r}, 80), 2)"
    # An address without a route of its own shows the difference.
    assert ["EHOSTUNREACH", "ENETUNREACH"] == outcomes(
        inside, connect.format(address), connect.format("192.0.2.1")
    )


def test_mail_servers_outside_are_closed_off_whatever_way_out_there_is(inside: Tried) -> None:
    connect = "socket.create_connection(({!r}, {}), 2)"
    # Other ports have no route here; the environment's own are not meant.
    assert ["EACCES", "ENETUNREACH", "ECONNREFUSED"] == outcomes(
        inside,
        connect.format("192.0.2.1", 25),
        connect.format("192.0.2.1", 587),
        connect.format("127.0.0.1", 25),
    )


def test_the_port_of_mail_is_open_where_the_user_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    machine = Machine(tmp_path_factory.mktemp("open"), closed_ports=())
    try:
        tried = machine.start(ATTEMPTS)
        assert ["ENETUNREACH"] == outcomes(tried, "socket.create_connection(('192.0.2.1', 25), 2)")
    finally:
        machine.close()


def test_a_name_that_means_a_local_address_leads_to_the_function_itself(inside: Tried) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = outcomes(
            inside,
            f"socket.create_connection(('rebound.localhost', {port}), 2)",
            f"socket.create_connection(('0.0.0.0', {port}), 2)",
            f"socket.create_connection(('::1', {port}), 2)",
        )
    assert set(found) <= {"ECONNREFUSED", "EADDRNOTAVAIL", "ENETUNREACH"}


def test_queues_and_shared_memory_are_not_shared(machine: Machine, inside: Tried) -> None:
    other = machine.start(ATTEMPTS)
    make = only_here("call(29, 0x7069, 4096, 0o1666), call(68, 0x7069, 0o1666)")
    find = "call(29, 0x7069, 4096, 0), call(68, 0x7069, 0)"
    assert [["allowed", "allowed"]] == outcomes(inside, make)
    assert [["ENOENT", "ENOENT"]] == outcomes(other, find)
    other.stop()


def test_watches_are_the_environments_own(inside: Tried) -> None:
    (found,) = outcomes(inside, "many(inotify, 2000)")
    assert [16, "EMFILE"] == found


def test_descriptors_of_every_kind_end_at_the_limit(inside: Tried) -> None:
    assert ["EMFILE"] * 4 == outcomes(
        inside,
        "many(lambda: os.eventfd(0), 5000)[1]",
        "many(lambda: os.dup(1), 5000)[1]",
        "many(lambda: os.open('/tmp', os.O_RDONLY), 5000)[1]",
        "many(lambda: socket.socket().detach(), 5000)[1]",
    )


def test_zombies_are_reaped(inside: Tried) -> None:
    assert ["reaped"] == outcomes(inside, "orphans(300)")


def test_a_crash_leaves_no_core_and_starts_no_program_of_the_machine(machine: Machine) -> None:
    tried = machine.start(ATTEMPTS)
    # A limit of one is the kernel's sign for "not even to a pipe".
    assert [[11, False, []], [1, 1]] == outcomes(
        tried, "crash()", "resource.getrlimit(resource.RLIMIT_CORE)"
    )
    tried.stop()


def test_temporary_files_have_as_many_names_as_a_disk(inside: Tried) -> None:
    count = "os.statvfs('/tmp').f_files"
    assert [512 * 256] == outcomes(inside, count)


def test_temporary_files_have_the_room_that_was_asked_for(machine: Machine) -> None:
    tried = machine.start(ATTEMPTS, ephemeral_mb=700)
    room = "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_bsize >> 20"
    # And as a mount it is what it was.
    mount = "[each.split()[5] for each in open('/proc/self/mountinfo') if ' /tmp ' in each][0]"
    assert [700, 700 * 256, "rw,nosuid,nodev,relatime"] == outcomes(
        tried, room, "os.statvfs('/tmp').f_files", mount
    )
    tried.stop()


def test_the_tree_that_a_sandbox_is_made_from_is_out_of_reach(inside: Tried) -> None:
    above = "sorted(os.listdir('/..')) == sorted(os.listdir('/'))"
    before = "[os.path.exists(each) for each in ('/packages', '/../packages', '/base')]"
    mounts = "[each for each in open('/proc/self/mountinfo') if each.split()[4] == '/'].__len__()"
    assert [True, [False, False, False], 1] == outcomes(inside, above, before, mounts)


def test_answers_for_another_request_are_refused(inside: Tried) -> None:
    other = "/invocation/8f5c9d3e-0000-4000-8000-00000000ffff"
    assert [400, 400, 403, 404, "fine"] == outcomes(
        inside,
        f"ask('POST', '{other}/response', b'stolen')",
        f"ask('POST', '{other}/error', b'stolen')",
        "ask('POST', '/init/error', b'{}')",
        "ask('POST', '/invocation/../next', b'x')",
        "'fine'",
    )


def test_other_processes_are_neither_seen_nor_signalled(machine: Machine, inside: Tried) -> None:
    pid = machine.fleet.host_pid
    found = outcomes(
        inside,
        f"os.kill({pid}, 9)",
        f"os.path.exists('/proc/{pid}')",
        f"call(434, {pid}, 0)",
        "os.readlink('/proc/1/fd/0')",
        "os.readlink('/proc/1/ns/net')",
        "os.readlink('/proc/1/exe')",
        "os.open('/proc/1/mem', os.O_RDWR)",
    )
    assert ["ESRCH", False, "ESRCH", *["EACCES"] * 4] == found


def test_the_programs_own_file_is_read_only(inside: Tried) -> None:
    found = outcomes(inside, "os.open('/proc/self/exe', os.O_RDWR)")
    assert set(found) <= {"EACCES", "EROFS", "ETXTBSY"}


def test_links_in_temporary_files_end_inside(inside: Tried, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    up = "/".join([".."] * 20)
    found = outcomes(
        inside,
        f"os.symlink({str(secret)!r}, '/tmp/link')",
        "open('/tmp/link').read()",
        f"open('/tmp/{up}{secret}').read()",
        f"open('/proc/self/cwd/{up}{secret}').read()",
        f"open('/proc/self/root{secret}').read()",
        f"open('/proc/1/root{secret}').read()",
    )
    assert [None, "ENOENT", "ENOENT", "ENOENT", "ENOENT", "EACCES"] == found


def test_a_package_whose_links_point_about_makes_the_host_look_nowhere(machine: Machine) -> None:
    place = Path(machine.package({"app.py": ATTEMPTS}))
    layer = Path(machine.package({"readme": ""}))
    (layer / "python").symlink_to("/tmp")
    tried = machine.start({"app.py": ATTEMPTS}, layer_paths=(str(layer),))
    assert [[]] == outcomes(tried, "os.listdir('/opt/python')")
    assert place.is_dir()
    tried.stop()
