"""Whether a tensor's rows and its spectrum are those of independent draws: training makes them others."""

import math

import numpy as np
from scipy import special

from ..weights.laws import Array, Law
from .inliers import Inliers
from .measure import Measured
from .output_rows import Units
from .spectrum import Noise

#: Rows whose mean squares vary by this much more, or less, than those of independent draws are not such.
ROWS = 0.1
#: Of fewer rows or columns the largest singular value follows its limit law too loosely.
SIDE = 16


def chances(law: Law, held: Inliers, measured: Measured) -> list[float]:
    """Return how often rows, and the spectrum, of independent draws are so far off; of what there is."""
    if not law.independent or law.mean or measured.units is None:
        return []
    found = _of_rows(law, held, measured, measured.units), _of_spectrum(law, held, measured, measured.units)
    return [chance for chance in found if chance is not None]


def _of_rows(law: Law, held: Inliers, measured: Measured, units: Units) -> float | None:
    """Return how often the rows' mean squares of independent draws vary so much, or so little.

    Over R rows of K draws, (R − 1)·ratio follows χ² with (R − 1)/(1 + 6/K) degrees of freedom nearly, as
    the squares of normal draws have an excess kurtosis of 12.
    """
    squares, length = units.squares, measured.n // measured.shape[0]
    squares = squares[(squares > 0) & (squares * length < held.nearest_outlier**2)]
    if len(squares) < 2:
        return None
    ratio = dispersion(law, squares, length)
    if abs(ratio - 1) <= ROWS:
        return 1.0
    freedom = (len(squares) - 1) / (1 + 6 / length)
    return float(2 * min(special.chdtrc(freedom, ratio * freedom), special.chdtr(freedom, ratio * freedom)))


def _of_spectrum(law: Law, held: Inliers, measured: Measured, units: Units) -> float | None:
    """Return how often the largest singular value of independent draws is so large: training adds such.

    Rows that repeat, and numbers that were left aside, have large ones as well.
    """
    values, hashes = measured.singular_values, units.hashes
    repeats = len(np.unique(hashes)) < len(hashes)
    if len(values) < SIDE or held.outliers or law.excess_kurtosis > 1 or repeats:
        return None
    return Noise(measured.shape[0], measured.n // measured.shape[0], law.std).chance(float(values[0]))


def dispersion(law: Law, squares: Array, length: int) -> float:
    """Return the variance of rows' mean squares over what it is among independent draws; nan of one row."""
    if len(squares) < 2:
        return math.nan
    return float(squares.var(ddof=1) / squares.mean() ** 2 * length / (law.excess_kurtosis + 2))
