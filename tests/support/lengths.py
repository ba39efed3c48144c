"""Length maps E[φ(√q·z)²] in closed form."""

import math
from collections.abc import Callable

from scipy import special

from tests.support.activations import ALPHA, LAMBDA


def of_erf(q: float) -> float:
    """Williams 1997: (2/π)·arcsin(2q/(1 + 2q)), by its tangent, as an arcsine near 1 loses digits."""
    return 2 / math.pi * math.atan2(2 * q, math.sqrt(1 + 4 * q))


def of_hard_tanh(q: float) -> float:
    """q·P(χ²₃ ≤ 1/q) + P(χ²₁ > 1/q): ∫z² over the middle, 1 outside."""
    return q * special.gammainc(1.5, 0.5 / q) + special.gammaincc(0.5, 0.5 / q)


def of_gelu(q: float) -> float:
    """E[z²h(z)] = q·E[h] + q²·E[h″] with h = (1 + erf(z/√2)²)/4, whose mean is an arcsine of q."""
    angle = math.atan2(q, math.sqrt(1 + 2 * q))
    return q / 4 + q / (2 * math.pi) * angle + q * (q / (1 + q)) / (math.pi * math.sqrt(1 + 2 * q))


def below_zero(q: float) -> float:
    """E[(e^z − 1)²; z < 0], from E[e^{kz}; z < 0] = erfcx(k√(q/2))/2; cancels at small q."""
    s = math.sqrt(q / 2)
    return float(special.erfcx(2 * s) / 2 - special.erfcx(s) + 0.5)


CLOSED: dict[str, Callable[[float], float]] = {
    "linear": lambda q: q,
    "relu": lambda q: q / 2,
    "leaky_relu": lambda q: q * (1 + 0.01**2) / 2,
    "hard_tanh": of_hard_tanh,
    "erf": of_erf,
    "gelu": of_gelu,
    "elu": lambda q: q / 2 + below_zero(q),
    "selu": lambda q: LAMBDA**2 * (q / 2 + ALPHA**2 * below_zero(q)),
}
