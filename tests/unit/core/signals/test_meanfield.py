"""The length map against closed forms, limits, adaptive quadrature, and layers that torch draws."""

import math
import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate
from torch import nn

from core import ACTIVATIONS, InitLabError, ParameterError
from core.signals.meanfield import length_map, mean_square
from tests.support.activations import CLOSED as FUNCTIONS
from tests.support.lengths import CLOSED, of_gelu
from tests.support.marks import activations

GRID = [1e-12, 1e-7, 1e-3, 0.03, 0.5, 1.0, 1.8, 7.0, 90.0, 444.0, 1e4, 1e7, 1e12]
lengths = pytest.mark.parametrize("q", GRID)


@lengths
@pytest.mark.parametrize("key", CLOSED)
def test_it_is_the_closed_form(key: str, q: float) -> None:
    # the elu closed form subtracts numbers near 1 to leave one near q
    digits = 1e-15 / q if key in {"elu", "selu"} else 0.0
    assert mean_square(key, q) == pytest.approx(CLOSED[key](q), rel=max(1e-13, digits), abs=0)


def softplus(z: float) -> float:
    return z if z > 20 else math.log1p(math.exp(z))


@lengths
@activations
def test_it_is_what_adaptive_quadrature_finds(key: str, q: float) -> None:
    """In t = ln z, where the bend at z = 1/√q is as wide for every q. The functions are the papers'.

    But torch's softplus is z itself above 20.
    """
    phi, bend = (softplus if key == "softplus" else FUNCTIONS[key]), -math.log(q) / 2

    def density(t: float) -> float:
        z = math.exp(t)
        x = math.sqrt(q) * z
        return (phi(x) ** 2 + phi(-x) ** 2) * z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    ends = [-36.0, *(t for t in (bend, bend + math.log(20)) if -36 < t < 2.5), 2.5]
    parts = [integrate.quad(density, a, b, epsabs=0, epsrel=1e-12, limit=200)[0] for a, b in pairwise(ends)]
    assert mean_square(key, q) == pytest.approx(math.fsum(parts), rel=1e-13, abs=0)


@lengths
def test_a_sigmoid_is_half_a_tanh(q: float) -> None:
    """1/(1 + e^−z) = (1 + tanh(z/2))/2, and tanh has mean 0."""
    assert mean_square("sigmoid", q) == pytest.approx((1 + mean_square("tanh", q / 4)) / 4, rel=1e-14)


def test_a_length_of_0_leaves_the_value_at_0() -> None:
    at_0 = {"sigmoid": 1 / 4, "softplus": math.log(2) ** 2}
    for key in ACTIVATIONS:
        assert mean_square(key, 0) == pytest.approx(at_0.get(key, 0.0), rel=1e-15, abs=0)


@pytest.mark.parametrize("q", [1e-12, 1e-9, 1e-6, 1e-4])
def test_tanh_starts_as_q_minus_2_q_squared(q: float) -> None:
    """tanh²z = z² − 2z⁴/3 + 17z⁶/45 − …: the third term is 17q³/3."""
    found = (q - mean_square("tanh", q)) / q
    assert found == pytest.approx(2 * q - 17 / 3 * q * q, abs=1e-15 + 30 * q**3)


@pytest.mark.parametrize("q", [1e8, 1e14, 1e30, 1e300])
def test_a_great_length_leaves_the_value_far_out(q: float) -> None:
    """1 − tanh² has area 2 and 1 − softsign² behaves as 2/|z|, each against a density 1/√(2πq) high."""
    gap = math.sqrt(2 / (math.pi * q))
    assert mean_square("tanh", q) == pytest.approx(1 - gap, abs=1e-14 + gap**2)
    assert mean_square("sigmoid", q) == pytest.approx(1 / 2, abs=gap)
    assert 1 - mean_square("softsign", q) == pytest.approx(0, abs=2 * gap * math.log(q))
    for key in ("relu", "gelu", "silu", "mish", "elu", "softplus"):
        assert mean_square(key, q) / q == pytest.approx(1 / 2, rel=2 * gap)


@pytest.mark.parametrize("key", ["tanh", "softsign", "hard_tanh", "erf", "sigmoid"])
def test_a_bounded_activation_never_shrinks_with_q(key: str) -> None:
    found = [mean_square(key, q) for q in np.geomspace(1e-12, 1e12, 200)]
    assert all(a < b + 1e-15 for a, b in pairwise(found))
    assert found[-1] < 1


def test_selu_holds_a_length_of_1_and_draws_others_to_it() -> None:
    """Klambauer et al. 2017 chose λ and α so that N(0, 1) leaves with mean 0 and mean square 1."""
    assert length_map("selu", 1.0, sigma_w2=1.0) == pytest.approx(1, rel=1e-14)
    for q in (0.25, 4.0):
        for _ in range(200):
            q = length_map("selu", q, sigma_w2=1.0)  # noqa: PLW2901  (the map's own orbit)
        assert q == pytest.approx(1, rel=1e-12)


def test_he_and_lecun_hold_every_length() -> None:
    for q in (1e-9, 0.7, 3e5):
        assert length_map("relu", q, sigma_w2=2.0) == pytest.approx(q, rel=1e-14)
        assert length_map("linear", q, sigma_w2=1.0) == pytest.approx(q, rel=1e-14)


def test_weights_multiply_and_the_bias_adds() -> None:
    square = mean_square("tanh", 0.6)
    assert length_map("tanh", 0.6, sigma_w2=1.7, sigma_b2=0.3) == 1.7 * square + 0.3
    assert length_map("tanh", 0.6, sigma_w2=1.7) == 1.7 * square
    assert length_map("tanh", 0.6, sigma_w2=0, sigma_b2=0.3) == 0.3
    assert length_map("linear", 1e308, sigma_w2=1e9) == math.inf


@pytest.mark.parametrize("key", ["relu", "tanh", "sigmoid", "selu", "softplus"])
def test_torch_s_layers_have_this_length(key: str) -> None:
    """The mean of z² over 600 layers of 48 → 32, within 4 standard errors.

    Given the inputs, an output is N(0, s²) with s² = σ_w²·mean φ² + σ_b², so that a layer's mean of
    32 squares has the variance 2·E[s⁴]/32 + Var(s²), and Var(s²) is σ_w⁴·Var(φ²)/48.
    """
    q, sigma_w2, sigma_b2, layers, fan_in, fan_out = 3.0, 1.6, 0.4, 600, 48, 32
    generator = torch.Generator().manual_seed(11)
    phi = ACTIVATIONS[key].function
    means, squares = [], []
    for _ in range(layers):
        layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        nn.init.normal_(layer.weight, 0, math.sqrt(sigma_w2 / fan_in), generator=generator)
        nn.init.normal_(layer.bias, 0, math.sqrt(sigma_b2), generator=generator)
        signal = phi(math.sqrt(q) * torch.randn(fan_in, generator=generator))
        with torch.no_grad():
            means.append(float(layer(signal).square().mean()))
        squares.append(signal.square())
    expected = length_map(key, q, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    spread = sigma_w2**2 * float(torch.cat(squares).var()) / fan_in
    error = math.sqrt((2 * (expected**2 + spread) / fan_out + spread) / layers)
    assert error < 0.025 * expected
    assert math.fsum(means) / layers == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("key", [None, 3, ["relu"], {}], ids=repr)
def test_a_key_that_is_no_text_is_refused(key: object) -> None:
    told = r"^key must be one of linear, relu, .*softsign, or a formula of z; it was " + re.escape(
        f"{key!r}."
    )
    with pytest.raises(ParameterError, match=told) as e:
        mean_square(key, 1.0)  # type: ignore[arg-type]
    assert e.value.code == "parameter.choice"
    assert e.value.facts == {"name": "key", "value": key, "choices": tuple(ACTIVATIONS)}
    with pytest.raises(ParameterError):
        length_map(key, 1.0, sigma_w2=1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["softmax", "", "ReLUs"])
def test_text_that_is_no_activation_is_refused(key: str) -> None:
    with pytest.raises(InitLabError):
        mean_square(key, 1.0)
    with pytest.raises(InitLabError):
        length_map(key, 1.0, sigma_w2=1.0)


BAD = [-1e-300, -1, math.inf, -math.inf, math.nan, True, "1", None, 1j, 10**400, [1.0], np.float64("nan")]


@pytest.mark.parametrize("value", BAD, ids=repr)
@pytest.mark.parametrize("name", ["q", "sigma_w2", "sigma_b2"])
def test_a_bad_number_is_refused(name: str, value: object) -> None:
    mean_square("relu", 1)  # True equals 1, and must not be answered from memory
    given = {"q": 1.0, "sigma_w2": 1.0, "sigma_b2": 0.0, name: value}
    with pytest.raises(
        ParameterError, match=rf"^{name} must be a finite number and not negative; it was "
    ) as e:
        length_map("relu", **given)  # type: ignore[arg-type]
    assert e.value.code == "parameter.number"
    assert e.value.facts == {"name": name, "value": value, "minimum": 0.0}


@pytest.mark.parametrize("q", [2, 2.0, np.float32(2), np.int64(2), Fraction(2)], ids=repr)
def test_any_kind_of_real_number_will_do(q: float) -> None:
    assert type(mean_square("relu", q)) is float
    assert mean_square("relu", q) == mean_square("relu", 2.0)


def test_it_leaves_torch_s_generator_and_precision_alone(global_generator_stays: None) -> None:  # noqa: ARG001
    torch.set_default_dtype(torch.float16)
    try:
        assert mean_square("gelu", 0.3217) == pytest.approx(of_gelu(0.3217), rel=1e-13)
    finally:
        torch.set_default_dtype(torch.float32)
