"""An activation's mean, its slope's mean square, its width constant and gains, against closed forms."""

import math
from collections.abc import Callable

import pytest
import torch
from scipy import integrate, stats

from core import ACTIVATIONS, ParameterError
from core.signals.meanfield import (
    correlation_map,
    gains,
    length_map,
    mean,
    mean_square,
    slope_square,
    width_constant,
)
from tests.support.activations import ALPHA, LAMBDA, ODD
from tests.support.lengths import below_zero, of_erf, of_gelu
from tests.support.slopes import SLOPE_SQUARES, half_exp

lengths_q = pytest.mark.parametrize("q", [1e-6, 0.03, 0.5, 1.0, 7.0, 444.0, 1e4, 1e8])
moderate_q = pytest.mark.parametrize("q", [1e-4, 0.03, 1.0, 7.0])


# --- means ------------------------------------------------------------------------------------------------


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


@lengths_q
@pytest.mark.parametrize("key", SLOPE_SQUARES)
def test_the_slope_s_mean_square_is_the_closed_form(key: str, q: float) -> None:
    assert slope_square(key, q) == pytest.approx(SLOPE_SQUARES[key](q), rel=1e-12)


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
    with pytest.raises(ParameterError, match=r"do not exist, or cannot be found to 8 digits"):
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


# --- closed forms -----------------------------------------------------------------------------------------


def test_below_zero_is_what_elu_adds() -> None:
    """The two closed forms of one integral agree: E[(e^z − 1)²; z < 0]."""
    for q in (0.1, 1.0, 20.0):
        assert below_zero(q) == pytest.approx(half_exp(2, q) - 2 * half_exp(1, q) + 0.5, rel=1e-12)
