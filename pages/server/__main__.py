"""Serve Init Lab: ``python -m pages.server``.

PORT and HOST say where it listens, INIT_LAB_HOSTS under which names, and INIT_LAB_LOG=json writes a line of
JSON for each thing that is logged; what else an operator may set is in ``pages/state/operator_limits.py``.
"""

import argparse
import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, cast

import uvicorn

from pages.server import log, machine_resources
from pages.server.connections import Messages, Requests
from pages.server.memory_share import Room
from pages.server.processes import Processes
from pages.server.worker_process import Handed
from pages.state import operator_limits as limits
from pages.state.operator_limits import GRACE, LimitError, limit

#: How a command ends that was asked for what cannot be.
WRONG = 2
#: Connections beside those of visitors: files, and who is at the door.
BESIDE = 200

#: Where a server listens that listens everywhere.
ANY = {"0.0.0.0", "::"}  # noqa: S104

_LOG = logging.getLogger("init_lab")


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m pages.server", description="Serve Init Lab.")
    parser.add_argument("--open", action="store_true", help="open a browser once it is ready")
    opens = parser.parse_args().open
    host = os.environ.get("HOST", "0.0.0.0")  # noqa: S104
    try:
        given = limits.in_force()
        form = log.form()
        port = _port(os.environ.get("PORT", "8501"))
        listening = _bound(host, port)
    except (LimitError, ValueError) as error:
        _end(str(error))
    limits.PROCESSES = machine_resources.processes(given["INIT_LAB_PROCESSES"], given["INIT_LAB_MEMORY"])
    try:
        _serve(listening, form, partial(_say_ready, listening, opens=opens))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _end(_why_not(error, host, port))  # another server was there first, which loaded meanwhile as well


def _end(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201
    sys.exit(WRONG)


def _serve(listening: socket.socket, form: str, ready: Callable[[], None]) -> None:
    """Load the app and serve it, in one process or in several."""
    log.configure(form)
    from pages.server import entry  # noqa: PLC0415 - torch and the pages: what is wrong is said first
    from pages.shell import network  # noqa: PLC0415

    network.LISTENS = listening.getsockname()[0]
    several = limits.PROCESSES > 1
    app = entry.create(_of_this_machine(listening) if several else None)
    log.configure(form)  # loggers that came with these have forms of their own
    settings = _settings(app, entry.room())
    if not several:
        Server(settings, ready).run([listening])
        return
    entry.settle()
    together = Processes(
        lambda channel: Handed(settings, channel).run(),
        entry.seats(),
        most=_most(),
        beside=entry.judge().serve,
    )
    ended_by = together.run(listening, ready)
    signal.signal(ended_by, signal.SIG_DFL)
    signal.raise_signal(ended_by)


def _say_ready(listening: socket.socket, *, opens: bool) -> None:
    host, port = listening.getsockname()[:2]
    shown = "localhost" if host in ANY else f"[{host}]" if ":" in host else host
    given = {**limits.in_force(), "INIT_LAB_PROCESSES": limits.PROCESSES}
    address = f"http://{shown}:{port}"
    _LOG.info("Init Lab: %s", address)
    _LOG.info("Ready. Limits: %s", " ".join(f"{key}={value}" for key, value in given.items()))
    if opens and (sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _of_this_machine(listening: socket.socket) -> tuple[str, int]:
    """Return the address at which this machine itself reaches who listens."""
    host, port = listening.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 65_536):
        raise ValueError(f"PORT must be a whole number from 1 to 65535; it was {text[:40]!r}.")
    return int(text)


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, which refuses connections until the server listens.

    Raises:
        ValueError: saying which of both is wrong.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except socket.gaierror:
        raise ValueError(f"HOST must be an address of this machine; it was {host[:60]!r}.") from None
    except OSError as error:
        raise ValueError(_why_not(error, host, port)) from None
    return bound


def _why_not(error: OSError, host: str, port: int) -> str:
    """Say why nothing can listen here."""
    if isinstance(error, PermissionError):
        return f"PORT must be one that you may use, from 1024 on; it was '{port}'."
    if "in use" in str(error).lower():
        return f"PORT must be a free one: something listens at '{port}' already."
    return f"HOST must be an address of this machine; it was {host[:60]!r}."


def _most() -> int:
    """Return how many connections there may be at a time."""
    return 2 * limit("VISITORS") + BESIDE


def _settings(app: Any, room: Room) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast("Any", partial(Requests, most=_most())),
        ws=cast("Any", partial(Messages, room=room)),
        ws_max_size=limit("MESSAGE") << 20,
        ws_per_message_deflate=False,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=1 << 15,
        access_log=False,
        log_config=None,
        server_header=False,
    )


class Server(uvicorn.Server):
    """Says that it is ready when it is, and stops in good order when its terminal is closed, too."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer from here on.

        Raises:
            OSError: if another listens there by now; what uvicorn runs on would not say so.
        """
        for listening in sockets or []:
            listening.listen(self.config.backlog)
        await super().startup(sockets)
        if self.should_exit:
            return
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGHUP, self.handle_exit, signal.SIGTERM, None
            )
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, and stop."""
        _LOG.info("Stopping.")
        await super().shutdown(sockets)


if __name__ == "__main__":
    main()
