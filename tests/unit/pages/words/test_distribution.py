"""What is said of a draw's cumulative distribution, where some of its weights are fixed."""

import math

import pytest

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
