"""Two summaries merge into that of both, and only like ones do."""

import numpy as np
import pytest
import torch

from core import SCHEMES, ParameterError, Summary, summarize
from tests.support.cases import Case
from tests.support.marks import generator_stays
from tests.support.summarised import assert_agrees, drawable

pytestmark = generator_stays


@drawable
@pytest.mark.parametrize("at", [1, 700])
def test_two_summaries_merge_into_that_of_both(case: Case, dtype: torch.dtype, at: int) -> None:
    shape = case.shape_of(1500)
    law = SCHEMES[case.key].law(shape, **case.params)
    weights = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(9)).flatten()
    one, two = (Summary.of(part, law=law, bins=13) for part in (weights[:at], weights[at:]))
    assert_agrees(one.merge(two), weights, law)
    assert_agrees(two.merge(one), weights, law)


def test_a_merged_summary_has_the_coarser_dtype_and_no_structure() -> None:
    law = SCHEMES["eye"].law((3, 5))
    one, two = summarize("eye", (3, 5), seed=0), summarize("eye", (3, 5), seed=0, dtype=torch.bfloat16)
    assert one.defects == two.defects == 0
    both = one.merge(two)
    assert both.dtype == torch.bfloat16
    assert both.defects is None
    assert both.atoms == ((0.0, 24), (1.0, 6))
    assert np.array_equal(both.edges, law.edges(200))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("normal", {}, 10), ("normal", {}, 11)),
        (("normal", {}, 10), ("normal", {"mean": 1.0}, 10)),
        (("trunc_normal", {}, 10), ("uniform", {"a": -2.0, "b": 2.0}, 10)),
        (("sparse", {"std": 1.0}, 10), ("normal", {}, 10)),
    ],
)
def test_only_like_summaries_merge(one: tuple, two: tuple) -> None:  # type: ignore[type-arg]
    first, second = (
        summarize(key, (30, 40), seed=0, bins=bins, **params) for key, params, bins in (one, two)
    )
    if one[0] == "trunc_normal":  # the same edges and walls: these two may
        assert first.merge(second).n == 2400
    else:
        with pytest.raises(ParameterError, match="same edges, bands and atoms"):
            first.merge(second)
