"""Connections as uvicorn keeps them, with an end to patience: no client holds one without saying anything.

uvicorn waits for ever for the end of a request's head, and for the end of a message.
"""

from asyncio import TimerHandle
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from pages.server.memory_share import Room

#: Seconds within which the head of a request is whole, and a message.
HEAD, MESSAGE = 10.0, 30.0
#: Bytes that are sent ahead of what a visitor takes; the kernel alone would keep some megabytes for each.
AHEAD = 1 << 17
#: Bytes of a message that is not whole yet, above which they count as taken.
SMALL = 1 << 16


class Requests(H11Protocol):
    """HTTP, for ``most`` connections at a time."""

    def __init__(self, *given: Any, most: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self._most = most
        self._late: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
        else:
            self._late = self.loop.call_later(HEAD, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        idle = self.cycle is None or self.cycle.response_complete
        if self.transport.get_protocol() is not self or not idle:
            self._in_time()
        elif self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(HEAD, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class Messages(WebSocketsSansIOProtocol):
    """A websocket whose half-sent messages take up room, and not for long."""

    def __init__(self, *given: Any, room: Room, **named: Any) -> None:
        super().__init__(*given, **named)
        self._room, self._taken = room, 0
        self._late: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, AHEAD)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        half = sum(map(len, self.frames)) + len(self.conn.reader.buffer)
        if half and self._late is None:
            self._late = self.loop.call_later(MESSAGE, self.transport.abort)
        elif not half:
            self._in_time()
        if half < self._taken or half > self._taken + SMALL:
            self._room.give(self._taken)
            self._taken = 0
            if half > SMALL and not self._room.take(half):
                self.transport.abort()
            elif half > SMALL:
                self._taken = half

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self._room.give(self._taken)
        self._taken = 0
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
