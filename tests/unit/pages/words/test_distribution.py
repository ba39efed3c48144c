"""What is said of a draw whose weights are fixed in part, or cut so narrowly that torch warns."""

import math
import warnings

import pytest
import torch

import core
from core.weights.referee import judge
from pages.jobs.distribution import Drawn
from pages.text import Text
from pages.words import distribution as words


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
