"""What theory expects of a signal, what became of it, and when.

Theory is that of wide layers: pre-activations are normal, of mean square q, and q goes from layer to layer
by the length map (Poole et al. 2016); what comes back is multiplied by χ₁ (Schoenholz et al. 2017).
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..checks import checked_array, checked_kind, unfit
from ..errors import ParameterError
from ..weights.laws import Law
from ..weights.schemes import scheme_of
from . import meanfield
from .formula import activation_of
from .trace import checked_bias, checked_input, checked_scale
from .trace_run import INPUTS

Array = npt.NDArray[np.float64]
#: The largest q that correlations are followed from: the further out, the longer a mean takes.
FURTHEST = 1e16


class Setting(NamedTuple):
    """What theory needs to know of a run."""

    #: fan_in·Var(w)
    sigma_w2: float
    #: Var(b)
    sigma_b2: float


class Expected(NamedTuple):
    """What a network of infinite width does: arrays (depth,), layer 1 first."""

    preactivation_mean_square: Array
    activation_mean_square: Array
    #: of ∂L/∂h, which is 1 in the last layer
    gradient_mean_square: Array


def setting(scheme: str, width: int, *, bias: str | float = "none", **params: Any) -> Setting | None:
    """Return σ_w² and σ_b² of layers width × width, or None where wide-layer theory is silent.

    It needs weights of mean 0 that are drawn: all units of others are told the same. An orthogonal matrix
    counts: its entries are nearly independent in a wide layer.

    Raises:
        InitLabError: as ``signal.trace``.
    """
    law: Law = scheme_of(scheme).law((width, width), **params)
    width = int(width)
    bias = checked_bias(bias)
    if law.mean != 0 or not (law.random or law.std == 0):
        return None
    variances = {"none": 0.0, "torch": 1 / (3 * width)}
    floor = variances[bias] if isinstance(bias, str) else bias**2
    return Setting(width * law.std**2, floor)


def expected(
    given: Setting, activation: str, *, depth: int, input: str = "normal", input_scale: float = 1.0
) -> Expected:
    """Follow a signal through wide layers by the length map, and back by χ₁.

    A length that leaves the doubles is inf from there on, and the gradient before it nan. Where a formula's
    means cannot be computed, what would follow from them is nan.

    Raises:
        ParameterError: for an input that ``signal.trace`` refuses.
        FormulaError: for an activation that is neither a key nor a formula.
    """
    q = _lengths(given, activation, depth, input, input_scale)
    slopes = [_had(meanfield.chi1, activation, length, sigma_w2=given.sigma_w2) for length in q[:-1].tolist()]
    squares = [_had(meanfield.mean_square, activation, length) for length in q.tolist()]
    with np.errstate(over="ignore", invalid="ignore"):  # inf times 0 is not known
        back: Array = np.cumprod([1.0, *reversed(slopes)], dtype=np.float64)[::-1]
    return Expected(q, np.where(q < math.inf, squares, q), back)


def expected_correlation(
    given: Setting, activation: str, *, depth: int, input: str = "normal", input_scale: float = 1.0
) -> Array:
    """Return the cosine of two inputs' pre-activations by layer, (depth,), by the correlation map.

    It is nan from where the length is 0 or past FURTHEST on, or a mean cannot be computed. Errors as of
    ``expected``.
    """
    q = _lengths(given, activation, depth, input, input_scale).tolist()
    if not q[0]:
        return np.full(depth, math.nan)
    entry = INPUTS[input]
    shared = given.sigma_w2 * entry.squared_mean * checked_scale(input_scale) ** 2 + given.sigma_b2
    path = [shared / q[0]]
    for length in q[:-1]:
        held = 0 < length <= FURTHEST and not math.isnan(path[-1])
        known = (
            _had(meanfield.correlation_map, activation, path[-1], q=length, **given._asdict())
            if held
            else math.nan
        )
        path.append(known)
    return np.array(path)


def _lengths(given: Setting, activation: str, depth: int, input: str, input_scale: float) -> Array:
    given = Setting(*meanfield.variances(*checked_kind("given", given, Setting, "a Setting")))
    depth = meanfield.checked_depth(depth)
    entry, scale = INPUTS[checked_input(input)], checked_scale(input_scale)
    first = given.sigma_w2 * entry.mean_square * scale**2 + given.sigma_b2
    if first == math.inf:
        activation_of(activation)  # says what is wrong
        return np.full(depth, math.inf)
    try:
        return meanfield.lengths(activation, first, depth, **given._asdict())
    except ParameterError as error:
        if error.code != "parameter.mean":
            raise
    path = [first]  # as far as means can be computed
    while len(path) < depth:
        path.append(_had(meanfield.length_map, activation, path[-1], **given._asdict()))
    return np.array(path)


def _had(mean: Callable[..., float], activation: str, *at: float, **given: float) -> float:
    """Return a mean at finite places, nan elsewhere and where it cannot be computed."""
    if not all(map(math.isfinite, at)):
        return math.nan
    try:
        return mean(activation, *at, **given)
    except ParameterError:
        return math.nan


class Spread(NamedTuple):
    """The middle of several seeds and one standard deviation to each side, all of logarithms: (depth,)."""

    middle: Array
    low: Array
    high: Array


def spread(mean_squares: Array) -> Spread:
    """Return root mean squares over seeds from mean squares (seeds, depth).

    Deep networks are log-normal: the largest seeds dominate an arithmetic mean. Where a seed is 0 or
    overflows there is no logarithm, so the result is nan; a single seed has no spread.

    Raises:
        ParameterError: unless there are numbers of that shape, none of them negative.
    """
    mean_squares = _course(mean_squares)
    usable = (mean_squares > 0) & (mean_squares < math.inf)
    logs = np.log(np.where(usable.all(0), mean_squares, math.nan)) / 2
    middle = logs.mean(0)
    deviation = logs.std(0, ddof=1) if len(logs) > 1 else np.full_like(middle, 0.0)
    return Spread(np.exp(middle), np.exp(middle - deviation), np.exp(middle + deviation))


def _course(mean_squares: Array) -> Array:
    """Return mean squares as float64 if they are such: (seeds, places), at least one of each."""
    found = checked_array("mean_squares", mean_squares)
    if found.ndim != 2 or not found.size or (found < 0).any():
        raise unfit("mean_squares", mean_squares, "numbers of shape (seeds, places), none negative")
    return found


Kind = Literal["vanishes", "explodes", "settles", "kept", "falls", "grows", "lost"]

#: A signal this many times smaller or larger than where it began has vanished or exploded.
FAR = 1000.0
#: A signal that stays within this factor of where it began is kept.
NEAR = 2.0
#: A signal has settled if it moved by less than STILL over the second half of its way. The way must have
#: SHORTEST places or more: on a shorter one, two neighbours may look still by chance.
STILL, SHORTEST = 1.1, 8


class Fate(NamedTuple):
    """What became of a signal on its way; places are counted from 1 along the way."""

    kind: Kind
    #: the first place where it is FAR from its beginning; 0 where it never is
    place: int
    #: where it ended, in units of where it began; nan if it did not arrive
    factor: float
    #: what it is multiplied by at each step, if that is steady, or nan
    rate: float
    #: the first place where a seed's is 0 or overflows; 0 where all arrive
    lost: int
    #: whether it overflowed there
    overflow: bool


def fate(mean_squares: Array) -> Fate:
    """Tell what became of a signal from its mean squares (seeds, places), in the order of its way.

    "lost" is a signal that is gone at its first place. "vanishes" or "explodes" is one that changes by more
    than FAR, named by its direction when it first does, or one that is gone later. "kept" stays within NEAR
    of its beginning; "settles" comes to rest elsewhere; "falls" or "grows" is any other, by where it ends.

    Raises:
        ParameterError: as of ``spread``.
    """
    mean_squares = _course(mean_squares)
    middle = spread(mean_squares).middle
    gone = np.flatnonzero(np.isnan(middle))
    lost = int(gone[0]) + 1 if len(gone) else 0
    overflow = bool(lost) and not np.isfinite(mean_squares[:, lost - 1]).all()
    path = np.log(middle[: lost - 1] if lost else middle)
    if not len(path):
        return Fate("lost", 0, math.nan, math.nan, lost, overflow)
    path = path - path[0]
    far = np.flatnonzero(np.abs(path) > math.log(FAR))
    half = len(path) // 2
    late = path[half:]
    if len(far):
        kind: Kind = "vanishes" if path[far[0]] < 0 else "explodes"
    elif lost:
        kind = "explodes" if overflow else "vanishes"
    elif np.abs(path).max() <= math.log(NEAR):
        kind = "kept"
    elif len(path) >= SHORTEST and late.max() - late.min() < math.log(STILL):
        kind = "settles"
    else:
        kind = "falls" if path[-1] < 0 else "grows"
    return Fate(
        kind,
        int(far[0]) + 1 if len(far) else 0,
        math.nan if lost else math.exp(path[-1]),
        _rate(path),
        lost,
        overflow,
    )


def _rate(path: Array) -> float:
    """Return the factor per step if both halves of a path of logarithms have the same speed, else nan.

    The speeds may differ by a tenth, or by less than STILL over half the way. So a signal that slows down
    for ever, such as tanh's 1/√layer, has no rate however long its way.
    """
    if len(path) < 5:
        return math.nan
    half = len(path) // 2
    first, second = ((part[-1] - part[0]) / (len(part) - 1) for part in (path[: half + 1], path[half:]))
    still = math.log(STILL) / ((len(path) - 1) / 2)
    steady = abs(first - second) <= max(still, 0.1 * max(abs(first), abs(second)))
    return math.exp((path[-1] - path[0]) / (len(path) - 1)) if steady else math.nan
