"""What Klambauer et al. 2017 say of selu's mean and variance, run again."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize

from core.signals.trace import trace

# --- Klambauer et al. 2017, "Self-Normalizing Neural Networks" --------------------------------------------


def selu_map(sigma_w2: float) -> Callable[[float], float]:
    """q to σ_w²·E[selu²] of the paper's λ01 and α01, section 2, by the midpoint rule; less q."""
    z = (np.arange(400_000) + 0.5) / 400_000 * 20 - 10
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (20 / 400_000)

    def excess(q: float) -> float:
        x = math.sqrt(q) * z
        values = 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
        return float(sigma_w2 * (density @ values**2) - q)

    return excess


def test_klambauer_2017_selu_keeps_0_and_1_and_torch_s_gain_does_not() -> None:
    """Section 2: with weights of variance 1/n, mean 0 and variance 1 are a fixed point, and attract others.

    Over 50 layers, also from inputs three times as large. ``calculate_gain("selu")`` is 3/4: with it the
    variance rests elsewhere.
    """
    for scale in (1.0, 3.0):
        found = trace("lecun_normal", "selu", depth=50, width=512, seeds=6, input_scale=scale, backward=False)
        last = slice(30, None)
        assert found.activation_mean_square[:, last].mean() == pytest.approx(1, abs=0.08)
        means = found.activation_mean_square[:, last] - found.activation_variance[:, last]
        # a mean of 512 has the mean square 1/512
        assert means.mean() == pytest.approx(0, abs=0.02)
    assert selu_map(1.0)(1.0) == pytest.approx(0, abs=1e-6)
    rest = float(optimize.brentq(selu_map(9 / 16), 1e-3, 0.9))
    assert rest < 0.3
    torch_s = trace(
        "kaiming_normal", "selu", depth=50, width=512, seeds=6, nonlinearity="selu", backward=False
    )
    assert torch_s.preactivation_mean_square[:, 30:].mean() == pytest.approx(rest, rel=0.15)
    # x is h·4/3 of the next layer
    assert torch_s.activation_mean_square[:, 30:].mean() == pytest.approx(rest * 16 / 9, rel=0.15)
    assert torch_s.activation_variance[:, -1].max() < 0.6
