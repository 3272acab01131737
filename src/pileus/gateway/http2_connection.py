"""HTTP/2 without TLS, for clients that begin with it: prior knowledge, as RFC 9113 calls it.

JavaScript's SDK speaks to Kinesis so, and Java's when it subscribes to a shard. Frames, windows and
header compression are h2's work; this file feeds it, and bounds what a client may make it do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hyperframe.frame import Frame, GoAwayFrame

from pileus.gateway.deadline import Deadline
from pileus.gateway.http2_stream import Http2Stream

if TYPE_CHECKING:
    from pileus.gateway.connection import Connection
    from pileus.gateway.server import Server

STREAMS_MAX = 100
# How many more streams a client may reset than it lets end, before it is taken for an attacker.
RESETS_MAX = 200


class Frames(H2Connection):
    """h2, but for a client's GOAWAY: h2 takes it for the end of everything.

    It says that no request follows (RFC 9113, 6.8). Those that run go on, and JavaScript's SDK
    sends it while it is waiting for the answer to the last one.
    """

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        return [], []


class Http2Connection(asyncio.Protocol):
    """Takes over a connection's transport; each of its streams is a request of its own."""

    __slots__ = (
        "client_address", "deadline", "environment_id", "h2", "is_cut", "is_idle",
        "is_peer_there", "is_writable", "limits", "resets", "server", "siblings", "streams",
        "transport",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self.server: Server = connection.server
        self.siblings = connection.siblings
        self.limits = connection.limits
        self.environment_id = connection.environment_id
        self.client_address = connection.client_address
        self.transport = connection.transport
        self.streams: dict[int, Http2Stream] = {}
        self.deadline = Deadline(self.server.timers, self.time_out)
        self.is_cut = self.is_idle = False
        self.is_peer_there = self.is_writable = True
        self.resets = 0
        self.h2 = Frames(H2Configuration(client_side=False, header_encoding=None))

    def begin(self, data: bytes) -> None:
        """Answer the client's preface, and read what has come behind it."""
        window = self.limits.stream_buffer_bytes_max
        values = {
            SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MAX,
            SettingCodes.MAX_HEADER_LIST_SIZE: self.limits.headers_bytes_max,
            SettingCodes.INITIAL_WINDOW_SIZE: window,
            SettingCodes.ENABLE_PUSH: 0,
        }
        self.h2.local_settings = Settings(client=False, initial_values=values)
        self.h2.initiate_connection()
        # A stream that is not read keeps its own window only, and none of the others'.
        self.h2.increment_flow_control_window(window * STREAMS_MAX - 65_535)
        self.server.readmit(self)
        self.data_received(data)

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        if self.is_cut:
            return
        try:
            events = self.h2.receive_data(data)
        except H2Error:
            self.cut()
            return
        for event in events:
            if not self.is_cut:
                self.take(event)
        self.flush()
        self.settle()

    def eof_received(self) -> bool:
        """A client that sends no more cannot grant windows either: it has gone."""
        self.lose_peer()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.is_cut = True
        self.deadline.end()
        self.server.forget(self)
        self.lose_peer()

    def pause_writing(self) -> None:
        """Who does not read is not read either: else answers to pings would pile up."""
        self.is_writable = False
        self.transport.pause_reading()
        self.settle()

    def resume_writing(self) -> None:
        self.is_writable = True
        self.transport.resume_reading()
        for stream in list(self.streams.values()):
            stream.wake()
        self.settle()

    # Frames in.

    def take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self.is_idle = False
            stream = self.streams[event.stream_id] = Http2Stream(self, event.stream_id)
            stream.start(event.headers, event.stream_ended is not None)
        elif isinstance(event, DataReceived):
            self.take_data(event)
        elif isinstance(event, StreamEnded):
            found = self.streams.get(event.stream_id)
            if found is not None:
                found.end_body()
        elif isinstance(event, StreamReset):
            self.take_reset(event.stream_id)
        elif isinstance(event, WindowUpdated):
            for stream in self.of_window(event.stream_id):
                stream.wake()

    def take_data(self, event: DataReceived) -> None:
        stream = self.streams.get(event.stream_id)
        size = event.flow_controlled_length
        if stream is None:
            self.acknowledge(event.stream_id, size)
        else:
            stream.take_body(event.data, size)

    def take_reset(self, stream_id: int) -> None:
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        stream.lose()
        self.drop(stream)
        self.resets += 1
        if self.resets > RESETS_MAX:
            self.h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self.cut()

    def of_window(self, stream_id: int | None) -> list[Http2Stream]:
        """The streams that may go on when a window has grown; 0 is the whole connection's."""
        if not stream_id:
            return list(self.streams.values())
        found = self.streams.get(stream_id)
        return [] if found is None else [found]

    # What streams call.

    def acknowledge(self, stream_id: int, size: int) -> None:
        """Let the client send as much again."""
        if size and not self.is_cut:
            self.h2.acknowledge_received_data(size, stream_id)

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data and not self.is_cut:
            self.transport.write(data)

    def drop(self, stream: Http2Stream) -> None:
        """Forget a stream that has ended, one way or another."""
        if self.streams.pop(stream.stream_id, None) is None:
            return
        self.acknowledge(stream.stream_id, stream.untold_bytes)
        stream.untold_bytes = 0

    def end(self, stream: Http2Stream) -> None:
        """A stream has been answered in full."""
        self.resets = max(0, self.resets - 1)
        self.drop(stream)
        self.flush()
        self.settle()

    # Bounds and ends.

    def settle(self) -> None:
        """Give the client as long as it may take for what it is to do next."""
        if self.is_cut:
            return
        if self.server.is_stopping and not self.streams:
            self.close()
        elif not self.streams:
            if not self.is_idle:
                # Pings, and headers that come in drops, do not begin it again.
                self.is_idle = True
                self.deadline.set(self.limits.idle_seconds)
        elif not self.is_writable or any(each.waits_for_client() for each in self.streams.values()):
            self.deadline.set(self.limits.body_seconds)
        else:
            self.deadline.clear()

    def time_out(self) -> None:
        if self.streams:
            self.transport.abort()
        else:
            self.close()

    def lose_peer(self) -> None:
        self.is_peer_there = False
        for stream in list(self.streams.values()):
            stream.lose()
        self.streams.clear()

    def cut(self) -> None:
        """End with what h2 has to say about it (GOAWAY)."""
        self.flush()
        self.is_cut = True
        self.transport.close()
        self.lose_peer()

    def close(self) -> None:
        self.h2.close_connection()
        self.cut()

    def stop(self) -> None:
        """The server stops: what runs may finish, what waits has waited enough."""
        for stream in list(self.streams.values()):
            stream.exchange.end_waiting()
        self.settle()
