"""Edges that slips of one sign have gone past unseen: each expected value from arithmetic or from scipy."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from core import (
    SCHEMES,
    InitLabError,
    Layer,
    ParameterError,
    ShapeError,
    Summary,
    activation_of,
    check,
    devices,
    draw,
    signal_code,
)
from core.networks.module import different_units
from core.signals import trace
from core.weights import referee
from core.weights.draw import HELD_LIMIT
from core.weights.layer_text import MAX_CHARS, MOST_STACKED
from core.weights.narrow_cuts import kept

PHI = NormalDist().cdf


@pytest.mark.parametrize("key", ["zeros", "uniform", "normal", "kaiming_uniform"])
def test_what_torch_fills_in_one_step_may_be_held_at_any_size(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit on time is for what takes longer: cut laws, sparse and orthogonal matrices."""
    monkeypatch.setattr(devices, "free_bytes", lambda _: 1 << 50)
    shape = (HELD_LIMIT // 1024, 4096)
    assert check(key, shape, seed=0, whole=True)[0].key == key


@pytest.mark.parametrize("key", ["zeros", "eye", "dirac"])
def test_where_nothing_is_left_to_chance_there_is_no_standard_error(key: str) -> None:
    shape = (5, 3, 3) if key == "dirac" else (5, 3)
    assert referee.standard_errors(15, SCHEMES[key].law(shape)) == {}


@pytest.mark.parametrize("dtype", [torch.int32, torch.float8_e5m2, torch.bool])
def test_neither_whole_numbers_nor_eight_bits_are_filled(dtype: torch.dtype) -> None:
    with pytest.raises(ParameterError):
        SCHEMES["normal"].fill_(torch.zeros(3, 5).to(dtype), generator=torch.Generator())


def test_a_cut_to_one_side_has_the_moments_of_its_density() -> None:
    """Of N(0, 1) between 0.5 and 3, by adaptive quadrature of the density itself."""
    law = SCHEMES["trunc_normal"].law((3, 5), a=0.5, b=3.0)
    share = PHI(3.0) - PHI(0.5)

    def moment(power: int, about: float = 0.0) -> float:
        return integrate.quad(lambda x: (x - about) ** power * stats.norm.pdf(x) / share, 0.5, 3.0)[0]

    mean, variance = moment(1), moment(2, moment(1))
    assert law.mean == pytest.approx(mean, rel=1e-12)
    assert law.std == pytest.approx(math.sqrt(variance), rel=1e-10)
    assert law.excess_kurtosis == pytest.approx(moment(4, mean) / variance**2 - 3, abs=1e-9)


def test_the_share_that_a_cut_keeps_counts_from_its_mean() -> None:
    law = SCHEMES["trunc_normal"].law((3, 5), mean=1.0, std=2.0, a=0.5, b=3.0)
    assert kept(law) == pytest.approx(PHI(1.0) - PHI(-0.25), rel=1e-12)


@pytest.mark.parametrize(
    ("mean", "low", "high"), [(0.0, r"-3\sigma", r"+3\sigma"), (2.0, r"\mu-3\sigma", r"\mu+3\sigma")]
)
def test_a_yardstick_is_named_from_its_mean(mean: float, low: str, high: str) -> None:
    (band,) = SCHEMES["normal"].law((3, 5), mean=mean).bands
    assert band.ends == (low, high)
    assert (band.low, band.high) == (mean - 3, mean + 3)


def test_a_law_reaches_half_a_standard_deviation_too() -> None:
    law = SCHEMES["normal"].law((3, 5), mean=1.0, std=2.0)
    assert law.reach(0.5) == (0.0, 2.0)
    assert law.reach(0) == (1.0, 1.0)


def test_layers_are_stacked_up_to_the_limit_and_no_further() -> None:
    assert Layer.of(f"LSTM(3, 4, num_layers={MOST_STACKED})").shape == (16, 3)
    with pytest.raises(ShapeError):
        Layer.of(f"LSTM(3, 4, num_layers={MOST_STACKED + 1})")


def test_a_layer_s_text_has_a_length() -> None:
    text = "Linear(3, 5)"
    assert Layer.of(text.ljust(MAX_CHARS)).shape == (5, 3)
    with pytest.raises(ShapeError):
        Layer.of(text.ljust(MAX_CHARS + 1))


def test_units_are_told_apart_by_numbers_that_are_there() -> None:
    for matrix in (torch.ones(2, 3, device="meta"), torch.ones(2, 3).to_sparse()):
        with pytest.raises(ParameterError):
            different_units(matrix)


@pytest.mark.parametrize("schemes", [[("normal",)], [("normal", 3)], [(3, {})], ["normal"], [["normal", {}]]])
def test_a_script_takes_pairs_of_a_scheme_and_its_parameters(schemes: list[object]) -> None:
    with pytest.raises(ParameterError):
        signal_code(schemes, "relu", depth=2, width=3, seeds=[1])  # type: ignore[arg-type]


def test_counts_beyond_a_bound_that_nothing_can_pass_are_no_rounding() -> None:
    """Of 10 weights that are all at the wall, none lies outside, and no z is asked for."""
    law = SCHEMES["constant"].law((2, 5), val=0.5)
    summary = referee.Summary.of(torch.full((2, 5), 0.5), law=law, bins=10)
    verdict = referee.judge(summary, law)
    assert verdict.consistent
    assert all(np.isfinite(found.statistic) for found in verdict.checks)


def test_numbers_of_a_tensor_of_doubles_keep_their_digits() -> None:
    law = SCHEMES["normal"].law((3, 5))
    x = torch.tensor([0.1, 1 / 3], dtype=torch.float64)
    assert law.cdf(x).tolist() == law.cdf(x.tolist()).tolist()  # type: ignore[arg-type]
    assert law.cdf(x)[0] == pytest.approx(PHI(0.1), rel=1e-14, abs=0)  # type: ignore[arg-type]


def test_every_refusal_is_a_value_error_as_python_s_own_are() -> None:
    with pytest.raises(ValueError, match="There is no scheme 'he'"):
        check("he", (3, 5), seed=0)


@pytest.mark.parametrize("key", ["tanh", "relu", "z*tanh(z)"])
def test_a_derivative_is_there_where_gradients_are_off(key: str) -> None:
    """Who measures a network does so under no_grad; tanh′(0.5) = 1 − tanh(0.5)²."""
    z = torch.tensor([0.5, -0.25], dtype=torch.float64)
    with torch.no_grad():
        found = activation_of(key).derivative(z)
    closed = {
        "tanh": lambda x: 1 - math.tanh(x) ** 2,
        "relu": lambda x: float(x > 0),
        "z*tanh(z)": lambda x: math.tanh(x) + x * (1 - math.tanh(x) ** 2),
    }[key]
    assert found.tolist() == pytest.approx([closed(x) for x in z.tolist()], rel=1e-14)


def test_a_single_point_far_below_0_gets_half_its_size_on_each_side() -> None:
    assert SCHEMES["constant"].law((3, 5), val=-4.0).edges(2).tolist() == [-6.0, -4.0, -2.0]


def test_a_bias_of_0_is_none_and_draws_nothing() -> None:
    """Else a generator would be asked for zeros, and the layers after it had other weights."""
    assert trace.checked_bias(0.0) == "none"
    with_0, without = (
        trace.trace("normal", "relu", depth=3, width=4, seeds=[1], bias=bias) for bias in (0.0, "none")
    )
    assert np.array_equal(with_0.activation_mean_square, without.activation_mean_square)


#: What is refused, typed here from the ranges that torch has: a seed's 64 bits, signed or not.
SAID = {
    "seed": (
        lambda: draw("normal", (3, 5), seed=2**64),
        "The seed must be a whole number from -2^63 to 2^64 - 1; it was 18446744073709551616.",
    ),
    "negative seed": (
        lambda: draw("normal", (3, 5), seed=-(2**63) - 1),
        "The seed must be a whole number from -2^63 to 2^64 - 1; it was -9223372036854775809.",
    ),
    "dtype": (lambda: draw("normal", (3, 5), seed=1, dtype="float32"), "dtype must be "),  # type: ignore[arg-type]
    "drawn_in": (
        lambda: Summary.of(torch.ones(3), law=SCHEMES["normal"].law((3, 5)), drawn_in=torch.int8),
        "drawn_in must be ",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_a_refusal_names_what_was_wrong_and_what_would_be_right(name: str) -> None:
    call, said = SAID[name]
    with pytest.raises(InitLabError) as refused:
        call()
    assert str(refused.value).startswith(said)
    for taken in (2**64 - 1, -(2**63)):
        assert draw("normal", (3, 5), seed=taken).shape == (3, 5)


@pytest.mark.parametrize("seed", range(3))
def test_the_shape_check_has_a_degree_of_freedom_less_than_cells(seed: int) -> None:
    """With seven cells of ten weights each, one degree more would show in the first digit."""
    law = SCHEMES["uniform"].law((7, 10))
    weights = draw("uniform", (7, 10), seed=seed)
    summary = Summary.of(weights, law=law, bins=7, drawn_in=torch.float32)
    (check,) = [each for each in referee.judge(summary, law).checks if each.name == "shape"]
    counts = np.histogram(weights.numpy().ravel(), 7, (0, 1))[0]
    statistic, p_value = stats.chisquare(counts)  # scipy's own: 7 − 1 degrees of freedom
    assert check.statistic == pytest.approx(statistic, rel=1e-6)
    assert check.p_value == pytest.approx(p_value, rel=1e-6)
