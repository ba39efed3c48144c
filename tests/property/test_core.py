"""What must hold for any request."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from core import DTYPES, SCHEMES, DtypeError, Summary, draw, summarize
from core.weights import referee
from core.weights.laws import Law

matrices = st.tuples(st.integers(1, 40), st.integers(1, 40))
kernels = st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4), st.integers(1, 3))
#: a scheme and a shape that it takes
requests = st.sampled_from(sorted(SCHEMES)).flatmap(
    lambda key: st.tuples(
        st.just(key),
        {"dirac": kernels, "eye": matrices, "sparse": matrices}.get(key, st.one_of(matrices, kernels)),
    )
)


@given(
    request=requests,
    seed=st.integers(-(2**63), 2**64 - 1),
    bins=st.integers(1, 90),
    dtype=st.sampled_from(DTYPES),
)
def test_counts_add_up_and_extremes_keep_to_the_support(
    request: tuple[str, tuple[int, ...]], seed: int, bins: int, dtype: torch.dtype
) -> None:
    key, shape = request
    law = SCHEMES[key].law(shape)
    try:
        summary = summarize(key, shape, seed=seed, bins=bins, dtype=dtype)
    except DtypeError:
        assert key == "orthogonal"
        assert dtype.itemsize == 2
        return
    assert summary.counts.sum() == summary.n == math.prod(shape)
    assert (summary.counts >= 0).all()
    low, high = torch.tensor(law.support, dtype=torch.float64).to(dtype).tolist()
    assert low - 1e-5 <= summary.minimum <= summary.mean + 1e-9
    assert summary.mean - 1e-9 <= summary.maximum <= high + 1e-5
    weights = draw(key, shape, seed=seed, dtype=dtype).double()
    assert (summary.minimum, summary.maximum) == (weights.min(), weights.max())
    verdict = referee.judge(summary, law)
    assert 0 <= verdict.p_value <= 1
    assert verdict.p_value > 1e-9


def _parts(
    law: Law, values: list[float], dtype: torch.dtype, cut: float
) -> tuple[torch.Tensor, Summary, Summary]:
    x = torch.tensor(values, dtype=dtype)
    at = min(len(x) - 1, max(1, round(cut * len(x))))
    one, two = (Summary.of(part, law=law, bins=10) for part in (x[:at], x[at:]))
    return x, one.merge(two), Summary.of(x, law=law, bins=10)


@given(
    key=st.sampled_from(["normal", "uniform", "trunc_normal", "sparse", "eye", "constant"]),
    values=st.lists(st.floats(-100, 100, width=16), min_size=2, max_size=80),
    dtype=st.sampled_from(DTYPES),
    cut=st.floats(0.01, 0.99),
)
def test_merged_parts_are_the_whole(key: str, values: list[float], dtype: torch.dtype, cut: float) -> None:
    x, merged, whole = _parts(SCHEMES[key].law((10, 10)), values, dtype, cut)
    exact = x.double().numpy()
    assert merged.n == whole.n
    assert merged.outside == whole.outside
    assert merged.atoms == whole.atoms
    assert np.array_equal(merged.counts, whole.counts)
    assert (merged.minimum, merged.maximum) == (whole.minimum, whole.maximum)
    for summary in (merged, whole):
        assert math.isclose(summary.mean, exact.mean(), rel_tol=1e-9, abs_tol=1e-9)
        assert math.isclose(summary.std, exact.std(), rel_tol=1e-7, abs_tol=1e-6)
        for order, total in zip((2, 3, 4), summary.power_sums, strict=True):
            expected = ((exact - exact.mean()) ** order).sum()
            assert math.isclose(total, expected, rel_tol=1e-7, abs_tol=1e-6 * 100**order)


@given(
    low=st.integers(-(10**6), 10**6).map(lambda k: k / 1024),
    width=st.integers(1, 10**6).map(lambda k: k / 1000),
    bins=st.integers(1, 300),
    dtype=st.sampled_from(DTYPES),
    values=st.lists(st.floats(0, 1), min_size=1, max_size=40),
)
def test_counts_are_numpy_s_wherever_the_edges_lie(
    low: float, width: float, bins: int, dtype: torch.dtype, values: list[float]
) -> None:
    law = SCHEMES["uniform"].law((3, 5), a=low, b=low + width)
    edges = law.edges(bins)
    at = [edges[round(value * bins)] for value in values]  # on an edge, as nearly as the dtype can
    x = torch.tensor([*at, *(low + value * width for value in values)], dtype=torch.float64).to(dtype)
    counts = Summary.of(x, law=law, bins=bins).counts
    bin_of = np.searchsorted(edges[1:-1], x.double().numpy(), side="right")
    assert np.array_equal(counts, np.bincount(bin_of, minlength=bins))
