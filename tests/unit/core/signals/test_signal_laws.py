"""Inputs have the moments that are said of them, and layers over many seeds those of theory."""

import math

import numpy as np
import pytest
from scipy import special

from core.signals.trace import trace
from core.signals.trace_run import INPUTS

THREE = 3.0


# --- laws over seeds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("input", INPUTS)
def test_inputs_have_the_moments_that_are_said_of_them(input: str) -> None:
    """Through an identity: U(±√3) has E[x⁴] = 9/5, U(0, 1) has E[x²] = 1/3, E[x] = 1/2."""
    entry, n = INPUTS[input], 400 * 300
    fourth = {"normal": 3.0, "uniform": 1.8, "pixels": 1 / 5, "ones": 1.0}[input]
    spread = {"normal": 1.0, "uniform": 1.0, "pixels": 1 / 12, "ones": 0.0}[input]
    found = trace("eye", "linear", depth=1, width=400, seeds=1, batch=300, input=input, input_scale=2.0)
    error = math.sqrt((fourth - entry.mean_square**2) / n)
    assert found.activation_mean_square[0, 0] / 4 == pytest.approx(
        entry.mean_square, abs=THREE * error + 1e-12
    )
    assert found.activation_variance[0, 0] / 4 == pytest.approx(spread, abs=4 * error + spread / 400 * 2)
    assert entry.mean_square - entry.squared_mean == pytest.approx(spread, abs=1e-15)
    # 300 samples make 44 850 pairs, of which each cosine of random ones varies by 1/√400
    cosine = {"normal": 0.0, "uniform": 0.0, "pixels": 3 / 4, "ones": 1.0}[input]
    assert entry.correlation == pytest.approx(cosine, abs=1e-15)
    assert found.first.sample_correlation[0] == pytest.approx(cosine, abs=0.002)


def log_half_chi(n: int) -> float:
    """E[ln(χ²_K)] where K, how many of n normal units are positive, is binomial (n, ½), and not 0."""
    k = np.arange(1, n + 1)
    weights = np.exp(
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1) - n * math.log(2)
    )
    return float(weights @ (special.digamma(k / 2) + math.log(2)) / weights.sum())


N = 64
CHI = special.digamma(N / 2) + math.log(2)
#: scheme, its parameters, activation, r, c, and E[ln(q_next/q)] exactly
LAWS = {
    "he": ("kaiming_normal", {"nonlinearity": "relu"}, "relu", 1.0, 5, math.log(2 / N) + log_half_chi(N)),
    "half": ("xavier_normal", {}, "relu", 0.5, 5, math.log(1 / N) + log_half_chi(N)),
    "linear": ("normal", {"std": 0.125 * math.sqrt(1.3)}, "linear", 1.3, 2, math.log(1.3 / N) + CHI),
    "orthogonal": ("orthogonal", {"gain": 1.4}, "relu", 0.98, 3, math.log(1.96) + log_half_chi(N) - CHI),
}


@pytest.mark.parametrize("name", LAWS)
def test_each_layer_s_mean_square_is_multiplied_as_theory_has_it(name: str) -> None:
    """Of 120 networks of 31 layers, batch 1: ln(q_next/q) has mean ln r − c/2N and variance c/N.

    Each step is independent of those before: it turns the signal to a direction that is uniform. So the
    error of the mean of 120·30 steps is √(c/N/3600). Back from the last layer it is multiplied by χ₁ = r.
    """
    scheme, params, phi, r, c, exact = LAWS[name]
    found = trace(scheme, phi, depth=31, width=N, seeds=120, **params)
    assert exact == pytest.approx(math.log(r) - c / (2 * N), abs=8 / N**2)
    steps = np.diff(np.log(found.preactivation_mean_square))
    error = math.sqrt(c / N / steps.size)
    assert steps.mean() == pytest.approx(exact, abs=THREE * error)
    assert steps.var() == pytest.approx(c / N, rel=0.15)
    total = np.log(found.preactivation_mean_square[:, -1] / found.preactivation_mean_square[:, 0])
    assert total.mean() == pytest.approx(30 * exact, abs=THREE * math.sqrt(30 * c / N / 120))
    back = -np.diff(np.log(found.gradient_mean_square))
    assert back.mean() == pytest.approx(math.log(r) - c / (2 * N), abs=THREE * error + 8 / N**2)


def test_the_mean_over_many_seeds_is_the_theory_s_where_their_logarithms_are_not() -> None:
    """One step: the mean of q/q₀ is r itself, and its error √(c/N/n)."""
    found = trace("kaiming_normal", "relu", depth=2, width=N, seeds=1000, nonlinearity="relu", backward=False)
    ratio = found.preactivation_mean_square[:, 1] / found.preactivation_mean_square[:, 0]
    assert ratio.mean() == pytest.approx(1, abs=THREE * math.sqrt(5 / N / 1000))
    assert np.log(ratio).mean() < -0.02
