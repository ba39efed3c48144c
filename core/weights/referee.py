"""Is this sample consistent with this law?

The law is given, nothing is fitted. Each check has its own p-value; the smallest is corrected for the
number of checks (Šidák 1967), so about one honest draw in 1/ALPHA is called inconsistent, not one a check.

What an honest draw shows depends on what it was drawn in: weights drawn in float32 and then cast to
bfloat16 reach the upper wall of a uniform law, weights drawn in bfloat16 do not. Where that is not known,
either will do.

Where the entries of a tensor are not drawn independently, only what is exact or has a law of its own is
checked. Of a sparse weight, these are its zeros, and then the other entries as independent draws.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import special

from core.checks import checked_array, checked_kind, checked_whole, unfit
from core.weights.fans import MAX_SIZE
from core.weights.laws import Array, Band, Law
from core.weights.rounding import (
    Rounded,
    checked_drawn_in,
    checked_held,
    rounded_law,
    share_outside,
    spacing,
    ways,
)
from core.weights.schemes import NARROW, kept, proposals
from core.weights.structure import TOLERANCE, worked_in
from core.weights.summary import Counts, Summary, rounded, rounded_to

#: The share of honest draws that the referee calls inconsistent, at most.
ALPHA = 0.001
#: How often a deviation of the size ``Verdict.detectable`` is seen.
POWER = 0.9
#: Cells of the shape check hold at least this many expected weights (Cochran 1954 asks for 5; the far
#: tail of χ², where a corrected p-value lies, needs more).
CELL = 10
#: Sums are compared with their limit law if this many weights are expected off the likeliest number.
RARE = 30
#: torch's CPU draws float32 normals from 24 bits: past this many std their tail is cruder than the law,
#: and ends at √(2·24·ln 2) = 5.77. A largest weight beyond it is never called too small.
TAIL = 5.0
#: Standard errors that casting an orthogonal matrix may move its mean square from what it does on average;
#: the bound on one such error is generous, and entries hang together a little.
CAST_ERRORS = 8
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
    #: what the weights were taken to be drawn in; None: not known, and what speaks most for them was taken
    drawn_in: torch.dtype | None = None

    @property
    def consistent(self) -> bool:
        return self.p_value >= ALPHA


def judge(summary: Summary, law: Law) -> Verdict:
    """Compare ``summary`` with ``law``.

    Checks, as far as the law has them: finite (weights that are nan or infinite), support, zeros, structure,
    counts (all exact), mean, std, outside (the share beyond a coverage band), shape (the counts of the bins)
    and extreme (the weight furthest from the mean). The weights' dtype is taken into account, and what they
    were drawn in: what is expected is what an honest draw shows after rounding. Where ``summary.drawn_in``
    is None, the verdict is the mildest over all that they may have been drawn in.

    Raises:
        ParameterError: if these are no summary and no law.
    """
    _check_both(summary, law)
    if summary.drawn_in is not None:
        return _judged(summary, law, summary.drawn_in)
    verdicts = [_judged(summary, law, drawn_in) for drawn_in in ways(summary.dtype)]
    return replace(max(verdicts, key=lambda verdict: verdict.p_value), drawn_in=None)


@np.errstate(all="ignore")
def _judged(summary: Summary, law: Law, drawn_in: torch.dtype) -> Verdict:
    checks = [*_finite(summary, law, drawn_in), *_structure(summary)]
    sample = None
    if summary.n:
        checks += _support(summary, law, drawn_in)
    if not law.random:
        checks += _counts(summary, law)
    elif law.family == "orthogonal":
        checks += [rule(summary, law, drawn_in) for rule in (_haar_mean, _haar_std) if summary.n]
    elif (sample := _Sample.of(summary, law, drawn_in)) is not None:
        checks += _zeros(summary, law, sample)
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
    return Verdict(tuple(checks), p_value, detectable, drawn_in)


def standard_errors(
    n: int, law: Law, dtype: torch.dtype = torch.float64, drawn_in: torch.dtype | None = None
) -> dict[str, float]:
    """Return the standard errors of the mean, std and excess_kurtosis of a weight of n entries.

    Without those that the law does not settle: an orthogonal matrix's std is not a matter of chance. Of
    the kurtosis (delta method; Stuart & Ord, Kendall's Advanced Theory, ch. 10), with standardised
    moments mₖ: n·Var = m₈ − 4m₄m₆ − m₄² + 4m₄³ − 8m₃m₅ + 16m₃² + 16m₄m₃².

    Raises:
        InitLabError: if an argument is of the wrong kind, or ``n`` is no positive whole number.
    """
    n = _checked(n, 1, law, dtype, drawn_in)
    if not law.random:
        return {}
    errors = {"mean": law.std / math.sqrt(n)}
    if law.family == "orthogonal":
        return errors
    expected = rounded_law(law, dtype, drawn_in)
    if law.family == "sparse":
        return {**errors, "std": law.std * _error_of_std(n - sum(_fixed(n, law)), expected)}
    m3, m4, m5, m6, _, m8 = expected.moments
    kurtosis = m8 - 4 * m4 * m6 - m4**2 + 4 * m4**3 - 8 * m3 * m5 + 16 * m3**2 + 16 * m4 * m3**2
    return {
        "mean": expected.std / math.sqrt(n),
        "std": expected.std * _error_of_std(n, expected),
        "excess_kurtosis": math.sqrt(max(0.0, kurtosis) / n),
    }


def expected_counts(
    n: int,
    edges: Array,
    law: Law,
    dtype: torch.dtype = torch.float64,
    drawn_in: torch.dtype | None = None,
) -> Array:
    """Return how many of n weights of ``dtype`` the law expects in each bin; the end bins take all beyond.

    Raises:
        InitLabError: if an argument is of the wrong kind.
    """
    n, edges = _checked(n, 0, law, dtype, drawn_in), _checked_edges(edges)
    total = np.zeros(len(edges) - 1)
    if law.continuous is not None:
        below = rounded_law(law, dtype, drawn_in).below(edges)
        below[0], below[-1] = 0.0, 1.0
        total += law.share * np.diff(below)
    for value, probability in law.atoms:
        total[_bin_of(value, edges)] += probability
    return np.asarray(n * total)


def expected_outside(
    n: int,
    law: Law,
    band: Band,
    dtype: torch.dtype = torch.float64,
    drawn_in: torch.dtype | None = None,
) -> float:
    """Return how many of n weights of ``dtype`` the law expects outside ``band``.

    Raises:
        InitLabError: if an argument is of the wrong kind.
    """
    n = _checked(n, 0, law, dtype, drawn_in)
    checked_kind("band", band, Band, "a Band")
    if band.kind == "support":
        return 0.0
    if law.family == "orthogonal":
        return n * (1 - band.probability)
    return n * law.share * share_outside(law, band, dtype, drawn_in) if law.continuous is not None else 0.0


def drawn_counts(summary: Summary, law: Law) -> Counts:
    """Return the counts of the bins without the weights that stand at an atom.

    Raises:
        ParameterError: if these are no summary and no law.
    """
    _check_both(summary, law)
    counts = summary.counts.copy()
    for value, number in summary.atoms if law.continuous is not None else ():
        counts[_bin_of(value, summary.edges)] -= number
    return counts


def _checked(n: int, least: int, law: Law, dtype: torch.dtype, drawn_in: torch.dtype | None) -> int:
    """Return n, if it is a number of weights that may follow a law in such dtypes."""
    n = checked_whole("n", n, MAX_SIZE, least)
    checked_kind("law", law, Law, "a Law"), checked_held(dtype), checked_drawn_in(drawn_in)
    return n


def _check_both(summary: Summary, law: Law) -> None:
    checked_kind("summary", summary, Summary, "a Summary"), checked_kind("law", law, Law, "a Law")


def _checked_edges(edges: Any) -> Array:
    array = checked_array("edges", edges)
    with np.errstate(invalid="ignore"):  # two that are inf have no difference
        rising = array.ndim == 1 and len(array) > 1 and bool((np.diff(array) >= 0).all())
    if not rising:
        raise unfit("edges", edges, "two or more rising numbers")
    return array


def _bin_of(value: float, edges: Array) -> int:
    return int((np.searchsorted(edges, value, side="right") - 1).clip(0, len(edges) - 2))


def _error_of_std(n: float, expected: Rounded) -> float:
    """Return the standard error of a sample std over the std: √((kurtosis − 1)/(4n)); nan if that is 0."""
    kurtosis = expected.moments[1]
    return math.sqrt(max(0.0, kurtosis - 1) / (4 * n)) if n > 0 and kurtosis >= 0 else math.nan


@dataclass(frozen=True, slots=True)
class _Sample:
    """The independent entries among the weights, and what the law expects of them."""

    n: int
    mean: float
    #: mean of the squared deviations from the law's mean
    mean_square: float
    expected: Rounded

    @classmethod
    def of(cls, summary: Summary, law: Law, drawn_in: torch.dtype) -> "_Sample | None":
        """Take the fixed zeros of a sparse weight out of ``summary``; None if no finite weight is left."""
        n = summary.n - sum(_fixed(summary.size, law))
        if n < 1:
            return None
        expected = rounded_law(law, summary.dtype, drawn_in)
        if n == summary.n:
            off = summary.mean - expected.mean
            return cls(n, summary.mean, summary.std * summary.std + off * off, expected)
        share, square = n / summary.n, summary.std * summary.std + summary.mean * summary.mean
        mean = summary.mean / share
        return cls(
            n, mean, square / share - 2 * mean * expected.mean + expected.mean * expected.mean, expected
        )

    @property
    def error_of_std(self) -> float:
        return _error_of_std(self.n, self.expected)


def _fixed(n: int, law: Law) -> list[int]:
    """Return how many of n weights are at each atom: a number that no chance moves."""
    return [round(n * probability) for _, probability in law.atoms]


def _finite(summary: Summary, law: Law, drawn_in: torch.dtype) -> list[Check]:
    """Count the weights that are no numbers: none may be, but for what the dtype is too small to hold."""
    number = summary.nan + summary.infinite
    if law.continuous is not None:
        lost = law.share * rounded_law(law, summary.dtype, drawn_in).lost
    else:
        lost = math.fsum(p for value, p in law.atoms if math.isinf(rounded_to(summary.dtype, [value])[0]))
    if not (number or lost):
        return []
    at_least = float(special.bdtrc(number - 1, summary.size, lost)) if number else 1.0
    at_most = float(special.bdtr(number, summary.size, lost))
    return [Check("finite", float(number), min(1.0, 2 * min(at_least, at_most)))]


def _support(summary: Summary, law: Law, drawn_in: torch.dtype) -> list[Check]:
    """Count the weights beyond each wall; none may be."""
    checks = []
    for band in law.bands:
        if band.kind == "support":
            wall = rounded(band, summary.dtype, drawn_in)
            low, high = wall.low, wall.high
            if law.family == "orthogonal":
                room = 1 + _exactness(summary, drawn_in)
                low, high = rounded_to(summary.dtype, [band.low * room, band.high * room])
            within = low <= summary.minimum and summary.maximum <= high
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


def _zeros(summary: Summary, law: Law, sample: _Sample) -> list[Check]:
    """Check the number of zeros of a sparse weight; a drawn entry may be 0 by chance, too."""
    if law.family != "sparse" or (observed := dict(summary.atoms).get(0.0)) is None:
        return []
    (fixed,) = _fixed(summary.size, law)
    if observed < fixed:
        return [Check("zeros", float(observed - fixed), 0.0)]
    (otherwise,) = sample.expected.outside([0.0], [0.0])
    by_chance = max(EXACT_ZERO, 1 - otherwise)
    p = 1.0 if observed == fixed else float(special.bdtrc(observed - fixed - 1, sample.n, by_chance))
    return [Check("zeros", float(observed - fixed), p)]


def _moments(sample: _Sample) -> list[Check]:
    """Compare the mean, and the mean square about the law's mean, with the law's."""
    n, expected = sample.n, sample.expected
    m3, m4, _, m6, *_ = expected.moments
    # The dtype holds one number of this law, or so few weights are at another that no limit law holds of
    # their sum.
    if expected.std == 0 or (expected.elsewhere < 0.5 and n * expected.elsewhere < RARE):
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
            p = share_outside(law, band, summary.dtype, sample.expected.drawn_in)
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
    starts, wanted = cells
    counts = summary.counts.copy()
    for (value, _), fixed in zip(law.atoms, _fixed(summary.size, law), strict=True):
        counts[_bin_of(value, summary.edges)] -= fixed
    observed = np.add.reduceat(counts, starts)
    statistic = float(((observed - wanted) ** 2 / wanted).sum())
    return [Check("shape", statistic, float(special.chdtrc(len(wanted) - 1, statistic)))]


class _Cells(NamedTuple):
    """Bins put together: where each cell starts, and how many weights it should hold."""

    starts: npt.NDArray[np.intp]
    wanted: Array


@lru_cache(maxsize=256)
def _cells(expected: Rounded, n: int, edges: bytes) -> _Cells | None:
    """Close a cell as soon as it expects CELL weights; None if there are too few for three cells."""
    below = expected.below(np.frombuffer(edges))
    below[0], below[-1] = 0.0, 1.0
    each = n * np.diff(below)
    starts, held = [0], 0.0
    for i, weights in enumerate(each.tolist()):
        if held >= CELL - 1e-6:
            starts.append(i)
            held = 0.0
        held += weights
    if held < CELL - 1e-6:  # the last one joins the one before
        starts.pop()
    if len(starts) < 3:
        return None
    wanted = np.add.reduceat(each, starts)
    return _Cells(np.array(starts), wanted * (n / wanted.sum()))


def _extreme(summary: Summary, law: Law, sample: _Sample) -> list[Check]:
    """Compare the weight furthest from the mean with the law of the furthest of n: P(|w − μ| ≤ d)^n."""
    expected, n = sample.expected, sample.n
    mean = expected.mean
    if summary.maximum - mean >= mean - summary.minimum:
        low, high = 2 * mean - summary.maximum, summary.maximum
    else:
        low, high = summary.minimum, 2 * mean - summary.minimum
    distance = (high - low) / 2 / (expected.std or 1.0)
    # the mirror image is rounded, and must not fall short of a number that the dtype holds
    room = max(1e-300, 1e-12 * max(abs(low), abs(high), high - low))
    further, nearer = expected.outside([low - room, low + room], [high + room, high - room])
    none_further = _power(further, n)
    nearer = min(1.0, nearer + _always_kept(law, expected.drawn_in))
    some_as_far = 1 - _power(nearer, n) if nearer < 1 else 1.0
    capped = law.family != "uniform" and expected.drawn_in != torch.float64 and distance > TAIL
    p = min(1.0, 2 * min(1.0 if capped else none_further, some_as_far))
    return [Check("extreme", distance, p)]


def _always_kept(law: Law, drawn_in: torch.dtype) -> float:
    """Return how often torch keeps a proposal that the density would reject, in a narrow cut in float32.

    There torch 2.13 keeps a uniform proposal x if log(u) ≤ log of density over peak, with u of 24 bits: one
    in 2²⁴ is 0, which keeps any x. Each weight takes (high − low)·peak proposals.
    """
    if drawn_in != torch.float32 or law.uncut is None or kept(law) > NARROW:
        return 0.0
    return EXACT_ZERO * proposals(law)


def _power(outside: float, n: int) -> float:
    """Return (1 − outside)^n."""
    return math.exp(n * math.log1p(-outside)) if outside < 1 else 0.0


def _haar_mean(summary: Summary, law: Law, drawn_in: torch.dtype) -> Check:
    """Test the sum of an orthogonal matrix's entries.

    Q maps a fixed unit vector to a uniform point of the unit sphere in d dimensions, so the sum over
    g·√n is one coordinate of such a point (Muirhead 1982, theorem 1.5.7). Near 1, where two dimensions
    are likeliest to put it, what the cast may have added counts.
    """
    rows, columns = law.matrix or (1, 1)
    gain, d = law.support[1], max(rows, columns)
    t = abs(summary.mean) * math.sqrt(summary.n) / gain
    moved = _exactness(summary, drawn_in) + _cast_error(summary, law, drawn_in)
    t = max(0.0, min(1.0, t - moved * min(math.sqrt(min(rows, columns)), CAST_ERRORS / math.sqrt(d))))
    p = 1.0 if d == 1 else float(special.betaincc(0.5, (d - 1) / 2, t * t))
    return Check("mean", summary.mean * math.sqrt(summary.n * d) / gain, p)


def _haar_std(summary: Summary, law: Law, drawn_in: torch.dtype) -> Check:
    """Compare the mean square with g²/d, which orthonormal vectors have exactly before they are cast.

    What a cast moves it by on average is known from the law of an entry; the rest is chance, which a few
    standard errors bound.
    """
    square = (summary.std * summary.std + summary.mean * summary.mean) / law.std**2
    room, off = _exactness(summary, drawn_in), _cast_error(summary, law, drawn_in)
    within = max(0.0, 1 - off) ** 2 - room <= square <= (1 + off) ** 2 + room
    wanted = 1.0
    if off and law.continuous is not None:
        wanted = (rounded_law(law, _coarser(summary.dtype, drawn_in), torch.float64).std / law.std) ** 2
        spread = math.sqrt(3) * ((1 + off) ** 2 - 1) / math.sqrt(summary.n)
        within = within and abs(square - wanted) <= room + CAST_ERRORS * spread
    return Check("std", square - wanted, float(within))


def _exactness(summary: Summary, drawn_in: torch.dtype) -> float:
    """Return how exact an orthogonal matrix is: to the rounding of what it was computed in, or is held in.

    The sums of a summary are exact to a dozen digits.
    """
    coarsest = max(torch.finfo(worked_in(dtype)).eps for dtype in (summary.dtype, drawn_in))
    return max(TOLERANCE * coarsest, 1e-12)


def _cast_error(summary: Summary, law: Law, drawn_in: torch.dtype) -> float:
    """Return by how much, relatively, a cast may move a root mean square; 0 where no digits were dropped.

    It moves a weight by u·|w| or by half of the smallest number, so by Minkowski's inequality the root of
    the mean square of all that is u + h at most.
    """
    dtype = _coarser(summary.dtype, drawn_in)
    if dtype.itemsize >= 4:
        return 0.0
    return (spacing(1.0, dtype) + spacing(0.0, dtype) / law.std) / 2


def _coarser(dtype: torch.dtype, drawn_in: torch.dtype) -> torch.dtype:
    return min(dtype, drawn_in, key=lambda each: each.itemsize)
