"""Where lengths come to rest: the length map's fixed point, and the edge at which its slope is 1."""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import interpolate, optimize
from torch import Tensor

from .activations import Activation
from .quadrature import expectation, expectations, unknown

Array = NDArray[np.float64]
#: A length that moves by at most this fraction of q counts as fixed: sums of 300 terms are not exact.
_HELD = 1e-13
#: Fixed points are sought at lengths this far apart: four to a factor of 10.
_STRIDE = 10**0.25
#: How far fixed points are sought: a length that grows or shrinks by so much does so for ever.
_FOR_EVER = 1e20
#: The smallest length that is followed: squares of smaller ones underflow a double.
_LEAST = 1e-290
#: A slope this close to 1 is 1.
CRITICAL = 1e-9
#: How many layers a swinging length is given to settle.
_SWINGS = 60


def times(spread: float, value: float) -> float:
    """Return the product; a variance of 0 gives 0, even times inf."""
    return spread * value if spread else 0.0


def next_length(activation: Activation, q: float, spread: float, floor: float) -> float:
    """Return the next layer's q."""
    return times(spread, expectation(activation, "square", q)) + floor


@lru_cache(maxsize=4096)
def settled(activation: Activation, spread: float, floor: float, start: float) -> float:
    """Return where the length map settles: see ``fixed_point``.

    A map that never falls moves every length towards the nearest fixed point on its way, and never past
    it. So it is enough to walk that way, in the map's own steps or longer ones, until the sign changes.
    """

    def after(q: float) -> float:
        return next_length(activation, q, spread, floor)

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
    if (max(past) if up else -min(past)) < CRITICAL:
        return found
    # The map falls here and throws lengths past the fixed point. They cannot swing for ever: √q·E[φ²] is
    # ∫φ²(x)·e^(−x²/2q) dx/√2π, which never falls in q. So in ln q each swing is at most half the last.
    was = q = start
    for _ in range(_SWINGS):
        was, q = q, after(q)
    return q if abs(q - was) <= CRITICAL * q else settled(activation, spread, floor, q)


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
        if (back := _dips(moves, len(met))) > 0:
            # two fixed points close together may hide between two steps
            low, high = sorted((math.log(met[-back]), math.log(met[-1])))
            least = optimize.minimize_scalar(
                lambda log_q: move(math.exp(log_q)), bounds=(low, high), method="bounded"
            )
            if least.fun < -_HELD:
                return met[: 1 - back], math.exp(least.x)
        was, q = q, min(max(after(q), q * _STRIDE), far) if up else max(min(after(q), q / _STRIDE), far)
        if q in {0, was}:  # it is far, or there is no double on the way to 0
            break
    return met, None


def _dips(moves: list[float], met: int) -> int:
    """Return over how many of the last moves one is small, and clearly the least; 0 if it is not."""
    if min(len(moves), met) > 2 and 0 < moves[-2] < min(0.1, 0.999 * moves[-3], 0.999 * moves[-1]):
        return 3
    return 2 if len(moves) == met == 2 and 0 < moves[0] < min(0.1, 0.999 * moves[1]) else 0


@lru_cache(maxsize=4096)
def edge(activation: Activation, floor: float) -> float:
    """Return the critical sigma_w2: see ``critical_sigma_w2``."""

    def missing(log_q: float) -> float:
        q = math.exp(log_q)
        slope = expectation(activation, "slope", q)
        # a slope that leaves the doubles is far below any edge
        return 1 - (expectation(activation, "square", q) / slope + floor) / q if slope else -1e100

    candidates = [far_slope(activation)]
    if floor == 0 and expectation(activation, "square", 0.0) == 0:
        candidates.append(expectation(activation, "slope", 0.0))
    log_q, log_ratio, log_slope, _ = table_of(activation)
    with np.errstate(over="ignore"):
        miss = 1 - np.exp(log_ratio - log_slope) - floor * np.exp(-log_q)
    # a mean below the least of a table is not known, nor is its ratio to another
    seen = np.minimum(log_ratio, log_slope) > math.log(_LEAST_MEAN)
    sure = np.flatnonzero(seen & (np.abs(miss) > _HELD))
    for low, high in pairwise(sure):
        if (miss[low] < 0) != (miss[high] < 0):
            root = optimize.brentq(missing, log_q[low], log_q[high], xtol=1e-15)
            candidates.append(expectation(activation, "slope", math.exp(root)))
    for slope in sorted((s for s in candidates if 0 < s < math.inf), reverse=True):
        q = settled(activation, 1 / slope, floor, 1.0)
        if q < math.inf:
            reached = expectation(activation, "slope", q)
            if abs(reached / slope - 1) < 1e-6:
                return 1 / slope
        elif slope == candidates[0]:
            # as sigma_w2 grows to this, χ₁ must grow to 1: gelu's can come from above
            share = 1 - 1e-4
            q = settled(activation, share / slope, floor, 1.0)
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
#: The least mean of a table: what is less, is this.
_LEAST_MEAN = 1e-300
#: Rows of a table that are computed at once; it divides what lies below q = 1.
_CHUNK = 16


@lru_cache(maxsize=64)
def table_of(activation: Activation) -> _Table:
    """Return means over a grid of lengths, as far as they can be computed."""
    q = np.exp(_LOG_Q)
    square, slope = np.full((2, len(q)), math.nan)
    one = int(np.flatnonzero(_LOG_Q == 0)[0])
    # outwards from 1, and no further than means can be computed: beyond, trying takes long
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
    log_ratio, log_slope = np.log(np.maximum([square / q, slope], _LEAST_MEAN))[:, low:high]
    return _Table(_LOG_Q[low:high], log_ratio, log_slope, beyond)


def reached_length(table: _Table, spreads: Array, floors: Array) -> Array:
    """Return q* from 1 for each floor and spread, of shape (m, n): ``settled``, from a table."""
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


#: Where an activation's slopes far out are taken: their squares leave the doubles.
FAR = 1e200


@lru_cache(maxsize=256)
def slopes(activation: Activation, at: float) -> tuple[float, float]:
    """Return φ′ at −``at`` and at ``at``."""
    low, high = activation.derivative(torch.tensor([-at, at], dtype=torch.float64, device="cpu")).tolist()
    return low, high


@lru_cache(maxsize=256)
def homogeneous(low: float, high: float) -> Activation:
    """Return the activation that is two straight lines through 0: low·z below and high·z above."""

    def lines(z: Tensor) -> Tensor:
        return torch.where(z < 0, low * z, high * z)

    return Activation(f"{low:g}·min(0, z) + {high:g}·max(0, z)", lines, "", "", "", (0.0,))


def far_slope(activation: Activation) -> float:
    """Return the limit of E[φ′²] for q → ∞; nan where φ has no slope to go to, as sin has none."""
    low, high = slopes(activation, FAR)
    slope = (low * low + high * high) / 2
    far_out = expectation(activation, "slope", 1e6, refuse=False)
    return slope if slope == math.inf or abs(slope - far_out) <= 0.01 * (1 + slope) else math.nan
