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
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st

from core import Draw
from core.weights.sampling import Progress
from pages.jobs import queue
from pages.jobs.queue import Turn
from pages.state.insides import Cached
from pages.state.operator_limits import limit
from pages.state.session import session

Given = ParamSpec("Given")
Result = TypeVar("Result")
#: What a job does: it is given ``progress(done, total)``, which returns False to end it.
Work = Callable[[Progress], Result]
#: What tells values apart that are more than plain.
KNOWN_BY: dict[str | type, Callable[[Any], object]] = {
    Draw: lambda draw: (draw.key, draw.shape, draw.seed, str(draw.device), str(draw.dtype), draw.params)
}


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
            self._turn = queue.gate().enter(self._run, visitor())
            self._result = self._turn.result

    @property
    def place(self) -> int:
        """The place in the queue, from 1; 0 once it has begun."""
        return queue.gate().place(self._turn) if self._turn else 0

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the result, at most this long; tell whether it is there."""
        if not self._result.done():
            with queue.turnstile().aside():
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
                        queue.gate().leave(self._turn)

    def _run(self) -> Result:
        return self._work(self._progress)

    def _progress(self, done: int, _: int) -> bool:
        self.done = done
        return not self._cancelled


def visitor() -> str:
    """Return a name for this browser session, which says nothing about it."""
    now = session()
    now.visitor = now.visitor or secrets.token_hex(8)
    return now.visitor


class Kept(Generic[Given, Result]):
    """A function whose results are kept for all visitors, as Streamlit keeps them.

    How many is known once the operator's limits are: with the first call.
    """

    def __init__(self, function: Callable[Given, Result], most: Callable[[], int]) -> None:
        update_wrapper(self, function)
        self._function, self._most = function, most

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        result: Result = self._kept(*args, **kwargs)
        return result

    def clear(self, *args: Given.args, **kwargs: Given.kwargs) -> None:
        """Forget the result of these arguments, or all results."""
        self._kept.clear(*args, **kwargs)

    @cached_property
    def _kept(self) -> Cached[Given, Result]:
        most = max(1, self._most())
        return st.cache_resource(max_entries=most, show_spinner=False, hash_funcs=KNOWN_BY)(self._function)


def kept(
    *, most: int | None = None, share: int = 1
) -> Callable[[Callable[Given, Result]], Kept[Given, Result]]:
    """Keep a function's results for all visitors: ``most`` of them, or a share of the operator's limit."""
    return lambda function: Kept(function, lambda: most or limit("CACHE") // share)
