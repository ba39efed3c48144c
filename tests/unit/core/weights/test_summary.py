"""Summaries against numpy, over whole tensors, streams and values that lie on an edge."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from core import (
    DTYPES,
    SCHEMES,
    DeviceError,
    DtypeError,
    InitLabError,
    ParameterError,
    ShapeError,
    Summary,
    summarize,
)
from core.weights import sampling, summary, tensors
from core.weights.laws import Law
from tests.support.cases import CASES, Case, case_id
from tests.support.dtypes import EIGHTS
from tests.support.marks import dtypes, generator_stays
from tests.support.stream import ROOT

pytestmark = generator_stays
#: torch draws no orthogonal matrix in half precision
drawable = pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, dtype) for case in CASES for dtype in DTYPES if case.half or dtype.itemsize > 2],
    ids=lambda it: case_id(it) if isinstance(it, Case) else str(it),
)
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
        squares = (x - x.mean()) ** 2
        kurtosis = (squares**2).mean() / x.var() ** 2 - 3
        assert summary.excess_kurtosis == pytest.approx(kurtosis, abs=1e-9, rel=1e-9)


@drawable
def test_a_summary_is_that_of_the_tensor_torch_draws(case: Case, dtype: torch.dtype) -> None:
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


@pytest.mark.parametrize("dtype", EIGHTS, ids=str)
@pytest.mark.parametrize(("key", "scale"), [("kaiming_uniform", 0.1), ("normal", 1.0), ("sparse", 0.5)])
def test_weights_of_eight_bits_are_counted_as_what_they_stand_for(
    key: str, scale: float, dtype: torch.dtype
) -> None:
    law = SCHEMES[key].law((300, 500))
    weights = (scale * torch.randn(300, 500, generator=torch.Generator().manual_seed(1))).to(dtype)
    _agrees(Summary.of(weights, law=law, bins=60), weights, law)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4", ">f8"])
def test_an_array_is_summarised_as_the_tensor_of_its_numbers(kind: str | type) -> None:
    law = SCHEMES["normal"].law((30, 50))
    array = np.random.default_rng(1).normal(size=(30, 50)).astype(kind)
    for view in (array, array[::-2, 3:], array.T, array[0, 0].reshape(())):
        native = torch.tensor(view.tolist(), dtype=torch.float64)
        native = native.to({2: torch.float16, 4: torch.float32, 8: torch.float64}[array.dtype.itemsize])
        _agrees(Summary.of(view, law=law, bins=20), native, law)
    array.setflags(write=False)
    assert Summary.of(array, law=law).n == 1500


def test_what_is_no_number_is_counted_apart() -> None:
    law = SCHEMES["sparse"].law((300, 500))
    weights = torch.randn(2 * CHUNK + 77, generator=torch.Generator().manual_seed(1))
    spoilt = weights.clone()
    spoilt[[3, CHUNK + 1, CHUNK + 2]] = math.nan
    spoilt[[5, 2 * CHUNK + 5]], spoilt[7] = math.inf, -math.inf
    made = Summary.of(spoilt, law=law, bins=20)
    assert (made.nan, made.infinite, made.size) == (3, 3, len(weights))
    kept = weights[torch.isfinite(spoilt)]
    _agrees(made, kept, law)
    clean = Summary.of(weights, law=law, bins=20)
    assert (clean.nan, clean.infinite) == (0, 0)
    both = clean.merge(made)
    assert (both.nan, both.infinite) == (3, 3)
    _agrees(both, torch.cat([weights, kept]), law)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_where_no_weight_is_finite_there_is_no_mean(value: float) -> None:
    law = SCHEMES["normal"].law((3, 5))
    made = Summary.of(torch.full((3, 5), value), law=law, bins=20)
    assert (made.n, made.nan + made.infinite, made.counts.sum()) == (0, 15, 0)
    numbers = (made.mean, made.std, made.excess_kurtosis, made.minimum, made.maximum)
    assert all(map(math.isnan, numbers))
    weights = torch.randn(3, 5, generator=torch.Generator().manual_seed(1))
    for both in (
        made.merge(Summary.of(weights, law=law, bins=20)),
        Summary.of(weights, law=law, bins=20).merge(made),
    ):
        _agrees(both, weights, law)
        assert both.size == 30
    assert made.merge(made).size == 30


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e100, 1e300])
def test_a_summary_can_be_made_of_weights_of_any_magnitude(scale: float) -> None:
    """float64's fourth powers leave it from 10⁷⁷ on; the mean does not, nor do the counts."""
    weights = scale * torch.randn(30, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    made = Summary.of(weights, law=SCHEMES["normal"].law((30, 40)), bins=20)
    assert made.mean == pytest.approx(float(weights.mean()), rel=1e-9)
    assert made.counts.sum() == 1200
    assert math.isnan(made.excess_kurtosis)
    assert made.merge(made).n == 2400


REFUSED = {
    "empty": (lambda: torch.empty(0, 5), ShapeError, "empty"),
    "empty array": (lambda: np.zeros((0, 5)), ShapeError, "empty"),
    "meta": (lambda: torch.empty(3, 5, device="meta"), DeviceError, "meta"),
    "sparse": (lambda: torch.eye(3, 5).to_sparse(), ParameterError, "dense"),
    "masked": (lambda: np.ma.masked_array([1.0, 2.0], [0, 1]), ParameterError, "masked_array"),
    "list": (lambda: [1.0, 2.0], ParameterError, r"tensor or a numpy array; it was \[1"),
    "none": (lambda: None, ParameterError, "it was None"),
    "text": (lambda: np.array(["a"]), DtypeError, "<U1"),
    "objects": (lambda: np.array([object()]), DtypeError, "object"),
    "dates": (lambda: np.zeros(3, "M8[s]"), DtypeError, "datetime64"),
    "long": (lambda: np.zeros(3, np.longdouble), DtypeError, "float128|longdouble"),
    "integer array": (lambda: np.zeros(3, np.int64), DtypeError, "int64.*Cast"),
    "integers": (lambda: torch.zeros(3, dtype=torch.int8), DtypeError, "int8.*Cast"),
    "truths": (lambda: torch.zeros(3, dtype=torch.bool), DtypeError, "bool.*Cast"),
    "complex": (lambda: torch.zeros(3, dtype=torch.complex64), DtypeError, "complex64.*Cast"),
    "scales": (lambda: torch.ones(3).to(torch.float8_e8m0fnu), DtypeError, "float8_e8m0fnu.*scales"),
    "pairs": (
        lambda: torch.zeros(3, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
        DtypeError,
        "float4_e2m1fn_x2.*packed",
    ),
}


@pytest.mark.parametrize(("weights", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_summarised_is_refused_by_name(
    weights: Callable[[], Any], error: type[InitLabError], words: str
) -> None:
    with pytest.raises(error, match=words):
        Summary.of(weights(), law=SCHEMES["normal"].law((3, 5)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"law": "normal"},
        {"law": None},
        {"bins": 0},
        {"bins": 2.5},
        {"bins": "many"},
        {"bins": 10_001},
        {"drawn_in": "float32"},
        {"drawn_in": torch.int8},
        {"drawn_in": torch.float8_e5m2},
    ],
    ids=str,
)
def test_a_wrong_law_bin_count_or_drawing_dtype_is_refused(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"law": SCHEMES["normal"].law((3, 5)), "bins": 20, "drawn_in": torch.float32}
    assert Summary.of(torch.ones(3, 5), **right).n == 15
    with pytest.raises(InitLabError):
        Summary.of(torch.ones(3, 5), **{**right, **wrong})


def test_tensors_of_every_make_are_taken() -> None:
    law = SCHEMES["normal"].law((3, 5))
    weights = torch.randn(6, 10, generator=torch.Generator().manual_seed(1))
    part = torch.view_as_complex(weights.reshape(30, 2)).conj().imag  # its minus is not yet carried out
    for tensor in (weights[0, 0], weights[0].expand(7, 10), weights.half()[:, ::3], part):
        _agrees(Summary.of(tensor, law=law, bins=20), tensor.resolve_neg(), law)


def test_a_summary_says_what_was_drawn_in_and_a_merged_one_if_both_agree() -> None:
    law = SCHEMES["normal"].law((3, 5))
    drawn = summarize("normal", (3, 5), seed=0, dtype=torch.float16)
    assert drawn.drawn_in == torch.float16
    cast = Summary.of(torch.ones(3, 5).half(), law=law, drawn_in=torch.float32)
    assert (cast.dtype, cast.drawn_in) == (torch.float16, torch.float32)
    assert Summary.of(torch.ones(3, 5).half(), law=law).drawn_in is None
    # of what torch holds whole: orthogonal matrices are made in float32, sparse ones are not
    for key, dtype in (("orthogonal_cast", torch.float32), ("sparse", torch.float16)):
        assert summarize(key, (5, 3), seed=0, dtype=torch.float16).drawn_in == dtype
    assert drawn.merge(drawn).drawn_in == torch.float16
    assert drawn.merge(cast).drawn_in is None


def test_a_wall_is_rounded_as_weights_were_that_were_drawn_in_another_dtype() -> None:
    """bfloat16's nearest to 0.1 is 205/2048; what is cast from it to float32 stays there."""
    (wall,) = SCHEMES["uniform"].law((3, 5), a=-0.1, b=0.1).bands
    cast = summary.rounded(wall, torch.float32, torch.bfloat16)
    assert (cast.low, cast.high) == (-205 / 2048, 205 / 2048)
    own = summary.rounded(wall, torch.float32)
    assert own.high == torch.tensor(0.1, dtype=torch.float32).item() < cast.high


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
def test_both_sides_of_a_part_s_end_are_counted(key: str, params: dict[str, float], n: int) -> None:
    _stream_is_the_whole(key, n, torch.float32, **params)


@families
@dtypes
@pytest.mark.parametrize("part", [16, 4096])
def test_every_size_about_a_smaller_part_s_end_is_counted(
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


#: half precision has no number within 40 std of −10⁶
EDGES = [
    (key, params, dtype)
    for key, params in LAWS_WITH_EDGES
    for dtype in DTYPES
    if dtype.itemsize > 2 or params.get("mean") != -1e6
]


@pytest.mark.parametrize(("key", "params", "dtype"), EDGES, ids=str)
def test_a_weight_on_an_edge_is_counted_in_the_bin_that_the_edge_begins(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    law, tried = SCHEMES[key].law((33, 65), **params), 0
    for bins in (1, 2, 3, 7, 49, 60, 77, 200, 333, 1000, 4099):
        weights = _on_edges(law.edges(bins), dtype)
        weights = weights[(weights.double() - law.mean).abs() <= 40 * max(law.std, 1e-9)]
        tried += len(weights)
        if len(weights):
            _agrees(Summary.of(weights, law=law, bins=bins), weights, law)
    assert tried > 0


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


def test_a_summary_accepts_tensors_of_any_layout_and_trainable_parameters() -> None:
    law = SCHEMES["normal"].law((3, 5))
    weights = torch.randn(40, 60, generator=torch.Generator().manual_seed(1))
    _agrees(Summary.of(weights.T[::2, 1:], law=law), weights.T[::2, 1:], law)
    _agrees(Summary.of(torch.nn.Parameter(weights), law=law), weights, law)


@drawable
@pytest.mark.parametrize("at", [1, 700])
def test_two_summaries_merge_into_that_of_both(case: Case, dtype: torch.dtype, at: int) -> None:
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
        with pytest.raises(ParameterError, match="same edges, bands and atoms"):
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


#: In an interpreter of its own, whose peak nothing else has raised: megabytes beside the tensor's own 128.
_HELD = """
import resource, torch
from core import SCHEMES, Summary
law = SCHEMES["normal"].law((512, 65536))
Summary.of(torch.randn(512, 16), law=law)
weight = torch.randn(512, 65536)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Summary.of(weight, law=law)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_a_tensor_that_is_there_is_summarised_in_parts() -> None:
    """Whole copies in float64 and their powers took twelve times the tensor."""
    command = [sys.executable, "-c", _HELD]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 128


def test_parts_of_a_tensor_give_the_moments_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    law = SCHEMES["normal"].law((3, 7))
    weight = torch.randn(1000, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 50
    weight[::97] = math.nan
    whole = Summary.of(weight, law=law)
    monkeypatch.setattr(tensors, "PART", 64)
    parts = Summary.of(weight, law=law)
    kept = weight[weight.isfinite()]
    for found in (whole, parts):
        assert (found.n, found.nan) == (989, 11)
        assert found.mean == pytest.approx(float(kept.mean()), rel=1e-14)
        assert found.std == pytest.approx(float(kept.std(correction=0)), rel=1e-12)
        assert found.power_sums[1] == pytest.approx(float(((kept - kept.mean()) ** 3).sum()), rel=1e-9)
