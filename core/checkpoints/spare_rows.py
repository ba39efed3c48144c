"""Rows of a trained weight that no training has moved, as those of tokens that never occur."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..weights.schemes import SCHEMES
from .candidates import Shape
from .law_fit import Fit, identify
from .measure import Measured, measure
from .output_rows import Units
from .stored_tensor import Bits, Stored

#: How many rows of a weight are named.
NAMED = 8
#: What returns some rows of a weight, measured by themselves; None where that is not known yet.
Look = Callable[[npt.NDArray[np.bool_]], Measured | None]


class Spare(NamedTuple):
    """Rows at a law of their own: how many, the first of them, that law, and its std."""

    number: int
    first: tuple[int, ...]
    fit: Fit
    std: float


#: Laws whose scale rows are looked at for, beside trained ones; fewer rows of fewer numbers say nothing.
_SPARE_STDS = (0.02, 0.01, 0.006, 1.0, 0.05, 0.1, 0.001, 0.005)
_LEAST_ROWS, _LEAST_NUMBERS = 8, 64


def spare_rows(shape: Shape, units: Units, look: Look, among: int) -> Spare | None:
    """Find rows that no training has moved, as those of tokens that never occur.

    They lie about a law's mean square as far as chance moves them; they are read once more, and must follow
    that law.
    """
    columns = math.prod(shape[1:])
    if columns < _LEAST_NUMBERS or len(shape) != 2:
        return None
    stds = (
        *_SPARE_STDS,
        *(SCHEMES[key].law(shape).std for key in ("lecun_normal", "classic_uniform")),
    )
    for std in stds:
        off = (units.squares / std**2 - 1) / math.sqrt(2 / columns)
        near = np.abs(off) <= 4
        for chosen in (near, _runs(near)):
            number = int(chosen.sum())
            if _LEAST_ROWS <= number <= len(off) / 2 and 0.6 < off[chosen].std() < 1.3:
                seen = look(chosen)
                fit = None if seen is None else identify(seen, among=among)
                if fit is not None and std in _stds(fit):
                    return Spare(number, tuple(np.flatnonzero(chosen)[:NAMED].tolist()), fit, std)
    return None


def _stds(fit: Fit) -> set[float]:
    """Return the std of each law that fits."""
    named = zip(fit.schemes, fit.shapes, strict=True)
    return {SCHEMES[key].law(shape, **params).std for (key, params), shape in named}


def _runs(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep what is marked in runs so long that others, which are marked by chance, form none."""
    ends = np.flatnonzero(np.diff(marked.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    share = max(float(marked.mean()), 0.01)
    least = (
        max(_LEAST_ROWS, math.ceil(math.log(1e-4 / len(marked)) / math.log(share))) if share < 1 else math.inf
    )
    kept = np.zeros(len(marked), np.bool_)
    for first, last in ends[ends[:, 1] - ends[:, 0] >= least]:
        kept[first:last] = True
    return kept


@dataclass(frozen=True)
class _Chosen:
    """Some rows of a stored tensor."""

    stored: Stored
    chosen: npt.NDArray[np.bool_]
    columns: int

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the rows' bits, some rows at a time."""
        at, left = 0, None
        for part in self.stored.source.parts(max(1, most // self.columns) * self.columns):
            whole = part if left is None else np.concatenate([left, part])
            rows = len(whole) // self.columns
            left = whole[rows * self.columns :].copy() if rows * self.columns < len(whole) else None
            chosen = self.chosen[at : at + rows]
            yield whole[: rows * self.columns].reshape(rows, self.columns)[chosen].reshape(-1)
            at += rows


def measured_rows(stored: Stored, chosen: npt.NDArray[np.bool_], columns: int) -> Measured:
    """Read the chosen rows of a weight once more, and measure them by themselves."""
    shape = (int(chosen.sum()), columns)
    source = _Chosen(stored, chosen, columns)
    return measure(Stored(stored.name, stored.file, stored.dtype, shape, source, stored.place))
