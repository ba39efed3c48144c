"""The app that is served, with all that the operator sets: see ``pages/state/limits.py``."""

import asyncio
import contextlib
import gc
import logging
import math
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route
from streamlit import config

from core import devices
from pages.server.house import House
from pages.server.middleware import Compressed, Guard
from pages.server.notices import ASLEEP, asleep, asleep_script
from pages.server.room import Room, tidy
from pages.server.shelf import Holds, Shelf
from pages.shell import keys, page
from pages.state import limits
from pages.state.insides import forget_the_gone, is_here, look_up_options_once, sweep, uploads
from pages.state.limits import hosts
from pages.words import lesson, model, signal

ROOT = Path(__file__).parents[2]
MB = 1 << 20

_LOG = logging.getLogger("init_lab")
#: All that pages import, before the port opens.
_LOADED = (page, lesson, model, signal)


@contextlib.asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Take what is loaded out of the garbage collector's sight, and let it look less often.

    Looking through torch takes 80 ms; a page leaves some thousand objects, most of which need no collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    tidying = asyncio.create_task(tidy(sweep))
    yield
    tidying.cancel()
    _LOG.info("Stopping.")


@cache
def room() -> Room:
    """Return the room for what visitors send, which the doors and the connections share."""
    given = limits.in_force()
    return Room(given["INIT_LAB_ROOM"] * MB, gone=given["INIT_LAB_GONE"], forget=forget_the_gone)


def create() -> st.App:
    """Return the app with its middleware and routes, as the operator sets them.

    Raises:
        LimitError: if the environment holds a limit that cannot be.
    """
    given = limits.in_force()
    look_up_options_once()
    config.set_option("server.maxUploadSize", given["INIT_LAB_UPLOAD"])
    config.set_option("server.maxWidgetStateSize", given["INIT_LAB_MESSAGE"])
    config.set_option("server.disconnectedSessionTTL", given["INIT_LAB_GONE"])
    if given["INIT_LAB_MEMORY"]:
        devices.ALLOWED = given["INIT_LAB_MEMORY"] * MB
    visitors, pace = given["INIT_LAB_VISITORS"], given["INIT_LAB_MESSAGES"]
    each = given["INIT_LAB_VISITORS_EACH"] or math.ceil(3 * visitors / 4)
    holds = Holds(
        each=given["INIT_LAB_FILES"],
        total=given["INIT_LAB_FILES_ALL"],
        largest=given["INIT_LAB_UPLOAD"] * MB,
        room=given["INIT_LAB_UPLOADS"] * MB,
    )
    doors = [
        Middleware(Guard, metrics=bool(given["INIT_LAB_METRICS"])),
        Middleware(House, visitors=visitors, each=each, messages=pace, room=room()),
        Middleware(Shelf, holds=holds, sizes=uploads, is_here=is_here),
        Middleware(Compressed),
    ]
    if names := hosts():  # this machine itself asks for the health
        names += ["localhost", "127.0.0.1"]
        doors.insert(1, Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False))
    keys.IDLE = given["INIT_LAB_IDLE"]
    routes = [Route(ASLEEP, asleep), Route(f"{ASLEEP}.js", asleep_script)]
    return st.App(ROOT / "app.py", lifespan=_lifespan, routes=routes, middleware=doors)
