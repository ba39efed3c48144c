"""The largest weight to be expected of so many, against closed forms, tables and a simulation."""

import math

import numpy as np
import pytest
import torch

from core import SCHEMES
from core.signals.comparison import (
    expected_largest,
)
from tests.support.marks import generator_stays

pytestmark = generator_stays


@pytest.mark.parametrize("n", [1, 2, 3, 15, 1000, 10**6, 65_536**2])
def test_the_largest_of_n_uniform_weights(n: int) -> None:
    """b·(n − 1)/(n + 1) of U(±b); a + (b − a)·n/(n + 1) of U(a, b)."""
    law = SCHEMES["classic_uniform"].law((3, 5))
    bound = 1 / math.sqrt(5)
    assert expected_largest(law, n) == pytest.approx(bound * (n - 1) / (n + 1), rel=1e-9, abs=1e-12)
    law = SCHEMES["uniform"].law((3, 5), a=-3.0, b=0.5)
    assert expected_largest(law, n) == pytest.approx(-3 + 3.5 * n / (n + 1), rel=1e-9)


# Harter 1961, Expected values of normal order statistics
@pytest.mark.parametrize(
    ("n", "expected"), [(1, 0), (2, 0.56419), (3, 0.84628), (10, 1.53875), (100, 2.50759)]
)
def test_the_largest_of_n_normal_weights(n: int, expected: float) -> None:
    law = SCHEMES["normal"].law((3, 5), std=0.5, mean=-2.0)
    assert expected_largest(law, n) == pytest.approx(-2 + 0.5 * expected, abs=5e-6)


def test_a_simulation_shows_the_largest() -> None:
    """600 weights of kaiming_normal and trunc_normal, 2000 times."""
    generator = torch.Generator().manual_seed(3)
    for scheme, params in (("kaiming_normal", {}), ("trunc_normal", {"a": -0.5, "b": 2.0})):
        law = SCHEMES[scheme].law((20, 30), **params)
        weight = torch.empty(20, 30)
        largest = [
            SCHEMES[scheme].fill_(weight, generator=generator, **params).max().item() for _ in range(2000)
        ]
        error = float(np.std(largest, ddof=1)) / math.sqrt(2000)
        assert np.mean(largest) == pytest.approx(expected_largest(law, 600), abs=5 * error), scheme


def test_without_chance_the_largest_is_the_largest() -> None:
    assert expected_largest(SCHEMES["constant"].law((3, 5), val=-2.5), 15) == -2.5
    assert expected_largest(SCHEMES["zeros"].law((3, 5)), 15) == 0
    assert expected_largest(SCHEMES["eye"].law((3, 5)), 15) == 1
    assert expected_largest(SCHEMES["normal"].law((3, 5), std=0, mean=-3.0), 15) == -3


def test_dependent_entries_have_no_expected_largest() -> None:
    assert expected_largest(SCHEMES["orthogonal"].law((3, 5)), 15) is None
    assert expected_largest(SCHEMES["sparse"].law((30, 5)), 150) is None
