"""What customer code tries, and does not reach: files, network, processes, others, the kernel."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from e2e.sandbox.machine import Machine, Tried

EVALUATOR = """
    import ctypes, errno, os, socket, subprocess, sys, time

    libc = ctypes.CDLL(None, use_errno=True)

    def call(number, *arguments):
        ctypes.set_errno(0)
        result = libc.syscall(number, *arguments)
        return "allowed" if result >= 0 else errno.errorcode[ctypes.get_errno()]

    def attempt(code):
        try:
            return eval(code)
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))

    def handler(event, context):
        return [attempt(code) for code in event]
"""


@pytest.fixture(scope="module")
def inside(machine: Machine) -> Tried:
    return machine.start(EVALUATOR)


def outcomes(inside: Tried, *codes: str) -> list[object]:
    found = inside.answer(list(codes))
    assert isinstance(found, list)
    return found


def test_a_function_is_aws_user_without_any_capability(inside: Tried) -> None:
    fields = "('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp:')"
    status = f"[l.split()[1] for l in open('/proc/self/status') if l.startswith({fields})]"
    assert [993, 990, [*["0000000000000000"] * 5, "1", "2"]] == outcomes(
        inside, "os.getuid()", "os.getgid()", status
    )


def test_each_environment_is_another_user_of_the_machine(machine: Machine) -> None:
    if os.geteuid() != 0:
        pytest.skip("uids of their own: this needs root")
    arns = [f"arn:aws:lambda:us-east-1:000000000000:function:{name}" for name in "aab"]
    starts = [machine.start(EVALUATOR, function_arn=arn) for arn in arns]
    code = "open('/proc/self/uid_map').read().split()[1]"
    users = {outcomes(each, code)[0] for each in starts}
    assert 3 == len(users)


def test_files_of_the_machine_are_not_there(inside: Tried, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    places = [str(secret), str(Path.cwd()), "/root", "/home", "/boot", "/sys", "/etc/shadow"]
    found = outcomes(inside, *(f"os.path.exists({place!r})" for place in places))
    assert [False] * len(places) == found


def test_the_root_has_only_what_functions_need(inside: Tried) -> None:
    expected = {
        "bin",
        "dev",
        "etc",
        "lib",
        "mnt",
        "node_modules",
        "opt",
        "proc",
        "run",
        "sbin",
        "tmp",
    }
    expected |= {"usr", "var"}
    (found,) = outcomes(inside, "os.listdir('/')")
    assert isinstance(found, list)
    assert expected == set(found) - {"lib32", "lib64"}


@pytest.mark.parametrize(
    "place", ["/var/task", "/opt", "/var/runtime", "/var/lang", "/usr/lib", "/etc", "/", "/dev"]
)
def test_everything_but_temporary_files_is_read_only(inside: Tried, place: str) -> None:
    assert ["EROFS"] == outcomes(inside, f"os.open('{place}/new', os.O_CREAT | os.O_WRONLY)")


def test_code_cannot_be_changed(inside: Tried) -> None:
    found = outcomes(
        inside,
        "os.truncate('/var/task/app.py', 0)",
        "os.unlink('/var/task/app.py')",
        "os.rename('/var/task/app.py', '/var/task/b.py')",
    )
    # As another user the mode of the file refuses, as its owner the read-only mount.
    assert set(found) <= {"EACCES", "EROFS"}


def test_another_environments_temporary_files_are_not_seen(machine: Machine) -> None:
    first, second = machine.start(EVALUATOR), machine.start(EVALUATOR)
    outcomes(first, "open('/tmp/mine', 'w').close()", "open('/dev/shm/mine', 'w').close()")
    assert [[], []] == outcomes(second, "os.listdir('/tmp')", "os.listdir('/dev/shm')")


def test_another_functions_code_is_not_seen(machine: Machine, inside: Tried) -> None:
    other = machine.package({"secret.py": ""})
    name = os.path.basename(other)  # noqa: PTH119
    find = f"subprocess.run(['find', '/', '-xdev', '-name', '{name}'], capture_output=True).stdout"
    assert [False, ""] == outcomes(inside, f"os.path.exists({other!r})", f"{find}.decode()")


def test_processes_of_the_machine_are_not_seen(inside: Tried) -> None:
    numbers = "len([n for n in os.listdir('/proc') if n.isdigit()])"
    assert [2, "ESRCH"] == outcomes(inside, numbers, f"os.kill({os.getpid()}, 0)")


def test_process_1_cannot_be_looked_into_or_killed(inside: Tried) -> None:
    assert ["EACCES", "EACCES", "EACCES", "EACCES", None, 1] == outcomes(
        inside,
        "os.listdir('/proc/1/root/')",
        "open('/proc/1/mem', 'rb')",
        "open('/proc/1/environ')",
        "os.open('/proc/1/fd/0', os.O_RDONLY)",
        "os.kill(1, 9)",
        "os.getppid()",
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ptrace", "call(101, 16, os.getppid(), 0, 0)"),
        ("process_vm_readv", "call(310, 1, 0, 0, 0, 0, 0)"),
        ("mount", "call(165, b'none', b'/tmp', b'tmpfs', 0, 0)"),
        ("umount", "call(166, b'/proc', 2)"),
        ("move_mount", "call(429, -1, b'/tmp', -1, b'/opt', 0)"),
        ("open_tree", "call(428, -100, b'/tmp', 1)"),
        ("fsopen", "call(430, b'tmpfs', 0)"),
        ("pivot_root", "call(155, b'/tmp', b'/tmp')"),
        ("chroot", "call(161, b'/tmp')"),
        ("unshare", "call(272, 0x10000000)"),
        ("setns", "call(308, 0, 0)"),
        ("clone with a user namespace", "call(56, 0x10000000 | 17, 0, 0, 0, 0)"),
        ("keyctl", "call(250, 0, -3, 0)"),
        ("add_key", "call(248, b'user', b'k', b'v', 1, -3)"),
        ("bpf", "call(321, 0, 0, 0)"),
        ("perf_event_open", "call(298, 0, 0, -1, -1, 0)"),
        ("userfaultfd", "call(323, 0)"),
        ("kexec_load", "call(246, 0, 0, 0, 0)"),
        ("init_module", "call(175, 0, 0, b'')"),
        ("open_by_handle_at", "call(304, -100, 0, 0)"),
        ("reboot", "call(169, 0xfee1dead, 672274793, 0x1234567, 0)"),
        ("swapon", "call(167, b'/tmp/s', 0)"),
        ("settimeofday", "call(164, 0, 0)"),
        ("sethostname", "call(170, b'h', 1)"),
        ("pidfd_getfd", "call(438, 0, 0, 0)"),
    ],
)
def test_a_dangerous_call_is_refused(inside: Tried, name: str, code: str) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("these call numbers: this needs x86_64")
    assert ["EPERM"] == outcomes(inside, code)


@pytest.mark.parametrize("number", [425, 426, 427, 435])
def test_io_uring_and_clone3_are_absent(inside: Tried, number: int) -> None:
    assert ["ENOSYS"] == outcomes(inside, f"call({number}, 0, 0, 0)")


@pytest.mark.parametrize("family", [17, 38, 40])  # packets, the kernel's crypto, the hypervisor
def test_unusual_socket_families_are_refused(inside: Tried, family: int) -> None:
    assert ["EAFNOSUPPORT"] == outcomes(inside, f"socket.socket({family}, 2)")


def test_set_user_id_programs_give_nothing(inside: Tried) -> None:
    assert ["EINVAL", "EINVAL"] == outcomes(inside, "os.setuid(0)", "os.setgid(0)")
    (found,) = outcomes(inside, "subprocess.run(['su', '-c', 'id'], stdin=-3).returncode")
    assert 0 != found


def test_the_kernels_settings_are_out_of_reach(inside: Tried) -> None:
    writes = [
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/drop_caches",
    ]
    found = outcomes(inside, *(f"os.open('{place}', os.O_WRONLY)" for place in writes))
    assert set(found) <= {"EACCES", "EROFS"}


def test_listeners_of_the_machine_are_out_of_reach(inside: Tried) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert ["ECONNREFUSED"] == outcomes(
            inside, f"socket.create_connection(('127.0.0.1', {port}))"
        )


def test_abstract_sockets_of_the_machine_are_out_of_reach(inside: Tried) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0pileus-test-containment")
        listener.listen()
        assert ["ECONNREFUSED"] == outcomes(
            inside, "socket.socket(socket.AF_UNIX).connect('\\0pileus-test-containment')"
        )


def test_the_endpoint_and_all_names_below_it_are_the_loopback(inside: Tried) -> None:
    names = [
        "localhost",
        "localhost.localstack.cloud",
        "bucket.s3.localhost.localstack.cloud",
        "000000000000.sqs.us-east-1.localhost.localstack.cloud",
        "sync-states.pileus.internal",
        "anything.localhost",
    ]
    found = outcomes(inside, *(f"socket.gethostbyname('{name}')" for name in names))
    assert ["127.0.0.1"] * len(names) == found


def test_other_names_do_not_resolve_without_a_network(inside: Tried) -> None:
    (found,) = outcomes(inside, "socket.gethostbyname('example.com')")
    assert "127.0.0.1" != found
    assert isinstance(found, str)


def test_the_server_gets_the_endpoints_listener(machine: Machine) -> None:
    tried = machine.start(EVALUATOR)
    future = tried.begin(["socket.create_connection(('sqs.localhost', 4566)).recv(10).decode()"])
    listener = machine.listeners[tried.environment.environment_id]
    listener.setblocking(True)
    listener.settimeout(5)
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"welcome")
    assert b'["welcome"]' == future.result(5).payload


def test_a_stopped_environment_leaves_nothing(machine: Machine) -> None:
    tried = machine.start(EVALUATOR)
    namespace, _ = outcomes(
        tried, "os.readlink('/proc/self/ns/pid')", "subprocess.Popen(['sleep', '4711']).pid"
    )
    assert 3 == len(processes_in(namespace))
    tried.stop()
    assert [] == processes_in(namespace)
    assert not tried.ended.is_set()


def processes_in(namespace: object) -> list[str]:
    """The machine's numbers of the processes in a pid namespace."""
    found = []
    for place in Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if os.readlink(place) == namespace:  # noqa: PTH115
                found.append(place.parts[2])
        except OSError:
            continue
    return found


def test_killing_every_process_reaches_the_functions_own_only(machine: Machine) -> None:
    tried, bystander = machine.start(EVALUATOR), machine.start(EVALUATOR)
    # The kernel spares process 1 and the caller, and finds nobody else.
    assert ["ESRCH", 4] == outcomes(tried, "os.kill(-1, 9)", "2 + 2")
    assert [4] == outcomes(bystander, "2 + 2")
