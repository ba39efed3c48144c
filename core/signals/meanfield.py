"""What becomes of signals in layers so wide that their pre-activations are normal: mean-field theory.

q is the mean square of one layer's pre-activations, E[h²]; their law is then N(0, q). c is the correlation
of two inputs' pre-activations, which both have mean square q (Poole et al. 2016; Schoenholz et al. 2017).

An activation is named by its key in ``ACTIVATIONS`` or by a formula of z. What this computes has 10 digits
or more, and a mean that cannot be computed to 8 is refused. However narrow, steps and bumps are seen where
the argument of a function is 0, as in exp(−2000(z − 1.5)²); others unless far narrower than 1 or than |z|.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import interpolate, optimize

from ..checks import is_whole, real, sequence, unfit
from ..errors import ParameterError
from .activations import ACTIVATIONS, Activation
from .formula import activation_of
from .quadrature import NEAR_0, expectation, half_gap, root_mean
from .settling import (
    CRITICAL,
    FAR,
    Array,
    edge,
    far_slope,
    homogeneous,
    next_length,
    reached_length,
    settled,
    slopes,
    table_of,
    times,
)

#: Layers that lengths are followed through, and numbers on a side of a plane, or on a line.
MAX_DEPTH, MOST = 10_000, 1024


class Gains(NamedTuple):
    """The σ_w = √fan_in·std(w) that preserves a mean square, and the one that preserves a gradient's."""

    mean_square: float
    gradient: float


class DepthScales(NamedTuple):
    """In layers: how far a difference from the fixed point travels before it has shrunk by a factor e."""

    length: float
    correlation: float


class Plane(NamedTuple):
    """q* and χ₁(q*), each of shape (number of sigma_b2, number of sigma_w2)."""

    q: Array
    chi1: Array


# --- means under N(0, q) ----------------------------------------------------------------------------------


def mean_square(key: str, q: float) -> float:
    """Return E[φ(√q z)²], z ~ N(0, 1), to 12 digits: what the activation makes of N(0, q).

    inf where it fits into no double; also where it is past 1e200 and φ itself fits into no double.

    Raises:
        ParameterError: for a key that is no text, a q that is negative or not finite, or a mean that does
            not exist or cannot be computed to 8 digits.
        FormulaError: for text that is neither a key nor a formula.
    """
    # Checked outside the cache, for which True is 1 and a list is no key at all.
    return expectation(_activation(key), "square", _checked("q", q))


def mean(key: str, q: float) -> float:
    """Return E[φ(√q z)], z ~ N(0, 1); ±inf and errors as of ``mean_square``."""
    return expectation(_activation(key), "mean", _checked("q", q))


def slope_square(key: str, q: float) -> float:
    """Return E[φ′(√q z)²], z ~ N(0, 1); inf and errors as of ``mean_square``, q = 0 as next to 0."""
    return expectation(_activation(key), "slope", _checked("q", q))


def width_constant(key: str, q: float) -> float:
    """Return E[φ⁴]/E[φ²]² − 1 under N(0, q): nan where φ is 0, errors as of ``mean_square``.

    It is 5 for relu. Divided by the layer's width, it is the variance over draws of ln(mean square φ²).
    """
    activation, q = _activation(key), _checked("q", q)
    square = expectation(activation, "square", q)
    return (math.sqrt(expectation(activation, "fourth", q)) / square) ** 2 - 1 if square > 0 else math.nan


def gains(key: str, q: float = 1.0) -> Gains:
    """Return √(q/E[φ²]) and 1/√E[φ′²] under N(0, q): √2 and √2 for relu (He et al. 2015).

    q = 0 is the limit from above; inf where no double is so large. Errors as of ``mean_square``.
    """
    activation, q = _activation(key), _checked("q", q)
    square, slope = root_mean(activation, "square", q), root_mean(activation, "slope", q)
    gradient = 1 / slope if slope > 0 else math.inf
    if square > 0:
        return Gains(math.sqrt(q) / square, gradient)
    # φ² is E[φ′²]·q beside 0
    return Gains(gradient if q == 0 else math.inf, gradient)


# --- lengths ----------------------------------------------------------------------------------------------


def length_map(key: str, q: float, *, sigma_w2: float, sigma_b2: float = 0.0) -> float:
    """Return the next layer's q: sigma_w2·E[φ(√q z)²] + sigma_b2, where z ~ N(0, 1).

    ``sigma_w2`` is fan_in·Var(w), ``sigma_b2`` is Var(b); inf and errors as of ``mean_square``.

    Raises:
        ParameterError: as of ``mean_square``; also for a variance that is negative or not finite.

    Source: Poole et al. 2016, eq. 3.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    return next_length(_activation(key), _checked("q", q), spread, floor)


def lengths(key: str, q1: float, depth: int, *, sigma_w2: float, sigma_b2: float = 0.0) -> Array:
    """Return q of each of ``depth`` layers, float64 of shape (depth,), the first of them ``q1``.

    From a layer whose q fits into no double on, it is inf. Errors as of ``length_map``.
    """
    activation, q, (spread, floor) = _activation(key), _checked("q1", q1), variances(sigma_w2, sigma_b2)
    found = np.full(checked_depth(depth), math.inf)
    for layer in range(len(found)):
        if q == math.inf:
            break
        found[layer] = q
        if layer + 1 < len(found):
            q = next_length(activation, q, spread, floor)
    return found


def fixed_point(key: str, *, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """Return q*, at which the length map settles from ``start``, to 9 digits.

    0.0 where lengths decay to 0, however slowly, and inf where they grow for ever; ``start`` where the map
    holds it, as relu's does at sigma_w2 = 2; a ``start`` below 1e-290 counts as that. Errors as of
    ``length_map``.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    return settled(_activation(key), spread, floor, _checked("start", start))


def chi1(key: str, q: float, *, sigma_w2: float) -> float:
    """Return χ₁ = sigma_w2·E[φ′(√q z)²], by which a layer multiplies a gradient's mean square.

    At q = q* it is the slope of the correlation map at c = 1: below 1 lies order, above it chaos.

    Raises:
        ParameterError: as of ``length_map``.

    Source: Poole et al. 2016; Schoenholz et al. 2017.
    """
    return times(_checked("sigma_w2", sigma_w2), slope_square(key, q))


def length_slope(key: str, q: float, *, sigma_w2: float) -> float:
    """Return the slope of the length map at q > 0, σ_w²·dE[φ²]/dq: a fixed q is stable if |slope| < 1.

    Raises:
        ParameterError: as of ``length_map``, and for a q of 0.
    """
    activation, spread, length = _activation(key), _checked("sigma_w2", sigma_w2), _checked("q", q)
    if not length:
        raise ParameterError("parameter.number:not_0", name="q", value=q, minimum=0.0)
    return times(spread, expectation(activation, "growth", length) / length)


# --- correlations -----------------------------------------------------------------------------------------


def correlation_map(key: str, c: float, *, q: float, sigma_w2: float, sigma_b2: float = 0.0) -> float:
    """Return the next layer's correlation of two inputs whose pre-activations have mean square q each.

    (sigma_w2·E[φ(u₁)φ(u₂)] + sigma_b2)/(sigma_w2·E[φ²] + sigma_b2), where u₁ and u₂ are N(0, q) and have
    the correlation c. q = 0 is the limit from above; nan where the next layer's length is 0 or inf.

    Raises:
        ParameterError: as of ``length_map``; also for a c outside [−1, 1].

    Source: Poole et al. 2016, eq. 5, for any q.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    activation, q = _activation(key), _checked("q", q)
    if not -1 <= real(c) <= 1:
        raise ParameterError("parameter.number:correlation", name="c", value=c, minimum=-1.0, maximum=1.0)
    if q == 0:
        if next_length(activation, 0.0, spread, floor) > 0:
            return 1.0
        activation, q = homogeneous(*slopes(activation, NEAR_0)), 1.0
    return 1 - _decorrelated(activation, float(c), q, spread, floor)


def correlation_fixed_point(key: str, *, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """Return c*, where inputs of correlation just below 1 end up, with lengths settled at q* from ``start``.

    1.0 in the ordered phase and at its edge; below 1 in the chaotic phase.

    Where q* is 0 or inf, the map is its limit as q goes there. The limit depends on the activation's slopes
    next to 0 or far out, not on q. Then c* is 1, and so is the map's slope there: relu draws correlations
    to 1, though ever more slowly, and tanh below sigma_w2 = 1 leaves each where it is. nan where the
    activation has no such slopes, or only slopes of 0, and also where sigma_w2 is 0.

    Raises:
        ParameterError: as of ``length_map``.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    return _joined(_activation(key), spread, floor, _checked("start", start))


def depth_scales(key: str, *, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> DepthScales:
    """Return ξ = −1/ln(slope) of the length map at q* and of the correlation map at c*, in layers.

    Both maps as of ``fixed_point`` and ``correlation_fixed_point``. inf where the slope is 1, to 9 digits,
    so that there is no such scale, and for lengths that grow for ever; 0 where the slope is 0; nan where
    c* is nan.

    Raises:
        ParameterError: as of ``length_map``.

    Source: Schoenholz et al. 2017, section 3.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    activation = _activation(key)
    begin = _checked("start", start)
    q, joined = settled(activation, spread, floor, begin), _joined(activation, spread, floor, begin)
    if q == math.inf:
        return DepthScales(math.inf, _depth(joined))
    if q == 0:
        return DepthScales(_depth(times(spread, expectation(activation, "slope", 0.0))), _depth(joined))
    length = times(spread, expectation(activation, "growth", q) / q)
    return DepthScales(_depth(length), _depth(_steepness(activation, q, spread, floor, joined)))


# --- the edge of chaos ------------------------------------------------------------------------------------


def critical_sigma_w2(key: str, sigma_b2: float) -> float:
    """Return the least sigma_w2 at which χ₁ is 1 at the q* that lengths reach from 1: the edge of chaos.

    On the edge q·E[φ′²] − E[φ²] = sigma_b2·E[φ′²], with expectations under N(0, q), and sigma_w2 is
    1/E[φ′²]. q may be 0 there, as tanh's is at sigma_b2 = 0, or infinite: softplus and relu with a bias
    variance have their edge at sigma_w2 = 2, where lengths start to grow without end.

    nan where χ₁ is nowhere 1, or only where lengths leave the doubles. gelu, silu and mish have no edge at a
    small sigma_b2: as sigma_w2 grows, q* leaps from where χ₁ is below 1 to where it is above.

    Raises:
        ParameterError: as of ``length_map``.

    Source: Poole et al. 2016; Schoenholz et al. 2017; for gelu and silu Roberts, Yaida & Hanin 2022, 5.3.4.
    """
    return edge(_activation(key), _checked("sigma_b2", sigma_b2))


def critical_line(key: str, sigma_b2: ArrayLike) -> Array:
    """Return ``critical_sigma_w2`` at each of an array of bias variances, float64 of its shape (n,)."""
    activation = _activation(key)
    return np.array([edge(activation, floor) for floor in _all_checked("sigma_b2", sigma_b2).tolist()])


def plane(key: str, sigma_w2: ArrayLike, sigma_b2: ArrayLike) -> Plane:
    """Return q* from 1 and χ₁(q*) on a grid, for a map of the phases: 0 and inf as of ``fixed_point``.

    ``sigma_w2`` has shape (n,) and ``sigma_b2`` (m,); the results have shape (m, n), float64. They come from
    a table of q, and so have 4 digits, except for sigma_w2 within a relative 1e-3 of a jump of q*. nan where
    q* lies beyond the q for which means can be computed; a q* below 1e-16 is 0.

    Raises:
        ParameterError: as of ``length_map``.
    """
    spreads, floors = _all_checked("sigma_w2", sigma_w2), _all_checked("sigma_b2", sigma_b2)
    activation = _activation(key)
    table = table_of(activation)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        q = reached_length(table, spreads, floors)
        slope = np.exp(interpolate.CubicSpline(table.log_q, table.log_slope)(np.log(q)))
    slope[q == 0] = expectation(activation, "slope", 0.0)
    slope[q == math.inf] = far_slope(activation)
    return Plane(q, np.where(np.isnan(q), math.nan, spreads * slope))


# --- beneath: fixed points --------------------------------------------------------------------------------


# --- beneath: correlations --------------------------------------------------------------------------------


def _decorrelated(activation: Activation, c: float, q: float, spread: float, floor: float) -> float:
    """Return the next layer's 1 − c, computed directly: near c = 1 the subtraction would lose digits."""
    after = next_length(activation, q, spread, floor)
    if not 0 < after < math.inf:
        return math.nan
    return times(spread, half_gap(activation, "square", c, q)) / after


def _steepness(activation: Activation, q: float, spread: float, floor: float, c: float) -> float:
    """Return the slope of the correlation map at c: σ_w²·q·E[φ′(u₁)φ′(u₂)] over the next layer's q."""
    after = next_length(activation, q, spread, floor)
    if not 0 < after < math.inf:
        return math.nan
    product = expectation(activation, "slope", q) - half_gap(activation, "slope", c, q)
    return times(spread, product) * (q / after)


@lru_cache(maxsize=4096)
def _joined(activation: Activation, spread: float, floor: float, start: float) -> float:
    """Return c*: see ``correlation_fixed_point``.

    The map is a power series in c with no negative coefficient, and takes 1 to 1. So it is convex on
    [0, 1], where it has one fixed point below 1 if it is steeper than 1 there, and none if it is not. That
    of two straight lines has slope 1 there, whichever they are.
    """
    q = settled(activation, spread, floor, start)
    if q in {0, math.inf}:
        steepest = max(map(abs, slopes(activation, FAR if q else NEAR_0)))
        return 1.0 if spread and 1e-100 < steepest < 1e100 else math.nan
    steepness = _steepness(activation, q, spread, floor, 1.0)
    if steepness <= 1 + CRITICAL:
        return 1.0
    unrelated = (spread * expectation(activation, "mean", q) ** 2 + floor) / next_length(
        activation, q, spread, floor
    )
    if unrelated < 1e-11:
        return 0.0

    def excess(gap: float) -> float:
        return (_decorrelated(activation, 1 - gap, q, spread, floor) / gap if gap > 1e-12 else steepness) - 1

    return 1 - float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-14))


def _depth(slope: float) -> float:
    """Return −1/ln|slope|."""
    if slope == 0:
        return 0.0
    return math.inf if abs(slope) >= 1 - CRITICAL else -1 / math.log(abs(slope))


# --- what is asked ----------------------------------------------------------------------------------------


def _activation(key: object) -> Activation:
    if isinstance(key, str):
        return activation_of(key)
    raise ParameterError("parameter.choice:formula", name="key", value=key, choices=tuple(ACTIVATIONS))


def variances(sigma_w2: object, sigma_b2: object) -> tuple[float, float]:
    """Return both variances as floats.

    Raises:
        ParameterError: unless they are numbers, finite and not negative.
    """
    return _checked("sigma_w2", sigma_w2), _checked("sigma_b2", sigma_b2)


def _all_checked(name: str, values: ArrayLike) -> Array:
    numbers = sequence(values, MOST)
    if numbers is None:
        raise unfit(name, values, f"a sequence of {MOST} numbers at most")
    return np.array([_checked(name, value) for value in numbers], dtype=float)


def checked_depth(depth: object) -> int:
    """Return a number of layers if lengths can be followed through it.

    Raises:
        ParameterError: unless it is a whole number from 1 to MAX_DEPTH.
    """
    if not is_whole(depth, 1, MAX_DEPTH):
        raise ParameterError("parameter.number:depth", name="depth", value=depth, minimum=1.0)
    return int(depth)  # type: ignore[call-overload,no-any-return]


def _checked(name: str, value: object) -> float:
    """Return ``value`` as a float.

    Raises:
        ParameterError: unless it is a number, finite and not negative.
    """
    number = real(value)
    if 0 <= number < math.inf:
        return number
    raise ParameterError("parameter.number:finite", name=name, value=value, minimum=0.0)
