"""Expectations of an activation under the normal law, by quadrature that knows where it bends.

Panels end where the activation breaks, and are halved until each looks like a polynomial. A mean that
still lacks 8 digits is refused.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special
from torch import Tensor

from ..errors import ParameterError
from .activations import Activation

Array = NDArray[np.float64]

#: How near to 0 an activation's slopes beside 0 are taken: the square underflows a double.
NEAR_0 = 1e-200
#: The largest q of means over a plane: the further out, the longer one takes.
FURTHEST = 1e60


class _Rule(NamedTuple):
    """Gauss–Legendre on [−1, 1], and how far integrands may be from what it integrates, over all panels."""

    nodes: Array
    weights: Array
    #: whose product with n values is their last two Legendre coefficients, ×2
    last: Array
    tolerance: float


def _rule(n: int, tolerance: float) -> _Rule:
    nodes, weights = special.roots_legendre(n)
    degree = np.array([n - 2, n - 1])
    last = weights[:, None] * special.eval_legendre(degree, nodes[:, None]) * (2 * degree + 1)
    return _Rule(nodes, weights, last, tolerance)


#: A rule is exact to twice the degree at which ``tolerance`` is tested, so the error for a smooth integrand
#: is about the tolerance squared. The first rule is for a line, the second for the many lines of a plane.
_LINE, _PLANE = _rule(16, 1e-9), _rule(12, 1e-7)

#: How often a panel may be halved, and how many panels may be computed at once before giving up.
_HALVINGS, _PANELS = 45, 1 << 16

#: Panels per row for a smooth integrand. One that needs more oscillates: evenly spaced nodes take over.
_SMOOTH = 1 << 8

#: The fewest and the most such nodes tried; and what sets each grid's shift, a fraction of the spacing.
_FIRST, _NODES, _GOLDEN = 1 << 9, 1 << 15, (math.sqrt(5) - 1) / 2

#: Evenly spaced nodes on a side of the plane, at first; and the largest q for which they are tried: a larger
#: q turns smooth activations, such as tanh, into steps.
_SIDE, _CALM = 100, 100.0

#: How far out z is looked at: e^(−z²/4) is 0 at ±55. And how far the normal law itself goes, to 12 digits.
_OUT, _NORMAL = 54, 8.0
_Z = np.arange(-_OUT, _OUT + 1.0)
#: Where z is looked at for how far a density goes: at uneven places, for an activation may be 0 at all whole
#: numbers. And how far it goes at least: the normal law itself, to 20 digits.
_LOOKED = np.sign(_Z) * (np.abs(_Z) - np.abs(_Z) * _GOLDEN % 1)
_LEAST = 10.0


def _value(activation: Activation, x: Tensor) -> Tensor:
    return activation.function(x)


def _slope(activation: Activation, x: Tensor) -> Tensor:
    return activation.derivative(x)


def _growth(activation: Activation, x: Tensor) -> Tensor:
    return activation.function(x) * activation.derivative(x) * x


#: Whose mean under N(0, q) it is, and of which power: "growth" is q times the slope of E[φ²] in q.
_MEANS: Mapping[str, tuple[Callable[[Activation, Tensor], Tensor], int]] = MappingProxyType(
    {
        "mean": (_value, 1),
        "square": (_value, 2),
        "fourth": (_value, 4),
        "slope": (_slope, 2),
        "slope_mean": (_slope, 1),
        "growth": (_growth, 1),
    }
)


def expectation(activation: Activation, kind: str, q: float, *, refuse: bool = True) -> float:
    """Return the mean of that kind, a key of ``_MEANS``, under N(0, q); inf where it leaves the doubles.

    Raises:
        ParameterError: if it cannot be computed; without ``refuse`` it is nan then.
    """
    found = _cached(activation, kind, q)
    if refuse and math.isnan(found):
        raise unknown(activation, q)
    return found


def root_mean(activation: Activation, kind: str, q: float) -> float:
    """Return √ of the "square" or "slope" mean under N(0, q); right also where the mean leaves the doubles.

    Errors as of ``expectation``.
    """
    found = expectation(activation, kind, q, refuse=False)
    if 1e-280 < found < math.inf:
        return math.sqrt(found)
    scale = max(math.sqrt(q), NEAR_0 if kind == "slope" else 0.0)
    z = _looked(activation, np.array([[scale or 1.0]]))[0]
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.abs(_MEANS[kind][0](activation, torch.from_numpy(scale * z)).numpy()) * np.exp(z**2 / -4)
    size = float(sizes[np.isfinite(sizes)].max(initial=0.0))
    if not size:
        return math.sqrt(expectation(activation, kind, q))
    unit = 2.0 ** math.frexp(size)[1]
    near_1 = replace(activation, function=lambda x: activation.function(x) / unit)
    return math.sqrt(expectation(near_1, kind, q)) * unit


@lru_cache(maxsize=1 << 14)
def _cached(activation: Activation, kind: str, q: float) -> float:
    return float(expectations(activation, kind, np.array([q]))[0])


def unknown(activation: Activation, q: float) -> ParameterError:
    """Return the error that says that there are no such means."""
    return ParameterError("parameter.mean", name="key", value=activation.key, q=q)


def expectations(activation: Activation, kind: str, q: Array) -> Array:
    """Return that mean at each q of an array of shape (n,): nan where it cannot be computed.

    In z, panels are 1 wide at most. A large q squeezes an activation's bend to a width of 1/√q about 0,
    so there they begin with one of that width and double: softsign still bends a long way out.
    """
    of, power = _MEANS[kind]
    # slopes at 0 are those beside it; so near, √q z is itself where edges are divided by it
    root = np.sqrt(q)[:, None]
    beside = np.maximum(root, NEAR_0)
    scale = beside if kind.startswith("slope") else root

    def density(z: Array, row: NDArray[np.intp]) -> Array:
        # Apply the weight before the power: the power alone could overflow where the mean does not.
        part = of(activation, torch.from_numpy(scale[row, 0] * z)).numpy() * np.exp(z**2 / (-2 * power))
        for _ in range(power // 2):
            part = part * part
        return np.asarray(part / math.sqrt(2 * math.pi))

    with np.errstate(over="ignore", invalid="ignore"):
        looked = _looked(activation, beside)
        reach = _reach(density(looked, np.arange(len(q))[:, None]), looked, 1e-20, _LEAST)[:, None]
        own = np.array([activation.breaks + activation.steep]) / beside
        z = np.broadcast_to(_Z, (len(q), len(_Z)))
        edges = np.concatenate([z, _bends(root.max()) / beside, own], axis=1)
        edges = np.sort(np.clip(edges, -reach, reach), axis=1)
        even = not own.size
        found = _integrals(density, edges, _LINE, most=_SMOOTH * len(q) if even else _PANELS)
        if even:
            for at in _left(found, reach):
                found[at] = _even(density, int(at), float(reach[at, 0]))
            if len(left := _left(found, reach)):
                found[left] = _integrals(lambda z, row: density(z, left[row]), edges[left], _LINE)
    return np.asarray(np.where(reach[:, 0] > _OUT, math.nan, found))


def _left(found: Array, reach: Array) -> NDArray[np.intp]:
    """Return the rows whose mean failed but may still be computable: their density ends within reach."""
    return np.flatnonzero(np.isnan(found) & (reach[:, 0] <= _OUT))


def _even(density: Callable[[Array, NDArray[np.intp]], Array], row: int, reach: float) -> float:
    """Return the integral of a row's smooth density, negligible past ±reach; nan if it does not converge.

    The error of evenly spaced nodes is the density's spectrum at multiples of the sampling frequency
    (Trefethen & Weideman 2014). For a normal law times sin(1000z) it is negligible except at single
    frequencies, with far fewer nodes than panels would need. Four sets of nodes, none a multiple of
    another, have to agree to 10 digits.
    """
    n, agreed, before = _FIRST, 0, math.nan
    while n <= _NODES and agreed < 3:
        step = 2 * reach / n
        at = -reach + step * (np.arange(n, dtype=np.float64) + n * _GOLDEN % 1)
        value = density(at, np.array([row]))
        now, size = step * float(value.sum()), step * float(np.abs(value).sum())
        agreed = agreed + 1 if abs(now - before) <= 1e-10 * size else 0
        before, n = now, int(1.7 * n) | 1
    return before if agreed == 3 else math.nan


def _looked(activation: Activation, scale: Array) -> Array:
    """Return z, of shape (len(scale), n), at which a density is looked at: also between breaks."""
    breaks = np.array(activation.breaks)
    own = np.concatenate([(breaks[1:] + breaks[:-1]) / 2, activation.steep])
    anywhere = np.broadcast_to(_LOOKED, (len(scale), len(_LOOKED)))
    return np.concatenate([anywhere, np.clip(own / scale, -_OUT, _OUT)], axis=1) if own.size else anywhere


def _reach(profile: Array, z: Array, share: float, least: float) -> Array:
    """Return beyond which ±z, at ``least`` or further, a density is less than ``share`` of its peak.

    ``profile`` is what it is at z.
    """
    size = np.where(np.isfinite(profile), np.abs(profile), 0)
    matters = size > share * size.max(axis=-1, keepdims=True)
    return np.asarray(np.maximum(1 + np.ceil(np.max(np.where(matters, np.abs(z), 0), axis=-1)), least))


def _bends(extent: float) -> Array:
    """Return ±1, ±2, ±4, … below ``extent``: panels between them follow an activation's bend near 0."""
    powers = 2.0 ** np.arange(max(0, math.ceil(math.log2(max(extent, 1)))))
    return np.concatenate([-powers, powers])


@lru_cache(maxsize=4096)
def half_gap(activation: Activation, kind: str, c: float, q: float) -> float:
    """Return E[(φ(u₁) − φ(u₂))²]/2 for u of correlation c and mean square q each; of φ′ for "slope".

    That is E[φ²] − E[φ(u₁)φ(u₂)], with all its digits where c is near 1.

    u₁ = x + δ and ±u₂ = x − δ, where x and δ are independent and normal, and δ is the narrower. The sign
    is that of c. φ breaks on the lines δ = ±(x − break), where panels in δ end. As a function of x, the
    integral over δ is smooth except where such lines cross. Around a crossing it varies on the scale of δ,
    so panels there begin that narrow.

    Raises:
        ParameterError: if it cannot be computed, or q is past FURTHEST.
    """
    if c == 1:
        return 0.0
    if q > FURTHEST:
        raise unknown(activation, q)
    if c == 0:  # independent: the mean of the product is the product of the means
        alone = {"square": "mean", "slope": "slope_mean"}[kind]
        return expectation(activation, kind, q) - expectation(activation, alone, q) ** 2
    of, sign = _MEANS[kind][0], math.copysign(1.0, c)
    wide, ratio = math.sqrt(q) * math.sqrt((1 + abs(c)) / 2), math.sqrt((1 - abs(c)) / (1 + abs(c)))
    narrow = max(wide * ratio, NEAR_0)
    noise = 1e-15 * math.sqrt(expectation(activation, kind, q))  # of a difference of near numbers

    def phi(x: Array) -> Array:
        return np.asarray(of(activation, torch.from_numpy(x)).numpy())

    def gap(z: Array, d: Array) -> Array:  # the weight before the square, as in ``expectations``
        part = phi(wide * z + narrow * d) - phi(sign * (wide * z - narrow * d))
        return np.asarray((part * np.exp((z**2 + d**2) / -4)) ** 2 / (4 * math.pi))

    def across(z: Array, _: NDArray[np.intp]) -> Array:
        rows = z.reshape(-1, 1)
        edges = [np.broadcast_to(base, (len(rows), len(base)))]
        edges += [(features - wide * rows) / narrow, (wide * rows - sign * features) / narrow]
        sorted_edges = np.sort(np.clip(np.concatenate(edges, axis=1), -reach, reach), axis=1)
        found = _integrals(lambda d, row: gap(rows[row, 0], d), sorted_edges, _PLANE, noise, shared=True)
        return np.asarray(found.reshape(z.shape))

    with np.errstate(over="ignore", invalid="ignore"):
        z = _looked(activation, np.array([[math.sqrt(q)]]))[0]
        profile = (phi(math.sqrt(q) * z) * np.exp(z**2 / -4)) ** 2
        reach = float(_reach(profile, z, 1e-11, _NORMAL))
        calm = not activation.breaks + activation.steep and q <= _CALM and reach <= _OUT
        if calm and math.isfinite(known := _even_plane(gap, reach, noise)):
            return known
        base, breaks = np.linspace(-reach, reach, math.ceil(1.5 * reach) + 1), np.array(activation.breaks)
        features = np.concatenate([breaks, activation.steep, _bends(wide)])
        meet = np.abs(breaks[:, None] - sign * breaks) / 2 <= reach * narrow
        crossings = np.unique((breaks[:, None] + sign * breaks)[meet] / 2) / wide
        edges = np.concatenate([base, features[len(breaks) :] / wide, _about(crossings, ratio)])
        found = _integrals(across, np.unique(np.clip(edges, -reach, reach))[None], _PLANE, noise)[0]
    if reach > _OUT or not math.isfinite(found):
        raise unknown(activation, q)
    return float(found)


def _about(places: Array, narrowest: float) -> Array:
    """Return panel ends around ``places``: from ``narrowest`` away on, each twice as far as the last."""
    steps = 2.0 ** np.arange(math.floor(math.log2(max(narrowest, 1e-9))), 0)
    return np.asarray((places[:, None] + np.concatenate([-steps, [0.0], steps])).ravel())


def _even_plane(gap: Callable[[Array, Array], Array], reach: float, noise: float) -> float:
    """Return a smooth gap's integral over the plane by evenly spaced nodes, as ``_even``; nan if in vain."""
    n, agreed, before = _SIDE, 0, math.nan
    while n <= _SIDE << 3 and agreed < 2:
        step = 2 * reach / n
        at = -reach + step * (np.arange(n, dtype=np.float64) + n * _GOLDEN % 1)
        now = step**2 * float(gap(at[:, None], at[None, :]).sum())
        agreed = agreed + 1 if abs(now - before) <= 1e-9 * now + noise * math.sqrt(now) else 0
        before, n = now, int(1.7 * n) | 1
    return before if agreed == 2 else math.nan


def _integrals(  # noqa: PLR0913 - what is integrated, where, and how well
    integrand: Callable[[Array, NDArray[np.intp]], Array],
    edges: Array,
    rule: _Rule,
    noise: float = 0.0,
    *,
    shared: bool = False,
    most: int = _PANELS,
) -> Array:
    """Return n integrals, each over the panels between a row of ``edges``, of shape (n, m), ascending.

    ``integrand`` takes z of shape (panels, nodes) and rows of shape (panels, 1). A panel is halved until
    its values look like a polynomial. The error allowed to a row is ``rule.tolerance`` times the row's
    integral of |integrand| (with ``shared``, that of the largest row), divided among its panels. ``noise``
    is the rounding error of a value before it was squared.

    nan where that takes more than ``most`` panels at once, or where the integrand overflows; ±inf where it
    overflows and the finite part of the integral is already past 1e200.
    """
    n = len(edges)
    row, at = np.nonzero(edges[:, 1:] > edges[:, :-1])
    half = (edges[row, at + 1] - edges[row, at]) / 2
    middle = edges[row, at] + half
    total, size = np.zeros((2, n))
    for _ in range(_HALVINGS):
        value = integrand(middle[:, None] + half[:, None] * rule.nodes, row[:, None])
        part, bulk = half * (value @ rule.weights), half * (np.abs(value) @ rule.weights)
        unlike = half * np.abs(value @ rule.last).max(axis=1)
        finite = np.isfinite(bulk)
        scale = size + np.bincount(row[finite], bulk[finite], n)
        if not finite.all():
            lost = np.unique(row[~finite])
            so_far = total + np.bincount(row[finite], part[finite], n)
            total[lost] = np.where(scale[lost] > 1e200, np.copysign(math.inf, so_far[lost]), math.nan)
            stays = ~np.isin(row, lost)
            row, part, bulk, unlike = row[stays], part[stays], bulk[stays], unlike[stays]
            middle, half = middle[stays], half[stays]
        whole = scale.max() if shared else scale[row]
        panels = np.bincount(row, minlength=n)[row]
        done = unlike <= rule.tolerance * whole / panels + noise * np.sqrt(whole)
        total += np.bincount(row[done], part[done], n)
        size += np.bincount(row[done], bulk[done], n)
        row, half = np.repeat(row[~done], 2), np.repeat(half[~done] / 2, 2)
        middle = np.repeat(middle[~done], 2) + np.where(np.arange(len(half)) % 2, half, -half)
        if not 0 < len(row) <= most:
            break
    total[row] = math.nan
    return total
