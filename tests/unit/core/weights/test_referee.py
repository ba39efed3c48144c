"""Each check of the referee is held to its textbook law, and whatever it cannot judge is refused."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special

from core import SCHEMES, InitLabError, rounded, summarize
from core.weights import referee, referee_checks
from tests.support.cases import CASES
from tests.support.dtypes import HALVES
from tests.support.marks import generator_stays
from tests.support.refereed import case_draw, verdict_of
from tests.support.shapes import Shape

pytestmark = generator_stays


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("normal", {"mean", "std", "outside", "shape", "extreme"}),
        ("uniform", {"support", "mean", "std", "shape", "extreme"}),
        ("trunc_normal", {"support", "mean", "std", "shape", "extreme"}),
        ("sparse", {"structure", "zeros", "mean", "std", "outside", "shape", "extreme"}),
        ("orthogonal", {"support", "structure", "mean", "std"}),
        ("eye", {"support", "structure", "counts"}),
        ("zeros", {"support"}),
    ],
)
def test_what_is_checked_is_what_the_law_has(key: str, names: set[str]) -> None:
    law = SCHEMES[key].law((30, 40))
    assert {check.name for check in referee.judge(summarize(key, (30, 40), seed=1), law).checks} == names


@pytest.mark.parametrize("bins", [10, 200, 5000])
@pytest.mark.parametrize("n", [2, 29, 100, 1000])
def test_the_shape_s_cells_hold_ten_expected_weights(bins: int, n: int) -> None:
    """χ² has as many cells as there are tens of weights at most, so it is nowhere near one a bin."""
    weights = torch.randn(1, n, generator=torch.Generator().manual_seed(5))
    checks = {check.name: check for check in verdict_of(weights, "normal", bins).checks}
    assert ("shape" in checks) == (n >= 30)
    if n >= 30:
        statistic, p = checks["shape"].statistic, checks["shape"].p_value
        # the p-value at the most cells there can be is not smaller than that at the fewest
        freedoms = np.arange(1, min(bins, n // 10))
        assert np.isclose(special.chdtrc(freedoms, statistic), p, rtol=1e-9).any()


@pytest.mark.parametrize("n", [2, 5, 15, 200])
@pytest.mark.parametrize("stretch", [0.4, 0.9, 1.0, 1.3, 2.0])
def test_the_std_of_few_normal_weights_is_held_to_chi_square(n: int, stretch: float) -> None:
    """Their squares add up to χ² with n degrees of freedom, which is skewed; twice its smaller tail."""
    weights = stretch * torch.randn(1, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    checks = {check.name: check.p_value for check in verdict_of(weights, "normal").checks}
    square = float((weights**2).sum())
    p = 2 * min(special.chdtr(n, square), special.chdtrc(n, square))
    assert checks["std"] == pytest.approx(min(1.0, p), rel=1e-6)


@pytest.mark.parametrize("beyond", [0, 1, 5, 12, 30])
def test_the_share_beyond_three_std_is_held_to_its_binomial_law(beyond: int) -> None:
    """Of 2 000 normal weights 5.4 are expected there; fewer may be a fault, and more as well."""
    n, p = 2000, math.erfc(3 / math.sqrt(2))
    weights = torch.zeros(1, n)
    weights[0, :beyond] = 3.5
    checks = {check.name: check.p_value for check in verdict_of(weights, "normal").checks}
    terms = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(beyond + 1)]
    at_most, at_least = math.fsum(terms), 1 - math.fsum(terms[:-1])
    assert checks["outside"] == pytest.approx(min(1.0, 2 * min(at_most, at_least)), rel=1e-4, abs=1e-12)


def test_one_zero_too_few_in_a_sparse_weight_is_caught_by_the_count_alone() -> None:
    weights = case_draw(next(c for c in CASES if c.key == "sparse"), (100, 100), 1)
    weights.view(-1)[(weights == 0).flatten().nonzero()[0]] = 0.004
    checks = {check.name: check.p_value for check in verdict_of(weights, "sparse").checks}
    assert checks["zeros"] == 0


def test_the_sum_of_a_small_orthogonal_matrix_is_held_to_its_textbook_law() -> None:
    """Over g√n it is a coordinate t of a uniform point of the sphere.

    P(|t| > x) is 1 − x in three dimensions (Archimedes), and 1 − 2·arcsin(x)/π on the circle.
    """
    for seed in range(20):
        for shape, tail in (((2, 3), lambda x: 1 - x), ((2, 2), lambda x: 1 - 2 * math.asin(x) / math.pi)):
            generator = torch.Generator().manual_seed(seed)
            weights = torch.nn.init.orthogonal_(torch.empty(shape), gain=0.5, generator=generator)
            x = abs(float(weights.double().sum())) / (0.5 * math.sqrt(math.prod(shape)))
            checks = verdict_of(weights, "orthogonal", gain=0.5).checks
            p_values = {check.name: check.p_value for check in checks}
            assert p_values["mean"] == pytest.approx(tail(min(1.0, x)), abs=1e-3)


def test_the_corrected_p_value_is_sidak_s_of_the_smallest() -> None:
    verdict = verdict_of(torch.randn(30, 40, generator=torch.Generator().manual_seed(5)), "normal")
    smallest = min(check.p_value for check in verdict.checks)
    assert verdict.p_value == pytest.approx(1 - (1 - smallest) ** len(verdict.checks), rel=1e-9)


_NORMAL = SCHEMES["normal"].law((3, 5))
_SAMPLE = summarize("normal", (3, 5), seed=0)
_EDGES = _NORMAL.edges(5)
_BAND = _NORMAL.bands[0]
ASKED: dict[str, tuple[Callable[..., object], tuple[Any, ...]]] = {
    "judge": (referee.judge, (_SAMPLE, _NORMAL)),
    "standard_errors": (referee.standard_errors, (15, _NORMAL, torch.float32, None)),
    "expected_counts": (referee_checks.expected_counts, (15, _EDGES, _NORMAL, torch.float32, None)),
    "expected_outside": (referee_checks.expected_outside, (15, _NORMAL, _BAND, torch.float32, None)),
    "drawn_counts": (referee_checks.drawn_counts, (_SAMPLE, _NORMAL)),
    "rounded": (rounded, (_BAND, torch.float32, None)),
    "merge": (_SAMPLE.merge, (_SAMPLE,)),
}
#: none of these is right anywhere but n
WRONG = (
    "normal", b"", -1, 2.5, math.nan, True, [], [[1, 2]], {}, set(), object(), torch.int8, torch.complex64,
    torch.float8_e8m0fnu, torch.zeros(3, 5), np.zeros((3, 5)), np.float32(2), 10**30, torch.Size([5, 3]), len,
)  # fmt: skip


@pytest.mark.parametrize(("asked", "right"), ASKED.values(), ids=ASKED)
def test_what_is_of_the_wrong_kind_is_refused_and_nothing_else_happens(
    asked: Callable[..., object], right: tuple[Any, ...]
) -> None:
    asked(*right)
    for at, wrong in itertools.product(range(len(right)), WRONG):
        with pytest.raises(InitLabError):
            asked(*right[:at], wrong, *right[at + 1 :])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, *HALVES], ids=str)
def test_any_sample_can_be_held_to_any_law(dtype: torch.dtype) -> None:
    """No pair of schemes, of whatever shapes, makes the referee stumble; every p-value is one."""

    def shape_of(key: str, n: int) -> Shape:
        return next(case for case in CASES if case.key == key).shape_of(n)

    half = dtype in HALVES
    drawn = {
        (key, n): summarize(key, shape_of(key, n), seed=0, dtype=dtype, bins=bins)
        for key in SCHEMES
        for n, bins in ((60, 1), (1200, 33))
        if not (half and key == "orthogonal")
    }
    for claimed in SCHEMES:
        law = SCHEMES[claimed].law(shape_of(claimed, 1200))
        for (key, n), sample in drawn.items():
            verdict = referee.judge(sample, law)
            assert 0 <= verdict.p_value <= 1
            assert all(0 <= check.p_value <= 1 for check in verdict.checks)
            if claimed == key and n == 1200:
                assert verdict.p_value > 1e-4
