"""Laws of weights in closed form, of numbers or of a weight's shape.

Everything expected here is written out by hand from the paper or from torch's documentation; nothing
is taken from core.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.support.shapes import FANS, Shape, fans_of

Array = np.ndarray

SQRT3 = math.sqrt(3)
#: P(|Z| ≤ 3) of a standard normal Z
WITHIN_THREE = math.erf(3 / math.sqrt(2))
#: the std of a standard normal law cut at ±2, as Keras and JAX have it
CUT_AT_TWO = 0.87962566103423978


class Truth(NamedTuple):
    """What a source claims of one entry of a weight."""

    family: str
    mean: float
    std: float
    #: excess kurtosis; nan where nothing is spread
    kurtosis: float
    #: density of the continuous part, and P(w ≤ x)
    pdf: Callable[[Array], Array]
    cdf: Callable[[Array], Array]
    #: kind, low, high and the probability between
    bands: tuple[tuple[str, float, float, float], ...]
    atoms: tuple[tuple[float, float], ...] = ()


def phi(z: float | Array) -> Array:
    """Return the standard normal density."""
    return np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi)


@np.vectorize
def _big_phi(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def big_phi(z: float | Array) -> Array:
    """Return the standard normal distribution function."""
    return np.asarray(_big_phi(np.asarray(z, dtype=float)))


def point(c: float) -> Truth:
    """Every weight is c."""
    bands = (("support", c, c, 1.0),)
    return Truth("point", c, 0.0, math.nan, np.zeros_like, lambda x: 1.0 * (x >= c), bands, ((c, 1.0),))


def flat(low: float, high: float) -> Truth:
    """U(low, high): std (high − low)/√12, fourth standardised moment 9/5."""
    width = high - low
    return Truth(
        "uniform",
        (low + high) / 2,
        width / math.sqrt(12),
        9 / 5 - 3,
        lambda x: ((x >= low) & (x <= high)) / width,
        lambda x: ((x - low) / width).clip(0, 1),
        (("support", low, high, 1.0),),
    )


def bell(std: float, mean: float = 0.0) -> Truth:
    """N(mean, std²), of which 0.27 % lies beyond ±3 std."""
    return Truth(
        "normal",
        mean,
        std,
        0.0,
        lambda x: phi((x - mean) / std) / std,
        lambda x: big_phi((x - mean) / std),
        (("coverage", mean - 3 * std, mean + 3 * std, WITHIN_THREE),),
    )


def cut(std: float, low: float, high: float, mean: float = 0.0) -> Truth:
    """N(mean, std²) between low and high: Johnson, Kotz & Balakrishnan 1994, section 13.10.1.

    With the standardised cuts α, β and Z = Φ(β) − Φ(α), the moments about the uncut mean are
    mₖ = (k − 1)·mₖ₋₂ − (βᵏ⁻¹φ(β) − αᵏ⁻¹φ(α))/Z.
    """
    alpha, beta = (low - mean) / std, (high - mean) / std
    z = float(big_phi(beta) - big_phi(alpha))
    raw = [1.0, float(phi(alpha) - phi(beta)) / z]
    for k in (2, 3, 4):
        ends = beta ** (k - 1) * float(phi(beta)) - alpha ** (k - 1) * float(phi(alpha))
        raw.append((k - 1) * raw[k - 2] - ends / z)
    _, m1, m2, m3, m4 = raw
    variance = m2 - m1**2
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    bands = [("support", low, high, 1.0)]
    if alpha < -3 and beta > 3:
        bands.append(("coverage", mean - 3 * std, mean + 3 * std, WITHIN_THREE / z))
    return Truth(
        "truncated_normal",
        mean + std * m1,
        std * math.sqrt(variance),
        fourth / variance**2 - 3,
        lambda x: ((x >= low) & (x <= high)) * phi((x - mean) / std) / (std * z),
        lambda x: ((big_phi((x - mean) / std) - big_phi(alpha)) / z).clip(0, 1),
        tuple(bands),
    )


#: Gauss and Legendre's nodes and weights on [−1, 1]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def sphere(gain: float, d: int) -> Truth:
    """g times a coordinate of a uniform point of the unit sphere in d dimensions.

    Its density is Γ(d/2)/(√π·Γ((d − 1)/2))·(1 − t²)^((d − 3)/2) (Muirhead 1982, theorem 1.5.7), its
    moments are E t² = 1/d and E t⁴ = 3/(d(d + 2)).
    """
    std, wall = gain / math.sqrt(d), ("support", -gain, gain, 1.0)
    kurtosis = 3 * d / (d + 2) - 3
    if d == 1:
        steps: Any = lambda x: ((x >= -gain) + 1.0 * (x >= gain)) / 2  # noqa: E731
        return Truth(
            "orthogonal", 0.0, std, kurtosis, np.zeros_like, steps, (wall,), ((-gain, 0.5), (gain, 0.5))
        )
    log_factor = math.lgamma(d / 2) - math.lgamma((d - 1) / 2) - math.log(math.pi) / 2

    def pdf(x: Array) -> Array:
        rest = 1 - (x / gain).clip(-1, 1) ** 2
        with np.errstate(divide="ignore"):
            return np.where(rest > 0, np.exp(log_factor + (d - 3) / 2 * np.log(rest)) / gain, 0.0)

    def cdf(x: Array) -> Array:
        # with t = sin θ, dt = cos θ dθ: the integral of cos^(d − 2) θ from 0, where half lies below
        end = np.arcsin((np.asarray(x, dtype=float) / gain).clip(-1, 1))
        theta = end[..., None] / 2 * (1 + NODES)
        return 0.5 + end / 2 * math.exp(log_factor) * (np.cos(theta) ** (d - 2) @ WEIGHTS)

    bands = [wall]
    if 3 * std < gain:
        within = float(np.diff(cdf(np.array([-3 * std, 3 * std])))[0])
        bands.append(("coverage", -3 * std, 3 * std, within))
    return Truth("orthogonal", 0.0, std, kurtosis, pdf, cdf, tuple(bands))


def thinned(std: float, zeros: int, rows: int) -> Truth:
    """N(0, std²), but ``zeros`` of the ``rows`` weights of a column are 0."""
    if zeros == rows:
        return point(0.0)
    p, part = zeros / rows, bell(std)
    if p == 0:
        return part
    return Truth(
        "sparse",
        0.0,
        std * math.sqrt(1 - p),
        3 * p / (1 - p),  # fourth moment 3(1 − p)σ⁴ over ((1 − p)σ²)², minus 3
        lambda x: (1 - p) * part.pdf(x),
        lambda x: (1 - p) * part.cdf(x) + p * (x >= 0),
        (("coverage", -3 * std, 3 * std, p + (1 - p) * WITHIN_THREE),),
        ((0.0, p),),
    )


def zeros_and_ones(ones: int, n: int) -> Truth:
    """Ones with share m, the rest zeros: variance m(1 − m), kurtosis (1 − 6m(1 − m))/(m(1 − m))."""
    if ones == n:
        return point(1.0)
    m = ones / n
    v = m * (1 - m)
    return Truth(
        "indicator",
        m,
        math.sqrt(v),
        1 / v - 6,
        np.zeros_like,
        lambda x: (1 - m) * (x >= 0) + m * (x >= 1),
        (("support", 0.0, 1.0, 1.0),),
        ((0.0, 1 - m), (1.0, m)),
    )


def fixed(truth: Truth) -> Callable[[Shape], Truth]:
    return lambda _: truth


def by_fans(truth: Callable[[int, int], Truth]) -> Callable[[Shape], Truth]:
    return lambda shape: truth(*FANS.get(shape) or fans_of(shape))


def around(bound: float) -> Truth:
    return flat(-bound, bound)


def keras_cut(std: float) -> Truth:
    return cut(std / CUT_AT_TWO, -2 * std / CUT_AT_TWO, 2 * std / CUT_AT_TWO)


def sphere_of(gain: float) -> Callable[[Shape], Truth]:
    return lambda shape: sphere(gain, max(shape[0], math.prod(shape[1:])))


def ones_of(groups: int) -> Callable[[Shape], Truth]:
    """Every group of out/groups units copies as many of its inputs as it has."""
    return lambda s: zeros_and_ones(groups * min(s[0] // groups, s[1]), math.prod(s))
