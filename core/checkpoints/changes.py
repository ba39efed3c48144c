"""How a tensor differs between two files: by what is kept of it, and by its numbers while they are there."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from ..errors import CheckpointError
from ..weights.laws import Array
from .report_row import Row
from .stored_tensor import PART, Stored


@dataclass(frozen=True, slots=True)
class Change:
    """How a tensor differs between two reports.

    ``std_ratio`` and ``norm_ratio`` are the other's std, and Euclidean norm, over this one's; ``mean_shift``
    is the difference of the means in this one's std. ``distance`` is the norm of the difference over this
    one's norm, ``cosine`` that of the angle between both as vectors: these are of the numbers themselves, and
    need both files to be there as they were. nan where there is no such. ``left_law``: a known law
    fitted, of which a std a tenth off would have been seen, and none fits the other.
    """

    name: str
    status: Literal["equal", "changed", "reshaped", "added", "removed"]
    std_ratio: float = math.nan
    mean_shift: float = math.nan
    norm_ratio: float = math.nan
    distance: float = math.nan
    cosine: float = math.nan
    left_law: bool = False


def change(row: Row, other: Row | None, stored: tuple[Stored, Stored] | None = None) -> Change:
    """Return how a tensor differs; ``stored`` is where both are, if they can be read."""
    if other is None:
        return Change(row.name, "removed")
    if row.shape != other.shape:
        return Change(row.name, "reshaped")
    same = row.digest == other.digest and row.dtype == other.dtype
    spread, norm = row.std > 0, _norm(row)
    distance, cosine = _moved(row, norm, stored, same=same)
    return Change(
        row.name,
        "equal" if same else "changed",
        other.std / row.std if spread else math.nan,
        (other.mean - row.mean) / row.std if spread else math.nan,
        _norm(other) / norm if norm else math.nan,
        distance,
        cosine,
        row.init is not None and row.init.decisive and other.init is None,
    )


def _norm(row: Row) -> float:
    """Return the Euclidean norm of the finite numbers."""
    return math.hypot(row.std, row.mean) * math.sqrt(row.n - row.nan - row.inf) if row.std == row.std else 0.0


def _moved(row: Row, norm: float, stored: tuple[Stored, Stored] | None, *, same: bool) -> tuple[float, float]:
    """Return distance and cosine; nan of what is 0, not finite, or no longer as it was."""
    if not norm or row.nan or row.inf:
        return math.nan, math.nan
    if same:
        return 0.0, 1.0
    if stored is None or not row.is_float:
        return math.nan, math.nan
    sums = np.zeros(4)
    try:
        with np.errstate(all="ignore"):
            for a, b in zip(*map(_numbers, stored), strict=True):
                sums += a @ a, b @ b, a @ b, (a - b) @ (a - b)
    except CheckpointError:
        return math.nan, math.nan
    one, other, both, apart = sums.tolist()
    if not 0 < one < math.inf:  # their squares leave float64
        return math.nan, math.nan
    lengths = math.sqrt(one) * math.sqrt(other)
    return math.sqrt(apart / one), max(-1.0, min(1.0, both / lengths)) if lengths else math.nan


def _numbers(stored: Stored) -> Iterator[Array]:
    """Yield a tensor's numbers in float64, always as many at a time, whatever its source gives.

    Raises:
        CheckpointError: if the file has changed, or ends too early.
    """
    left = np.empty(0)
    for part in stored.source.parts(PART):
        bits = torch.from_numpy(part.view(f"i{part.itemsize}").copy())  # the next part may overwrite this one
        read = bits.view(getattr(torch, stored.dtype)).double().numpy()
        left = np.concatenate([left, read]) if len(left) else read
        for start in range(0, len(left) - PART + 1, PART):
            yield left[start : start + PART]
        left = left[len(left) // PART * PART :]
    yield left


def by_name(tensors: tuple[Stored, ...]) -> Mapping[tuple[str, str], Stored]:
    """Return where tensors are, by file and name."""
    return {(each.file, each.name): each for each in tensors}
