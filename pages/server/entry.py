"""The app that is served, with all that the operator sets: see ``pages/state/operator_limits.py``."""

import asyncio
import contextlib
import gc
import math
import tempfile
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route
from streamlit import config

from core import devices
from pages.server import scripts, weights_upload
from pages.server.admission import House
from pages.server.brought_files import Holds, Shelf
from pages.server.judging import Judge
from pages.server.machine_resources import SharedLock
from pages.server.memory_share import Room, tidy
from pages.server.middleware import Compressed, Ground, Guard
from pages.server.notices import ASLEEP, asleep, asleep_script
from pages.server.process_group import Together
from pages.server.seats import Seats
from pages.server.weights_entry import Weights
from pages.server.weights_upload import Spool
from pages.shell import keys, network, page
from pages.state import operator_limits as limits
from pages.state import reports
from pages.state.insides import forget_the_gone, is_here, look_up_options_once, sweep, uploads
from pages.state.operator_limits import hosts, limit
from pages.words import lesson, model, signal

ROOT = Path(__file__).parents[2]
MB = 1 << 20

#: All that pages import, before the port opens.
_LOADED = (page, lesson, model, signal)


def settle() -> None:
    """Take what is loaded out of the garbage collector's sight, and let it look less often.

    Looking through torch takes 80 ms, and writes on memory that processes share; a page leaves some thousand
    objects, most of which need no collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextlib.asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    settle()
    tidying = asyncio.create_task(tidy(sweep))
    yield
    tidying.cancel()


@cache
def room() -> Room:
    """Return the room for what visitors send, which the doors and the connections share."""
    return Room(limit("ROOM", least=2 * limit("MESSAGE")) * MB, gone=limit("GONE"), forget=forget_the_gone)


@cache
def seats() -> Seats:
    """Return the seats, which all processes share."""
    visitors = limit("VISITORS")
    return Seats(visitors, limit("VISITORS_EACH") or math.ceil(3 * visitors / 4), limits.PROCESSES)


@cache
def judge() -> Judge:
    """Return the judge of files of weights, which all processes share."""
    return Judge()


def _spool() -> Spool:
    """Return what holds files of weights while they are read."""
    largest = limit("WEIGHTS") * MB
    room = limit("WEIGHTS_ALL", least=limit("WEIGHTS")) * MB
    return Spool(weights_upload.Holds(largest, room, limit("WEIGHTS_EACH")))


def create(address: tuple[str, int] | None = None) -> st.App:
    """Return the app with its middleware and routes, as the operator sets them.

    Where several processes serve it, each can be asked at ``address``.

    Raises:
        LimitError: if the environment holds a limit that cannot be.
    """
    look_up_options_once()
    config.set_option("server.maxUploadSize", limit("UPLOAD"))
    config.set_option("server.maxWidgetStateSize", limit("MESSAGE"))
    config.set_option("server.disconnectedSessionTTL", limit("GONE"))
    if limit("MEMORY"):
        devices.ALLOWED = limit("MEMORY") * MB
    holds = Holds(
        each=limit("FILES"),
        total=limit("FILES_ALL"),
        largest=limit("UPLOAD") * MB,
        room=limit("UPLOADS", least=limit("UPLOAD")) * MB,
    )
    doors = [
        Middleware(Guard, metrics=bool(limit("METRICS"))),
        Middleware(House, seats=seats(), messages=limit("MESSAGES"), room=room()),
        Middleware(Shelf, holds=holds, sizes=uploads, is_here=is_here),
        Middleware(Compressed),
        Middleware(Ground),
    ]
    if address:
        devices.TURN = SharedLock()
        together = Middleware(
            Together, seats=seats(), address=address, largest=holds.largest, is_here=is_here
        )
        doors.insert(1, together)
    network.NAMES = tuple(hosts())
    if names := hosts():  # this machine itself asks for the health
        names += ["localhost", "127.0.0.1"]
        doors.insert(1, Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False))
    keys.IDLE = limit("IDLE")
    with contextlib.suppress(OSError):  # where nothing can be written, nothing is kept, and that is said
        reports.FOLDER = reports.FOLDER or Path(tempfile.mkdtemp(prefix="init-lab-reports-"))
    routes = [Route(ASLEEP, asleep), Route(f"{ASLEEP}.js", asleep_script), scripts.route()]
    routes += Weights(_spool(), limit("COUNTS") * MB, judge() if address else None).routes()
    return st.App(ROOT / "app.py", lifespan=_lifespan, routes=routes, middleware=doors)
