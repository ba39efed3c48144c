"""What becomes of signals in layers so wide that their pre-activations are normal: mean-field theory.

q is the mean square of one layer's pre-activations, E[h²]; their law is then N(0, q). c is the correlation
of two inputs' pre-activations, which both have mean square q (Poole et al. 2016; Schoenholz et al. 2017).

An activation is named by its key in ``ACTIVATIONS`` or by a formula of z. What this computes has 10 digits
or more, and a mean that cannot be had to 8 is refused. What no quadrature can see are bumps narrower
than 1/100 about 0, or far narrower than their distance from 0, as that of exp(−(z − 1000)²).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, optimize
from torch import Tensor

from core.checks import is_whole, real, sequence, unfit
from core.errors import ParameterError
from core.signals.activations import ACTIVATIONS, Activation
from core.signals.formula import activation_of
from core.signals.quadrature import NEAR_0, expectation, expectations, half_gap, unknown

Array = NDArray[np.float64]

#: Layers that lengths are followed through, and numbers on a side of a plane, or on a line.
MAX_DEPTH, MOST = 10_000, 1024


class Gains(NamedTuple):
    """The σ_w, √fan_in times a weight's standard deviation, that holds a mean square, or a gradient's."""

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
            not exist or cannot be had to 8 digits.
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

    The log of a layer's mean square φ² varies over draws by that over the layer's width: 5 for relu.
    """
    activation, q = _activation(key), _checked("q", q)
    square = expectation(activation, "square", q)
    return (math.sqrt(expectation(activation, "fourth", q)) / square) ** 2 - 1 if square > 0 else math.nan


def gains(key: str, q: float = 1.0) -> Gains:
    """Return √(q/E[φ²]) and 1/√E[φ′²] under N(0, q): √2 and √2 for relu (He et al. 2015).

    q = 0 is the limit from above; inf where the mean is 0. Errors as of ``mean_square``.
    """
    activation, q = _activation(key), _checked("q", q)
    square, slope = expectation(activation, "square", q), expectation(activation, "slope", q)
    gradient = 1 / math.sqrt(slope) if slope > 0 else math.inf
    if square > 0:
        return Gains(math.sqrt(q / square), gradient)
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
    return _next(_activation(key), _checked("q", q), spread, floor)


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
            q = _next(activation, q, spread, floor)
    return found


def fixed_point(key: str, *, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """Return q*, at which the length map settles from ``start``, to 9 digits.

    0.0 where lengths decay to 0, however slowly, and inf where they grow for ever; ``start`` where the map
    holds it, as relu's does at sigma_w2 = 2; a ``start`` below 1e-290 counts as that. Errors as of
    ``length_map``.
    """
    spread, floor = variances(sigma_w2, sigma_b2)
    return _settled(_activation(key), spread, floor, _checked("start", start))


def chi1(key: str, q: float, *, sigma_w2: float) -> float:
    """Return χ₁ = sigma_w2·E[φ′(√q z)²], by which a layer multiplies a gradient's mean square.

    At q = q* it is the slope of the correlation map at c = 1: below 1 lies order, above it chaos.

    Raises:
        ParameterError: as of ``length_map``.

    Source: Poole et al. 2016; Schoenholz et al. 2017.
    """
    return _times(_checked("sigma_w2", sigma_w2), slope_square(key, q))


def length_slope(key: str, q: float, *, sigma_w2: float) -> float:
    """Return the slope of the length map at q > 0, σ_w²·dE[φ²]/dq: a fixed q holds if it is below 1 in size.

    Raises:
        ParameterError: as of ``length_map``, and for a q of 0.
    """
    activation, spread, length = _activation(key), _checked("sigma_w2", sigma_w2), _checked("q", q)
    if not length:
        raise ParameterError("parameter.number:not_0", name="q", value=q, minimum=0.0)
    return _times(spread, expectation(activation, "growth", length) / length)


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
        if _next(activation, 0.0, spread, floor) > 0:
            return 1.0
        activation, q = _homogeneous(*_slopes(activation, NEAR_0)), 1.0
    return 1 - _decorrelated(activation, float(c), q, spread, floor)


def correlation_fixed_point(key: str, *, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """Return c*, at which inputs of a correlation just below 1 end, where lengths stay at q* from ``start``.

    1.0 in the ordered phase and at its edge; below 1 in the chaotic phase.

    Where q* is 0 or inf, the map is its limit as q goes there, that of the activation's slopes beside 0 or
    far out, which knows no q. Then c* is 1 and the slope there too: relu draws correlations to 1, though
    ever more slowly, and tanh below sigma_w2 = 1 leaves each where it is. nan where the activation has no
    such slopes, or only 0, and where sigma_w2 is 0 too.

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
    q, joined = _settled(activation, spread, floor, begin), _joined(activation, spread, floor, begin)
    if q == math.inf:
        return DepthScales(math.inf, _depth(joined))
    if q == 0:
        return DepthScales(_depth(_times(spread, expectation(activation, "slope", 0.0))), _depth(joined))
    length = _times(spread, expectation(activation, "growth", q) / q)
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
    return _edge(_activation(key), _checked("sigma_b2", sigma_b2))


def critical_line(key: str, sigma_b2: ArrayLike) -> Array:
    """Return ``critical_sigma_w2`` at each of an array of bias variances, float64 of its shape (n,)."""
    activation = _activation(key)
    return np.array([_edge(activation, floor) for floor in _all_checked("sigma_b2", sigma_b2).tolist()])


def plane(key: str, sigma_w2: ArrayLike, sigma_b2: ArrayLike) -> Plane:
    """Return q* from 1 and χ₁(q*) on a grid, for a map of the phases: 0 and inf as of ``fixed_point``.

    ``sigma_w2`` has shape (n,) and ``sigma_b2`` (m,); the results have shape (m, n), float64. They come from
    a table of q, and so have 4 digits, but for sigma_w2 within a share of 1e-3 of where q* leaps. nan where
    q* is further on than means can be had; a q* below 1e-16 is 0.

    Raises:
        ParameterError: as of ``length_map``.
    """
    spreads, floors = _all_checked("sigma_w2", sigma_w2), _all_checked("sigma_b2", sigma_b2)
    activation = _activation(key)
    table = _table(activation)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        q = _reached(table, spreads, floors)
        slope = np.exp(interpolate.CubicSpline(table.log_q, table.log_slope)(np.log(q)))
    slope[q == 0] = expectation(activation, "slope", 0.0)
    slope[q == math.inf] = _far_slope(activation)
    return Plane(q, np.where(np.isnan(q), math.nan, spreads * slope))


# --- beneath: fixed points --------------------------------------------------------------------------------

#: Within this share of q, a length is held: sums of 300 terms are not exact.
_HELD = 1e-13

#: Fixed points are sought at lengths this far apart: four to a factor of 10.
_STRIDE = 10**0.25

#: How far fixed points are sought: a length that grows or shrinks by so much does so for ever.
_FOR_EVER = 1e20

#: The least length that is followed: squares of what is less leave the doubles.
_LEAST = 1e-290

#: A slope this close to 1 is 1.
_CRITICAL = 1e-9

#: How many layers a swinging length is given to settle.
_SWINGS = 60


def _times(spread: float, value: float) -> float:
    """Return the product, in which a variance of 0 leaves nothing of an inf."""
    return spread * value if spread else 0.0


def _next(activation: Activation, q: float, spread: float, floor: float) -> float:
    return _times(spread, expectation(activation, "square", q)) + floor


@lru_cache(maxsize=4096)
def _settled(activation: Activation, spread: float, floor: float, start: float) -> float:
    """Return where the length map settles: see ``fixed_point``.

    A map that never falls moves every length towards the nearest fixed point on its way, and never past
    it. So it is enough to walk that way, in the map's own steps or longer ones, until the sign changes.
    """

    def after(q: float) -> float:
        return _next(activation, q, spread, floor)

    start = max(start, _LEAST) if start else start
    at_0 = after(0.0)
    if start == 0:
        start = at_0
    if abs(after(start) - start) <= _HELD * start:
        return start
    up = after(start) > start
    far = max(start, after(start), 1.0) * _FOR_EVER if up else min(start, at_0 or 1.0) / _FOR_EVER
    before, end = _walk(after, start, far)
    if end is None:
        return math.inf if up else 0.0

    def excess(log_q: float) -> float:
        return after(math.exp(log_q)) / math.exp(log_q) - 1

    low, high = math.log(before[-1]), math.log(end)
    # next to the fixed point rounding alone decides where the map moves
    apart = excess(low) * excess(high) < 0
    found = math.exp(optimize.brentq(excess, low, high, xtol=1e-15)) if apart else before[-1]
    past = [after(q) / found - 1 for q in before]
    if (max(past) if up else -min(past)) < _CRITICAL:
        return found
    # The map falls, and throws lengths past the fixed point. Yet it cannot keep them swinging: √q·E[φ²] is
    # ∫φ²(x)·e^(−x²/2q) dx/√2π, which never falls in q, so that in ln q each swing halves at least.
    was = q = start
    for _ in range(_SWINGS):
        was, q = q, after(q)
    return q if abs(q - was) <= _CRITICAL * q else _settled(activation, spread, floor, q)


def _walk(after: Callable[[float], float], start: float, far: float) -> tuple[list[float], float | None]:
    """Return the lengths met on the way to ``far``, and the first that moves back; None if none does."""
    up = far > start

    def move(q: float) -> float:
        """Return by what share of itself a length moves on."""
        return after(q) / q - 1 if up else 1 - after(q) / q

    met: list[float] = []
    moves: list[float] = []
    q = start
    while q < math.inf:
        moves.append(move(q))
        if moves[-1] < -_HELD:
            return met, q
        if moves[-1] > 0:
            met.append(q)
        if len(moves) > 2 and len(met) > 2 and _dips(moves[-3:]):
            # two fixed points close together may hide between two steps
            low, high = sorted((math.log(met[-3]), math.log(met[-1])))
            least = optimize.minimize_scalar(
                lambda log_q: move(math.exp(log_q)), bounds=(low, high), method="bounded"
            )
            if least.fun < -_HELD:
                return met[:-2], math.exp(least.x)
        was, q = q, min(max(after(q), q * _STRIDE), far) if up else max(min(after(q), q / _STRIDE), far)
        if q in {0, was}:  # it is far, or there is no double on the way to 0
            break
    return met, None


def _dips(moves: list[float]) -> bool:
    """Return whether the middle one of three moves is small, and clearly the least."""
    return 0 < moves[1] < min(0.1, 0.999 * moves[0], 0.999 * moves[2])


@lru_cache(maxsize=4096)
def _edge(activation: Activation, floor: float) -> float:
    """Return the critical sigma_w2: see ``critical_sigma_w2``."""

    def missing(log_q: float) -> float:
        q = math.exp(log_q)
        slope = expectation(activation, "slope", q)
        # a slope that leaves the doubles is far below any edge
        return 1 - (expectation(activation, "square", q) / slope + floor) / q if slope else -1e100

    candidates = [_far_slope(activation)]
    if floor == 0 and expectation(activation, "square", 0.0) == 0:
        candidates.append(expectation(activation, "slope", 0.0))
    log_q, log_ratio, log_slope, _ = _table(activation)
    with np.errstate(over="ignore"):
        miss = 1 - np.exp(log_ratio - log_slope) - floor * np.exp(-log_q)
    sure = np.flatnonzero(np.abs(miss) > _HELD)
    for low, high in pairwise(sure):
        if (miss[low] < 0) != (miss[high] < 0):
            root = optimize.brentq(missing, log_q[low], log_q[high], xtol=1e-15)
            candidates.append(expectation(activation, "slope", math.exp(root)))
    for slope in sorted((s for s in candidates if 0 < s < math.inf), reverse=True):
        q = _settled(activation, 1 / slope, floor, 1.0)
        if q < math.inf:
            reached = expectation(activation, "slope", q)
            if abs(reached / slope - 1) < 1e-6:
                return 1 / slope
        elif slope == candidates[0]:
            # as sigma_w2 grows to this, χ₁ must grow to 1: gelu's can come from above
            share = 1 - 1e-4
            q = _settled(activation, share / slope, floor, 1.0)
            if q < math.inf and share * expectation(activation, "slope", q) < slope:
                return 1 / slope
    return math.nan


class _Table(NamedTuple):
    """ln q, ln(E[φ²]/q) and ln E[φ′²], each of shape (n,), and what lies beyond the last q: inf, or nan."""

    log_q: Array
    log_ratio: Array
    log_slope: Array
    beyond: float


#: q of a table: 32 to a factor of 10
_LOG_Q = np.arange(-16 * 32, 12 * 32 + 1) / 32 * math.log(10)

#: Rows of a table that are computed at once; it divides what lies below q = 1.
_CHUNK = 16


@lru_cache(maxsize=64)
def _table(activation: Activation) -> _Table:
    q = np.exp(_LOG_Q)
    square, slope = np.full((2, len(q)), math.nan)
    one = int(np.flatnonzero(_LOG_Q == 0)[0])
    # outwards from 1, and no further than means can be had: beyond, trying takes long
    for chunks in (range(one, len(q), _CHUNK), range(one - _CHUNK, -1, -_CHUNK)):
        for at in chunks:
            part = slice(at, at + _CHUNK)
            square[part] = expectations(activation, "square", q[part])
            slope[part] = expectations(activation, "slope", q[part])
            if not np.isfinite(square[part] + slope[part]).all():
                break
    lost = np.flatnonzero(~np.isfinite(square + slope))
    low = max((at + 1 for at in lost if at < one), default=0)
    high = min((at for at in lost if at >= one), default=len(q))
    if high - one < _CHUNK // 4:
        raise unknown(activation, float(q[high]))
    beyond = math.inf if high == len(q) or square[high] == math.inf else math.nan
    log_ratio, log_slope = np.log(np.maximum([square / q, slope], 1e-300))[:, low:high]
    return _Table(_LOG_Q[low:high], log_ratio, log_slope, beyond)


def _reached(table: _Table, spreads: Array, floors: Array) -> Array:
    """Return q* from 1 for each floor and spread, of shape (m, n): ``_settled``, from a table."""
    log_ratio = interpolate.CubicSpline(table.log_q, table.log_ratio)
    # two fixed points within 4 % of one another may be overlooked
    steps = np.linspace(table.log_q[0], table.log_q[-1], 2 * len(table.log_q) - 1)
    one = int(np.argmin(np.abs(steps)))
    ratios = np.exp(log_ratio(steps))
    end = np.zeros((2, len(floors), len(spreads)))
    for row, floor in enumerate(floors):
        excess = spreads[:, None] * ratios + floor * np.exp(-steps) - 1
        for column, share in enumerate(excess):
            if abs(share[one]) <= _HELD:
                end[:, row, column] = 0.0
            elif share[one] > 0:
                past = np.flatnonzero(share[one:] < -_HELD)
                end[:, row, column] = steps[one + past[0] - np.array([1, 0])] if len(past) else table.beyond
            else:
                past = np.flatnonzero(share[one::-1] > _HELD)
                end[:, row, column] = steps[one - past[0] + np.array([0, 1])] if len(past) else -math.inf
    low, high = end
    for _ in range(40):
        middle = (low + high) / 2
        rises = spreads * np.exp(log_ratio(middle)) + floors[:, None] * np.exp(-middle) > 1
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.exp(high)


# --- beneath: correlations --------------------------------------------------------------------------------

#: Where an activation's slopes far out are taken: their squares leave the doubles.
_FAR = 1e200


@lru_cache(maxsize=256)
def _slopes(activation: Activation, at: float) -> tuple[float, float]:
    """Return φ′ at −``at`` and at ``at``."""
    low, high = activation.derivative(torch.tensor([-at, at], dtype=torch.float64)).tolist()
    return low, high


@lru_cache(maxsize=256)
def _homogeneous(low: float, high: float) -> Activation:
    """Return the activation that is two straight lines through 0: low·z below and high·z above."""

    def lines(z: Tensor) -> Tensor:
        return torch.where(z < 0, low * z, high * z)

    return Activation(f"{low:g}·min(0, z) + {high:g}·max(0, z)", lines, "", "", "", (0.0,))


def _far_slope(activation: Activation) -> float:
    """Return the limit of E[φ′²] for q → ∞; nan where φ has no slope to go to, as sin has none."""
    low, high = _slopes(activation, _FAR)
    slope = (low * low + high * high) / 2
    far_out = expectation(activation, "slope", 1e6, refuse=False)
    return slope if slope == math.inf or abs(slope - far_out) <= 0.01 * (1 + slope) else math.nan


def _decorrelated(activation: Activation, c: float, q: float, spread: float, floor: float) -> float:
    """Return 1 − c of the next layer: itself, as next to c = 1 the difference has too few digits."""
    after = _next(activation, q, spread, floor)
    if not 0 < after < math.inf:
        return math.nan
    return _times(spread, half_gap(activation, "square", c, q)) / after


def _steepness(activation: Activation, q: float, spread: float, floor: float, c: float) -> float:
    """Return the slope of the correlation map at c: σ_w²·q·E[φ′(u₁)φ′(u₂)] over the next layer's q."""
    after = _next(activation, q, spread, floor)
    if not 0 < after < math.inf:
        return math.nan
    product = expectation(activation, "slope", q) - half_gap(activation, "slope", c, q)
    return _times(spread, product) * (q / after)


@lru_cache(maxsize=4096)
def _joined(activation: Activation, spread: float, floor: float, start: float) -> float:
    """Return c*: see ``correlation_fixed_point``.

    The map is a power series in c with no negative coefficient, and takes 1 to 1. So it is convex on
    [0, 1], where it has one fixed point below 1 if it is steeper than 1 there, and none if it is not. That
    of two straight lines has slope 1 there, whichever they are.
    """
    q = _settled(activation, spread, floor, start)
    if q in {0, math.inf}:
        steepest = max(map(abs, _slopes(activation, _FAR if q else NEAR_0)))
        return 1.0 if spread and 1e-100 < steepest < 1e100 else math.nan
    steepness = _steepness(activation, q, spread, floor, 1.0)
    if steepness <= 1 + _CRITICAL:
        return 1.0
    unrelated = (spread * expectation(activation, "mean", q) ** 2 + floor) / _next(
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
    return math.inf if abs(slope) >= 1 - _CRITICAL else -1 / math.log(abs(slope))


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
