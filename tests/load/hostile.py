"""Clients that want to bring a server down, in a process of their own: ``python -m tests.load.hostile PORT``.

Each kind goes on in a thread, one connection after the other or as many as it can hold, until it is ended.
"""

import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

MB = 1 << 20
#: Seconds between two attempts of one kind: more would measure who shares the machine, not the server.
PAUSE = 0.05


def opened(port: int) -> ClientConnection:
    protocols: Any = ["streamlit"]
    url, origin = f"ws://localhost:{port}/_stcore/stream", f"http://localhost:{port}"
    return connect(url, subprotocols=protocols, origin=origin, compression=None, legacy=True)  # type: ignore[arg-type]


def told(**given: Any) -> bytes:
    return BackMsg(rerun_script=given).SerializeToString()  # type: ignore[arg-type]


def table(size: int) -> dict[str, Any]:
    return {"widgets": [{"id": "$$ID-0-data", "string_value": "1,2,3\n" * (size // 6)}]}


MESSAGES = (
    told(query_string="x=" + "1" * (4 * MB)),
    told(page_name="model", widget_states=table(4 * MB)),
    told(page_name="model", query_string="v=1&part=forward", widget_states=table(MB)),
    told(widget_states={"widgets": [{"id": str(at), "string_value": "x" * 200} for at in range(400)]}),
    told(page_name="signal", query_string="v=1&rows=" + "x" * 16_000),
    b"\xff" * 1000,
)


def comes_and_goes(port: int) -> None:
    """Say one thing and leave, one visitor after the other."""
    for message in itertools.cycle(MESSAGES):
        with suppress(OSError, WebSocketException):
            client = opened(port)
            client.send(message)
            with suppress(TimeoutError):
                client.recv(timeout=0.05)
            client.socket.close()
        time.sleep(PAUSE)


def holds(port: int) -> None:
    """Keep silent websockets, half messages and heads without an end, as many as there is room for."""
    held: list[socket.socket] = []
    for turn in itertools.count():
        with suppress(OSError, WebSocketException):
            if turn % 3 == 0:
                client = socket.create_connection(("localhost", port), 5)
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000)
            else:
                client = opened(port).socket
            if turn % 3 == 1:
                client.settimeout(1)
                client.sendall(bytes([0x82, 0xFF]) + (4 * MB).to_bytes(8, "big") + bytes(4) + bytes(3 * MB))
            held.append(client)
        if len(held) > 300:
            held.pop(0).close()
        time.sleep(PAUSE)


def never_reads(port: int) -> None:
    """Ask for page after page and take nothing of what comes."""
    while True:
        with suppress(OSError, WebSocketException):
            client = opened(port)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for _ in range(100):
                client.send(told(page_name="distribution"))
                time.sleep(PAUSE)
            client.socket.close()


KINDS: tuple[Callable[[int], None], ...] = (comes_and_goes, holds, never_reads)


def main() -> None:
    """Attack until ended."""
    for kind in KINDS:
        threading.Thread(target=kind, args=(int(sys.argv[1]),), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
