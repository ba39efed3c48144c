"""The law of the largest of n draws against closed forms and repeated draws."""

import math

import numpy as np
import pytest
import torch

from core import SCHEMES
from core.weights.extremes import largest, largest_density, largest_quantile, smallest

NORMAL, UNIFORM = SCHEMES["normal"].law((3, 5)), SCHEMES["uniform"].law((3, 5))

# E max of n standard normal draws: 1/√π for 2, 3/(2√π) for 3; the rest from Harter 1961, table 1
HARTER = {2: 1 / math.sqrt(math.pi), 3: 1.5 / math.sqrt(math.pi), 5: 1.16296, 10: 1.53875, 100: 2.50759}


@pytest.mark.parametrize(("n", "expected"), HARTER.items())
def test_the_largest_of_normal_draws_is_the_tabled_one(n: int, expected: float) -> None:
    assert largest(n, NORMAL).expected == pytest.approx(expected, abs=5.1e-6)
    assert smallest(n, NORMAL).expected == pytest.approx(-expected, abs=5.1e-6)


@pytest.mark.parametrize(
    ("key", "params", "mean"),
    [
        ("normal", {}, 0.0),
        ("normal", {"mean": 1.5}, 1.5),
        ("uniform", {"a": -1.0, "b": 1.0}, 0.0),
        ("uniform", {}, 0.5),
        ("trunc_normal", {}, 0.0),
        ("orthogonal", {}, 0.0),
        ("sparse", {}, 0.0),
    ],
)
def test_the_largest_of_one_draw_is_expected_at_the_mean(
    key: str, params: dict[str, float], mean: float
) -> None:
    law = SCHEMES[key].law((3, 5), **params)
    assert largest(1, law).expected == smallest(1, law).expected == mean


@pytest.mark.parametrize("n", [1, 2, 7, 1000, 10**9])
def test_the_largest_of_uniform_draws_is_a_power(n: int) -> None:
    found = largest(n, UNIFORM)
    assert 1 - found.expected == pytest.approx(1 / (n + 1), rel=1e-6)
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / n), 0.975 ** (1 / n)), rel=1e-12)
    least = smallest(n, UNIFORM)
    assert (1 - least.high, 1 - least.low) == pytest.approx((found.low, found.high), rel=1e-12)
    x = np.array([0.25, 0.5, 0.999])
    np.testing.assert_allclose(largest_density(n, UNIFORM, x), n * x ** (n - 1), rtol=1e-6, atol=1e-300)
    assert largest_quantile(n, UNIFORM, 0.5) == pytest.approx(0.5 ** (1 / n), rel=1e-12)


@pytest.mark.parametrize("key", ["normal", "trunc_normal"])
def test_torch_s_samples_have_their_largest_where_it_says(key: str) -> None:
    """Of 2 000 samples of 150, 95 % lie between the ends, up to 4 binomial standard errors."""
    law = SCHEMES[key].law((2000, 150))
    weights = SCHEMES[key].fill_(torch.empty(2000, 150), generator=torch.Generator().manual_seed(3))
    tops = weights.max(dim=1).values.double()
    found = largest(150, law)
    inside = float(((tops >= found.low) & (tops <= found.high)).double().mean())
    assert inside == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000))
    assert float(tops.mean()) == pytest.approx(found.expected, abs=5 * float(tops.std()) / math.sqrt(2000))
