"""The server: one ASGI entry, ``pages.server.entry:app``; ``python -m pages.server.entry`` serves it.

What an operator may set is in ``limits.py``; PORT and HOST say where it listens, INIT_LAB_HOSTS under which
names, and INIT_LAB_LOG=json writes a line of JSON for each thing that is logged.
"""

import os

# Before torch is imported, which reads it then: one thread a draw, as many visitors share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import contextlib
import gc
import json
import logging
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Mapping, Sized
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route
from streamlit import config, runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

try:
    from pages.state.limits import FORCE, GRACE, HOSTS
except ValueError as error:
    sys.exit(str(error))

from core import devices
from pages.jobs import cache as cached
from pages.jobs import signal as signals
from pages.server.middleware import ASLEEP, Compressed, Guard, House, Shelf, asleep, asleep_script
from pages.shell import keys
from pages.shell import page as frame
from pages.words import lesson as teaching  # all that pages import, before the port opens

ROOT = Path(__file__).parents[2]
MB = 1 << 20

_LOG = logging.getLogger("init_lab")
_LOADED = (cached, frame, signals, teaching)


class Lines(logging.Formatter):
    """A record as one line of JSON: when, how grave, who, what, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _log() -> None:
    """Log all in one form, to standard error; neither addresses nor what a visitor chose are logged."""
    as_json = os.environ.get("INIT_LAB_LOG", "text") == "json"
    form = Lines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in (*logging.root.manager.loggerDict, "uvicorn", "uvicorn.error"):
        if name.partition(".")[0] in {"streamlit", "uvicorn", "websockets"}:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it names the address of each visitor


@contextlib.asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Take what is loaded out of the garbage collector's sight, and let it look less often.

    Looking through torch takes 80 ms; a page leaves some thousand objects, most of which need no collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    _LOG.info("Ready. Limits: %s", " ".join(f"{name}={value}" for name, value in FORCE.items()))
    yield
    _LOG.info("Stopping.")


def _files() -> Mapping[str, Sized]:
    """Return the files that are kept in memory, by session."""
    return cast("MemoryUploadedFileManager", runtime.get_instance().uploaded_file_mgr).file_storage


def _app() -> st.App:
    # Streamlit looks through all its options six times a run for the theme's, which do not change
    config.get_options_for_section = cache(config.get_options_for_section)
    config.set_option("server.maxUploadSize", FORCE["INIT_LAB_UPLOAD"])
    config.set_option("server.maxWidgetStateSize", FORCE["INIT_LAB_MESSAGE"])
    config.set_option("server.disconnectedSessionTTL", FORCE["INIT_LAB_GONE"])
    if FORCE["INIT_LAB_MEMORY"]:
        devices.ALLOWED = FORCE["INIT_LAB_MEMORY"] * MB
    doors = [
        Middleware(Guard, metrics=bool(FORCE["INIT_LAB_METRICS"])),
        Middleware(House, visitors=FORCE["INIT_LAB_VISITORS"], messages=FORCE["INIT_LAB_MESSAGES"]),
        Middleware(Shelf, each=FORCE["INIT_LAB_FILES"], total=FORCE["INIT_LAB_FILES_ALL"], kept=_files),
        Middleware(Compressed),
    ]
    if HOSTS:  # this machine itself asks for the health
        names = [*HOSTS, "localhost", "127.0.0.1"]
        doors.insert(1, Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False))
    keys.IDLE = FORCE["INIT_LAB_IDLE"]
    routes = [Route(ASLEEP, asleep), Route(f"{ASLEEP}.js", asleep_script)]
    return st.App(ROOT / "app.py", lifespan=_lifespan, routes=routes, middleware=doors)


app = _app()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m pages.server.entry", description="Serve Init Lab.")
    parser.add_argument("--open", action="store_true", help="open a browser once it is ready")
    opens = parser.parse_args().open
    host, port = os.environ.get("HOST", "0.0.0.0"), os.environ.get("PORT", "8501")  # noqa: S104
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        sys.exit(f"PORT must be a whole number from 1 to 65535; it was {port!r}.")
    _log()
    address = f"http://localhost:{port}"
    print(f"Init Lab: {address}", flush=True)  # noqa: T201
    if opens:
        threading.Thread(target=_open, args=(address, int(port)), daemon=True).start()
    uvicorn.run(
        app,
        host=host,
        port=int(port),
        ws="websockets-sansio",
        ws_max_size=FORCE["INIT_LAB_MESSAGE"] * MB,
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
