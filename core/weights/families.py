"""The families of laws: each made of its parameters, with its moments, walls and yardsticks."""

import math

import numpy as np
from scipy import stats

from ..errors import ParameterError
from .laws import COVERAGE_SIGMAS, Band, Expression, Law, Pattern


def point(value: Expression) -> Law:
    """All weights equal ``value``."""
    c = value.value
    band = Band("support", c, c, 1.0, value.symbolic, (value.numeric, value.numeric))
    return Law("point", (value,), (band,), atoms=((c, 1.0),))


def uniform(low: Expression, high: Expression) -> Law:
    """U[low, high); the two ends are the support."""
    wall = _walls(low, high)
    return Law("uniform", (low, high), (wall,), stats.uniform(low.value, high.value - low.value))


def symmetric_uniform(bound: Expression) -> Law:
    """U[−b, b); the bound ±b is the support."""
    b = bound.value
    if b == 0:
        return point(ZERO)
    return Law("uniform", (bound,), (_symmetric_walls(bound),), stats.uniform(-b, 2 * b))


def normal(std: Expression, mean: Expression | None = None) -> Law:
    """N(mean, std²); without ``mean``, centred on 0. Its band covers mean ± 3 std."""
    centre = 0.0 if mean is None else mean.value
    if std.value == 0:
        return point(mean or ZERO)
    parameters = (std,) if mean is None else (mean, std)
    band = _coverage(centre, std.value, math.erf(COVERAGE_SIGMAS / math.sqrt(2)))
    return Law("normal", parameters, (band,), stats.norm(centre, std.value))


def truncated_normal(
    std: Expression, low: Expression, high: Expression, mean: Expression | None = None
) -> Law:
    """N(mean, std²) without all that lies outside [low, high].

    Its walls are the two ends; where they lie beyond mean ± 3 std, that is a yardstick as well.

    Raises:
        ParameterError: if [low, high] lies more than 30 std from the mean, where nothing can be drawn.
    """
    centre = 0.0 if mean is None else mean.value
    a, b = (low.value - centre) / std.value, (high.value - centre) / std.value
    if max(a, -b) > FURTHEST_CUT:
        raise ParameterError("parameter.cut", limit=FURTHEST_CUT, distance=max(a, -b))
    # A normal density that changes by less than a billionth from wall to wall is flat.
    if (b - a) * max(abs(a), abs(b)) < 1e-9:
        return uniform(low, high)
    cut = stats.truncnorm(a, b, centre, std.value)
    bands = [_walls(low, high)]
    if a < -COVERAGE_SIGMAS and b > COVERAGE_SIGMAS:
        reach = COVERAGE_SIGMAS * std.value
        bands.append(
            _coverage(centre, std.value, float(np.diff(cut.cdf([centre - reach, centre + reach]))[0]))
        )
    parameters = (std, low, high) if mean is None else (mean, std, low, high)
    return Law("truncated_normal", parameters, tuple(bands), cut, uncut=(centre, std.value))


#: How many std a cut normal law may lie from its mean: past 38 no double holds its probability.
FURTHEST_CUT = 30


def orthogonal(std: Expression, gain: float, rows: int, columns: int) -> Law:
    """One entry of g·Q, where Q is uniform among matrices of orthonormal rows or columns.

    With d = max(rows, columns), (w/g + 1)/2 follows Beta((d − 1)/2, (d − 1)/2): w/g is a coordinate
    of a uniform point on the unit sphere in d dimensions (Muirhead 1982, theorem 1.5.7).
    """
    if gain == 0:
        return point(ZERO)
    d = max(rows, columns)
    wall = _symmetric_walls(Expression("g", "g", gain))
    pattern = Pattern("orthogonal_", (("gain", gain),), (rows, columns))
    if d == 1:
        return Law("orthogonal", (std,), (wall,), atoms=((-gain, 0.5), (gain, 0.5)), pattern=pattern)
    half = (d - 1) / 2
    law = stats.beta(half, half, loc=-gain, scale=2 * gain)
    bands = [wall]
    reach = COVERAGE_SIGMAS * std.value
    if reach < gain:
        bands.append(_coverage(0.0, std.value, float(np.diff(law.cdf([-reach, reach]))[0])))
    return Law("orthogonal", (std,), tuple(bands), law, pattern=pattern)


def sparse(std: Expression, sparsity: float, rows: int, columns: int) -> Law:
    """N(0, std²) with the share ``sparsity`` of each column of ``rows`` weights set to 0, rounded up."""
    zeros = math.ceil(sparsity * rows)
    if std.value == 0 or zeros == rows:
        return point(ZERO)
    if zeros == 0:
        return normal(std)
    p = zeros / rows
    inside = math.erf(COVERAGE_SIGMAS / math.sqrt(2))
    band = _coverage(0.0, std.value, p + (1 - p) * inside)
    part = stats.norm(0, std.value)
    pattern = Pattern("sparse_", (("sparsity", sparsity),), (rows, columns))
    return Law("sparse", (std,), (band,), part, atoms=((0.0, p),), pattern=pattern)


def indicator(share: Expression, ones: int, pattern: Pattern) -> Law:
    """``ones`` ones, where the pattern has them, the others 0."""
    n = math.prod(pattern.shape)
    if ones == n:
        return point(ONE)
    wall = Band("support", 0.0, 1.0, 1.0, r"0,\,1", ("0", "1"))
    m = ones / n
    return Law("indicator", (share,), (wall,), atoms=((0.0, 1 - m), (1.0, m)), pattern=pattern)


ZERO, ONE = Expression("0", "0", 0.0), Expression("1", "1", 1.0)


def _walls(low: Expression, high: Expression) -> Band:
    formula = rf"[{low.symbolic},\,{high.symbolic}]"
    return Band("support", low.value, high.value, 1.0, formula, (low.symbolic, high.symbolic))


def _symmetric_walls(bound: Expression) -> Band:
    b, ends = bound.value, (f"-{bound.numeric}", f"+{bound.numeric}")
    return Band("support", -b, b, 1.0, rf"\pm{bound.symbolic}", ends)


def _coverage(mean: float, std: float, probability: float) -> Band:
    reach = COVERAGE_SIGMAS * std
    about = "" if mean == 0 else r"\mu"
    sigmas = f"{COVERAGE_SIGMAS}" + r"\sigma"
    ends = (f"{about}-{sigmas}", f"{about}+{sigmas}")
    return Band("coverage", mean - reach, mean + reach, probability, rf"{about}\pm{sigmas}", ends)
