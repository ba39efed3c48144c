"""Serve Init Lab: ``python -m pages.server``.

PORT and HOST say where it listens, INIT_LAB_HOSTS under which names, and INIT_LAB_LOG=json writes a line of
JSON for each thing that is logged; what else an operator may set is in ``pages/state/limits.py``.
"""

import argparse
import contextlib
import os
import socket
import sys
import threading
import time
import webbrowser

import uvicorn

from pages.server import log
from pages.server.entry import MB, create
from pages.state.limits import GRACE, LimitError, limit


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m pages.server", description="Serve Init Lab.")
    parser.add_argument("--open", action="store_true", help="open a browser once it is ready")
    opens = parser.parse_args().open
    host, port = os.environ.get("HOST", "0.0.0.0"), os.environ.get("PORT", "8501")  # noqa: S104
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        sys.exit(f"PORT must be a whole number from 1 to 65535; it was {port!r}.")
    try:
        app = create()
    except LimitError as error:
        sys.exit(str(error))
    log.configure()
    address = f"http://localhost:{port}"
    print(f"Init Lab: {address}", flush=True)  # noqa: T201
    if opens:
        threading.Thread(target=_open, args=(address, int(port)), daemon=True).start()
    uvicorn.run(
        app,
        host=host,
        port=int(port),
        ws="websockets-sansio",
        ws_max_size=limit("MESSAGE") * MB,
        ws_per_message_deflate=False,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        timeout_graceful_shutdown=GRACE,
        access_log=False,
        log_config=None,
        server_header=False,
    )


def _open(address: str, port: int) -> None:
    """Open the visitor's browser, where there is a screen, once the server answers."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
            webbrowser.open(address)
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
