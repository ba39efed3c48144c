"""Is this sample consistent with this law?

The law is given, nothing is fitted. Each check has its own p-value; the smallest is corrected for the
number of checks (Šidák 1967), so about one honest draw in 1/ALPHA is called inconsistent, not one a check.

Where the entries of a tensor are not drawn independently, only what is exact or has a law of its own is
checked. Of a sparse weight, these are its zeros, and then the other entries as independent draws.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import special

from core.laws import Array, Band, Law
from core.rounding import Rounded, rounded_law, share_outside
from core.schemes import NARROW, kept, proposals
from core.structure import slack
from core.summary import Counts, Summary, rounded

#: The share of honest draws that the referee calls inconsistent, at most.
ALPHA = 0.001
#: How often a deviation of the size ``Verdict.detectable`` is seen.
POWER = 0.9
#: Cells of the shape check hold at least this many expected weights (Cochran 1954 asks for 5; the far
#: tail of χ², where a corrected p-value lies, needs more).
CELL = 10
#: torch's CPU draws float32 normals from 24 bits: past this many std their tail is cruder than the law,
#: and ends at √(2·24·ln 2) = 5.77. A largest weight beyond it is never called too small.
TAIL = 5.0
#: The chance that torch's CPU draws a float32 uniform number, or normal weight, that is exactly 0.
EXACT_ZERO = 2.0**-24


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: ``statistic`` is in standard errors, or a count or χ² where that is exact."""

    name: str
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the referee says of a sample."""

    checks: tuple[Check, ...]
    #: smallest p-value, corrected for the number of checks
    p_value: float
    #: relative error of the std that a sample of this size shows with probability POWER; nan where the
    #: std is not a matter of chance
    detectable: float

    @property
    def consistent(self) -> bool:
        return self.p_value >= ALPHA


def judge(summary: Summary, law: Law) -> Verdict:
    """Compare ``summary`` with ``law``.

    Checks, as far as the law has them: support, zeros, structure, counts (all exact), mean, std, outside
    (the share beyond a coverage band), shape (the counts of the bins) and extreme (the weight furthest
    from the mean). The weights' dtype is taken into account: what is expected is what an honest draw
    shows after rounding.
    """
    checks = [*_support(summary, law), *_structure(summary)]
    sample = None
    if not law.random:
        checks += _counts(summary, law)
    elif law.family == "orthogonal":
        checks += [_haar_mean(summary, law), _haar_std(summary, law)]
    else:
        checks += _zeros(summary, law)
        sample = _Sample.of(summary, law)
        checks += [*_moments(sample), *_outside(summary, law, sample), *_shape(summary, law, sample)]
        checks += _extreme(summary, law, sample)
    smallest = min((check.p_value for check in checks), default=1.0)
    # 1 − (1 − p)^k without the rounding that would turn a small p into 0
    p_value = 1.0 if smallest == 1 else -math.expm1(len(checks) * math.log1p(-smallest))
    detectable = math.nan
    if sample is not None:
        level = -math.expm1(math.log1p(-ALPHA) / len(checks))
        quantile = special.ndtri(POWER) - special.ndtri(level / 2)
        detectable = float(quantile * sample.error_of_std)
    return Verdict(tuple(checks), p_value, detectable)


def standard_errors(n: int, law: Law, dtype: torch.dtype = torch.float64) -> dict[str, float]:
    """Return the standard errors of the mean, std and excess_kurtosis of a weight of n entries.

    Without those that the law does not settle: an orthogonal matrix's std is not a matter of chance. Of
    the kurtosis (delta method; Stuart & Ord, Kendall's Advanced Theory, ch. 10), with standardised
    moments mₖ: n·Var = m₈ − 4m₄m₆ − m₄² + 4m₄³ − 8m₃m₅ + 16m₃² + 16m₄m₃².
    """
    if not law.random:
        return {}
    errors = {"mean": law.std / math.sqrt(n)}
    if law.family == "orthogonal":
        return errors
    expected = rounded_law(law, dtype)
    if law.family == "sparse":
        return {**errors, "std": law.std * _error_of_std(n - sum(_fixed(n, law)), expected)}
    m3, m4, m5, m6, _, m8 = expected.moments
    kurtosis = m8 - 4 * m4 * m6 - m4**2 + 4 * m4**3 - 8 * m3 * m5 + 16 * m3**2 + 16 * m4 * m3**2
    return {
        "mean": expected.std / math.sqrt(n),
        "std": expected.std * _error_of_std(n, expected),
        "excess_kurtosis": math.sqrt(max(0.0, kurtosis) / n),
    }


def expected_counts(n: int, edges: Array, law: Law, dtype: torch.dtype = torch.float64) -> Array:
    """Return how many of n weights of ``dtype`` the law expects in each bin; the end bins take all beyond."""
    total = np.zeros(len(edges) - 1)
    if law.continuous is not None:
        below = rounded_law(law, dtype).below(edges)
        below[0], below[-1] = 0.0, 1.0
        total += law.share * np.diff(below)
    for value, probability in law.atoms:
        total[_bin_of(value, edges)] += probability
    return np.asarray(n * total)


def expected_outside(n: int, law: Law, band: Band, dtype: torch.dtype = torch.float64) -> float:
    """Return how many of n weights of ``dtype`` the law expects outside ``band``."""
    if band.kind == "support":
        return 0.0
    if law.family == "orthogonal":
        return n * (1 - band.probability)
    return n * law.share * share_outside(law, band, dtype)


def drawn_counts(summary: Summary, law: Law) -> Counts:
    """Return the counts of the bins without the weights that stand at an atom."""
    counts = summary.counts.copy()
    for value, number in summary.atoms if law.continuous is not None else ():
        counts[_bin_of(value, summary.edges)] -= number
    return counts


def _bin_of(value: float, edges: Array) -> int:
    return int((np.searchsorted(edges, value, side="right") - 1).clip(0, len(edges) - 2))


def _error_of_std(n: float, expected: Rounded) -> float:
    """Return the standard error of a sample std over the std: √((kurtosis − 1)/(4n))."""
    return math.sqrt(max(0.0, expected.moments[1] - 1) / (4 * n))


@dataclass(frozen=True, slots=True)
class _Sample:
    """The independent entries among the weights, and what the law expects of them."""

    n: int
    mean: float
    #: mean of the squared deviations from the law's mean
    mean_square: float
    expected: Rounded

    @classmethod
    def of(cls, summary: Summary, law: Law) -> "_Sample":
        """Take the fixed zeros of a sparse weight out of ``summary``."""
        n = summary.n - sum(_fixed(summary.n, law))
        expected = rounded_law(law, summary.dtype)
        if n == summary.n:
            square = summary.std**2 + (summary.mean - expected.mean) ** 2
            return cls(n, summary.mean, square, expected)
        share, square = n / summary.n, summary.std**2 + summary.mean**2
        mean = summary.mean / share
        return cls(n, mean, square / share - 2 * mean * expected.mean + expected.mean**2, expected)

    @property
    def error_of_std(self) -> float:
        return _error_of_std(self.n, self.expected)


def _fixed(n: int, law: Law) -> list[int]:
    """Return how many of n weights are at each atom: a number that no chance moves."""
    return [round(n * probability) for _, probability in law.atoms]


def _support(summary: Summary, law: Law) -> list[Check]:
    """Count the weights beyond each wall; none may be."""
    checks = []
    for band in law.bands:
        if band.kind == "support":
            wall = rounded(band, summary.dtype)
            room = slack(summary.dtype) * wall.high if law.family == "orthogonal" else 0
            within = wall.low - room <= summary.minimum and summary.maximum <= wall.high + room
            ends = (wall.low, wall.high)
            beyond = summary.outside[summary.bands.index(ends)] if ends in summary.bands else math.nan
            checks.append(Check("support", float(0 if within else beyond), float(within)))
    return checks


def _structure(summary: Summary) -> list[Check]:
    """Check what holds exactly in a matrix, if it was looked at: WᵀW = g²I, zeros a column, ones."""
    if summary.defects is None:
        return []
    return [Check("structure", float(summary.defects), float(summary.defects == 0))]


def _counts(summary: Summary, law: Law) -> list[Check]:
    """Count the weights that are not where a law without chance puts them."""
    if law.family == "point":
        return []  # the support is the point
    expected = np.rint(expected_counts(summary.n, summary.edges, law))
    misplaced = float(np.abs(summary.counts - expected).sum() / 2)
    return [Check("counts", misplaced, float(misplaced == 0))]


def _zeros(summary: Summary, law: Law) -> list[Check]:
    """Check the number of zeros of a sparse weight; a drawn entry may be 0 by chance, too."""
    if law.family != "sparse" or (observed := dict(summary.atoms).get(0.0)) is None:
        return []
    (fixed,) = _fixed(summary.n, law)
    if observed < fixed:
        return [Check("zeros", float(observed - fixed), 0.0)]
    expected = rounded_law(law, summary.dtype)
    zero = np.array([0.0])
    by_chance = max(EXACT_ZERO, 1 - float(expected.below(zero)[0] + expected.above(zero)[0]))
    p = 1.0 if observed == fixed else float(special.bdtrc(observed - fixed - 1, summary.n - fixed, by_chance))
    return [Check("zeros", float(observed - fixed), p)]


def _moments(sample: _Sample) -> list[Check]:
    """Compare the mean, and the mean square about the law's mean, with the law's."""
    n, expected = sample.n, sample.expected
    m3, m4, _, m6, *_ = expected.moments
    if expected.std == 0:  # the dtype holds one number of this law
        return []
    z = (sample.mean - expected.mean) / (expected.std / math.sqrt(n))
    checks = [Check("mean", z, _two_sided(z, m3 / math.sqrt(n)))]
    # One weight has no spread, and where each is one std from the mean (m₄ = 1) there is none to test.
    if n > 1 and m4 > 1 + 1e-9:
        ratio = sample.mean_square / expected.std**2
        skewness = (m6 - 3 * m4 + 2) / (m4 - 1) ** 1.5
        z = (ratio - 1) / math.sqrt((m4 - 1) / n)
        # With few weights either may err: type III may end above 0, gamma's skewness is not the sum's.
        p = max(_two_sided(z, skewness / math.sqrt(n)), _two_sided(z, 2 * math.sqrt((m4 - 1) / n)))
        checks.append(Check("std", z, p))
    return checks


def _two_sided(z: float, skewness: float) -> float:
    """Return twice the smaller tail of a standardised sum beyond z.

    The sum's law is approximated by Pearson's type III, a shifted gamma law, with the sum's own
    skewness; for squares of normal weights that is exact (χ²).
    """
    if abs(skewness) < 1e-7:
        return math.erfc(abs(z) / math.sqrt(2))
    shape = 4 / skewness**2
    x = max(0.0, shape + z * 2 / skewness)
    return min(1.0, 2 * float(min(special.gammainc(shape, x), special.gammaincc(shape, x))))


def _outside(summary: Summary, law: Law, sample: _Sample) -> list[Check]:
    """Compare the count beyond each coverage band with its binomial law."""
    checks = []
    for band in law.bands:
        ends = (band.low, band.high)
        if band.kind == "coverage" and ends in summary.bands:
            count, n = summary.outside[summary.bands.index(ends)], sample.n
            p = share_outside(law, band, summary.dtype)
            at_most = special.bdtr(count, n, p)
            at_least = special.bdtrc(count - 1, n, p) if count else 1.0
            spread = math.sqrt(n * p * (1 - p))
            z = (count - n * p) / spread if spread > 0 else 0.0
            checks.append(Check("outside", float(z), min(1.0, 2 * float(min(at_most, at_least)))))
    return checks


def _shape(summary: Summary, law: Law, sample: _Sample) -> list[Check]:
    """Compare the counts with their expectation by Pearson's χ², over cells that hold enough."""
    cells = _cells(sample.expected, sample.n, summary.edges.tobytes())
    if cells is None:
        return []
    starts, keep, wanted = cells
    counts = summary.counts.copy()
    for (value, _), fixed in zip(law.atoms, _fixed(summary.n, law), strict=True):
        counts[_bin_of(value, summary.edges)] -= fixed
    observed = np.add.reduceat(counts, starts)[keep]
    statistic = float(((observed - wanted) ** 2 / wanted).sum())
    return [Check("shape", statistic, float(special.chdtrc(len(wanted) - 1, statistic)))]


class _Cells(NamedTuple):
    """Bins put together: where each cell starts, which can hold any weight, and how many these should."""

    starts: npt.NDArray[np.intp]
    keep: npt.NDArray[np.bool_]
    wanted: Array


@lru_cache(maxsize=256)
def _cells(expected: Rounded, n: int, edges: bytes) -> _Cells | None:
    """Cut the line where the expected number of weights passes the next multiple of CELL; None if too few."""
    below = expected.below(np.frombuffer(edges))
    below[0], below[-1] = 0.0, 1.0
    each = n * np.diff(below)
    cell = np.floor(np.cumsum(each) / CELL - 1e-9).clip(0, max(0, n // CELL - 1))
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    if len(starts) < 3:
        return None
    wanted = np.add.reduceat(each, starts)
    keep = wanted > 0
    return _Cells(starts, keep, wanted[keep] * (n / wanted[keep].sum()))


def _extreme(summary: Summary, law: Law, sample: _Sample) -> list[Check]:
    """Compare the weight furthest from the mean with the law of the furthest of n: P(|w − μ| ≤ d)^n."""
    expected, n = sample.expected, sample.n
    if expected.std == 0:
        return []
    mean = expected.mean
    if summary.maximum - mean >= mean - summary.minimum:
        low, high = 2 * mean - summary.maximum, summary.maximum
    else:
        low, high = summary.minimum, 2 * mean - summary.minimum
    distance = (high - low) / 2 / expected.std
    # the mirror image is rounded, and must not fall short of a number that the dtype holds
    room = 1e-12 * max(abs(low), abs(high), high - low)
    further, nearer = expected.outside([low - room, low + room], [high + room, high - room])
    none_further = _power(further, n)
    nearer = min(1.0, nearer + _always_kept(law, summary.dtype))
    some_as_far = 1 - _power(nearer, n) if nearer < 1 else 1.0
    capped = law.family != "uniform" and distance > TAIL
    p = min(1.0, 2 * min(1.0 if capped else none_further, some_as_far))
    return [Check("extreme", distance, p)]


def _always_kept(law: Law, dtype: torch.dtype) -> float:
    """Return how often torch keeps a proposal that the density would reject, in a narrow cut in float32.

    There torch 2.13 keeps a uniform proposal x if log(u) ≤ log of density over peak, with u of 24 bits: one
    in 2²⁴ is 0, which keeps any x. Each weight takes (high − low)·peak proposals.
    """
    if dtype != torch.float32 or law.uncut is None or kept(law) > NARROW:
        return 0.0
    return EXACT_ZERO * proposals(law)


def _power(outside: float, n: int) -> float:
    """Return (1 − outside)^n."""
    return math.exp(n * math.log1p(-outside)) if outside < 1 else 0.0


def _haar_mean(summary: Summary, law: Law) -> Check:
    """Test the sum of an orthogonal matrix's entries.

    Q maps a fixed unit vector to a uniform point of the unit sphere in d dimensions, so the sum over
    g·√n is one coordinate of such a point (Muirhead 1982, theorem 1.5.7).
    """
    gain, d = law.support[1], max(law.matrix or (1, 1))
    t = min(1.0, abs(summary.mean) * math.sqrt(summary.n) / gain)
    p = 1.0 if d == 1 else float(special.betaincc(0.5, (d - 1) / 2, t * t))
    return Check("mean", summary.mean * math.sqrt(summary.n * d) / gain, p)


def _haar_std(summary: Summary, law: Law) -> Check:
    """Compare the mean square with g²/d, which orthonormal vectors have exactly."""
    off = (summary.std**2 + summary.mean**2) / law.std**2 - 1
    # the matrix is exact to the dtype's rounding, the sums of a summary to a dozen digits
    room = max(slack(summary.dtype), 1e-12)
    return Check("std", off, float(abs(off) <= room))
