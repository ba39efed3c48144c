"""One layer's weights: drawn and counted once, whoever asks for them."""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

import core
from core import Law, Summary
from core.weights.referee import judge
from core.weights.referee_checks import Verdict
from core.weights.sampling import Progress
from pages.jobs.cache import Job, kept
from pages.state.chosen import State
from pages.state.table import DTYPE_NAMES

Params = tuple[tuple[str, Any], ...]
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


@kept()
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


@kept(share=8)
def matrix(asked: Request) -> Matrix:
    """Draw again, for the eye."""
    drawn = tensor(asked)
    flat = drawn.reshape(len(drawn), -1)
    small = max(flat.shape) <= MATRIX_LIMIT
    return Matrix(str(drawn), flat.float().cpu().numpy() if small else None)
