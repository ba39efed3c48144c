"""What an operator may set, each an environment variable; docs/deploying.md has the same as a table."""

import math
import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

#: Seconds in which what is under way may end, once the server is told to stop.
GRACE = 5


class Limit(NamedTuple):
    """A whole number that an operator may set between ``low`` and ``high``."""

    default: int
    low: int
    high: int


#: environment variable → limit
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        # processes that answer; 0: one a core, as memory allows
        "INIT_LAB_PROCESSES": Limit(0, 0, 64),
        # pages that a process draws at a time
        "INIT_LAB_PAGES": Limit(1, 1, 64),
        # big work: pieces done at a time, waiting in all, and of one visitor
        "INIT_LAB_WORKERS": Limit(2, 1, 64),
        "INIT_LAB_QUEUE": Limit(100, 1, 10_000),
        "INIT_LAB_QUEUE_EACH": Limit(16, 8, 1000),
        # one draw's weights, streamed and held; those of all schemes compared; a network's parameters
        "INIT_LAB_STREAMED": Limit(1 << 30, 1 << 20, 1 << 36),
        "INIT_LAB_HELD": Limit(1 << 24, 1 << 20, 1 << 26),
        "INIT_LAB_COMPARED": Limit(1 << 24, 1 << 20, 1 << 28),
        "INIT_LAB_PARAMETERS": Limit(1 << 22, 1 << 10, 1 << 26),
        # one scheme's deep networks: weights over all seeds, and products with inputs
        "INIT_LAB_RUN_WEIGHTS": Limit(1 << 33, 1 << 26, 1 << 40),
        "INIT_LAB_RUN_PRODUCTS": Limit(1 << 40, 1 << 33, 1 << 48),
        # MB that all processes may hold; 0: as much as the machine and its container have free
        "INIT_LAB_MEMORY": Limit(0, 0, 1 << 24),
        # results kept of each kind that visitors share
        "INIT_LAB_CACHE": Limit(512, 8, 1 << 16),
        # visitors at a time; seconds for which one who has gone is kept, and a hidden page stays awake
        "INIT_LAB_VISITORS": Limit(400, 1, 100_000),
        # of them, with one address; 0: three quarters
        "INIT_LAB_VISITORS_EACH": Limit(0, 0, 100_000),
        "INIT_LAB_GONE": Limit(120, 1, 86_400),
        "INIT_LAB_IDLE": Limit(3600, 1, 604_800),
        # MB that all visitors' messages take up, as they wait and as they are kept
        "INIT_LAB_ROOM": Limit(32, 8, 1 << 20),
        # files kept of one visitor, and of all; MB of one, and of all
        "INIT_LAB_FILES": Limit(4, 1, 1000),
        "INIT_LAB_FILES_ALL": Limit(100, 1, 100_000),
        "INIT_LAB_UPLOAD": Limit(4, 1, 200),
        "INIT_LAB_UPLOADS": Limit(32, 4, 1 << 20),
        # MB that a browser may tell of a file of weights; MB of one that is sent, 0: none is; MB of all that
        # are here, and how many of them one address may have on the way
        "INIT_LAB_COUNTS": Limit(64, 1, 1024),
        "INIT_LAB_WEIGHTS": Limit(4096, 0, 1 << 20),
        "INIT_LAB_WEIGHTS_ALL": Limit(8192, 1, 1 << 24),
        "INIT_LAB_WEIGHTS_EACH": Limit(2, 1, 1000),
        # one visitor's messages a second, five times as many at once; MB of one, which may hold a file
        "INIT_LAB_MESSAGES": Limit(10, 1, 1000),
        "INIT_LAB_MESSAGE": Limit(5, 1, 200),
        # 1: /_stcore/metrics answers who asks the server itself, never through a proxy; 0: nobody
        "INIT_LAB_METRICS": Limit(1, 0, 1),
    }
)


#: Those of which each of the server's processes has its part; seats are counted by all of them together.
SHARED = {
    f"INIT_LAB_{name}"
    for name in ("WORKERS", "QUEUE", "MEMORY", "ROOM", "FILES_ALL", "UPLOADS", "WEIGHTS_ALL")
}
#: How many processes serve; the server says so before it makes anything.
PROCESSES = 1
#: What else an operator may set under a name of ours.
CHECKPOINTS = "INIT_LAB_CHECKPOINTS"
OTHERS = ("INIT_LAB_HOSTS", "INIT_LAB_LOG", CHECKPOINTS)


class LimitError(ValueError):
    """A limit that is no whole number within its range, or that there is not."""


def read(environment: Mapping[str, str]) -> Mapping[str, int]:
    """Return every limit as ``environment`` sets it, else its default.

    Raises:
        LimitError: naming the variable, what it was, and what would be right.
    """
    known = (*LIMITS, *OTHERS)
    for name in environment:
        if name.startswith("INIT_LAB_") and name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0)[0]
            raise LimitError(f"{name[:60]} is no setting of Init Lab's. The nearest is {near}.")
    found = {}
    for name, limit in LIMITS.items():
        text = environment.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit() and limit.low <= int(text[:20]) <= limit.high):
            raise LimitError(
                f"{name} must be a whole number from {limit.low} to {limit.high}; it was {text[:40]!r}."
            )
        found[name] = int(text or limit.default)
    if (folder := environment.get(CHECKPOINTS, "").strip()) and not Path(folder).is_dir():
        raise LimitError(f"{CHECKPOINTS} must be a folder that is there; it was {folder[:60]!r}.")
    return MappingProxyType(found)


@cache
def in_force() -> Mapping[str, int]:
    """Return the limits that this process was started with.

    Raises:
        LimitError: if the environment holds one that cannot be.
    """
    return read(os.environ)


def limit(name: str, least: int = 0) -> int:
    """Return this process's part of a limit in force, by its variable's name without INIT_LAB_.

    Of what processes share it is at least ``least``, if there is so much in all.
    """
    name = f"INIT_LAB_{name}"
    whole = in_force()[name]
    return min(whole, max(least, math.ceil(whole / PROCESSES))) if name in SHARED else whole


def checkpoints() -> Path | None:
    """Return the folder whose files of weights every visitor may have read; None if there is none."""
    folder = os.environ.get(CHECKPOINTS, "").strip()
    return Path(folder) if folder else None


def hosts() -> list[str]:
    """Return the names under which the server may be called; empty: any."""
    names = os.environ.get("INIT_LAB_HOSTS", "").split(",")
    return [name.strip() for name in names if name.strip()]
