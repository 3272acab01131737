"""The X-Ray daemon's address inside a sandbox: segments go out before the result."""

from __future__ import annotations

from e2e.sandbox.machine import Machine
from pileus.sandbox.networks.segment_receiver import segment_in

CODE = """
    import socket
    def handler(event, context):
        daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for datagram in event:
            daemon.sendto(datagram.encode(), ("127.0.0.2", 2000))
        print("done")
"""
HEAD = '{"format": "json", "version": 1}\n'


def test_segments_reach_the_server_and_are_no_lines_of_the_log(machine: Machine) -> None:
    tried = machine.start(CODE)
    tried.answer([HEAD + '{"id": 1}', "nonsense", HEAD + "x" * 50_000])
    assert ['{"id": 1}', "x" * 50_000] == [e.text for e in tried.output if e.is_segment]
    assert ["done"] == [e.text for e in tried.output if not e.is_segment]


def test_datagrams_need_their_header() -> None:
    assert "{}" == segment_in(b'{"format":"json","version":1}\n{}')
    for datagram in (b"", b"\n{}", b"[]\n{}", b'{"format":"json","version":2}\n{}', b"{" * 9999,
                     b'{"format":"json","version":1}\n\xff'):  # fmt: skip
        assert segment_in(datagram) == ""
