"""Is this sample consistent with this law?

The law is given, nothing is fitted. Each check has its own p-value; the smallest is corrected for the
number of checks (Šidák 1967), so about one honest draw in 1/ALPHA is called inconsistent, not one a check.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.laws import Array, Law
from core.summary import Summary

#: The share of honest draws that the referee calls inconsistent, at most.
ALPHA = 0.001
#: How often a deviation of the size ``Verdict.detectable`` is seen.
POWER = 0.9
#: Cells of the shape check hold at least this many expected weights (Cochran 1954).
CELL = 5

#: The values that a dtype can hold must stand closer than the standard error of the mean over this.
#: Then rounding moves neither the moments nor the counts of a bin by a noticeable share of their noise.
FINENESS = 32


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
    #: relative error of the std that a sample of this size shows with probability POWER; nan if not judged
    detectable: float
    #: False where only the support was checked: nothing is random, or the dtype is too coarse
    judged: bool

    @property
    def consistent(self) -> bool:
        return self.p_value >= ALPHA


def judge(summary: Summary, law: Law) -> Verdict:
    """Compare ``summary`` with ``law``.

    Checks: support, mean, std, outside (the share beyond a coverage band) and shape (the counts).
    Only the support is checked where the values that the weights' dtype can hold stand too far apart
    for a sample of this size: a test against the continuous law would find the rounding.
    """
    checks = [
        Check("support", float(count), float(count == 0))
        for count, band in zip(summary.outside, law.bands, strict=True)
        if band.kind == "support"
    ]
    judged = law.random and not is_coarse(summary, law)
    if judged:
        checks += [_mean(summary, law), _std(summary, law), *_outside(summary, law)]
        checks += _shape(summary, law)
    smallest = min((check.p_value for check in checks), default=1.0)
    # 1 − (1 − p)^k without the rounding that would turn a small p into 0
    p_value = 1.0 if smallest == 1 else -math.expm1(len(checks) * math.log1p(-smallest))
    detectable = math.nan
    if judged:
        level = -math.expm1(math.log1p(-ALPHA) / len(checks))
        quantile = special.ndtri(POWER) - special.ndtri(level / 2)
        detectable = float(quantile * relative_error_of_std(summary.n, law))
    return Verdict(tuple(checks), p_value, detectable, judged)


def is_coarse(summary: Summary, law: Law) -> bool:
    """Tell whether the weights' dtype is too coarse for a test of this many weights."""
    step = summary.eps * max(abs(summary.minimum), abs(summary.maximum))
    return step * FINENESS > law.std / math.sqrt(summary.n)


def relative_error_of_std(n: int, law: Law) -> float:
    """Return the standard error of a sample std over the std: √((excess kurtosis + 2)/(4n))."""
    return math.sqrt((law.excess_kurtosis + 2) / (4 * n))


#: n·Var(sample excess kurtosis) = m₈ − 4m₄m₆ + 4m₄³ − m₄² for a symmetric law with standardised
#: moments mₖ (delta method; Stuart & Ord, Kendall's Advanced Theory, ch. 10): normal mₖ = 3, 15, 105;
#: uniform mₖ = 3^(k/2)/(k + 1).
_KURTOSIS_VARIANCE = {
    "normal": 105 - 4 * 3 * 15 + 4 * 3**3 - 3**2,
    "uniform": 9 - 4 * (9 / 5) * (27 / 7) + 4 * (9 / 5) ** 3 - (9 / 5) ** 2,
}


def standard_errors(n: int, law: Law) -> dict[str, float]:
    """Return the standard errors of the mean, std and excess_kurtosis of n draws of a random law."""
    return {
        "mean": law.std / math.sqrt(n),
        "std": law.std * relative_error_of_std(n, law),
        "excess_kurtosis": math.sqrt(_KURTOSIS_VARIANCE[law.family] / n),
    }


def _two_sided(z: float) -> float:
    """Return P(|Z| ≥ |z|) of a standard normal Z."""
    return math.erfc(abs(z) / math.sqrt(2))


def _mean(summary: Summary, law: Law) -> Check:
    z = (summary.mean - law.mean) / (law.std / math.sqrt(summary.n))
    return Check("mean", z, _two_sided(z))


def _std(summary: Summary, law: Law) -> Check:
    """Compare the mean square about the law's mean with the law's variance."""
    n = summary.n
    ratio = (summary.std**2 + (summary.mean - law.mean) ** 2) / law.std**2
    z = (ratio - 1) / (2 * relative_error_of_std(n, law))
    if law.family == "normal":  # then n·ratio is exactly χ² with n degrees of freedom
        tail = min(special.chdtr(n, n * ratio), special.chdtrc(n, n * ratio))
        return Check("std", z, min(1.0, 2 * float(tail)))
    return Check("std", z, _two_sided(z))


def _outside(summary: Summary, law: Law) -> list[Check]:
    """Compare the count beyond each coverage band with its binomial law."""
    checks = []
    for count, band in zip(summary.outside, law.bands, strict=True):
        if band.kind == "coverage":
            n, p = summary.n, 1 - band.probability
            at_most = special.bdtr(count, n, p)
            at_least = special.bdtrc(count - 1, n, p) if count else 1.0
            tail = min(at_most, at_least)
            z = (count - n * p) / math.sqrt(n * p * (1 - p))
            checks.append(Check("outside", float(z), min(1.0, 2 * float(tail))))
    return checks


def _shape(summary: Summary, law: Law) -> list[Check]:
    """Compare the counts with their expectation by Pearson's χ², over cells that hold enough."""
    expected = expected_counts(summary.n, summary.edges, law)
    # Cut the line where the expected number passes the next multiple of CELL.
    cell = np.floor(np.cumsum(expected) / CELL - 1e-9).clip(0, max(0, summary.n // CELL - 1))
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    if len(starts) < 3:
        return []
    observed, wanted = np.add.reduceat(summary.counts, starts), np.add.reduceat(expected, starts)
    keep = wanted > 0
    wanted = wanted[keep] * (summary.n / wanted[keep].sum())
    statistic = float(((observed[keep] - wanted) ** 2 / wanted).sum())
    return [Check("shape", statistic, float(special.chdtrc(len(wanted) - 1, statistic)))]


def expected_counts(n: int, edges: Array, law: Law) -> Array:
    """Return how many of n weights the law expects in each bin; the end bins take all beyond them."""
    cdf = law.cdf(edges)
    cdf[0], cdf[-1] = 0.0, 1.0
    return np.asarray(n * np.diff(cdf))
