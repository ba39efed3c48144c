"""What is said of a draw whose weights are fixed in part, or cut so narrowly that torch warns."""

import math
import warnings
from statistics import NormalDist

import pytest
import torch

import core
from core.weights.referee import judge
from pages.jobs.distribution import Drawn
from pages.lecture.links import settled
from pages.text import Text
from pages.words import distribution as words
from tests.support.words import text_of


@pytest.mark.parametrize(("sparsity", "share"), [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)])
def test_zeros_of_a_fixed_number_are_no_chance(sparsity: float, share: float) -> None:
    """The gap is the normal part's: share · D of share · n weights, so 1.358·√(share/n) in 95 of 100."""
    summary = core.summarize("sparse", (100, 200), seed=40, bins=60, sparsity=sparsity)
    law = core.SCHEMES["sparse"].law((100, 200), sparsity=sparsity)
    said = words.cumulative(Drawn(summary, law, judge(summary, law)), Text("en"))
    limit = 1.358 * math.sqrt(share / 20_000)
    assert f"{limit:.3g}"[:6] in said


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize("mean", [-2.25, -2.15, 2.15, 2.25])
def test_where_torch_warns_of_a_cut_that_is_said(mean: float) -> None:
    """It does where the mean is more than 2 std outside: here 1.5 or 2.5 std, on either side."""
    given = {"mean": mean, "std": 0.1, "a": -2.0, "b": 2.0}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        torch.nn.init.trunc_normal_(torch.empty(1), **given)
    law = core.SCHEMES["trunc_normal"].law((1, 1), **given)
    summary = core.summarize("trunc_normal", (1, 1), seed=1, **given)
    said = words._strays(Drawn(summary, law, judge(summary, law)), Text("en"))
    assert "torch’s own float32 draw misses this law" in said
    assert ("torch warns that" in said) == bool(warned) == (abs(mean) > 2.2)


def _drawn(key: str, rows: int, columns: int) -> Drawn:
    summary, law = core.summarize(key, (rows, columns), seed=40), core.SCHEMES[key].law((rows, columns))
    return Drawn(summary, law, judge(summary, law))


@pytest.mark.parametrize(("rows", "columns"), [(256, 512), (9, 9), (7, 8)])
def test_the_least_error_that_is_caught_is_in_percent_of_the_std(rows: int, columns: int) -> None:
    """Of five checks one has the level α′ = 1 − 0.999^(1/5); z(0.9) + z(1 − α′/2) errors of σ/√(2n)."""
    z, level = NormalDist().inv_cdf, 1 - 0.999 ** (1 / 5)
    percent = 100 * (z(0.9) + z(1 - level / 2)) / math.sqrt(2 * rows * columns)
    drawn, t = _drawn("normal", rows, columns), Text("en")
    # it is a detail where there are many weights, and the verdict's own where there are few
    said = words.checked(drawn, settled("distribution", {}), t) + words.verdict(drawn, t)
    assert f"n error of {percent:.3g} % in the std" in text_of(said)


@pytest.mark.parametrize(
    ("key", "rows", "columns", "std", "decimals"),
    [("kaiming_normal", 256, 512, 0.0625, 4), ("normal", 1000, 1000, 1.0, 3)],
)
def test_both_ends_of_where_the_largest_lies_have_the_same_decimals(
    key: str, rows: int, columns: int, std: float, decimals: int
) -> None:
    """Three digits of their distance, 0.0655 and 0.951: of N(0, 1), Φ(x)ⁿ is 0.025 and 0.975 there."""
    low, high = (std * NormalDist().inv_cdf(q ** (1 / (rows * columns))) for q in (0.025, 0.975))
    said = words.largest(_drawn(key, rows, columns), settled("distribution", {"scheme": key}), Text("en"))
    assert f"between {low:.{decimals}f} and {high:.{decimals}f}" in text_of(said)
