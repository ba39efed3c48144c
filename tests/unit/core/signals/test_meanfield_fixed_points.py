"""The length at which a signal settles is that of closed forms, of papers and of the map iterated."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from core.signals.meanfield import (
    fixed_point,
    length_map,
    lengths,
)
from tests.support.lengths import of_erf
from tests.support.marks import activations


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


def test_lengths_at_the_ends_of_the_doubles_settle() -> None:
    # tanh² is 1 far out: q* = sigma_w2 + sigma_b2
    assert fixed_point("tanh", sigma_w2=2, sigma_b2=1e16) == pytest.approx(1e16, rel=1e-9)
    assert fixed_point("tanh", sigma_w2=1e160) == pytest.approx(1e160, rel=1e-9)
    # relu's q* is sigma_b2/(1 − sigma_w2/2): 2e-323, which has no digits
    assert fixed_point("relu", sigma_w2=1.5, sigma_b2=5e-324) <= 1e-322
    for sigma_w2, end in ((1.5, 0.0), (3.0, math.inf)):
        assert fixed_point("relu", sigma_w2=sigma_w2, start=5e-324) == end


def test_a_pair_of_fixed_points_just_ahead_of_the_start_is_not_leapt_over() -> None:
    """Silu's lengths creep from 2.43 to 2.4415, where the map's second fixed point is not far behind."""
    given = {"sigma_w2": 2.07, "sigma_b2": 0.36}
    q = start = 2.43
    for _ in range(2000):
        q = length_map("silu", q, **given)
    assert fixed_point("silu", **given, start=start) == pytest.approx(q, rel=1e-9)
