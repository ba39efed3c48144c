"""What must hold for any request."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from core import SCHEMES, Summary, summarize

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(
    key=st.sampled_from(sorted(SCHEMES)),
    shape=shapes,
    seed=st.integers(0, 2**32 - 1),
    bins=st.integers(1, 90),
)
def test_counts_add_up_and_extremes_keep_to_the_support(
    key: str, shape: tuple[int, int], seed: int, bins: int
) -> None:
    law, summary = SCHEMES[key].law(shape), summarize(key, shape, seed=seed, bins=bins)
    assert summary.counts.sum() == summary.n == math.prod(shape)
    low, high = torch.tensor(law.support, dtype=torch.float64).float().tolist()
    assert low <= summary.minimum <= summary.mean + 1e-9 <= summary.maximum + 2e-9 <= high + 3e-9


@given(
    values=st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=80),
    cut=st.floats(0.01, 0.99),
)
def test_merged_parts_are_the_whole(values: list[float], cut: float) -> None:
    x, edges = np.array(values, dtype=np.float32), np.linspace(-50.0, 50.0, 11)
    bands = SCHEMES["normal"].law((2, 2), std=10.0).bands
    at = min(len(x) - 1, max(1, round(cut * len(x))))
    parts = [Summary.of(part, edges=edges, bands=bands) for part in (x[:at], x[at:])]
    merged, whole = parts[0].merge(parts[1]), Summary.of(x, edges=edges, bands=bands)
    exact = x.astype(np.float64)
    assert merged.n == whole.n
    assert merged.outside == whole.outside
    assert np.array_equal(merged.counts, whole.counts)
    assert (merged.minimum, merged.maximum) == (whole.minimum, whole.maximum)
    assert math.isclose(merged.mean, exact.mean(), rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(merged.std, exact.std(), rel_tol=1e-7, abs_tol=1e-6)
    for order, total in zip((2, 3, 4), merged.power_sums, strict=True):
        expected = ((exact - exact.mean()) ** order).sum()
        assert math.isclose(total, expected, rel_tol=1e-7, abs_tol=1e-6 * 100**order)
