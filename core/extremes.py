"""The largest and the smallest of n independent weights: what the law expects of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.laws import Array, Law

#: Share of samples whose largest weight lies between ``low`` and ``high``.
COVERED = 0.95


@dataclass(frozen=True, slots=True)
class Extreme:
    """The law of the largest (or smallest) of n draws: P(largest ≤ x) = F(x)^n."""

    expected: float
    #: 2.5 % of samples have theirs below ``low``, 2.5 % above ``high``
    low: float
    high: float


def largest(n: int, law: Law) -> Extreme:
    """Return what the largest of n draws of the law's continuous part should be."""
    # the u-quantile of the largest exceeds all but a share 1 − u^(1/n) of the law
    return _extreme(n, law.continuous.isf)


def smallest(n: int, law: Law) -> Extreme:
    """Return what the smallest of n draws of the law's continuous part should be."""
    found = _extreme(n, law.continuous.ppf)
    return Extreme(found.expected, found.high, found.low)


def largest_density(n: int, law: Law, x: Array) -> Array:
    """Return the density n·F(x)^(n−1)·f(x) of the largest of n draws."""
    below = law.continuous.sf(x)
    return np.asarray(n * np.exp((n - 1) * np.log1p(-np.minimum(below, 1 - 1e-16))) * law.continuous.pdf(x))


def largest_quantile(n: int, law: Law, u: float) -> float:
    """Return the value that the largest of n draws stays below with probability ``u``."""
    return float(law.continuous.isf(-math.expm1(math.log(u) / n)))


def _extreme(n: int, quantile: Callable[[Array], Array]) -> Extreme:
    nodes, weights = special.roots_legendre(400)
    # u = v²(3 − 2v) thins out the nodes' distance at both ends, where the quantile is steep
    v = (nodes + 1) / 2
    u, slope = v**2 * (3 - 2 * v), 6 * v * (1 - v)
    beyond = -np.expm1(np.log(u) / n)
    expected = float((weights / 2 * slope) @ quantile(beyond))
    tails = np.array([(1 - COVERED) / 2, (1 + COVERED) / 2])
    low, high = quantile(-np.expm1(np.log(tails) / n))
    return Extreme(expected, float(low), float(high))
