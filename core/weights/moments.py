"""The moments of a sample, and of two together."""

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """How many numbers there are, their mean, and Σ(w − mean)^k for k = 2, 3, 4."""

    n: int
    mean: float
    sums: tuple[float, float, float]


def merged(one: Moments, other: Moments) -> Moments:
    """Return the moments of both samples together (Pébay 2008, SAND2008-6212, eqs. 2.1 and 3.1)."""
    if not (one.n and other.n):
        return one if one.n else other
    n, d = one.n + other.n, np.float64(other.mean - one.mean)
    a, b = one.n / n, other.n / n
    (m2a, m3a, m4a), (m2b, m3b, m4b) = one.sums, other.sums
    with np.errstate(over="ignore", invalid="ignore"):
        second = m2a + m2b + n * a * b * d**2
        third = m3a + m3b + n * a * b * (a - b) * d**3 + 3 * d * (a * m2b - b * m2a)
        fourth = (
            m4a
            + m4b
            + n * a * b * (a * a - a * b + b * b) * d**4
            + 6 * d**2 * (a * a * m2b + b * b * m2a)
            + 4 * d * (a * m3b - b * m3a)
        )
    return Moments(n, float(one.mean + b * d), (float(second), float(third), float(fourth)))
