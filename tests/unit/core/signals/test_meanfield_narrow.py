"""Means of what is narrow, steep, 0 at whole numbers, or past the doubles, against integrals that see it."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from scipy import integrate, stats

from core.signals.formula import activation_of
from core.signals.meanfield import (
    chi1,
    critical_sigma_w2,
    depth_scales,
    fixed_point,
    gains,
    mean,
    mean_square,
    slope_square,
)

Curve = Callable[[float], float]

# --- where φ is 0 at whole numbers ------------------------------------------------------------------------


def _normal_mean(of: Curve, q: float, ends: list[float]) -> float:
    """Return E[of(x)], x ~ N(0, q), by adaptive quadrature between each two ends."""
    normal = stats.norm(0, math.sqrt(q))
    parts = [
        integrate.quad(lambda x: of(x) * normal.pdf(x), low, high, epsabs=0, epsrel=1e-12, limit=200)[0]
        for low, high in pairwise(ends)
    ]
    return math.fsum(parts)


def test_a_tent_between_whole_numbers_is_seen() -> None:
    """φ′² of max(0, 1 − |z − 1|) is 1 from 0 to 2, and 4 from 1 to 2 where the tent is half as wide."""
    normal = stats.norm()
    assert slope_square("relu(1-abs(z-1))", 1) == pytest.approx(normal.cdf(2) - 0.5, rel=1e-12)
    assert slope_square("relu(1-2*abs(z-1.5))", 1) == pytest.approx(
        4 * (normal.cdf(2) - normal.cdf(1)), rel=1e-12
    )
    square = _normal_mean(lambda x: (1 - 2 * abs(x - 1.5)) ** 2, 1.0, [1, 1.5, 2])
    assert mean_square("relu(1-2*abs(z-1.5))", 1) == pytest.approx(square, rel=1e-10)
    assert slope_square("clip(z,1.2,1.8)", 1) == pytest.approx(normal.cdf(1.8) - normal.cdf(1.2), rel=1e-12)


def test_a_ramp_far_out_is_seen() -> None:
    """From 20.2 to 20.8, between two whole numbers."""
    expected = stats.norm.sf(20.2) - stats.norm.sf(20.8)
    assert slope_square("clip(z,20.2,20.8)", 1) == pytest.approx(expected, rel=1e-10, abs=0)


@pytest.mark.parametrize("q", [0.25, 1.0, 4.0, 9.0, 16.0, 100.0])
def test_what_is_0_at_all_whole_numbers_is_seen(q: float) -> None:
    """E[(1 − cos az)²] is 3/2 − 2e^{−a²q/2} + e^{−2a²q}/2."""

    def square(x: float) -> float:
        return 1.0 if x == 0 else (math.sin(math.pi * x) / (math.pi * x)) ** 2

    ends = [float(end) for end in range(-100, 101)]
    assert mean_square("sinc(z)", q) == pytest.approx(_normal_mean(square, q, ends), rel=1e-10)
    a2q = 4 * math.pi**2 * q
    expected = 1.5 - 2 * math.exp(-a2q / 2) + math.exp(-2 * a2q) / 2
    assert mean_square("1-cos(2*pi*z)", q) == pytest.approx(expected, rel=1e-10, abs=0)


def test_what_grows_far_out_and_is_0_at_all_whole_numbers_is_seen() -> None:
    """Of sin³² only the constant term, C(32, 16)/2³², has a mean beside e^{2x}, whose own is e^{2q}."""
    expected = math.comb(32, 16) / 2**32 * math.exp(200)
    assert mean_square("sin(pi*z)^16*exp(z)", 100) == pytest.approx(expected, rel=1e-8)


# --- where φ is steep -------------------------------------------------------------------------------------


def _about(place: float, k: float, of: Curve, q: float) -> float:
    """Return E[of(k(x − place))], x ~ N(0, q), for what is 0 beyond ±30, as an integral over k(x − place)."""
    pdf = stats.norm(0, math.sqrt(q)).pdf
    found = integrate.quad(lambda u: of(u) * pdf(place + u / k), -30, 30, epsabs=0, epsrel=1e-13, points=[0])
    return float(found[0]) / k


STEEP = [(40, 1.5), (50, 1.5), (1000, 0.3), (1e4, 0.0), (1e6, -2.0), (1e7, 0.123), (300, 7.1)]


@pytest.mark.parametrize("q", [0.3, 1.0, 20.0])
@pytest.mark.parametrize(("k", "place"), STEEP)
def test_a_steep_step_is_seen(k: float, place: float, q: float) -> None:
    """φ′ = k·sech²; φ² = 1 − sech²."""
    key = f"tanh({k:.0f}*(z-{place}))" if place >= 0 else f"tanh({k:.0f}*(z+{-place}))"
    assert slope_square(key, q) == pytest.approx(
        k * k * _about(place, k, lambda u: math.cosh(u) ** -4, q), rel=1e-8, abs=0
    )
    missing = _about(place, k, lambda u: math.cosh(u) ** -2, q)
    assert mean_square(key, q) == pytest.approx(1 - missing, rel=1e-10)


@pytest.mark.parametrize("q", [0.5, 1.0, 400.0])
@pytest.mark.parametrize(("k", "place"), [(400, 3.0), (2000, 1.5), (1e12, 0.5), (1e6, 8.25), (1.0, 45.0)])
def test_a_narrow_bump_is_seen(k: float, place: float, q: float) -> None:
    """e^{−k(x − a)²} and a normal density are one normal density, times a number."""
    key = f"exp(-{k:.15g}*(z-{place})^2)"
    share, squared = 1 + 4 * k * q, 2 * k * place**2 / (1 + 4 * k * q)
    assert mean_square(key, q) == pytest.approx(math.exp(-squared) / math.sqrt(share), rel=1e-8, abs=0)
    share, alone = 1 + 2 * k * q, k * place**2 / (1 + 2 * k * q)
    assert mean(key, q) == pytest.approx(math.exp(-alone) / math.sqrt(share), rel=1e-8, abs=0)


def test_a_step_is_seen_where_no_argument_is_0_and_a_product_s_factors() -> None:
    """Of tanh(w) with w = e^{14z − 23}, the slope is 14w·sech²(w); a product of equal factors is a square."""

    def squared(z: float) -> float:
        w = 1e-10 * math.exp(14 * z)
        return (14 * w / math.cosh(w) ** 2) ** 2 if w < 300 else 0.0

    expected = _normal_mean(squared, 1.0, [-9, 0, 1, 1.3, 1.5, 1.6, 1.7, 1.8, 2, 3])
    assert slope_square("tanh(1e-10*exp(14*z))", 1) == pytest.approx(expected, rel=1e-8)
    assert mean_square("1/(1+1e6*(z-1)*(z-1))", 1) == pytest.approx(
        mean_square("1/(1+1e6*(z-1)^2)", 1), rel=1e-9
    )


def test_a_sharp_bend_is_seen() -> None:
    """softplus(kx)/k: φ′ = σ, and E[σ²] = 1/2 + E[σ² − [x > 0]]."""
    k = 1000.0

    def beside(u: float) -> float:
        return (1 / (1 + math.exp(-u))) ** 2 - (u > 0)

    pdf = stats.norm.pdf
    rest = (
        integrate.quad(lambda u: beside(u) * pdf(u / k), -40, 40, points=[0], epsabs=0, epsrel=1e-12)[0] / k
    )
    # torch's softplus has no e^−20 of slope missing above 20
    assert slope_square("softplus(1000*z)/1000", 1) == pytest.approx(0.5 + rest, rel=1e-9)


def test_a_steep_one_is_chaotic() -> None:
    """At σ_w² = 1 tanh(50(z − 1.5)) has q* = E[φ²], and χ₁ = E[φ′²] there."""
    key, k, place = "tanh(50*(z-1.5))", 50.0, 1.5
    q = fixed_point(key, sigma_w2=1)
    assert q == pytest.approx(1 - _about(place, k, lambda u: math.cosh(u) ** -2, q), rel=1e-9)
    slope = k * k * _about(place, k, lambda u: math.cosh(u) ** -4, q)
    assert chi1(key, q, sigma_w2=1) == pytest.approx(slope, rel=1e-9)
    assert slope > 8
    assert 0 < depth_scales(key, sigma_w2=1).correlation < 3


def test_what_is_steep_everywhere_has_no_steep_places() -> None:
    for key in ("tanh(z)", "z^3", "sin(1000*z)", "tanh(sin(20*z))", "relu(1-2*abs(z-1.5))", "sqrt(1+z^2)"):
        assert activation_of(key).steep == ()
    assert gains("sin(1000*z)").mean_square == pytest.approx(math.sqrt(2), rel=1e-12)


# --- where means leave the doubles ------------------------------------------------------------------------


@pytest.mark.parametrize("power", [-300, -200, -150, 150, 160, 200, 300])
def test_gains_are_right_where_their_squares_are_past_the_doubles(power: int) -> None:
    assert gains(f"1e{power}*z") == pytest.approx((10.0**-power, 10.0**-power), rel=1e-12, abs=0)
    assert gains(f"1e{power}*relu(z)", 3.0).gradient == pytest.approx(math.sqrt(2) * 10.0**-power, rel=1e-12)


def test_gains_are_right_though_almost_nothing_passes() -> None:
    """∫(z − 40)²·e^{−z²/2} from 40 on is e^{−800}·∫t²·e^{−40t − t²/2} from 0 on."""
    square, slope = (
        integrate.quad(lambda t, n=n: t**n * math.exp(-40 * t - t * t / 2), 0, 2, epsabs=0, epsrel=1e-12)[0]
        for n in (2, 0)
    )
    whole = math.exp(400) * (2 * math.pi) ** 0.25
    assert gains("relu(z-40)") == pytest.approx(
        (whole / math.sqrt(square), whole / math.sqrt(slope)), rel=1e-9
    )


def test_what_passes_almost_nothing_has_no_edge_of_chaos() -> None:
    """From q = 1 lengths decay to 0 at any σ_w² of this world."""
    for key in ("relu(z-40)", "relu(z-30)", "1e-300*z^2"):
        assert math.isnan(critical_sigma_w2(key, 0.0))
