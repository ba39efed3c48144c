"""A wire between a browser and a server that keeps what the browser sends over it."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Wire(socketserver.ThreadingTCPServer):
    """Hands all on to the server at a port, and its answers back; ``sent`` is what the browser has sent."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.to, self.sent, self.lock = port, bytearray(), threading.Lock()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}"

    def told(self) -> bytes:
        """Return all that has been sent so far."""
        with self.lock:
            return bytes(self.sent)


class _Connection(socketserver.BaseRequestHandler):
    server: Wire

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.to)) as there:
            back = threading.Thread(target=self._hand_on, args=(there, self.request), daemon=True)
            back.start()
            self._hand_on(self.request, there, keep=True)
            back.join()

    def _hand_on(self, here: Any, there: Any, *, keep: bool = False) -> None:
        with suppress(OSError):
            while part := here.recv(1 << 16):
                if keep:
                    with self.server.lock:
                        self.server.sent += part
                there.sendall(part)
        with suppress(OSError):
            there.shutdown(socket.SHUT_WR)


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    """Lay a wire to the server at a port of this machine, and take it away at the end."""
    with Wire(port) as laid:
        serving = threading.Thread(target=laid.serve_forever, daemon=True)
        serving.start()
        yield laid
        laid.shutdown()
        serving.join()
