"""How far a check may be off by chance: standard errors, and what a cast or a matrix adds to them."""

import math
from dataclasses import dataclass

import torch
from scipy import special

from .laws import Law
from .rounding import (
    Rounded,
    rounded_law,
    spacing,
)
from .structure import TOLERANCE, worked_in
from .summary import Summary

#: A cast shifts the mean square of an orthogonal matrix. The shift may differ from its average by this many
#: standard errors; the bound on one of these is generous, and entries depend on each other a little.
CAST_ERRORS = 8


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: ``statistic`` is in standard errors, or a count or χ² where that is exact."""

    name: str
    statistic: float
    p_value: float


def error_of_std(n: float, expected: Rounded) -> float:
    """Return the standard error of a sample std over the std: √((kurtosis − 1)/(4n)); nan if that is 0."""
    kurtosis = expected.moments[1]
    return math.sqrt(max(0.0, kurtosis - 1) / (4 * n)) if n > 0 and kurtosis >= 0 else math.nan


def power(outside: float, n: int) -> float:
    """Return (1 − outside)^n."""
    return math.exp(n * math.log1p(-outside)) if outside < 1 else 0.0


def haar_mean(summary: Summary, law: Law, drawn_in: torch.dtype) -> Check:
    """Test the sum of an orthogonal matrix's entries.

    Q maps a fixed unit vector to a uniform point of the unit sphere in d dimensions, so the sum over
    g·√n is one coordinate of such a point (Muirhead 1982, theorem 1.5.7). What the cast may have added
    is subtracted: it matters near 1, where the coordinate is likeliest to be in two dimensions.
    """
    rows, columns = law.matrix or (1, 1)
    gain, d = law.support[1], max(rows, columns)
    t = abs(summary.mean) * math.sqrt(summary.n) / gain
    moved = exactness(summary, drawn_in) + _cast_error(summary, law, drawn_in)
    t = max(0.0, min(1.0, t - moved * min(math.sqrt(min(rows, columns)), CAST_ERRORS / math.sqrt(d))))
    p = 1.0 if d == 1 else float(special.betaincc(0.5, (d - 1) / 2, t * t))
    return Check("mean", summary.mean * math.sqrt(summary.n * d) / gain, p)


def haar_std(summary: Summary, law: Law, drawn_in: torch.dtype) -> Check:
    """Compare the mean square with g²/d, which orthonormal vectors have exactly before they are cast.

    The average shift by a cast is known from the law of an entry. The rest is chance, bounded by a few
    standard errors.
    """
    square = (summary.std * summary.std + summary.mean * summary.mean) / law.std**2
    room, off = exactness(summary, drawn_in), _cast_error(summary, law, drawn_in)
    within = max(0.0, 1 - off) ** 2 - room <= square <= (1 + off) ** 2 + room
    wanted = 1.0
    if off and law.continuous is not None:
        wanted = (rounded_law(law, _coarser(summary.dtype, drawn_in), torch.float64).std / law.std) ** 2
        spread = math.sqrt(3) * ((1 + off) ** 2 - 1) / math.sqrt(summary.n)
        within = within and abs(square - wanted) <= room + CAST_ERRORS * spread
    return Check("std", square - wanted, float(within))


def exactness(summary: Summary, drawn_in: torch.dtype) -> float:
    """Return how exact an orthogonal matrix is: to the rounding of what it was computed in, or is held in.

    The sums of a summary are exact to a dozen digits.
    """
    coarsest = max(torch.finfo(worked_in(dtype)).eps for dtype in (summary.dtype, drawn_in))
    return max(TOLERANCE * coarsest, 1e-12)


def _cast_error(summary: Summary, law: Law, drawn_in: torch.dtype) -> float:
    """Return by how much, relatively, a cast may move a root mean square; 0 where no digits were dropped.

    It moves a weight by at most u·|w| or half of the smallest number. By Minkowski's inequality the RMS of
    these shifts is at most u + h, relative to the std, where h is that half over the std.
    """
    dtype = _coarser(summary.dtype, drawn_in)
    if dtype.itemsize >= 4:
        return 0.0
    return (spacing(1.0, dtype) + spacing(0.0, dtype) / law.std) / 2


def _coarser(dtype: torch.dtype, drawn_in: torch.dtype) -> torch.dtype:
    return min(dtype, drawn_in, key=lambda each: each.itemsize)
