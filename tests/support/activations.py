"""The activations by their papers' definitions."""

import math
from collections.abc import Callable

#: Klambauer et al. 2017, appendix: λ₀₁ and α₀₁
LAMBDA, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def phi_of(z: float) -> float:
    """Return the standard normal distribution function."""
    return math.erfc(-z / math.sqrt(2)) / 2


def ln(x: float) -> float:
    return math.log(x) if x < math.inf else 1e4  # of 1 + e^10000


#: by their papers' definitions
CLOSED: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: z if z >= 0 else z / 100,
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
    "hard_tanh": lambda z: min(1.0, max(-1.0, z)),
    "erf": math.erf,
    "gelu": lambda z: z * phi_of(z),
    "silu": lambda z: z / (1 + exp(-z)),
    "mish": lambda z: z * math.tanh(math.log1p(exp(z))),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "selu": lambda z: LAMBDA * (z if z > 0 else ALPHA * math.expm1(z)),
    "softplus": lambda z: z if z > 700 else math.log1p(exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
}

#: those with φ(−z) = −φ(z)
ODD = ["linear", "tanh", "hard_tanh", "erf", "softsign"]
