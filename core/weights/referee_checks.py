"""What the referee looks at: one check a function, each with its own error of the first kind."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import special

from ..checks import checked_array, checked_kind, checked_whole, unfit
from .fans import MAX_SIZE
from .laws import Array, Band, Law
from .narrow_cuts import is_narrow, proposals
from .referee_errors import Check, error_of_std, exactness, power
from .rounding import (
    Rounded,
    checked_drawn_in,
    checked_held,
    rounded_law,
    share_outside,
)
from .summary import Counts, Summary, rounded, rounded_to

#: Cells of the shape check hold at least this many expected weights (Cochran 1954 asks for 5; the far
#: tail of χ², where a corrected p-value lies, needs more).
CELL = 10
#: Sums are compared with their limit law if this many weights are expected off the likeliest number.
RARE = 30
#: torch's CPU draws float32 normals from 24 bits: past this many std their tail is cruder than the law,
#: and ends at √(2·24·ln 2) = 5.77. A largest weight beyond it is never called too small.
TAIL = 5.0
#: The chance that torch's CPU draws a float32 uniform number, or normal weight, that is exactly 0.
EXACT_ZERO = 2.0**-24


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
    n, edges = checked(n, 0, law, dtype, drawn_in), _checked_edges(edges)
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
    n = checked(n, 0, law, dtype, drawn_in)
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
    check_both(summary, law)
    counts = summary.counts.copy()
    for value, number in summary.atoms if law.continuous is not None else ():
        counts[_bin_of(value, summary.edges)] -= number
    return counts


def checked(n: int, least: int, law: Law, dtype: torch.dtype, drawn_in: torch.dtype | None) -> int:
    """Return n, if it is a number of weights that may follow a law in such dtypes."""
    n = checked_whole("n", n, MAX_SIZE, least)
    checked_kind("law", law, Law, "a Law"), checked_held(dtype), checked_drawn_in(drawn_in)
    return n


def check_both(summary: Summary, law: Law) -> None:
    """Refuse what is no summary, or no law."""
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


@dataclass(frozen=True, slots=True)
class Sample:
    """The independent entries among the weights, and what the law expects of them."""

    n: int
    mean: float
    #: mean of the squared deviations from the law's mean
    mean_square: float
    expected: Rounded

    @classmethod
    def of(cls, summary: Summary, law: Law, drawn_in: torch.dtype) -> "Sample | None":
        """Take the fixed zeros of a sparse weight out of ``summary``; None if no finite weight is left."""
        n = summary.n - sum(fixed_zeros(summary.size, law))
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
        return error_of_std(self.n, self.expected)


def fixed_zeros(n: int, law: Law) -> list[int]:
    """Return how many of n weights are at each atom: a number that no chance moves."""
    return [round(n * probability) for _, probability in law.atoms]


def finite(summary: Summary, law: Law, drawn_in: torch.dtype) -> list[Check]:
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


def support(summary: Summary, law: Law, drawn_in: torch.dtype) -> list[Check]:
    """Count the weights beyond each wall; none may be."""
    checks = []
    for band in law.bands:
        if band.kind == "support":
            wall = rounded(band, summary.dtype, drawn_in)
            low, high = wall.low, wall.high
            if law.family == "orthogonal":
                room = 1 + exactness(summary, drawn_in)
                low, high = rounded_to(summary.dtype, [band.low * room, band.high * room])
            within = low <= summary.minimum and summary.maximum <= high
            ends = (wall.low, wall.high)
            beyond = summary.outside[summary.bands.index(ends)] if ends in summary.bands else math.nan
            checks.append(Check("support", float(0 if within else beyond), float(within)))
    return checks


def structure(summary: Summary) -> list[Check]:
    """Check what holds exactly in a matrix, if it was looked at: WᵀW = g²I, zeros a column, ones."""
    if summary.defects is None:
        return []
    return [Check("structure", float(summary.defects), float(summary.defects == 0))]


def counts_of_bins(summary: Summary, law: Law) -> list[Check]:
    """Count the weights that are not where a law without chance puts them."""
    if law.family == "point":
        return []  # the support is the point
    expected = np.rint(expected_counts(summary.n, summary.edges, law))
    misplaced = float(np.abs(summary.counts - expected).sum() / 2)
    return [Check("counts", misplaced, float(misplaced == 0))]


def zeros(summary: Summary, law: Law, sample: Sample) -> list[Check]:
    """Check the number of zeros of a sparse weight; a drawn entry may be 0 by chance, too."""
    if law.family != "sparse" or (observed := dict(summary.atoms).get(0.0)) is None:
        return []
    (fixed,) = fixed_zeros(summary.size, law)
    if observed < fixed:
        return [Check("zeros", float(observed - fixed), 0.0)]
    (otherwise,) = sample.expected.outside([0.0], [0.0])
    by_chance = max(EXACT_ZERO, 1 - otherwise)
    p = 1.0 if observed == fixed else float(special.bdtrc(observed - fixed - 1, sample.n, by_chance))
    return [Check("zeros", float(observed - fixed), p)]


def moments(sample: Sample) -> list[Check]:
    """Compare the mean, and the mean square about the law's mean, with the law's."""
    n, expected = sample.n, sample.expected
    m3, m4, _, m6, *_ = expected.moments
    # The dtype holds only one number of this law, or too few weights are expected off the likeliest number
    # for their sum to follow a limit law.
    if expected.std == 0 or (expected.elsewhere < 0.5 and n * expected.elsewhere < RARE):
        return []
    z = (sample.mean - expected.mean) / (expected.std / math.sqrt(n))
    checks = [Check("mean", z, _two_sided(z, m3 / math.sqrt(n)))]
    # One weight has no spread, and where each is one std from the mean (m₄ = 1) there is none to test.
    if n > 1 and m4 > 1 + 1e-9:
        ratio = sample.mean_square / expected.std**2
        skewness = (m6 - 3 * m4 + 2) / (m4 - 1) ** 1.5
        z = (ratio - 1) / math.sqrt((m4 - 1) / n)
        # With few weights either may fail: type III may end above 0; gamma's skewness is not the sum's.
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


def outside_bands(summary: Summary, law: Law, sample: Sample) -> list[Check]:
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


def shape_of_bins(summary: Summary, law: Law, sample: Sample) -> list[Check]:
    """Compare the counts with their expectation by Pearson's χ², over cells that hold enough."""
    cells = _cells(sample.expected, sample.n, summary.edges.tobytes())
    if cells is None:
        return []
    starts, wanted = cells
    counts = summary.counts.copy()
    for (value, _), fixed in zip(law.atoms, fixed_zeros(summary.size, law), strict=True):
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


def extreme(summary: Summary, law: Law, sample: Sample) -> list[Check]:
    """Compare the weight furthest from the mean with the law of the furthest of n: P(|w − μ| ≤ d)^n.

    The statistic is its distance in std; negative where that is less than n weights are likelier to reach.
    """
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
    none_further = power(further, n)
    nearer = min(1.0, nearer + _always_kept(law, expected.drawn_in))
    some_as_far = 1 - power(nearer, n) if nearer < 1 else 1.0
    capped = law.family != "uniform" and expected.drawn_in != torch.float64 and distance > TAIL
    too_near = 1.0 if capped else none_further
    p = min(1.0, 2 * min(too_near, some_as_far))
    return [Check("extreme", -distance if too_near < some_as_far else distance, p)]


def _always_kept(law: Law, drawn_in: torch.dtype) -> float:
    """Return how often torch keeps a proposal that the density would reject, in a narrow cut in float32.

    There torch 2.13 keeps a uniform proposal x if log(u) ≤ log of density over peak, with u of 24 bits: one
    in 2²⁴ is 0, which keeps any x. Each weight takes (high − low)·peak proposals.
    """
    if drawn_in != torch.float32 or not is_narrow(law):
        return 0.0
    return EXACT_ZERO * proposals(law)
