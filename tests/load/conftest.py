"""Servers that come up side by side, each under circumstances of its own."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.circumstances import (
    FAILING,
    FULL_DISK,
    HOUSE,
    NARROW,
    NOWHERE,
    SERVE,
    WRONG,
    Started,
    Starting,
    tried,
)
from tests.support.stream import Server, free_port, serving, streamlit_run


@pytest.fixture(scope="module")
def starting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starting]:
    """Start what a module names in its SERVERS."""
    folder = tmp_path_factory.mktemp("logs")
    kinds: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "narrow": ((sys.executable, "-c", FAILING), NARROW),
        "house": (SERVE, HOUSE),
        "full disk": (FULL_DISK, NOWHERE),
    }
    with ExitStack() as running, ThreadPoolExecutor(2) as pool:

        def start(name: str) -> Started:
            command, settings = kinds[name]
            port, log = free_port(), folder / f"{name}.log"
            environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **settings}
            logged = ("sh", "-c", f'exec "$@" 2>>"{log}"', "sh", *command)
            return Started(running.enter_context(serving(logged, port, environment)), log)

        def begin(name: Any) -> Any:
            if name in WRONG:
                return tried(*name)
            return running.enter_context(streamlit_run()) if name == "streamlit" else start(name)

        # others come up while the first are tested
        yield {name: pool.submit(begin, name) for name in request.module.SERVERS}


@pytest.fixture
def narrow(starting: Starting) -> Server:
    served: Server = starting["narrow"].result().server
    return served
