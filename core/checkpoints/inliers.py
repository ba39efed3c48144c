"""What of a tensor is held against laws: its counts without its dead rows' zeros and without outliers."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ..weights.laws import Array
from .measure import Measured, moments_of

#: What lies further out, in std, was not drawn: torch's normals end at 5.77.
FAR = 12


class Inliers(NamedTuple):
    """A tensor's counts without its dead rows' zeros and its outliers."""

    n: int
    dtype: torch.dtype
    exact: bool
    values: Array
    low: Array
    high: Array
    counts: Array
    mean: float
    std: float
    kurtosis: float
    #: how many were left aside
    outliers: int
    lowest: float
    highest: float
    #: how far from 0 the nearest outlier lies, nearly; infinite without any
    nearest_outlier: float


def inliers(measured: Measured) -> Inliers | None:
    """Return what is judged; None if nothing is spread."""
    cells = measured.cells
    at, counts = measured.held[0], measured.held[1].astype(np.float64)
    if measured.units is not None and (dead := int((measured.units.squares == 0).sum())):
        _take_zeros(counts, np.isin(at, cells.around_0), dead * (measured.n // measured.shape[0]))
        at, counts = at[counts > 0], counts[counts > 0]
    values = cells.values[at]
    outliers = _outliers(values, counts)
    far, nearest = int(counts[outliers].sum()), np.abs(values[outliers]).min(initial=math.inf)
    at, values, counts = at[~outliers], values[~outliers], counts[~outliers]
    low, high = cells.low[at], cells.high[at]
    if len(values) < 2:
        return None
    n, mean, (second, _, fourth) = moments_of(values, counts)
    kurtosis = n * (fourth / second / second) - 3 if second > 0 else math.nan
    dtype = getattr(torch, measured.origin or measured.dtype)
    std = math.sqrt(second / n)
    ends = (float(values[0]), float(values[-1])) if far else (measured.minimum, measured.maximum)
    return Inliers(
        *(n, dtype, cells.exact, values, low, high, counts, mean, std, kurtosis, far, *ends),
        nearest_outlier=0.99 * float(nearest),
    )


def _take_zeros(counts: Array, around_0: npt.NDArray[np.bool_], number: int) -> None:
    """Take so many zeros away, in place, from where they are counted."""
    for at in np.flatnonzero(around_0)[::-1]:
        taken = min(number, int(counts[at]))
        counts[at] -= taken
        number -= taken


def _outliers(values: Array, counts: Array) -> npt.NDArray[np.bool_]:
    """Tell which cells lie so far out that no law has such numbers, if few do.

    Far is FAR times what in a normal law would be the std, from the quartiles. A few in a thousand may be
    there, or some in a hundred if all are of one size, as at a cut.
    """
    if not len(counts):
        return np.zeros(0, np.bool_)
    below = np.cumsum(counts)
    n = below[-1]
    first, middle, third = values[np.searchsorted(below, (0.25 * n, 0.5 * n, 0.75 * n))]
    found = np.abs(values - middle) > FAR * (third - first) / 1.349
    number = counts[found].sum()
    one_size = len(np.unique(np.abs(values[found]))) == 1
    if n < 100 or third == first or number > n * (0.03 if one_size else 0.001):
        return np.zeros(len(values), np.bool_)
    return np.asarray(found)
