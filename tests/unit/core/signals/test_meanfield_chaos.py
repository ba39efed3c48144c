"""The edge of chaos, where correlations end beside it, depth scales, and the plane of both variances."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from core import ACTIVATIONS
from core.signals.meanfield import (
    chi1,
    correlation_fixed_point,
    critical_line,
    critical_sigma_w2,
    depth_scales,
    fixed_point,
    plane,
)
from tests.support.activations import ALPHA, LAMBDA
from tests.support.lengths import CLOSED
from tests.support.marks import activations
from tests.support.slopes import SLOPE_SQUARES

# --- order and chaos --------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-3, 0.1, 0.7, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("key", ["erf", "hard_tanh", "elu", "selu"])
def test_the_edge_of_chaos_is_the_closed_form(key: str, q: float) -> None:
    """By q: σ_w² = 1/E[φ′²], σ_b² = q − σ_w²·E[φ²], with the closed forms above."""
    sigma_w2 = 1 / SLOPE_SQUARES[key](q)
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
