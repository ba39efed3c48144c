"""One layer's weights: drawn and counted once, whoever asks for them."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core import Law, Summary
from core.weights.draw import Draw
from core.weights.referee import Verdict, judge
from core.weights.sampling import Progress, summary_of, tensor_of
from pages.jobs.cache import Job, kept
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES

#: The largest side of a matrix that is drawn as a heat map.
MATRIX_LIMIT = 64
#: Weights that are drawn at once, in the page's own thread: in a stream, and held. More take some hundredths
#: of a second, so that a class's draws pass the gate.
QUICK_STREAMED, QUICK_HELD = 1 << 22, 1 << 18


class Drawn(NamedTuple):
    """One layer's weights, counted, beside their law and the referee's word on them."""

    summary: Summary
    law: Law
    verdict: Verdict


def request(state: State) -> Draw:
    """Return the draw that this state asks for, on a device that this machine has."""
    return asked(state, state["scheme"], state.shape, state.params)


def asked(state: State, key: str, shape: tuple[int, ...], params: Mapping[str, Any]) -> Draw:
    """Return the draw of a scheme, with the seed, device and dtype that this state asks for."""
    dtype = DTYPE_NAMES[state["dtype"]]
    return Draw(key, shape, seed=state["seed"], device=state.device, dtype=dtype, **params)


@kept()
def job(draw: Draw, bins: int) -> Job[Drawn]:
    """Return the draw of these weights, begun if it is new."""
    quick = draw.size <= (QUICK_STREAMED if draw.streams else QUICK_HELD)
    work = partial(_drawn, draw, bins)
    return Job(draw.size, work, quick=quick, forget=lambda: job.clear(draw, bins))


def _drawn(draw: Draw, bins: int, progress: Progress) -> Drawn:
    summary = summary_of(draw, bins=bins, progress=progress)
    return Drawn(summary, draw.law, judge(summary, draw.law))


class Matrix(NamedTuple):
    """A tensor as torch prints it and, if it is small, its numbers as a matrix."""

    printed: str
    small: npt.NDArray[np.float32] | None


@kept(share=8)
def matrix(draw: Draw) -> Matrix:
    """Draw again, for the eye."""
    drawn = tensor_of(draw)
    flat = drawn.reshape(len(drawn), -1)
    small = max(flat.shape) <= MATRIX_LIMIT
    return Matrix(str(drawn), flat.float().cpu().numpy() if small else None)
