"""Results that visitors share: thirty students who open one link cost one draw.

Keys are plain values, results are small and frozen, and no tensor outlives the call. Streamlit
makes a missing entry once, however many ask for it at the same time.
"""

import math
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st
from torch import Tensor

import core
from core import Law, Summary
from core.weights.referee import Verdict, judge
from core.weights.sampling import Progress
from pages.jobs.queue import Gate, Turn, Turnstile
from pages.state.limits import FORCE
from pages.state.table import DTYPE_NAMES, State

Params = tuple[tuple[str, Any], ...]

#: The largest side of a matrix that is drawn as a heat map.
MATRIX_LIMIT = 64
#: Results kept of each kind; a summary of 60 bins takes 2 kB.
ENTRIES = FORCE["INIT_LAB_CACHE"]
#: Weights that are drawn at once, in the page's own thread: in a stream, and held. More take some hundredths
#: of a second, so that a class's draws pass the gate.
QUICK_STREAMED, QUICK_HELD = 1 << 22, 1 << 18
#: What every page passes.
TURNSTILE = Turnstile(FORCE["INIT_LAB_PAGES"], patience=2.0)
#: What all big work passes, of every page and visitor.
GATE = Gate(FORCE["INIT_LAB_WORKERS"], FORCE["INIT_LAB_QUEUE"], FORCE["INIT_LAB_QUEUE_EACH"])


class Drawn(NamedTuple):
    """One layer's weights, counted, beside their law and the referee's word on them."""

    summary: Summary
    law: Law
    verdict: Verdict


class Request(NamedTuple):
    """What a draw depends on, and nothing else."""

    key: str
    shape: tuple[int, ...]
    seed: int
    device: str
    dtype: str
    params: Params

    @property
    def size(self) -> int:
        """The number of weights."""
        return math.prod(self.shape)

    @property
    def options(self) -> dict[str, Any]:
        """What core's calls take by name."""
        dtype = DTYPE_NAMES[self.dtype]
        return {"seed": self.seed, "device": self.device, "dtype": dtype, **dict(self.params)}


def request(state: State) -> Request:
    """Return the draw that this state asks for, on a device that this machine has."""
    params = tuple(state.params.items())
    return Request(state["scheme"], state.shape, state["seed"], state.device, state["dtype"], params)


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


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def job(asked: Request, bins: int) -> Job[Drawn]:
    """Return the draw of these weights, begun if it is new."""
    streams = core.streams(asked.key, asked.shape, asked.device, **dict(asked.params))
    quick = asked.size <= (QUICK_STREAMED if streams else QUICK_HELD)
    work = partial(_draw, asked, bins)
    return Job(asked.size, work, quick=quick, forget=lambda: job.clear(asked, bins))


def _draw(asked: Request, bins: int, progress: Progress) -> Drawn:
    law = core.SCHEMES[asked.key].law(asked.shape, **dict(asked.params))
    summary = core.summarize(asked.key, asked.shape, bins=bins, progress=progress, **asked.options)
    return Drawn(summary, law, judge(summary, law))


class Matrix(NamedTuple):
    """A tensor as torch prints it and, if it is small, its numbers as a matrix."""

    printed: str
    small: npt.NDArray[np.float32] | None


def tensor(asked: Request) -> Tensor:
    """Draw again, to be taken away."""
    return core.draw(asked.key, asked.shape, **asked.options)


def code(asked: Request) -> str:
    """Return the script that draws it."""
    return core.pytorch_code(asked.key, asked.shape, **asked.options)


@st.cache_resource(max_entries=ENTRIES // 8, show_spinner=False)
def matrix(asked: Request) -> Matrix:
    """Draw again, for the eye."""
    drawn = tensor(asked)
    flat = drawn.reshape(len(drawn), -1)
    small = max(flat.shape) <= MATRIX_LIMIT
    return Matrix(str(drawn), flat.float().cpu().numpy() if small else None)
