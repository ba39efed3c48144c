"""Means, maps and fixed points of mean-field theory, against closed forms, papers and simulated layers."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, special, stats
from torch import nn

from core import ACTIVATIONS, ParameterError
from core.signals.meanfield import (
    chi1,
    correlation_fixed_point,
    correlation_map,
    critical_line,
    critical_sigma_w2,
    depth_scales,
    fixed_point,
    gains,
    length_map,
    lengths,
    mean,
    mean_square,
    plane,
    slope_square,
    width_constant,
)
from tests.support.activations import ALPHA, LAMBDA
from tests.support.activations import CLOSED as FUNCTIONS
from tests.support.lengths import CLOSED, below_zero, of_erf, of_gelu
from tests.support.marks import activations

lengths_q = pytest.mark.parametrize("q", [1e-6, 0.03, 0.5, 1.0, 7.0, 444.0, 1e4, 1e8])
moderate_q = pytest.mark.parametrize("q", [1e-4, 0.03, 1.0, 7.0])
ODD = ["linear", "tanh", "hard_tanh", "erf", "softsign"]


# --- means ------------------------------------------------------------------------------------------------


def half_exp(k: float, q: float) -> float:
    """E[e^{kz}; z < 0]."""
    return float(special.erfcx(k * math.sqrt(q / 2)) / 2)


MEAN: dict[str, Callable[[float], float]] = {
    "relu": lambda q: math.sqrt(q / (2 * math.pi)),
    "leaky_relu": lambda q: 0.99 * math.sqrt(q / (2 * math.pi)),
    "sigmoid": lambda _: 0.5,
    "gelu": lambda q: q / math.sqrt(2 * math.pi * (1 + q)),
    "elu": lambda q: math.sqrt(q / (2 * math.pi)) + half_exp(1, q) - 0.5,
    "abs(z)": lambda q: math.sqrt(2 * q / math.pi),
    "exp(-z^2)": lambda q: 1 / math.sqrt(1 + 2 * q),
    "max(z,0)^2": lambda q: q / 2,
}


@lengths_q
@pytest.mark.parametrize("key", MEAN)
def test_the_mean_is_the_closed_form(key: str, q: float) -> None:
    digits = 1e-15 / q if key == "elu" else 0.0
    assert mean(key, q) == pytest.approx(MEAN[key](q), rel=max(1e-12, digits))


@lengths_q
@pytest.mark.parametrize("key", ODD)
def test_an_odd_activation_has_mean_0(key: str, q: float) -> None:
    assert abs(mean(key, q)) < 1e-14 * math.sqrt(q)


SLOPE: dict[str, Callable[[float], float]] = {
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


@lengths_q
@pytest.mark.parametrize("key", SLOPE)
def test_the_slope_s_mean_square_is_the_closed_form(key: str, q: float) -> None:
    assert slope_square(key, q) == pytest.approx(SLOPE[key](q), rel=1e-12)


SLOPES: dict[str, Callable[[float], float]] = {
    "tanh": lambda z: 1 / math.cosh(z) ** 2,
    "sigmoid": lambda z: 1 / (2 * math.cosh(z / 2)) ** 2,
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "softplus": lambda z: 1 / (1 + math.exp(-z)),
    "gelu": lambda z: math.erfc(-z / math.sqrt(2)) / 2 + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    "silu": lambda z: (1 + z / (1 + math.exp(z))) / (1 + math.exp(-z)),
    "mish": lambda z: (
        math.tanh(math.log1p(math.exp(z))) + z / (1 + math.exp(-z)) / math.cosh(math.log1p(math.exp(z))) ** 2
    ),
}


@moderate_q
@pytest.mark.parametrize("key", SLOPES)
def test_the_slope_s_mean_square_is_what_adaptive_quadrature_finds(key: str, q: float) -> None:
    def density(z: float) -> float:
        at = math.sqrt(q) * z
        return (SLOPES[key](at) ** 2 + SLOPES[key](-at) ** 2) * stats.norm.pdf(z)

    expected = integrate.quad(density, 0, 12, epsabs=0, epsrel=1e-12, limit=200)[0]
    # torch's softplus has no e^−20 of slope missing above 20
    assert slope_square(key, q) == pytest.approx(expected, rel=1e-9 if key == "softplus" else 1e-12)


def test_slopes_at_a_length_of_0_are_those_beside_it() -> None:
    expected = {
        "relu": 1 / 2,
        "leaky_relu": (1 + 0.01**2) / 2,
        "sigmoid": 1 / 16,
        "gelu": 1 / 4,
        "silu": 1 / 4,
        "mish": 0.6**2,  # tanh ln 2 is 3/5
        "erf": 4 / math.pi,
        "selu": LAMBDA**2 * (1 + ALPHA**2) / 2,
        "softplus": 1 / 4,
    }
    for key in ACTIVATIONS:
        assert slope_square(key, 0) == pytest.approx(expected.get(key, 1.0), rel=1e-14)
        assert slope_square(key, 1e-14) == pytest.approx(expected.get(key, 1.0), rel=1e-6)
    assert slope_square("z^2", 0) == 0


@lengths_q
def test_a_width_constant_is_the_fourth_moment_s(q: float) -> None:
    """A normal variable's squares vary by 2; a rectified one's half of them are 0, which makes 5."""
    assert width_constant("linear", q) == pytest.approx(2, rel=1e-13)
    assert width_constant("abs(z)", q) == pytest.approx(2, rel=1e-13)
    assert width_constant("relu", q) == pytest.approx(5, rel=1e-13)
    leaky = 6 * (1 + 0.01**4) / (1 + 0.01**2) ** 2 - 1
    assert width_constant("leaky_relu", q) == pytest.approx(leaky, rel=1e-13)
    # 105/9 − 1: E[z⁸] = 105
    assert width_constant("z^2", q) == pytest.approx(105 / 9 - 1, rel=1e-13)


def test_a_width_constant_needs_a_signal() -> None:
    assert math.isnan(width_constant("tanh", 0))
    assert width_constant("sigmoid", 0) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("key", ["relu", "tanh", "gelu"])
def test_layers_of_a_width_vary_by_the_width_constant(key: str) -> None:
    """The log of a layer's mean square, over 20 000 layers of width 400: within 5 standard errors."""
    width, layers = 400, 20_000
    z = math.sqrt(2.0) * torch.randn(layers, width, generator=torch.Generator().manual_seed(5))
    found = float(ACTIVATIONS[key].function(z).square().mean(1).log().var()) * width
    assert found == pytest.approx(width_constant(key, 2.0), rel=5 * math.sqrt(2 / layers) + 5 / width)


def test_gains_are_those_of_the_papers() -> None:
    """He et al. 2015: √2 for relu, both ways; Klambauer et al. 2017: 1 for selu; 1 for a line."""
    for q in (1e-8, 1.0, 3e5):
        assert gains("relu", q) == pytest.approx((math.sqrt(2), math.sqrt(2)), rel=1e-13)
        assert gains("linear", q) == pytest.approx((1, 1), rel=1e-13)
    assert gains("selu").mean_square == pytest.approx(1, rel=1e-13)
    assert gains("erf", 2.0).mean_square == pytest.approx(math.sqrt(2 / of_erf(2.0)), rel=1e-13)
    assert gains("erf", 2.0).gradient == pytest.approx(math.sqrt(math.pi * 3 / 4), rel=1e-13)
    assert gains("gelu").mean_square == pytest.approx(1 / math.sqrt(of_gelu(1.0)), rel=1e-13)


def test_gains_at_0_are_limits() -> None:
    assert gains("tanh", 0) == pytest.approx((1, 1), rel=1e-14)
    assert gains("relu", 0) == pytest.approx((math.sqrt(2), math.sqrt(2)), rel=1e-14)
    assert gains("sigmoid", 0) == pytest.approx((0, 4), rel=1e-14)
    assert gains("max(z-40,0)", 1e-3) == (math.inf, math.inf)


# --- formulas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-9, 1e-4, 0.01, 0.7, 20.0, 120.0])
@pytest.mark.parametrize("k", [1, 7, 100])
def test_a_sine_is_right_however_often_it_swings(k: int, q: float) -> None:
    """E[sin²kz] = (1 − e^{−2k²q})/2."""
    assert mean_square(f"sin({k}*z)", q) == pytest.approx(-math.expm1(-2 * k * k * q) / 2, rel=1e-10)
    assert slope_square(f"sin({k}*z)", q) == pytest.approx(
        k * k * (1 + math.exp(-2 * k * k * q)) / 2, rel=1e-10
    )


@pytest.mark.parametrize("k", [30, 1000, 3000, 1e5])
@pytest.mark.parametrize("q", [1e-6, 0.013, 1.0, 7.7, 100.0])
def test_a_sine_may_swing_often(k: float, q: float) -> None:
    """E[sin²kz] = (1 − e^{−2k²q})/2, E[cos²kz] = (1 + e^{−2k²q})/2, E[(sin kz + 1/2)] = 1/2."""
    key, falls = f"sin({k:.0f}*z)", math.exp(-2 * k * k * q)
    assert mean_square(key, q) == pytest.approx(-math.expm1(-2 * k * k * q) / 2, rel=1e-9)
    assert slope_square(key, q) == pytest.approx(k * k * (1 + falls) / 2, rel=1e-9)
    assert mean(f"{key}+0.5", q) == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("q", [1e14, 1e20])
def test_a_sine_that_swings_too_often_is_refused(q: float) -> None:
    with pytest.raises(ParameterError, match=r"^The means of sin\(100\*z\) over inputs from N\(0, 1e\+") as e:
        mean_square("sin(100*z)", q)
    assert e.value.code == "parameter.mean"
    assert e.value.facts == {"name": "key", "value": "sin(100*z)", "q": q}


@pytest.mark.parametrize("q", [1e-6, 0.1, 1.0, 10.0, 100.0, 130.0])
def test_an_exponential_s_mean_lies_far_out(q: float) -> None:
    """E[e^{kz}] = e^{k²q/2}; the integrand's middle is 2√q standard deviations out."""
    assert mean("exp(z)", q) == pytest.approx(math.exp(q / 2), rel=1e-11)
    assert mean_square("exp(z)", q) == pytest.approx(math.exp(2 * q), rel=1e-11)
    assert slope_square("exp(z)", q) == pytest.approx(math.exp(2 * q), rel=1e-11)
    if q < 30:
        assert width_constant("exp(z)", q) == pytest.approx(math.expm1(4 * q), rel=1e-9)


def test_a_mean_past_the_doubles_is_inf() -> None:
    assert mean_square("exp(z)", 400) == math.inf
    assert mean("-exp(z)", 3000) == -math.inf
    assert length_map("exp(z)", 1e5, sigma_w2=1) == math.inf
    assert length_map("exp(z)", 1e5, sigma_w2=0, sigma_b2=2) == 2


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_a_heavy_tail_is_followed(q: float) -> None:
    """E[e^{z²/2}] = 1/√(1 − q)."""
    assert mean_square("exp(z^2/4)", q) == pytest.approx(1 / math.sqrt(1 - q), rel=1e-10)


@pytest.mark.parametrize("q", [0.9999, 1.0, 1.3])
@pytest.mark.parametrize("key", ["exp(z^2/4)", "exp(z^2/4-20)"])
def test_a_mean_that_does_not_exist_is_refused(key: str, q: float) -> None:
    with pytest.raises(ParameterError, match=r"do not exist, or cannot be had to 8 digits"):
        mean_square(key, q)


@lengths_q
def test_breaks_need_not_be_symmetric(q: float) -> None:
    """clip(z, −2, 1): 4 below −2, 1 above 1, and z² between."""
    normal = stats.norm(0, math.sqrt(q))
    # past 40 standard deviations lies nothing that quad could look for
    low, high = max(-2, -40 * math.sqrt(q)), min(1, 40 * math.sqrt(q))
    between = integrate.quad(lambda x: x * x * normal.pdf(x), low, high, epsabs=0, epsrel=1e-13, limit=200)[0]
    expected = 4 * normal.cdf(-2) + normal.sf(1) + between
    assert mean_square("clip(z,-2,1)", q) == pytest.approx(expected, rel=1e-11)


def test_one_function_has_one_mean_however_it_is_written() -> None:
    for q in (1e-3, 0.4, 50.0):
        for key, formula in {
            "relu": "max(z,0)",
            "hard_tanh": "clip(z,-1,1)",
            "silu": "z*sigmoid(z)",
            "softsign": "z/(1+abs(z))",
            "tanh": "2*sigmoid(2*z)-1",
        }.items():
            assert mean_square(formula, q) == pytest.approx(mean_square(key, q), rel=1e-12)
            assert slope_square(formula, q) == pytest.approx(slope_square(key, q), rel=1e-12)
            assert correlation_map(formula, 0.8, q=q, sigma_w2=1) == pytest.approx(
                correlation_map(key, 0.8, q=q, sigma_w2=1), rel=1e-12
            )


# --- correlations -----------------------------------------------------------------------------------------


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


# --- fixed points -----------------------------------------------------------------------------------------


def test_relu_s_fixed_point_is_the_bias_over_what_is_lost() -> None:
    assert fixed_point("relu", sigma_w2=1.2, sigma_b2=0.3) == pytest.approx(0.3 / 0.4, rel=1e-12)
    assert fixed_point("relu", sigma_w2=1.999, sigma_b2=1e-9) == pytest.approx(2e-6, rel=1e-9)
    assert fixed_point("linear", sigma_w2=0.25, sigma_b2=6, start=1e6) == pytest.approx(8, rel=1e-12)
    assert fixed_point("relu", sigma_w2=0, sigma_b2=0.7) == pytest.approx(0.7, rel=1e-15)


@pytest.mark.parametrize("start", [1e-9, 0.3, 1.0, 4e7])
def test_what_every_layer_holds_stays(start: float) -> None:
    assert fixed_point("relu", sigma_w2=math.sqrt(2) ** 2, start=start) == start
    assert fixed_point("linear", sigma_w2=1, start=start) == start


def test_lengths_decay_to_0_or_grow_for_ever() -> None:
    for key, sigma_w2 in (("relu", 1.999), ("linear", 0.9), ("tanh", 1.0), ("tanh", 0.3), ("gelu", 2.0)):
        assert fixed_point(key, sigma_w2=sigma_w2) == 0
    for key, sigma_w2, sigma_b2 in (
        ("relu", 2.001, 0),
        ("relu", 2, 1e-9),
        ("linear", 1, 0.1),
        ("gelu", 2.5, 0),
        ("softplus", 2, 0),
        ("exp(z)", 1, 0),
        ("z^2", 1, 0),
    ):
        assert fixed_point(key, sigma_w2=sigma_w2, sigma_b2=sigma_b2) == math.inf
    assert fixed_point("tanh", sigma_w2=2, start=0) == 0
    assert fixed_point("sigmoid", sigma_w2=0, start=0) == 0


@pytest.mark.parametrize("sigma_w2", [0.1, 0.785, 0.79, 1.0, 3.0, 40.0, 1e4])
@pytest.mark.parametrize("sigma_b2", [1e-30, 1e-6, 0.05, 3.0])
def test_erf_s_fixed_point_solves_its_closed_form(sigma_w2: float, sigma_b2: float) -> None:
    def excess(t: float) -> float:
        return (sigma_w2 * of_erf(math.exp(t)) + sigma_b2) / math.exp(t) - 1

    expected = math.exp(optimize.brentq(excess, math.log(sigma_b2) - 1, 12, xtol=1e-15))
    for start in (1e-12, 1.0, 1e5):
        found = fixed_point("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2, start=start)
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("over", [1e-3, 1e-5, 1e-8])
def test_just_above_its_edge_tanh_has_its_fixed_point_at_half_the_excess(over: float) -> None:
    """σ²·(q − 2q² + 17q³/3) = q: naive iteration would take 1/over layers."""
    lost = over / (1 + over)
    expected = lost / 2 + 17 / 6 * (lost / 2) ** 2
    assert fixed_point("tanh", sigma_w2=1 + over) == pytest.approx(expected, rel=1e-6 + 50 * over**2)


def test_of_two_fixed_points_it_is_the_one_that_lengths_reach() -> None:
    """q = σ²e^{2q} is −W(−2σ²)/2, by Lambert's two branches: the lower one holds, the upper one does not."""
    low, high = (-special.lambertw(-0.2, k).real / 2 for k in (0, -1))
    for start in (0, 0.01, 1.0, high * (1 - 1e-6)):
        assert fixed_point("exp(z)", sigma_w2=0.1, start=start) == pytest.approx(low, rel=1e-9)
    assert fixed_point("exp(z)", sigma_w2=0.1, start=high * (1 + 1e-6)) == math.inf
    assert fixed_point("exp(z)", sigma_w2=1 / (2 * math.e) + 1e-6, start=0.01) == math.inf


def test_a_pair_of_fixed_points_between_two_steps_is_found() -> None:
    """q = σ²·e^{2q} just below the greatest σ² that has any, 1/(2e): they are within 1 %."""
    near = 1 / (2 * math.e) - 1e-7
    low, high = (-special.lambertw(-2 * near, k).real / 2 for k in (0, -1))
    assert high / low < 1.01
    assert fixed_point("exp(z)", sigma_w2=near, start=0.01) == pytest.approx(low, rel=1e-6)
    assert fixed_point("exp(z)", sigma_w2=near, start=high * 1.001) == math.inf


@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(0.1, 0.0), (3.0, 0.0), (1.0, 0.5), (500.0, 0.01)])
@pytest.mark.parametrize("start", [0, 1e-5, 1.0, 1e4])
def test_a_map_that_falls_settles_all_the_same(sigma_w2: float, sigma_b2: float, start: float) -> None:
    """φ = e^{−z²}: q = σ_w²/√(1 + 4q) + σ_b², by bisection."""
    expected = optimize.brentq(lambda q: sigma_w2 / math.sqrt(1 + 4 * q) + sigma_b2 - q, 0, 1e3, xtol=1e-14)
    found = fixed_point("exp(-z^2)", sigma_w2=sigma_w2, sigma_b2=sigma_b2, start=start)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("start", "expected"), [(1e-9, math.inf), (0.01, 0.0), (0.3, 0.0), (0.7, math.inf)])
def test_a_map_that_falls_may_throw_lengths_past_a_fixed_point(start: float, expected: float) -> None:
    """φ = e^{−1000z²} + 0.8z² has q* = 0.066 and, from about 0.5 on, grows: F(0) = 1 is past both."""

    def after(q: float) -> float:
        bell, both, square = (1 + 4000 * q) ** -0.5, q * (1 + 2000 * q) ** -1.5, 3 * q * q
        return bell + 1.6 * both + 0.64 * square

    expected = expected or optimize.brentq(lambda q: after(q) - q, 0.01, 0.3, xtol=1e-15)
    q = start
    for _ in range(300):
        q = min(after(q), 1e9)
    assert q == pytest.approx(min(expected, 1e9), rel=1e-9)
    assert fixed_point("exp(-1000*z^2)+0.8*z^2", sigma_w2=1, start=start) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("start", "reached"), [(1e-9, 3.298), (0.02, 0.0316), (0.87, 0.0316), (0.89, 3.298)])
def test_of_three_fixed_points_it_is_the_one_that_lengths_are_thrown_to(start: float, reached: float) -> None:
    """Of 0.0316, 0.88 and 3.298 the middle one repels; F(0) = 1 is past it, and so are small lengths."""
    key = "2*exp(-10000*z^2)+9*z^2/(4+z^2)"
    q = lengths(key, start, 400, sigma_w2=0.25)[-1]
    assert q == pytest.approx(reached, rel=2e-3)
    assert fixed_point(key, sigma_w2=0.25, start=start) == pytest.approx(q, rel=1e-9)


@activations
@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(0.7, 0.0), (1.5, 0.1), (2.3, 0.4)])
def test_the_fixed_point_is_where_iteration_ends(key: str, sigma_w2: float, sigma_b2: float) -> None:
    q = 1.0
    for _ in range(400):
        q = min(length_map(key, q, sigma_w2=sigma_w2, sigma_b2=sigma_b2), 1e300)
    found = fixed_point(key, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    if found in {0, math.inf}:
        assert q < 1e-6 if found == 0 else q > 1e2
    else:
        assert found == pytest.approx(q, rel=1e-8)


def test_lengths_follow_the_map() -> None:
    found = lengths("relu", 8, 4, sigma_w2=1, sigma_b2=1)
    assert found.dtype == np.float64
    assert found == pytest.approx([8, 5, 3.5, 2.75], rel=1e-13)
    assert lengths("tanh", 0.5, 1, sigma_w2=1).tolist() == [0.5]
    grown = lengths("linear", 1, 6, sigma_w2=1e90)
    assert grown[:4] == pytest.approx([1, 1e90, 1e180, 1e270], rel=1e-12)
    assert grown[4:].tolist() == [math.inf, math.inf]


# --- order and chaos --------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-3, 0.1, 0.7, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("key", ["erf", "hard_tanh", "elu", "selu"])
def test_the_edge_of_chaos_is_the_closed_form(key: str, q: float) -> None:
    """By q: σ_w² = 1/E[φ′²], σ_b² = q − σ_w²·E[φ²], with the closed forms above."""
    sigma_w2 = 1 / SLOPE[key](q)
    sigma_b2 = q - sigma_w2 * CLOSED[key](q)
    if (key, q) == ("hard_tanh", 1e-3):
        assert abs(sigma_b2) < 1e-15  # it is linear to all digits
        sigma_b2 = 0.0
    assert critical_sigma_w2(key, sigma_b2) == pytest.approx(sigma_w2, rel=1e-9)


def test_the_edge_without_a_bias_is_the_slope_at_0() -> None:
    for key, expected in {"tanh": 1, "erf": math.pi / 4, "softsign": 1, "hard_tanh": 1, "elu": 1}.items():
        assert critical_sigma_w2(key, 0) == pytest.approx(expected, rel=1e-9)
    assert critical_sigma_w2("selu", 0) == pytest.approx(2 / (LAMBDA**2 * (1 + ALPHA**2)), rel=1e-9)


@pytest.mark.parametrize("sigma_b2", [0, 1e-9, 0.1, 30])
def test_the_edge_may_lie_where_lengths_grow_for_ever(sigma_b2: float) -> None:
    assert critical_sigma_w2("relu", sigma_b2) == pytest.approx(2, rel=1e-12)
    assert critical_sigma_w2("linear", sigma_b2) == pytest.approx(1, rel=1e-12)
    assert critical_sigma_w2("leaky_relu", sigma_b2) == pytest.approx(2 / (1 + 0.01**2), rel=1e-12)
    assert critical_sigma_w2("softplus", sigma_b2) == pytest.approx(2, rel=1e-12)


def test_a_line_is_the_edge_at_each_bias_even_where_lengths_overflow_float64() -> None:
    biases = [0.3, 1e303, 1e308]
    line = critical_line("relu", biases)
    assert line[:2] == pytest.approx([2, 2], rel=1e-12)
    assert math.isnan(line[2])
    assert math.isnan(critical_sigma_w2("relu", biases[2]))


def test_the_edge_is_that_of_the_papers() -> None:
    # Schoenholz et al. 2017, with the bias variance of their figures
    assert critical_sigma_w2("tanh", 0.05) == pytest.approx(1.76, abs=0.005)
    # Roberts, Yaida & Hanin 2022, section 5.3.4: half-stable, at (0.17292, 1.98305) and (0.55514, 1.98800);
    # with less bias there is none
    assert critical_sigma_w2("gelu", 0.1731) == pytest.approx(1.98305, abs=1e-3)
    assert critical_sigma_w2("silu", 0.5553) == pytest.approx(1.98800, abs=1e-4)
    assert np.isnan(critical_line("gelu", [0, 0.05, 0.1728])).all()
    assert np.isnan(critical_line("silu", [0, 0.05, 0.5549])).all()


@activations
def test_on_the_edge_chi1_is_1(key: str) -> None:
    biases = [0.0, 0.02, 0.3, 0.6, 5.0]
    line = critical_line(key, biases)
    assert line.shape == (5,)
    found = 0
    for sigma_b2, sigma_w2 in zip(biases, line, strict=True):
        if math.isnan(sigma_w2):
            continue
        q = fixed_point(key, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
        at = chi1(key, min(q, 1e14), sigma_w2=sigma_w2)
        assert at == pytest.approx(1, abs=1e-6)
        below = fixed_point(key, sigma_w2=sigma_w2 * 0.99, sigma_b2=sigma_b2)
        assert chi1(key, below, sigma_w2=sigma_w2 * 0.99) < 1
        found += 1
    assert found >= 2


def of_erf_slopes(c: float, q: float) -> float:
    return 4 / (math.pi * math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2))


@pytest.mark.parametrize(
    ("sigma_w2", "sigma_b2"), [(2.0, 0.05), (5.0, 0.3), (2.0, 1e-4), (1.376, 0.05), (60.0, 1.0)]
)
def test_in_chaos_correlations_end_below_1(sigma_w2: float, sigma_b2: float) -> None:
    """erf by Williams 1997: c* solves the closed form, and its scale is that of the closed slope there."""
    q = fixed_point("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2)

    def excess(gap: float) -> float:
        c = 1 - gap
        product = 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q))
        return (1 - (sigma_w2 * product + sigma_b2) / q) / gap - 1

    expected = 1 - optimize.brentq(excess, 1e-6, 1, xtol=1e-13)
    found = correlation_fixed_point("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    assert found == pytest.approx(expected, abs=1e-8)
    scale = depth_scales("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2).correlation
    slope = sigma_w2 * of_erf_slopes(expected, q)
    assert math.exp(-1 / scale) == pytest.approx(slope, abs=1e-8)


def test_c_star_where_it_is_known() -> None:
    assert correlation_fixed_point("erf", sigma_w2=3) == 0  # odd, and no bias
    assert correlation_fixed_point("tanh", sigma_w2=0.8, sigma_b2=0.1) == 1
    assert correlation_fixed_point("tanh", sigma_w2=0, sigma_b2=0.1) == 1
    assert correlation_fixed_point("selu", sigma_w2=1) == 0  # its mean is 0 too
    for sigma_w2 in (1.0, 2.0, 3.0):
        assert correlation_fixed_point("relu", sigma_w2=sigma_w2) == 1
    assert correlation_fixed_point("tanh", sigma_w2=0.5) == 1
    # |z|, whose map 2κ(c) − c is steeper than 1 nowhere
    assert correlation_fixed_point("abs(z)", sigma_w2=1.5) == 1
    assert correlation_fixed_point("selu", sigma_w2=0.1) == correlation_fixed_point("selu", sigma_w2=5) == 1
    assert math.isnan(correlation_fixed_point("z^2", sigma_w2=0.1))
    assert math.isnan(correlation_fixed_point("z^2", sigma_w2=1))
    assert math.isnan(correlation_fixed_point("exp(z)", sigma_w2=1))
    assert math.isnan(correlation_fixed_point("tanh", sigma_w2=0))


@pytest.mark.parametrize("sigma_w2", [1.0, 2.5, 30.0])
def test_where_correlations_end_at_0_their_scale_is_that_of_independent_inputs(sigma_w2: float) -> None:
    """Without a bias erf takes 0 to 0 with the slope σ_w²·E[φ′]² = σ_w²·(4/π)/(1 + 2q) (Williams 1997)."""
    q = optimize.brentq(
        lambda q: sigma_w2 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) - q, 1e-3, 100, xtol=1e-14
    )
    found = depth_scales("erf", sigma_w2=sigma_w2).correlation
    assert found == pytest.approx(-1 / math.log(sigma_w2 * of_erf_slopes(0, q)), rel=1e-8)


def test_selu_s_correlation_scale_at_its_fixed_point_is_the_closed_form() -> None:
    """Klambauer et al. 2017, mean 0 and variance 1: E[φ′(z)] = λ·(1/2 + α·e^(1/2)·Φ(−1))."""
    slope = LAMBDA * (0.5 + ALPHA * math.exp(0.5) * stats.norm.cdf(-1))
    assert depth_scales("selu", sigma_w2=1).correlation == pytest.approx(-1 / math.log(slope**2), rel=1e-8)


@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(0.5, 0.1), (0.785, 0.3), (2.0, 0.05), (30.0, 1.0)])
def test_a_length_s_scale_is_that_of_the_closed_slope(sigma_w2: float, sigma_b2: float) -> None:
    """erf: d/dq (2/π)·arcsin(2q/(1 + 2q)) = (4/π)/((1 + 2q)·√(1 + 4q))."""
    q = fixed_point("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    slope = sigma_w2 * 4 / math.pi / ((1 + 2 * q) * math.sqrt(1 + 4 * q))
    found = depth_scales("erf", sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    assert found.length == pytest.approx(-1 / math.log(slope), rel=1e-8)
    if sigma_w2 < 1:  # order
        expected = -1 / math.log(sigma_w2 * of_erf_slopes(1, q))
        assert found.correlation == pytest.approx(expected, rel=1e-8)


def test_scales_where_they_are_known() -> None:
    # Klambauer et al. 2017, section 2: the variance's map has slope 0.782648 at its fixed point
    assert math.exp(-1 / depth_scales("selu", sigma_w2=1).length) == pytest.approx(0.782648, abs=1e-6)
    assert depth_scales("relu", sigma_w2=1, sigma_b2=1) == pytest.approx((1 / math.log(2),) * 2, rel=1e-12)
    assert depth_scales("relu", sigma_w2=2) == (math.inf, math.inf)
    assert depth_scales("relu", sigma_w2=3) == (math.inf, math.inf)
    assert depth_scales("relu", sigma_w2=1) == (pytest.approx(1 / math.log(2)), math.inf)
    # lengths without end, and no c* either
    assert depth_scales("z^2", sigma_w2=1) == pytest.approx((math.inf, math.nan), nan_ok=True)
    assert depth_scales("tanh", sigma_w2=0, sigma_b2=1) == (0, 0)
    edge = critical_sigma_w2("tanh", 0.05)
    assert depth_scales("tanh", sigma_w2=edge, sigma_b2=0.05).correlation == math.inf
    assert 100 < depth_scales("tanh", sigma_w2=edge * 1.01, sigma_b2=0.05).correlation < 1000
    falls = depth_scales("exp(-z^2)", sigma_w2=3)
    q = fixed_point("exp(-z^2)", sigma_w2=3)
    assert falls.length == pytest.approx(-1 / math.log(6 * (1 + 4 * q) ** -1.5), rel=1e-8)


# --- the plane --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*ACTIVATIONS, "exp(-z^2)", "sin(3*z)", "clip(z,-2,1)", "z*sigmoid(1.702*z)"])
def test_the_plane_is_the_fixed_point_and_its_chi1(key: str) -> None:
    spreads, floors = np.array([0.0, 0.4, 1.0, 1.45, 2.0, 2.3, 6.0]), np.array([0.0, 1e-7, 0.03, 0.8])
    found = plane(key, spreads, floors)
    assert found.q.shape == found.chi1.shape == (4, 7)
    for row, sigma_b2 in enumerate(floors):
        for column, sigma_w2 in enumerate(spreads):
            q = fixed_point(key, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
            assert found.q[row, column] == pytest.approx(q, rel=1e-4)
            if q < math.inf:
                expected = chi1(key, q, sigma_w2=sigma_w2)
                assert found.chi1[row, column] == pytest.approx(expected, rel=1e-4)


def test_the_plane_has_lengths_of_0_and_inf_and_their_chi1() -> None:
    decayed = plane("relu", [0.5, 2, 3], [0, 0.1])
    assert decayed.q.tolist() == [[0, 1, math.inf], [pytest.approx(0.1 / 0.75), math.inf, math.inf]]
    assert decayed.chi1 == pytest.approx(np.array([[0.25, 1, 1.5]] * 2), rel=1e-9)
    selu = plane("selu", [0.2, 5], [0])
    assert selu.chi1[0].tolist() == [
        pytest.approx(0.1 * LAMBDA**2 * (1 + ALPHA**2)),  # slopes beside 0
        pytest.approx(2.5 * LAMBDA**2),  # and far out
    ]
    assert plane("exp(z)", [1], [0]).q.tolist() == [[math.inf]]
    assert np.isnan(plane("z+sin(50*z)", [3.0], [0]).q).all()  # on its way to where it cannot be followed


# --- what is refused --------------------------------------------------------------------------------------

BAD = [-1, math.inf, math.nan, True, "1", None, 1j]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_bad_numbers_are_refused(value: object) -> None:
    refused: list[Callable[[], object]] = [
        lambda: mean("relu", value),
        lambda: slope_square("relu", value),
        lambda: width_constant("relu", value),
        lambda: gains("relu", value),
        lambda: chi1("relu", 1, sigma_w2=value),
        lambda: lengths("relu", value, 3, sigma_w2=1),
        lambda: lengths("relu", 1, value, sigma_w2=1),
        lambda: fixed_point("relu", sigma_w2=value),
        lambda: fixed_point("relu", sigma_w2=1, sigma_b2=value),
        lambda: fixed_point("relu", sigma_w2=1, start=value),
        lambda: correlation_map("relu", 0.1, q=value, sigma_w2=1),
        lambda: correlation_fixed_point("relu", sigma_w2=value),
        lambda: depth_scales("relu", sigma_w2=value),
        lambda: critical_sigma_w2("relu", value),
        lambda: critical_line("relu", [value]),
        lambda: plane("relu", [value], [0.1]),
        lambda: plane("relu", [0.1], [value]),
    ]
    for ask in refused:
        with pytest.raises(ParameterError) as e:
            ask()
        assert e.value.code == "parameter.number"


@pytest.mark.parametrize("depth", [0, 2.5, "3", None, True, math.nan])
def test_a_bad_depth_is_refused(depth: object) -> None:
    with pytest.raises(ParameterError, match=r"^depth must be a whole number of 1 or more; it was ") as e:
        lengths("relu", 1, depth, sigma_w2=1)  # type: ignore[arg-type]
    assert e.value.facts == {"name": "depth", "value": depth, "minimum": 1.0} or depth != depth  # noqa: PLR0124


@pytest.mark.parametrize("c", [1.0000001, -2, math.nan, "1", None, True])
def test_a_bad_correlation_is_refused(c: object) -> None:
    with pytest.raises(ParameterError, match=r"^c must be a number from −1 to 1; it was ") as e:
        correlation_map("relu", c, q=1, sigma_w2=1)  # type: ignore[arg-type]
    assert e.value.code == "parameter.number"
    assert (e.value.facts["minimum"], e.value.facts["maximum"]) == (-1, 1)


def test_maps_leave_torch_s_precision_alone() -> None:
    torch.set_default_dtype(torch.float16)
    try:
        assert correlation_map("selu", 0.3217, q=1.25, sigma_w2=1) < 1
        assert correlation_map("relu", 0.3217, q=1.25, sigma_w2=1) == pytest.approx(
            arc_cosine(0.3217), rel=1e-12
        )
    finally:
        torch.set_default_dtype(torch.float32)


def test_below_zero_is_what_elu_adds() -> None:
    """The two closed forms of one integral agree: E[(e^z − 1)²; z < 0]."""
    for q in (0.1, 1.0, 20.0):
        assert below_zero(q) == pytest.approx(half_exp(2, q) - 2 * half_exp(1, q) + 0.5, rel=1e-12)


def test_lengths_at_the_ends_of_the_doubles_settle() -> None:
    # tanh² is 1 far out: q* = sigma_w2 + sigma_b2
    assert fixed_point("tanh", sigma_w2=2, sigma_b2=1e16) == pytest.approx(1e16, rel=1e-9)
    assert fixed_point("tanh", sigma_w2=1e160) == pytest.approx(1e160, rel=1e-9)
    # relu's q* is sigma_b2/(1 − sigma_w2/2): 2e-323, which has no digits
    assert fixed_point("relu", sigma_w2=1.5, sigma_b2=5e-324) <= 1e-322
    for sigma_w2, end in ((1.5, 0.0), (3.0, math.inf)):
        assert fixed_point("relu", sigma_w2=sigma_w2, start=5e-324) == end


def test_a_plane_too_far_out_is_refused_at_once() -> None:
    with pytest.raises(ParameterError) as e:
        correlation_map("relu", 0.5, q=1e300, sigma_w2=1)
    assert e.value.code == "parameter.mean"
