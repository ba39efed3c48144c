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
from typing import NamedTuple

import numpy as np
import torch
from scipy import special

from .laws import Law
from .referee_checks import (
    Sample,
    check_both,
    checked,
    counts_of_bins,
    extreme,
    finite,
    fixed_zeros,
    moments,
    outside_bands,
    shape_of_bins,
    structure,
    support,
    zeros,
)
from .referee_errors import Check, error_of_std, haar_mean, haar_std
from .rounding import Rounded, rounded_law, ways
from .summary import Summary

#: The share of honest draws that the referee calls inconsistent, at most.
ALPHA = 0.001
#: How often a deviation of the size ``Verdict.detectable`` is seen.
POWER = 0.9
#: The bias of a small sample's std or kurtosis, in standard errors, with which it is still told in these.
BIAS = 0.1


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
    #: what holds exactly by the law and was not looked at, as of two summaries that were merged
    unseen: tuple[str, ...] = ()

    @property
    def consistent(self) -> bool:
        return self.p_value >= ALPHA


def judge(summary: Summary, law: Law) -> Verdict:
    """Compare ``summary`` with ``law``.

    Checks, as far as the law has them: finite (weights that are nan or infinite), support, zeros, structure,
    counts (all exact), mean, std, outside (the share beyond a coverage band), shape (the counts of the bins)
    and extreme (the weight furthest from the mean). The weights' dtype is taken into account, and what they
    were drawn in: what is expected is what an honest draw shows after rounding. Where ``summary.drawn_in``
    is None, the verdict is the mildest over all that they may have been drawn in. ``Verdict.unseen`` names
    what would have to be looked at in the tensor itself, and was not.

    Raises:
        ParameterError: if these are no summary and no law.
    """
    check_both(summary, law)
    if summary.drawn_in is not None:
        return _judged(summary, law, summary.drawn_in)
    verdicts = [_judged(summary, law, drawn_in) for drawn_in in ways(summary.dtype)]
    return replace(max(verdicts, key=lambda verdict: verdict.p_value), drawn_in=None)


@np.errstate(all="ignore")
def _judged(summary: Summary, law: Law, drawn_in: torch.dtype) -> Verdict:
    checks = [*finite(summary, law, drawn_in), *structure(summary)]
    sample = None
    if summary.n:
        checks += support(summary, law, drawn_in)
    if not law.random:
        checks += counts_of_bins(summary, law)
    elif law.family == "orthogonal":
        checks += [rule(summary, law, drawn_in) for rule in (haar_mean, haar_std) if summary.n]
    elif (sample := Sample.of(summary, law, drawn_in)) is not None:
        checks += zeros(summary, law, sample)
        checks += [
            *moments(sample),
            *outside_bands(summary, law, sample),
            *shape_of_bins(summary, law, sample),
        ]
        if not summary.infinite:  # which is the largest, and no draw's
            checks += extreme(summary, law, sample)
    smallest = min((check.p_value for check in checks), default=1.0)
    # 1 − (1 − p)^k without the rounding that would turn a small p into 0
    p_value = 1.0 if smallest == 1 else -math.expm1(len(checks) * math.log1p(-smallest))
    detectable = math.nan
    if sample is not None:
        level = -math.expm1(math.log1p(-ALPHA) / len(checks))
        quantile = special.ndtri(POWER) - special.ndtri(level / 2)
        detectable = float(quantile * sample.error_of_std)
    unseen = ("structure",) * (law.pattern is not None and summary.defects is None)
    return Verdict(tuple(checks), p_value, detectable, drawn_in, unseen)


def standard_errors(
    n: int, law: Law, dtype: torch.dtype = torch.float64, drawn_in: torch.dtype | None = None
) -> dict[str, float]:
    """Return the standard errors of the mean, std and excess_kurtosis of a weight of n entries.

    Without those that the law does not settle, as an orthogonal matrix's std is not a matter of chance, or n
    entries do not: see ``least_compared``.

    Raises:
        InitLabError: if an argument is of the wrong kind, or ``n`` is no positive whole number.
    """
    n = checked(n, 1, law, dtype, drawn_in)
    if not law.random:
        return {}
    errors = {"mean": law.std / math.sqrt(n)}
    if law.family == "orthogonal":
        return errors
    expected, least = rounded_law(law, dtype, drawn_in), least_compared(law, dtype, drawn_in)
    if law.family == "sparse":
        n -= sum(fixed_zeros(n, law))
        std = {"std": law.std * error_of_std(n, expected)}
    else:
        errors = {"mean": expected.std / math.sqrt(n)}
        kurtosis = math.sqrt(_kurtosis(expected).variance / n)
        std = {"std": expected.std * error_of_std(n, expected), "excess_kurtosis": kurtosis}
    return errors | {name: error for name, error in std.items() if n >= least[name]}


def least_compared(
    law: Law, dtype: torch.dtype = torch.float64, drawn_in: torch.dtype | None = None
) -> dict[str, float]:
    """Return from how many independent weights on a std and excess_kurtosis are told in standard errors.

    In a small sample they have a bias, and the kurtosis' error is not yet the limit's: one weight's std is 0
    and two weights' excess kurtosis is −2, whatever the law. Here the bias is BIAS standard errors. Infinite
    where there is no such error.

    Raises:
        InitLabError: if an argument is of the wrong kind, or the law has no continuous part.
    """
    expected = rounded_law(law, dtype, drawn_in)
    m4 = expected.moments[1]
    limits = {"std": _Limit(-(m4 + 3) / 8, (m4 - 1) / 4), "excess_kurtosis": _kurtosis(expected)}
    return {
        name: math.ceil((bias / BIAS) ** 2 / variance - 1e-6) if variance > 0 else math.inf
        for name, (bias, variance) in limits.items()
    }


class _Limit(NamedTuple):
    """Bias and variance of a sample's moment, each times n."""

    bias: float
    variance: float


def _kurtosis(expected: Rounded) -> _Limit:
    """Return them for the kurtosis, by the delta method (Stuart & Ord, Kendall's Advanced Theory, ch. 10).

    With standardised moments mₖ the variance is m₈ − 4m₄m₆ − m₄² + 4m₄³ − 8m₃m₅ + 16m₃² + 16m₄m₃², and the
    bias 6 − 3m₄ + 3m₄² − 2m₆ + 8m₃²: of a normal law 24 and −6 (Fisher 1930).
    """
    m3, m4, m5, m6, _, m8 = expected.moments
    variance = m8 - 4 * m4 * m6 - m4**2 + 4 * m4**3 - 8 * m3 * m5 + 16 * m3**2 + 16 * m4 * m3**2
    return _Limit(6 - 3 * m4 + 3 * m4**2 - 2 * m6 + 8 * m3**2, max(0.0, variance))
