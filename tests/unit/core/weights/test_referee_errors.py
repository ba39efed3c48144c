"""Standard errors and expected counts are those of textbooks and of repeated draws."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate

from core import SCHEMES, summarize
from core.weights import referee, referee_checks
from tests.support.cases import Case
from tests.support.marks import cases, generator_stays

pytestmark = generator_stays


@pytest.mark.parametrize(
    ("key", "params", "low", "high"),
    [
        ("normal", {}, -12.0, 12.0),
        ("trunc_normal", {"a": 0.0, "b": 3.0}, 0.0, 3.0),  # skewed
        ("trunc_normal", {"a": -1.0, "b": 4.0}, -1.0, 4.0),
        ("trunc_normal", {"a": 1.0, "b": 9.0}, 1.0, 9.0),
    ],
    ids=str,
)
def test_the_kurtosis_error_is_the_spread_of_its_influence(
    key: str, params: dict[str, Any], low: float, high: float
) -> None:
    """n·Var is E[IF²] of z⁴ − m₄ − 2m₄(z² − 1) − 4m₃z, what one more weight moves m₄ by (von Mises 1947)."""

    def mean(f: Callable[[float], float]) -> float:
        return float(integrate.quad(lambda x: f(x) * math.exp(-x * x / 2), low, high, limit=200)[0])

    total = mean(lambda _: 1.0)
    mu = mean(lambda x: x) / total
    sigma = math.sqrt(mean(lambda x: (x - mu) ** 2) / total)
    m3 = mean(lambda x: ((x - mu) / sigma) ** 3) / total
    m4 = mean(lambda x: ((x - mu) / sigma) ** 4) / total

    def influence(z: float) -> float:
        return z**4 - m4 - 2 * m4 * (z * z - 1) - 4 * m3 * z

    expected = math.sqrt(mean(lambda x: influence((x - mu) / sigma) ** 2) / total / 2000)
    law = SCHEMES[key].law((40, 50), **params)
    assert referee.standard_errors(2000, law)["excess_kurtosis"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_kurtosis_error_has_its_textbook_values(dtype: torch.dtype) -> None:
    """√(24/n) if normal; if uniform, with m₄ = 9/5, m₆ = 27/7, m₈ = 9: n·Var = 1.3166."""
    errors = referee.standard_errors(2000, SCHEMES["normal"].law((40, 50)), dtype)
    assert errors["excess_kurtosis"] == pytest.approx(math.sqrt(24 / 2000), rel=1e-6)
    uniform = 9 - 4 * 9 / 5 * 27 / 7 - (9 / 5) ** 2 + 4 * (9 / 5) ** 3
    errors = referee.standard_errors(2000, SCHEMES["uniform"].law((40, 50)), dtype)
    assert errors["excess_kurtosis"] == pytest.approx(math.sqrt(uniform / 2000), rel=1e-6)


@pytest.mark.parametrize("key", ["normal", "uniform", "trunc_normal"])
def test_standard_errors_are_those_of_repeated_draws(key: str) -> None:
    """Against the spread of 400 samples of 2 000; a std of 400 values is known to 3.5 %."""
    law = SCHEMES[key].law((40, 50))
    samples = [summarize(key, (40, 50), seed=s) for s in range(400)]
    for name, claimed in referee.standard_errors(2000, law).items():
        values = torch.tensor([getattr(sample, name) for sample in samples], dtype=torch.float64)
        assert values.std().item() == pytest.approx(claimed, rel=5 * 0.035)


def test_standard_errors_of_the_normal_law_are_the_textbook_s() -> None:
    """σ/√n, σ/√(2n) and √(24/n)."""
    errors = referee.standard_errors(600, SCHEMES["normal"].law((20, 30), std=2.0))
    assert errors["mean"] == pytest.approx(2 / math.sqrt(600), rel=1e-9)
    assert errors["std"] == pytest.approx(2 / math.sqrt(1200), rel=1e-9)
    assert errors["excess_kurtosis"] == pytest.approx(0.2, rel=1e-9)


#: law → from how many weights on std and kurtosis are compared: a bias of b/n is a tenth of √(v/n) at
#: n = 100·b²/v. If normal, b = −3/4 and −6, v = 1/2 and 24 (Fisher 1930); if uniform, with m₄ = 9/5,
#: m₆ = 27/7 and m₈ = 9, b = −3/5 and 3651/1400, v = 1/5 and 1.3166.
LEAST = {
    "normal": (112.5, 150),
    "uniform": (180, 100 * (6 - 27 / 5 + 243 / 25 - 54 / 7) ** 2 / (9 - 972 / 35 - 81 / 25 + 2916 / 125)),
}


@pytest.mark.parametrize("key", LEAST)
def test_small_samples_are_not_compared(key: str) -> None:
    law = SCHEMES[key].law((40, 50))
    least = referee.least_compared(law)
    for name, n in zip(("std", "excess_kurtosis"), LEAST[key], strict=True):
        assert least[name] == math.ceil(n - 1e-6)
        assert name in referee.standard_errors(math.ceil(n - 1e-6), law)
        assert name not in referee.standard_errors(math.ceil(n - 1e-6) - 1, law)
    assert set(referee.standard_errors(1, law)) == {"mean"}  # whose error holds at any size


@pytest.mark.parametrize("key", LEAST)
def test_from_the_least_size_on_a_bias_is_a_tenth_of_an_error(key: str) -> None:
    """Against 20 000 samples by numpy: means are known to 0.7 % of an error, spreads to 0.5 % and more."""
    law, random = SCHEMES[key].law((40, 50)), np.random.default_rng(5)
    for name, n in referee.least_compared(law).items():
        x = random.standard_normal((20_000, int(n))) if key == "normal" else random.random((20_000, int(n)))
        off = x - x.mean(axis=1, keepdims=True)
        std = np.sqrt((off**2).mean(axis=1))
        found = std if name == "std" else (off**4).mean(axis=1) / std**4 - 3
        error = referee.standard_errors(int(n), law)[name]
        assert abs(found.mean() - getattr(law, name)) / error == pytest.approx(0.1, abs=0.03)
        assert found.std() / error == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_standard_errors_of_a_sparse_weight_are_those_of_the_entries_that_chance_moves(
    sparsity: float,
) -> None:
    """Of n entries m are drawn: the mean is their sum over n, the std is √(m/n) times theirs, ±1/√(2m)."""
    n, m = 2000, 2000 - 50 * math.ceil(40 * sparsity)
    errors = referee.standard_errors(n, SCHEMES["sparse"].law((40, 50), sparsity=sparsity, std=0.3))
    assert errors == pytest.approx(
        {"mean": 0.3 * math.sqrt(m) / n, "std": 0.3 * math.sqrt(m / n) / math.sqrt(2 * m)}, rel=1e-9
    )


@cases
def test_so_many_are_expected_outside_a_band_as_the_closed_form_leaves(case: Case) -> None:
    """Zeros lie inside, so that a sparse weight has fewer outside than a normal one has."""
    shape = case.shape_of(1200)
    n, law, truth = math.prod(shape), SCHEMES[case.key].law(shape, **case.params), case.truth(shape)
    assert len(law.bands) == len(truth.bands) > 0
    for band, (kind, _, _, inside) in zip(law.bands, truth.bands, strict=True):
        expected = 0 if kind == "support" else n * (1 - inside)
        assert referee_checks.expected_outside(n, law, band) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@cases
def test_expected_counts_are_the_closed_form_s(case: Case) -> None:
    shape = case.shape_of(1200)
    n, law, truth = math.prod(shape), SCHEMES[case.key].law(shape, **case.params), case.truth(shape)
    edges = law.edges(17)
    expected = referee_checks.expected_counts(n, edges, law)
    assert expected.sum() == pytest.approx(n, rel=1e-12)
    assert len(expected) == 17
    # P(w < edge): all atoms of these laws lie inside a bin or at the outermost edges
    below = truth.cdf(edges[1:-1])
    np.testing.assert_allclose(np.cumsum(expected)[:-1], n * below, atol=1e-6 * n)
