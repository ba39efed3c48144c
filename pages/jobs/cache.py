"""Results that visitors share: thirty students who open one link cost one draw.

Keys are plain values, results are small and frozen, and no tensor outlives the call. Streamlit
makes a missing entry once, however many ask for it at the same time.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

import streamlit as st

from core.weights.sampling import Progress
from pages.jobs.queue import Gate, Turn, Turnstile
from pages.state.limits import FORCE

#: Results kept of each kind; a summary of 60 bins takes 2 kB.
ENTRIES = FORCE["INIT_LAB_CACHE"]
#: What every page passes.
TURNSTILE = Turnstile(FORCE["INIT_LAB_PAGES"], patience=2.0)
#: What all big work passes, of every page and visitor.
GATE = Gate(FORCE["INIT_LAB_WORKERS"], FORCE["INIT_LAB_QUEUE"], FORCE["INIT_LAB_QUEUE_EACH"])


Result = TypeVar("Result")
#: What a job does: it is given ``progress(done, total)``, which returns False to end it.
Work = Callable[[Progress], Result]


class Job(Generic[Result]):
    """One piece of work for all who ask for it: done at once if it is quick, else in its turn.

    It goes on as long as someone watches it. ``forget`` takes an unfinished one out of the cache.

    Raises:
        Full: if it would have to wait, and too much waits already.
    """

    def __init__(self, total: int, work: Work[Result], *, quick: bool, forget: Callable[[], object]) -> None:
        self.total, self.done = total, 0
        self._work, self.forget = work, forget
        self._watchers, self._lock = 0, threading.Lock()
        self._cancelled = False
        self._turn: Turn[Result] | None = None
        self._result: Future[Result] = Future()
        if quick:
            self._result.set_result(self._run())
        else:
            self._turn = GATE.enter(self._run, _visitor())
            self._result = self._turn.result

    @property
    def place(self) -> int:
        """The place in the queue, from 1; 0 once it has begun."""
        return GATE.place(self._turn) if self._turn else 0

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the result, at most this long; tell whether it is there."""
        if not self._result.done():
            with TURNSTILE.aside():
                futures.wait([self._result], timeout=seconds)
        return self._result.done()

    def result(self) -> Result:
        """Return the result, waiting for it; raise what the work raised."""
        self.wait()
        return self._result.result()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the work going meanwhile; when the last watcher leaves it unfinished, it is given up."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1
                if self._watchers == 0 and not self._result.done():
                    self._cancelled = True
                    self.forget()
                    if self._turn:
                        GATE.leave(self._turn)

    def _run(self) -> Result:
        return self._work(self._progress)

    def _progress(self, done: int, _: int) -> bool:
        self.done = done
        return not self._cancelled


def _visitor() -> str:
    """Return a name for this browser session, which says nothing about it."""
    return str(st.session_state.setdefault("_visitor", secrets.token_hex(8)))
