"""What theory expects of a signal, against variances from the papers and closed maps walked by hand."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from core import SCHEMES, InitLabError, ParameterError, SchemeError, draw
from core.signals.fate import (
    Setting,
    expected,
    expected_correlation,
    setting,
)

# --- what theory needs to know ----------------------------------------------------------------------------


#: scheme, parameters → σ_w² of layers 50 × 50, from its source; None where nothing is drawn, or with a mean
SIGMA_W2: list[tuple[str, dict[str, Any], float | None]] = [
    ("kaiming_normal", {"nonlinearity": "relu"}, 2.0),
    ("kaiming_normal", {"nonlinearity": "selu"}, 9 / 16),
    ("kaiming_uniform", {"a": 1.0}, 1.0),
    ("xavier_normal", {"gain": 5 / 3}, 25 / 9),
    ("xavier_uniform", {}, 1.0),
    ("classic_uniform", {}, 1 / 3),
    ("lecun_normal", {}, 1.0),
    ("lecun_uniform", {}, 1.0),
    ("orthogonal", {"gain": 1.5}, 2.25),
    ("orthogonal", {"gain": 0.0}, 0.0),
    ("normal", {"std": 0.3}, 50 * 0.09),
    ("normal", {"std": 0.3, "mean": 0.01}, None),
    ("normal", {"std": 0.0, "mean": 0.0}, 0.0),
    ("uniform", {}, None),
    ("uniform", {"a": -0.3, "b": 0.3}, 50 * 0.09 / 3),
    # five of 50 rows are set to 0
    ("sparse", {"sparsity": 0.1, "std": 0.2}, 50 * 0.04 * 0.9),
    # a normal law between ±2 has the variance 0.8796²
    ("trunc_normal", {"std": 0.1, "a": -0.2, "b": 0.2}, 50 * 0.01 * 0.87962566103423978**2),
    ("trunc_normal", {"std": 0.1, "a": -0.2, "b": 0.3}, None),
    ("variance_scaling", {"scale": 2.0}, 2.0),
    ("gpt2_residual", {"n_layer": 8, "std": 0.04}, 50 * 0.0016 / 16),
    ("zeros", {}, 0.0),
    ("constant", {"val": 0.0}, 0.0),
    ("constant", {"val": 0.1}, None),
    ("ones", {}, None),
    ("eye", {}, None),
]


@pytest.mark.parametrize(("scheme", "params", "sigma_w2"), SIGMA_W2)
def test_the_setting_is_the_variance_that_the_source_gives(
    scheme: str, params: dict[str, Any], sigma_w2: float | None
) -> None:
    found = setting(scheme, 50, **params)
    if sigma_w2 is None:
        assert found is None
    else:
        assert found == pytest.approx((sigma_w2, 0.0), rel=1e-9)


#: As they come, these have a mean, or are not drawn, so that all units of a layer are told the same.
SILENT = {"uniform", "constant", "ones", "eye"}


@pytest.mark.parametrize("scheme", [key for key in SCHEMES if key not in {"dirac", *SILENT}])
def test_the_setting_of_every_other_scheme_is_the_variance_that_torch_draws(scheme: str) -> None:
    """256² weights: five standard errors of their mean square, √((kurtosis − 1)/n), up to a kurtosis of 7."""
    found = setting(scheme, 256)
    assert found is not None
    mean_square = float(draw(scheme, (256, 256), seed=40).double().square().mean())
    assert found == pytest.approx((256 * mean_square, 0.0), rel=5 * math.sqrt(6) / 256, abs=1e-12)


@pytest.mark.parametrize("scheme", sorted(SILENT))
def test_theory_is_silent_about_the_others(scheme: str) -> None:
    assert setting(scheme, 256) is None


def test_a_bias_has_the_variance_of_its_law() -> None:
    """U(±1/√50) has the variance (2/√50)²/12 = 1/150."""
    for bias, sigma_b2 in (("none", 0.0), ("torch", 1 / 150), (0.3, 0.09), (0, 0.0)):
        found = setting("lecun_normal", 50, bias=bias)
        assert found == pytest.approx((1.0, sigma_b2), rel=1e-12)
        assert setting("zeros", 50, bias=bias) == pytest.approx((0.0, sigma_b2), rel=1e-12)


@pytest.mark.parametrize("bias", ["x", -1, math.nan, math.inf, None, True, [1.0]])
def test_a_bias_that_no_run_takes_is_refused(bias: Any) -> None:
    with pytest.raises(ParameterError, match=r"^bias must be none, torch, or "):
        setting("lecun_normal", 50, bias=bias)
    with pytest.raises(ParameterError, match=r"^bias must be none, torch, or "):
        setting("eye", 50, bias=bias)


def test_a_scheme_or_width_that_is_none_is_refused() -> None:
    with pytest.raises(SchemeError):
        setting("he", 50)
    for width in (0, -1, 1.5, True):
        with pytest.raises(InitLabError):
            setting("lecun_normal", width)  # type: ignore[arg-type]
    with pytest.raises(ParameterError):
        setting("lecun_normal", 50, gain=1.0)


# --- what theory expects ----------------------------------------------------------------------------------


#: E[φ²] and E[φ′²] under N(0, q), and E[φφ] of two at the correlation c, in closed form
CLOSED: Mapping[
    str, tuple[Callable[[float], float], Callable[[float], float], Callable[[float, float], float]]
] = {
    "linear": (lambda q: q, lambda q: 1.0, lambda q, c: q * c),  # noqa: ARG005
    "relu": (
        lambda q: q / 2,
        lambda q: 0.5,  # noqa: ARG005
        # Cho & Saul 2009, the arc-cosine kernel of degree 1
        lambda q, c: q / (2 * math.pi) * (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))),
    ),
    "erf": (
        # Williams 1997
        lambda q: 2 / math.pi * math.asin(2 * q / (1 + 2 * q)),
        lambda q: 4 / math.pi / math.sqrt(1 + 4 * q),
        lambda q, c: 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)),
    ),
}
#: E[x²] of each input, and E[x]²
MOMENTS = {"normal": (1.0, 0.0), "uniform": (1.0, 0.0), "pixels": (1 / 3, 1 / 4), "ones": (1.0, 1.0)}


@pytest.mark.parametrize(
    ("input", "scale"), [("normal", 1.0), ("uniform", 3.0), ("pixels", 1.0), ("ones", 0.5)]
)
@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(1.0, 0.0), (2.0, 0.0), (0.7, 0.2), (3.1, 0.05)])
@pytest.mark.parametrize("phi", CLOSED)
def test_it_is_the_closed_maps_walked_by_hand(
    phi: str, sigma_w2: float, sigma_b2: float, input: str, scale: float
) -> None:
    square, slope, product = CLOSED[phi]
    depth, given = 12, Setting(sigma_w2, sigma_b2)
    mean_square, squared_mean = MOMENTS[input]
    q = [sigma_w2 * mean_square * scale**2 + sigma_b2]
    c = [(sigma_w2 * squared_mean * scale**2 + sigma_b2) / q[0]]
    for _ in range(depth - 1):
        q.append(sigma_w2 * square(q[-1]) + sigma_b2)
        c.append(min(1.0, (sigma_w2 * product(q[-2], c[-1]) + sigma_b2) / q[-1]))
    gradient = [1.0]
    for length in reversed(q[:-1]):
        gradient.insert(0, gradient[0] * sigma_w2 * slope(length))
    found = expected(given, phi, depth=depth, input=input, input_scale=scale)
    assert found.preactivation_mean_square == pytest.approx(q, rel=1e-10)
    assert found.activation_mean_square == pytest.approx([square(length) for length in q], rel=1e-10)
    assert found.gradient_mean_square == pytest.approx(gradient, rel=1e-9)
    correlation = expected_correlation(given, phi, depth=depth, input=input, input_scale=scale)
    # acos loses half of its digits beside 1
    assert correlation == pytest.approx(c, abs=1e-6)


def test_one_layer_has_no_slope_behind_it() -> None:
    found = expected(Setting(1.7, 0.3), "tanh", depth=1)
    assert found.preactivation_mean_square == pytest.approx([2.0])
    assert found.gradient_mean_square.tolist() == [1.0]
    assert expected_correlation(Setting(1.7, 0.3), "tanh", depth=1) == pytest.approx([0.15])


def test_what_leaves_the_doubles_is_inf_and_its_gradient_nan() -> None:
    """σ_w² = 1e120: q is 1e120, 1e240 and inf; χ₁ of a length that is inf is unknown."""
    found = expected(Setting(1e120, 0.0), "linear", depth=4)
    assert found.preactivation_mean_square == pytest.approx([1e120, 1e240, math.inf, math.inf])
    assert found.activation_mean_square == pytest.approx([1e120, 1e240, math.inf, math.inf])
    assert found.gradient_mean_square == pytest.approx([math.nan, math.nan, math.nan, 1.0], nan_ok=True)


def test_correlations_are_followed_as_long_as_lengths_are_of_use() -> None:
    """relu's map does not depend on the length: the same in a network that explodes, up to q = 1e16."""
    steady = expected_correlation(Setting(2.0, 0.0), "relu", depth=6, input="pixels")
    explodes = expected_correlation(Setting(2e4, 0.0), "relu", depth=6, input="pixels")
    # q is 1e4/3·2, then 1e4 times that: 7e3, 7e7, 7e11, 7e15, 7e19
    assert explodes[:5] == pytest.approx(steady[:5], abs=1e-9)
    assert np.isnan(explodes[5:]).all()


def test_with_zero_weight_variance_only_the_bias_and_the_activation_at_0_remain() -> None:
    found = expected(Setting(0.0, 0.0), "tanh", depth=3)
    assert found.preactivation_mean_square.tolist() == [0, 0, 0]
    assert found.gradient_mean_square.tolist() == [0, 0, 1]
    assert np.isnan(expected_correlation(Setting(0.0, 0.0), "tanh", depth=3)).all()
    # a bias alone is the same for every sample
    assert expected_correlation(Setting(0.0, 0.4), "tanh", depth=3) == pytest.approx([1, 1, 1])
    # σ(0) is a half, whatever came in
    alone = expected(Setting(0.0, 0.0), "sigmoid", depth=2)
    assert alone.activation_mean_square == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize(
    "given",
    [
        {"input": "x"},
        {"input": None},
        {"input_scale": 0},
        {"input_scale": -1.0},
        {"input_scale": math.nan},
        {"depth": 0},
        {"depth": 1.5},
        {"activation": "1/z"},
        {"activation": None},
    ],
)
def test_what_no_run_takes_is_refused(given: dict[str, Any]) -> None:
    given = {"activation": "relu", "depth": 3, **given}
    with pytest.raises(InitLabError):
        expected(Setting(1.0, 0.0), **given)
    with pytest.raises(InitLabError):
        expected_correlation(Setting(1.0, 0.0), **given)
