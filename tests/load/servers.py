"""The servers that are measured, each in processes of its own, and what they take of the machine."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.stream import Server, free_port, serving

#: Streamlit's own settings where ours differ and it costs time. Its watch over source files is left out:
#: it would cost more than all of these together, and is meant for who edits them.
STOCK = {
    "runner.postScriptGC": "true",
    "runner.magicEnabled": "true",
    "global.minCachedMessageSize": "10000",
}
#: Seconds between two looks at the memory.
LOOK = 0.5


def production(port: int) -> tuple[list[str], dict[str, str]]:
    """Return the command that serves in production, and its environment."""
    return [sys.executable, "-m", "pages.server"], {**_bare(), "PORT": str(port)}


def single(port: int) -> tuple[list[str], dict[str, str]]:
    """Return the command that serves in production with one process, whatever cores there are."""
    command, environment = production(port)
    return command, {**environment, "INIT_LAB_PROCESSES": "1"}


def stock(port: int) -> tuple[list[str], dict[str, str]]:
    """Return the command that serves the same pages with Streamlit's own settings."""
    words = [f"--{name}={value}" for name, value in STOCK.items()]
    return [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *words], _bare()


def _bare() -> dict[str, str]:
    """Return this environment without what a developer may have set for a server."""
    ours = ("OMP_NUM_THREADS", "PORT", "STREAMLIT_", "INIT_LAB_", "MALLOC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


#: name → how it is started
KINDS = {"tuned": production, "single": single, "stock": stock}


class Memory(NamedTuple):
    """Megabytes."""

    now: float
    peak: float


class Served:
    """A server under measurement: all its processes together."""

    def __init__(self, kind: str, running: Server) -> None:
        self.kind, self.port, self._running = kind, running.port, running
        self._peak = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, with that of children that have ended."""
        return self._running.cpu_seconds()

    def memory(self) -> Memory:
        """Return what the server holds now, and the most it held so far."""
        now = self._now()
        self._peak = max(self._peak, now, _status(self._running.pid, "VmHWM"))
        return Memory(now, self._peak)

    def stop_looking(self) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            with contextlib.suppress(OSError):
                self._peak = max(self._peak, self._now())

    def _now(self) -> float:
        """Return the resident memory; pages that several processes share count once."""
        processes = self._running.processes()
        if len(processes) == 1:
            return _status(self._running.pid, "VmRSS")
        return sum(_proportional(pid) for pid in processes)


def _status(pid: int, field: str, file: str = "status") -> float:
    text = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8")
    found = (int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{field}:"))
    return next(found, 0) * 1.024e-3  # a process that has just ended has none


def _proportional(pid: int) -> float:
    try:
        return _status(pid, "Pss", "smaps_rollup")
    except OSError:  # it has just ended
        return 0.0


@contextlib.contextmanager
def served(kind: str) -> Iterator[Served]:
    """Start a server of this kind, fresh, and stop it at the end."""
    port = free_port()
    command, environment = KINDS[kind](port)
    with serving(command, port, environment) as running:
        found = Served(kind, running)
        try:
            yield found
        finally:
            found.stop_looking()
