"""Results that visitors share: thirty students who open one link cost one draw.

Keys are plain values, results are small and frozen, and no tensor outlives the call. Streamlit
computes a missing entry once, however many ask for it at the same time.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import streamlit as st

import core
from core import Law, Summary
from core.referee import Verdict, judge
from pages.ui.state import DTYPE_NAMES, State

Params = tuple[tuple[str, Any], ...]

#: The largest side of a matrix that is drawn as a heat map.
MATRIX_LIMIT = 64
#: Results kept of each kind; a summary of 60 bins takes 2 kB.
ENTRIES = 512


class Drawn(NamedTuple):
    """One layer's weights, counted, beside their law and the referee's word on them."""

    summary: Summary
    law: Law
    verdict: Verdict


class Request(NamedTuple):
    """What a draw depends on, and nothing else."""

    key: str
    shape: tuple[int, int]
    seed: int
    device: str
    dtype: str
    params: Params


def request(state: State) -> Request:
    """Return the draw that this state asks for, on a device that this machine has."""
    params = tuple(state.params.items())
    return Request(state["scheme"], state.shape, state["seed"], state.device, state["dtype"], params)


@st.cache_resource(max_entries=ENTRIES, show_spinner=False)
def drawn(asked: Request, bins: int) -> Drawn:
    """Draw, count and judge."""
    dtype = DTYPE_NAMES[asked.dtype]
    law = core.SCHEMES[asked.key].law(asked.shape, **dict(asked.params))
    summary = core.summarize(
        asked.key,
        asked.shape,
        seed=asked.seed,
        device=asked.device,
        dtype=dtype,
        bins=bins,
        **dict(asked.params),
    )
    return Drawn(summary, law, judge(summary, law))


class Matrix(NamedTuple):
    """A tensor as torch prints it and, if it is small, its numbers."""

    printed: str
    small: npt.NDArray[np.float32] | None


@st.cache_resource(max_entries=ENTRIES // 8, show_spinner=False)
def matrix(asked: Request) -> Matrix:
    """Draw again, for the eye."""
    tensor = core.draw(
        asked.key,
        asked.shape,
        seed=asked.seed,
        device=asked.device,
        dtype=DTYPE_NAMES[asked.dtype],
        **dict(asked.params),
    )
    small = max(asked.shape) <= MATRIX_LIMIT
    return Matrix(str(tensor), tensor.float().cpu().numpy() if small else None)
