"""The correlation map against closed forms, adaptive quadrature and layers that torch draws."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate
from torch import nn

from core import ACTIVATIONS, ParameterError
from core.signals.meanfield import (
    chi1,
    correlation_map,
    fixed_point,
    mean,
    mean_square,
    slope_square,
)
from tests.support.activations import CLOSED as FUNCTIONS
from tests.support.activations import ODD
from tests.support.lengths import of_erf
from tests.support.marks import activations


def arc_cosine(c: float) -> float:
    """Cho & Saul 2009, degree 1, over its value at c = 1."""
    return (math.sqrt((1 - c) * (1 + c)) + c * (math.pi - math.acos(c))) / math.pi


def of_sine(c: float, q: float) -> float:
    """sinh(cq)/sinh(q), from E[cos(u₁ ∓ u₂)] = e^{−q(1 ∓ c)}."""
    return (
        math.exp(-q * (1 - abs(c))) * math.expm1(-2 * q * abs(c)) / math.expm1(-2 * q) * math.copysign(1, c)
    )


def of_bell(c: float, q: float) -> float:
    """E[e^{−u₁² − u₂²}] = ((1 + 2q)² − 4q²c²)^(−1/2)."""
    return math.sqrt((1 + 4 * q) / (1 + 4 * q + 4 * q * q * (1 - c) * (1 + c)))


def of_leaky(c: float, _: float) -> float:
    """From φ = a·z + (1 − a)·relu(z)."""
    a = 0.01
    return (2 * a * c + (1 - a) ** 2 * arc_cosine(c)) / (1 + a * a)


MAP: dict[str, Callable[[float, float], float]] = {
    "linear": lambda c, _: c,
    "relu": lambda c, _: arc_cosine(c),
    "leaky_relu": of_leaky,
    # Williams 1997
    "erf": lambda c, q: math.asin(2 * q * c / (1 + 2 * q)) / (math.pi / 2 * of_erf(q)),
    "abs(z)": lambda c, _: 2 * arc_cosine(c) - c,
    "z^2": lambda c, _: (1 + 2 * c * c) / 3,
    "z^3": lambda c, _: (9 * c + 6 * c**3) / 15,
    "exp(z)": lambda c, q: math.exp(-q * (1 - c)),
    "exp(-z^2)": of_bell,
    "sin(z)": of_sine,
}


@pytest.mark.parametrize("c", [-1, -1 + 1e-9, -0.999, -0.5, 0.0, 0.3, 0.9, 0.9999, 1 - 1e-8, 1 - 1e-13, 1])
@pytest.mark.parametrize("q", [1e-3, 0.3, 1.0, 12.0, 90.0, 1e4])
@pytest.mark.parametrize("key", [key for key in MAP if key not in {"exp(z)", "sin(z)"}])
def test_the_correlation_map_is_the_closed_form(key: str, q: float, c: float) -> None:
    assert correlation_map(key, c, q=q, sigma_w2=1.3) == pytest.approx(MAP[key](c, q), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("c", [-1, -0.999, -0.5, 0.0, 0.3, 0.9999, 1 - 1e-8, 1])
@pytest.mark.parametrize("q", [1e-3, 0.3, 1.0, 12.0, 90.0])
@pytest.mark.parametrize("key", ["exp(z)", "sin(z)"])
def test_it_is_so_for_what_grows_fast_or_swings_often(key: str, q: float, c: float) -> None:
    assert correlation_map(key, c, q=q, sigma_w2=1.3) == pytest.approx(MAP[key](c, q), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(("key", "q"), [("sin(100*z)", 1.0), ("sin(z)", 1e6)])
def test_a_correlation_that_cannot_be_had_is_refused(key: str, q: float) -> None:
    with pytest.raises(ParameterError) as e:
        correlation_map(key, 0.3, q=q, sigma_w2=1)
    assert e.value.code == "parameter.mean"


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_the_gap_between_a_correlation_and_1_is_accurate_too(gap: float) -> None:
    """1 − c as such, of the closed forms for relu (θ = arccos c) and for z² and linear."""
    c = 1 - gap
    angle = 2 * math.asin(math.sqrt((1 - c) / 2))
    missing = 2 * math.sin(angle / 2) ** 2 - (math.sin(angle) - angle * math.cos(angle)) / math.pi
    digits = 1e-8 + 2e-16 / gap  # of the 1 that the answer is taken from
    assert 1 - correlation_map("relu", c, q=2, sigma_w2=2) == pytest.approx(missing, rel=digits)
    assert 1 - correlation_map("linear", c, q=2, sigma_w2=2) == pytest.approx(1 - c, rel=digits)
    assert 1 - correlation_map("z^2", c, q=2, sigma_w2=2) == pytest.approx(2 * (1 - c * c) / 3, rel=digits)


@pytest.mark.parametrize("q", [1e-9, 1e-3, 2.0])
def test_nearly_equal_values_are_not_taken_for_noise(q: float) -> None:
    """A sigmoid's values lie about 1/2, of which few digits differ: 1 − c shrinks by q·E[φ′²]/E[φ²]."""
    gap = 1 - (1 - 1e-12)
    found = 1 - correlation_map("sigmoid", 1 - gap, q=q, sigma_w2=1)
    assert found == pytest.approx(gap * q * slope_square("sigmoid", q) / mean_square("sigmoid", q), abs=3e-16)
    # E[φ(u)·φ(−u)] = E[φ] − E[φ²], as φ(−u) = 1 − φ(u)
    mirrored = 0.5 / mean_square("sigmoid", q) - 1
    assert correlation_map("sigmoid", -1, q=q, sigma_w2=1) == pytest.approx(mirrored, rel=1e-12)
    assert correlation_map("abs(z)", -1, q=q, sigma_w2=1) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("key", "q", "c"),
    [
        ("hard_tanh", 0.8, 0.3),
        ("hard_tanh", 25.0, -0.7),
        ("elu", 1.5, 0.6),
        ("softsign", 4.0, 0.9),
        ("selu", 1.0, -0.4),
        ("gelu", 2.0, 0.8),
        ("mish", 9.0, -0.9),
        ("clip(z,-2,1)", 3.0, 0.95),
    ],
)
def test_the_correlation_map_is_what_adaptive_quadrature_finds(key: str, q: float, c: float) -> None:
    """E[φ(u₁)·E[φ(u₂) | u₁]], each integral adaptive and cut where φ bends."""
    phi = FUNCTIONS.get(key, lambda z: min(1.0, max(-2.0, z)))
    bends = {"hard_tanh": [-1.0, 1.0], "clip(z,-2,1)": [-2.0, 1.0]}.get(key, [0.0])
    s, rest = math.sqrt(q), math.sqrt(q * (1 - c * c))

    def expectation(f: Callable[[float], float], middle: float, spread: float) -> float:
        cuts = sorted({-9.0, 9.0, *(z for b in bends if abs(z := (b - middle) / spread) < 9)})
        return math.fsum(
            integrate.quad(
                lambda z: f(middle + spread * z) * math.exp(-z * z / 2), a, b, epsabs=1e-11, epsrel=1e-10
            )[0]
            for a, b in pairwise(cuts)
        ) / math.sqrt(2 * math.pi)

    product = expectation(lambda u: phi(u) * expectation(phi, c * u, rest), 0.0, s)
    square = expectation(lambda u: phi(u) ** 2, 0.0, s)
    expected = (1.7 * product + 0.2) / (1.7 * square + 0.2)
    assert correlation_map(key, c, q=q, sigma_w2=1.7, sigma_b2=0.2) == pytest.approx(expected, abs=2e-9)


def test_a_bias_draws_correlations_to_1() -> None:
    q, c, sigma_w2, sigma_b2 = 1.2, 0.4, 1.7, 0.3
    product, square = 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)), of_erf(q)
    expected = (sigma_w2 * product + sigma_b2) / (sigma_w2 * square + sigma_b2)
    found = correlation_map("erf", c, q=q, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    assert found == pytest.approx(expected, rel=1e-11)
    assert correlation_map("erf", c, q=q, sigma_w2=0, sigma_b2=0.1) == 1


@activations
@pytest.mark.parametrize("q", [0.05, 1.0, 60.0])
def test_the_correlation_map_is_a_power_series_without_negative_terms(key: str, q: float) -> None:
    """E[φφ] = Σ aₙ²cⁿ in Hermite coefficients: 1 at 1 exactly, rising and convex on [0, 1]; odd if φ is."""
    assert correlation_map(key, 1, q=q, sigma_w2=1.1) == 1.0
    found = np.array([correlation_map(key, c, q=q, sigma_w2=1.1) for c in np.linspace(0, 1, 9)])
    unrelated = mean(key, q) ** 2 / mean_square(key, q)
    assert found[0] == pytest.approx(unrelated, abs=1e-12)
    assert (np.diff(found) > 0).all()
    assert (np.diff(found, 2) > -1e-12).all()
    below = [correlation_map(key, c, q=q, sigma_w2=1.1) for c in (-1.0, -0.75, -0.25)]
    assert all(abs(b) <= f + 1e-12 for b, f in zip(below, found[[8, 6, 2]], strict=True))
    if key in ODD:
        assert below == pytest.approx(list(-found[[8, 6, 2]]), abs=1e-12)


@pytest.mark.parametrize("key", ["tanh", "sigmoid", "gelu", "erf", "sin(z)"])
def test_chi1_is_the_slope_at_1_of_the_correlation_map(key: str) -> None:
    """At q*, for smooth φ (Poole et al. 2016); the next term is of the gap's own size."""
    q = fixed_point(key, sigma_w2=1.7, sigma_b2=0.3)
    gap = 1 - (1 - 1e-6)
    found = (1 - correlation_map(key, 1 - gap, q=q, sigma_w2=1.7, sigma_b2=0.3)) / gap
    assert found == pytest.approx(chi1(key, q, sigma_w2=1.7), rel=1e-5)


def test_the_correlation_map_at_a_length_of_0_is_a_limit() -> None:
    assert correlation_map("tanh", 0.3, q=0, sigma_w2=1) == pytest.approx(0.3, rel=1e-12)
    assert correlation_map("relu", 0.3, q=0, sigma_w2=1) == pytest.approx(arc_cosine(0.3), rel=1e-12)
    assert correlation_map("sigmoid", 0.3, q=0, sigma_w2=1) == 1
    assert correlation_map("tanh", 0.3, q=0, sigma_w2=1, sigma_b2=0.1) == 1
    assert math.isnan(correlation_map("tanh", 0.3, q=0, sigma_w2=0))
    assert math.isnan(correlation_map("tanh", 0.3, q=1, sigma_w2=0))
    assert math.isnan(correlation_map("exp(z)", 0.3, q=400, sigma_w2=1))


@pytest.mark.parametrize("key", ["relu", "tanh"])
def test_torch_s_layers_have_this_correlation(key: str) -> None:
    """Two inputs through 400 layers of 2000 → 50: the mean product over the mean square, to 4 errors."""
    q, c, fan_in, layers = 1.5, 0.6, 2000, 400
    generator = torch.Generator().manual_seed(3)
    first, other = torch.randn(2, layers, fan_in, generator=generator, dtype=torch.float64)
    phi = ACTIVATIONS[key].function
    signals = phi(math.sqrt(q) * torch.stack([first, c * first + math.sqrt(1 - c * c) * other]))
    weight, bias = torch.empty(50, fan_in, dtype=torch.float64), torch.empty(50, dtype=torch.float64)
    products, squares = [], []
    for one, two in signals.transpose(0, 1):
        nn.init.normal_(weight, 0, math.sqrt(1.8 / fan_in), generator=generator)
        nn.init.normal_(bias, 0, math.sqrt(0.2), generator=generator)
        h, g = weight @ one + bias, weight @ two + bias
        products.append(float((h * g).mean()))
        squares.append(float((h * h + g * g).mean()) / 2)
    expected = correlation_map(key, c, q=q, sigma_w2=1.8, sigma_b2=0.2)
    # the ratio of two means, by the spread of product − ratio·square over layers
    off = np.array(products) - expected * np.array(squares)
    error = off.std() / math.sqrt(layers) / np.mean(squares)
    assert error < 0.01
    assert abs(off.mean() / np.mean(squares)) < 4 * error


def test_maps_leave_torch_s_precision_alone() -> None:
    torch.set_default_dtype(torch.float16)
    try:
        assert correlation_map("selu", 0.3217, q=1.25, sigma_w2=1) < 1
        assert correlation_map("relu", 0.3217, q=1.25, sigma_w2=1) == pytest.approx(
            arc_cosine(0.3217), rel=1e-12
        )
    finally:
        torch.set_default_dtype(torch.float32)
