"""A process that answers: its connections are handed to it by the one that listens."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import uvicorn


class Handed(uvicorn.Server):
    """Serves connections that come through a channel, as long as somebody holds its other end.

    It says one byte when it is ready, and one for each connection that it has taken.
    """

    def __init__(self, config: uvicorn.Config, channel: socket.socket) -> None:
        super().__init__(config)
        self._channel = channel

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer from here on."""
        await super().startup(sockets or [])
        self._channel.setblocking(False)  # noqa: FBT003 - the socket's own
        asyncio.get_running_loop().add_reader(self._channel, self._receive)
        self._channel.send(b".")

    def _receive(self) -> None:
        with suppress(BlockingIOError):
            said, files, _, _ = socket.recv_fds(self._channel, 1, 1)
            if not said:  # whoever listens was killed: what is alone would only seem to be a server
                os._exit(1)
            self._channel.send(b"+" * len(files))
            for file in files:
                task = asyncio.ensure_future(self._connect(socket.socket(fileno=file)))
                self.server_state.tasks.add(task)
                task.add_done_callback(self.server_state.tasks.discard)

    async def _connect(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003 - the socket's own
        protocol: Any = self.config.http_protocol_class
        told = {
            "config": self.config,
            "server_state": self.server_state,
            "app_state": self.lifespan.state,
        }
        with suppress(OSError):  # it is gone already
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol(**told), connection)
