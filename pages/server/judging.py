"""Files of weights are judged in a process of their own, which has what those that draw pages leave.

Python runs one thread at a time: a file that is judged beside a page holds it up at every step. Where several
processes answer, the one that listens starts this one too. Where there is one alone, files are judged there.
"""

import logging
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from core import Cancelled, InitLabError, Report
from core.checkpoints.counted_elsewhere import Again, report_of_counts
from core.checkpoints.file_formats import opened
from core.checkpoints.scan import report_of
from pages.state import reports
from pages.text import Text
from pages.words import refusals

Line = Mapping[str, Any]
Progress = Callable[[int, int], bool]
#: Seconds between two times that it says how far it is.
SAY = 0.1
_LOG = logging.getLogger("init_lab")


class Counted(NamedTuple):
    """What a browser has counted of a file, of which no more than ``most`` bytes are read."""

    told: bytes
    most: int

    def judged(self, progress: Progress) -> Report | tuple[Again, ...]:
        """Return the report, or which rows are to be counted once more."""
        return report_of_counts(self.told, most=self.most, progress=progress)


class Stored(NamedTuple):
    """A file that this process has open, and what it is called."""

    file: int
    name: str

    def judged(self, progress: Progress) -> Report:
        """Return the report."""
        with ThreadPoolExecutor(1) as one:  # as many files are read at a time as there are workers
            path = f"/dev/fd/{self.file}"
            return report_of(opened(path, self.name), executor=one, progress=progress)


Work = Counted | Stored


class Far(NamedTuple):
    """How far a piece of work is."""

    done: int
    total: int


class Judged(NamedTuple):
    """What comes of it: the last line of an answer, and the report whose key it has."""

    line: Line
    report: Report | None = None


def judged(work: Work, language: str, progress: Progress) -> Judged:
    """Do the work and keep its report; whatever goes wrong is a sentence."""
    t = Text(language)
    try:
        found = work.judged(progress)
        if isinstance(found, Report):
            return Judged({"key": reports.keep(found)}, found)
        return Judged({"again": [each._asdict() for each in found]})
    except Cancelled:
        return Judged({"refused": t("drop.cut")})
    except InitLabError as error:
        return Judged({"refused": worded(error, t)})
    except OSError:  # of the folder in which reports are kept; a file's own are refusals
        _LOG.exception("A report could not be kept.")
        return Judged({"refused": t("drop.room")})
    except Exception:  # noqa: BLE001 - no reader may let one out; it is in the log
        _LOG.exception("A file of weights could not be read.")
        return Judged({"refused": t("drop.odd")})


def worded(error: InitLabError, t: Text) -> str:
    """Return a refusal of core's as a sentence."""
    facts = {key: tuple(value) if isinstance(value, list) else value for key, value in error.facts.items()}
    return refusals.worded(error.code.replace(".", "_"), facts, "", t)


class Judge:
    """Does the work that other processes of the server ask for; made before they part.

    Whoever asks hands over one end of a pipe, and a file if it is one, and hears at the other how far it is.
    What is asked while the process is started anew waits for it.
    """

    def __init__(self) -> None:
        self._door, self._inside = socket.socketpair(type=socket.SOCK_DGRAM)

    def ask(self, work: Work, language: str, progress: Progress) -> Judged:
        """Have work done, as by ``judged``, and wait for it.

        Raises:
            EOFError: if the process ended meanwhile.
        """
        ours, theirs = Pipe()
        with ours:
            with theirs:
                files = [work.file] if isinstance(work, Stored) else []
                socket.send_fds(self._door, [b"+"], [theirs.fileno(), *files])
            ours.send((work, language))
            while isinstance(said := ours.recv(), Far):
                if not progress(*said):
                    return Judged({"refused": Text(language)("drop.cut")})
        if said.report is not None:
            reports.hold(said.line["key"], said.report)
        return Judged(*said)

    def close(self) -> None:
        """Let nobody ask any more."""
        self._door.close()
        self._inside.close()

    def serve(self, channel: socket.socket) -> None:
        """Do what is asked for, until nobody holds the channel's other end."""
        if sys.platform == "linux":  # where alone there are several
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with selectors.DefaultSelector() as selector:
            for each in (self._inside, channel):
                selector.register(each, selectors.EVENT_READ)
            while all(key.fileobj is self._inside for key, _ in selector.select()):
                _, files, _, _ = socket.recv_fds(self._inside, 1, 2)
                threading.Thread(target=self._one, args=files, daemon=True).start()
        os._exit(0)

    def _one(self, pipe: int, *files: int) -> None:
        with Connection(pipe) as asks, ExitStack() as held, suppress(EOFError, OSError):  # who asks may leave
            for file in files:
                held.callback(os.close, file)
            work, language = asks.recv()
            if files:
                work = work._replace(file=files[0])
            asks.send(judged(work, language, partial(_say, asks, [0.0])))


def _say(asks: Connection, said: list[float], done: int, total: int) -> bool:
    """Say how far it is, now and then; tell whether whoever asked still listens, who says nothing more."""
    if asks.poll():
        return False
    if time.monotonic() - said[0] > SAY:
        said[0] = time.monotonic()
        asks.send(Far(done, total))
    return True
