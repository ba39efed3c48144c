"""The largest and the smallest of n independent weights: what the law expects of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..checks import checked_array, checked_kind, checked_whole, real, unfit
from ..errors import ParameterError
from .laws import Array, Law

#: Share of samples whose largest weight lies between ``low`` and ``high``.
COVERED = 0.95
#: How many draws there may be: as many as torch can count.
MOST = 2**63 - 1
_NODES, _WEIGHTS = special.roots_legendre(400)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The law of the largest (or smallest) of n draws: P(largest ≤ x) = F(x)^n."""

    expected: float
    #: 2.5 % of samples have theirs below ``low``, 2.5 % above ``high``
    low: float
    high: float


def largest(n: int, law: Law) -> Extreme:
    """Return what the largest of n draws of the law's continuous part should be.

    Raises:
        ParameterError: unless n is a whole number from 1 to MOST and the law has a continuous part.
    """
    # the u-quantile of the largest exceeds all but a share 1 − u^(1/n) of the law
    return _extreme(*_checked(n, law, lambda part: part.isf), law)


def smallest(n: int, law: Law) -> Extreme:
    """Return what the smallest of n draws of the law's continuous part should be.

    Raises:
        ParameterError: as of ``largest``.
    """
    found = _extreme(*_checked(n, law, lambda part: part.ppf), law)
    return Extreme(found.expected, found.high, found.low)


def largest_density(n: int, law: Law, x: Array) -> Array:
    """Return the density n·F(x)^(n−1)·f(x) of the largest of n draws.

    Raises:
        ParameterError: as of ``largest``, and unless ``x`` is an array of numbers.
    """
    n, part = _checked(n, law, lambda part: part)
    x = checked_array("x", x)
    below = part.sf(x)
    with np.errstate(over="ignore"):  # far out, the square of x leaves the doubles, and the density is 0
        density = part.pdf(x)
    return np.asarray(n * np.exp((n - 1) * np.log1p(-np.minimum(below, 1 - 1e-16))) * density)


def largest_quantile(n: int, law: Law, u: float) -> float:
    """Return the value that the largest of n draws stays below with probability ``u``.

    Raises:
        ParameterError: as of ``largest``, and unless 0 < u < 1.
    """
    n, isf = _checked(n, law, lambda part: part.isf)
    if not 0 < real(u) < 1:
        raise unfit("u", u, "a number between 0 and 1")
    return float(isf(-math.expm1(math.log(u) / n)))


def _checked(n: int, law: Law, of: Callable[[Any], Any]) -> tuple[int, Any]:
    """Return n, and what is asked ``of`` the law's continuous part."""
    n = checked_whole("n", n, MOST)
    part = checked_kind("law", law, Law, "a Law").continuous
    if part is None:
        raise ParameterError("parameter.continuous:largest", name="law")
    return n, of(part)


def _extreme(n: int, quantile: Callable[[Array], Array], law: Law) -> Extreme:
    # u = v²(3 − 2v) thins out the nodes' distance at both ends, where the quantile is steep
    v = (_NODES + 1) / 2
    u, slope = v**2 * (3 - 2 * v), 6 * v * (1 - v)
    beyond = -np.expm1(np.log(u) / n)
    expected = float((_WEIGHTS / 2 * slope) @ quantile(beyond))
    if n == 1:  # the only one is what the law expects, of which a sum of both signs leaves rounding
        expected = law.mean if not law.atoms else float(law.continuous.mean())
    tails = np.array([(1 - COVERED) / 2, (1 + COVERED) / 2])
    low, high = quantile(-np.expm1(np.log(tails) / n))
    return Extreme(expected, float(low), float(high))
