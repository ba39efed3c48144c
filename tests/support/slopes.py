"""Mean squares of slopes E[φ′(√q·z)²] in closed form."""

import math
from collections.abc import Callable

from scipy import special

from tests.support.activations import ALPHA, LAMBDA


def half_exp(k: float, q: float) -> float:
    """E[e^{kz}; z < 0]."""
    return float(special.erfcx(k * math.sqrt(q / 2)) / 2)


SLOPE_SQUARES: dict[str, Callable[[float], float]] = {
    "linear": lambda _: 1.0,
    "relu": lambda _: 0.5,
    "leaky_relu": lambda _: (1 + 0.01**2) / 2,
    "hard_tanh": lambda q: math.erf(1 / math.sqrt(2 * q)),
    # Williams 1997's kernel of erf's slopes, 4/(π√((1 + 2q)² − 4q²c²)), at c = 1
    "erf": lambda q: 4 / (math.pi * math.sqrt(1 + 4 * q)),
    "elu": lambda q: 0.5 + half_exp(2, q),
    "selu": lambda q: LAMBDA**2 * (0.5 + ALPHA**2 * half_exp(2, q)),
    "abs(z)": lambda _: 1.0,
    "z^2": lambda q: 4 * q,
    "max(z,0)^2": lambda q: 2 * q,
    "exp(-z^2)": lambda q: 4 * q * (1 + 4 * q) ** -1.5,
}
