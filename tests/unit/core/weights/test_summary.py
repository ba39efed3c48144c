"""Summaries of whole tensors and arrays against numpy, and what cannot be summarised."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from core import (
    SCHEMES,
    DeviceError,
    DtypeError,
    InitLabError,
    ParameterError,
    ShapeError,
    Summary,
    summarize,
)
from core.weights import summary
from tests.support.cases import Case
from tests.support.dtypes import EIGHTS
from tests.support.marks import generator_stays
from tests.support.summarised import CHUNK, assert_agrees, drawable

pytestmark = generator_stays


@drawable
def test_a_summary_is_that_of_the_tensor_torch_draws(case: Case, dtype: torch.dtype) -> None:
    shape = case.shape_of(70_000)  # more than a chunk
    law = SCHEMES[case.key].law(shape, **case.params)
    weights = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(9))
    assert_agrees(summarize(case.key, shape, seed=9, dtype=dtype, bins=60, **case.params), weights, law)
    assert_agrees(Summary.of(weights, law=law, bins=60), weights, law)


@pytest.mark.parametrize("dtype", EIGHTS, ids=str)
@pytest.mark.parametrize(("key", "scale"), [("kaiming_uniform", 0.1), ("normal", 1.0), ("sparse", 0.5)])
def test_weights_of_eight_bits_are_counted_as_what_they_stand_for(
    key: str, scale: float, dtype: torch.dtype
) -> None:
    law = SCHEMES[key].law((300, 500))
    weights = (scale * torch.randn(300, 500, generator=torch.Generator().manual_seed(1))).to(dtype)
    assert_agrees(Summary.of(weights, law=law, bins=60), weights, law)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4", ">f8"])
def test_an_array_is_summarised_as_the_tensor_of_its_numbers(kind: str | type) -> None:
    law = SCHEMES["normal"].law((30, 50))
    array = np.random.default_rng(1).normal(size=(30, 50)).astype(kind)
    for view in (array, array[::-2, 3:], array.T, array[0, 0].reshape(())):
        native = torch.tensor(view.tolist(), dtype=torch.float64)
        native = native.to({2: torch.float16, 4: torch.float32, 8: torch.float64}[array.dtype.itemsize])
        assert_agrees(Summary.of(view, law=law, bins=20), native, law)
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
    assert_agrees(made, kept, law)
    clean = Summary.of(weights, law=law, bins=20)
    assert (clean.nan, clean.infinite) == (0, 0)
    both = clean.merge(made)
    assert (both.nan, both.infinite) == (3, 3)
    assert_agrees(both, torch.cat([weights, kept]), law)


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
        assert_agrees(both, weights, law)
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
    # a cast to float32 drops the imaginary part
    "complex": (lambda: torch.zeros(3, dtype=torch.complex64), DtypeError, "complex64.*view_as_real"),
    "lazy": (torch.nn.UninitializedParameter, ShapeError, "no sizes and no numbers before its first input"),
    "lazy buffer": (torch.nn.UninitializedBuffer, ShapeError, "no sizes and no numbers"),
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
        assert_agrees(Summary.of(tensor, law=law, bins=20), tensor.resolve_neg(), law)


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


def test_a_summary_accepts_tensors_of_any_layout_and_trainable_parameters() -> None:
    law = SCHEMES["normal"].law((3, 5))
    weights = torch.randn(40, 60, generator=torch.Generator().manual_seed(1))
    assert_agrees(Summary.of(weights.T[::2, 1:], law=law), weights.T[::2, 1:], law)
    assert_agrees(Summary.of(torch.nn.Parameter(weights), law=law), weights, law)


def test_a_summary_cannot_be_changed() -> None:
    made = summarize("normal", (3, 5), seed=0)
    for array in (made.counts, made.edges):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


def test_complex_weights_are_summarised_as_torch_shows_them() -> None:
    weights = torch.tensor([3 + 4j, -1 + 2j], dtype=torch.complex64)
    made = Summary.of(torch.view_as_real(weights), law=SCHEMES["normal"].law((2, 2)))
    assert (made.n, made.mean, made.maximum) == (4, 2.0, 4.0)
