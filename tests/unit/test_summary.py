"""Summaries against numpy, over whole tensors, streams and values that lie on an edge."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from core import DTYPES, SCHEMES, Summary, sampling, summarize, summary
from core.laws import Law
from tests.cases import CASES, Case, case_id

pytestmark = pytest.mark.usefixtures("global_generator_stays")
cases = pytest.mark.parametrize("case", CASES, ids=case_id)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
PART, CHUNK = sampling.PART, summary.CHUNK


def _agrees(summary: Summary, weights: torch.Tensor, law: Law) -> None:
    """Hold every number of a summary to those that numpy finds in the weights."""
    x, edges = weights.flatten().double().numpy(), summary.edges
    bins = len(edges) - 1
    assert np.array_equal(edges, law.edges(bins))
    assert summary.dtype == weights.dtype
    assert summary.n == x.size == summary.counts.sum()
    assert (summary.minimum, summary.maximum) == (x.min(), x.max())
    # bin i holds edges[i] ≤ w < edges[i + 1]; the end bins take all beyond them
    bin_of = np.searchsorted(edges[1:-1], x, side="right")
    assert np.array_equal(summary.counts, np.bincount(bin_of, minlength=bins))
    for band, (low, high), outside in zip(law.bands, summary.bands, summary.outside, strict=True):
        ends = torch.tensor([band.low, band.high], dtype=torch.float64)
        wall = ends.to(weights.dtype).double() if band.kind == "support" else ends
        assert (low, high) == tuple(wall.tolist())
        assert outside == np.count_nonzero((x < low) | (x > high))
    values = torch.tensor([value for value, _ in law.atoms], dtype=torch.float64).to(weights.dtype).tolist()
    assert summary.atoms == tuple((value, np.count_nonzero(x == value)) for value in values)
    scale = max(abs(x.min()), abs(x.max()))
    assert summary.mean == pytest.approx(x.mean(), abs=1e-12 * scale)
    assert summary.std == pytest.approx(x.std(), rel=1e-9, abs=1e-13 * scale)
    if x.min() == x.max():
        assert summary.mean == x[0]
        assert summary.std == 0
        assert math.isnan(summary.excess_kurtosis)
    elif x.std() > 1e-3 * scale:
        kurtosis = ((x - x.mean()) ** 4).mean() / x.var() ** 2 - 3
        assert summary.excess_kurtosis == pytest.approx(kurtosis, abs=1e-9, rel=1e-9)


@cases
@dtypes
def test_a_summary_is_that_of_the_tensor_torch_draws(case: Case, dtype: torch.dtype) -> None:
    if not case.half and dtype.itemsize == 2:
        return
    shape = case.shape_of(70_000)  # more than a chunk
    law = SCHEMES[case.key].law(shape, **case.params)
    weights = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(9))
    _agrees(summarize(case.key, shape, seed=9, dtype=dtype, bins=60, **case.params), weights, law)
    _agrees(Summary.of(weights, law=law, bins=60), weights, law)


def _stream_is_the_whole(key: str, n: int, dtype: torch.dtype, **params: float) -> None:
    law = SCHEMES[key].law((n,), **params)
    low_or_mean, high_or_std = params.values()
    whole, generator = torch.empty(n, dtype=dtype), torch.Generator().manual_seed(n)
    fill = whole.uniform_ if key == "uniform" else whole.normal_
    fill(low_or_mean, high_or_std, generator=generator)
    _agrees(summarize(key, (n,), seed=n, dtype=dtype, bins=77, **params), whole, law)


FAMILIES = [("normal", {"mean": 0.25, "std": 1.5}), ("uniform", {"a": -0.25, "b": 2.0})]
families = pytest.mark.parametrize(("key", "params"), FAMILIES, ids=["normal", "uniform"])


@families
@dtypes
@pytest.mark.parametrize(
    "n", [1, 2, 15, 16, 17, 31, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 15, PART + 17, 2 * PART + 15]
)
def test_a_stream_has_the_numbers_of_the_whole(
    key: str, params: dict[str, float], dtype: torch.dtype, n: int
) -> None:
    _stream_is_the_whole(key, n, dtype, **params)


@families
@pytest.mark.parametrize(
    "n", [PART + k for k in (-17, -1, 0, 1, 7, 15, 16)] + [2 * PART + k for k in (0, 1, 16, 17, 31)]
)
def test_so_it_has_on_both_sides_of_a_part_s_end(key: str, params: dict[str, float], n: int) -> None:
    _stream_is_the_whole(key, n, torch.float32, **params)


@families
@dtypes
@pytest.mark.parametrize("part", [16, 4096])
def test_so_it_has_for_every_size_about_a_smaller_part_s_end(
    key: str, params: dict[str, float], dtype: torch.dtype, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PART", part)
    for n in (*range(max(1, part - 17), part + 18), *range(2 * part, 2 * part + 33)):
        _stream_is_the_whole(key, n, dtype, **params)


def test_parts_are_ones_that_torch_draws_like_the_whole() -> None:
    """torch's CPU draws normal weights 16 at a time, and fewer than 16 in another way."""
    assert PART % 16 == 0
    for n in (1, 15, 16, PART, PART + 1, PART + 15, PART + 16, 3 * PART + 15, 3 * PART + 16):
        parts = list(sampling._parts(n))
        assert sum(parts) == n
        assert all(part == PART for part in parts[:-1])
        assert len(parts) == 1 or 16 <= parts[-1] < PART + 16


def _on_edges(edges: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """Return every edge as the dtype rounds it, and its two neighbours on either side."""
    near = torch.from_numpy(edges.copy()).to(dtype)
    if dtype.itemsize == 2:  # torch has no neighbours of half precision
        bits = near.view(torch.int16)
        sides = [(bits + step).view(dtype) for step in (-2, -1, 0, 1, 2)]
    else:
        up, down = (torch.tensor(end, dtype=dtype) for end in (math.inf, -math.inf))
        above, below = near.nextafter(up), near.nextafter(down)
        sides = [below.nextafter(down), below, near, above, above.nextafter(up)]
    found = torch.cat(sides)
    return found[found.isfinite()]


LAWS_WITH_EDGES = [
    ("uniform", {}),
    ("uniform", {"a": -0.25, "b": 2.0}),
    ("uniform", {"a": 1.0, "b": 1.3}),
    ("uniform", {"a": 1000.0, "b": 1000.7}),
    ("normal", {"mean": 3.0, "std": 0.7}),
    ("normal", {"mean": -1e6, "std": 3.0}),
    ("normal", {"std": 1e-7}),
    ("kaiming_uniform", {}),
    ("trunc_normal", {"a": -1.0, "b": 0.3}),
    ("sparse", {}),
    ("orthogonal", {}),
    ("eye", {}),
    ("constant", {}),
]


@pytest.mark.parametrize(("key", "params"), LAWS_WITH_EDGES, ids=str)
@dtypes
def test_a_weight_on_an_edge_is_counted_in_the_bin_that_the_edge_begins(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    law = SCHEMES[key].law((33, 65), **params)
    for bins in (1, 2, 3, 7, 49, 60, 77, 200, 333, 1000, 4099):
        weights = _on_edges(law.edges(bins), dtype)
        weights = weights[(weights.double() - law.mean).abs() <= 40 * max(law.std, 1e-9)]
        if len(weights):
            _agrees(Summary.of(weights, law=law, bins=bins), weights, law)


def test_edges_are_met_in_a_tensor_of_several_chunks_too() -> None:
    law = SCHEMES["uniform"].law((9, 9), a=0.1, b=0.7)
    some = _on_edges(law.edges(200), torch.float32)
    weights = some[torch.randint(len(some), (2 * CHUNK + 77,), generator=torch.Generator().manual_seed(1))]
    _agrees(Summary.of(weights, law=law, bins=200), weights, law)


@dtypes
def test_weights_far_from_the_law_are_counted_at_its_ends(dtype: torch.dtype) -> None:
    law = SCHEMES["kaiming_uniform"].law((33, 65))
    weights = torch.tensor([-9000.0, -1.0, 0.0, 0.1, 1.0, 30_000.0], dtype=dtype)
    _agrees(Summary.of(weights, law=law, bins=10), weights, law)


def test_a_summary_takes_a_tensor_of_any_layout_that_may_even_learn() -> None:
    law = SCHEMES["normal"].law((3, 5))
    weights = torch.randn(40, 60, generator=torch.Generator().manual_seed(1))
    _agrees(Summary.of(weights.T[::2, 1:], law=law), weights.T[::2, 1:], law)
    _agrees(Summary.of(torch.nn.Parameter(weights), law=law), weights, law)


@cases
@dtypes
@pytest.mark.parametrize("at", [1, 700])
def test_two_summaries_merge_into_that_of_both(case: Case, dtype: torch.dtype, at: int) -> None:
    if not case.half and dtype.itemsize == 2:
        return
    shape = case.shape_of(1500)
    law = SCHEMES[case.key].law(shape, **case.params)
    weights = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(9)).flatten()
    one, two = (Summary.of(part, law=law, bins=13) for part in (weights[:at], weights[at:]))
    _agrees(one.merge(two), weights, law)
    _agrees(two.merge(one), weights, law)


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
        with pytest.raises(ValueError, match="same edges, bands and atoms"):
            first.merge(second)


def test_a_summary_cannot_be_changed() -> None:
    made = summarize("normal", (3, 5), seed=0)
    for array in (made.counts, made.edges):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


GROWTH = """
import resource, sys
from core import summarize
def peak():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
before = peak()
assert summarize("normal", (1 << 13, 1 << 13), seed=1).n == 1 << 26
print(peak() - before)
"""


def test_memory_stays_flat_however_many_weights_are_drawn() -> None:
    """2²⁶ weights of float32 would take 268 MB; what is drawn and counted takes less than 150."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150e6
