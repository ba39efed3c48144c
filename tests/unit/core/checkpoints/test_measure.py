"""One pass keeps what numpy and scipy find in the whole tensor."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from core.checkpoints.bit_cells import COUNTED, cells_of
from core.checkpoints.measure import measure
from core.checkpoints.output_rows import hashes_of_ones
from core.checkpoints.stored_tensor import PART
from tests.support.stored_tensors import stored

FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2]


def _drawn(*shape: int, seed: int = 1, mean: float = 0.0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("mean", [0.0, 20.0])
@pytest.mark.parametrize("step", [0, 1000])
def test_moments_are_those_of_the_whole(dtype: torch.dtype, mean: float, step: int) -> None:
    tensor = _drawn(300, 77, mean=mean).to(dtype)
    whole = tensor.double().numpy().ravel()
    found = measure(stored(tensor, step=step))
    assert found.moments.mean == pytest.approx(whole.mean(), rel=1e-12, abs=1e-14)
    assert found.std == pytest.approx(whole.std(), rel=1e-9)
    assert found.excess_kurtosis == pytest.approx(stats.kurtosis(whole), rel=1e-7, abs=1e-9)
    assert (found.minimum, found.maximum) == (whole.min(), whole.max())
    assert found.zeros == (whole == 0).sum()
    assert found.counts.sum() == found.n == len(whole)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_quantiles_are_exact_to_a_cell(dtype: torch.dtype) -> None:
    tensor = _drawn(120, 50).to(dtype)
    whole, shares = np.sort(tensor.double().numpy().ravel()), np.array([0.001, 0.25, 0.5, 0.9, 0.999])
    wanted = whole[np.ceil(shares * len(whole)).astype(int) - 1]
    width = 0.0 if dtype.itemsize <= 2 else 2.0**-7 if dtype == torch.float32 else 2.0**-4
    np.testing.assert_allclose(measure(stored(tensor)).quantiles(shares), wanted, rtol=width, atol=0)


@pytest.mark.parametrize("dtype", FLOATS[:4], ids=str)
def test_what_is_no_number_is_counted_apart(dtype: torch.dtype) -> None:
    tensor = torch.tensor([math.nan, math.inf, -math.inf, -math.nan, 0.0, -0.0, 1.5, -2.0]).to(dtype)
    found = measure(stored(tensor))
    assert (found.nan, found.inf, found.zeros, found.moments.n) == (2, 2, 2, 4)
    assert (found.minimum, found.maximum, found.moments.mean) == (-2, 1.5, -0.125)


@pytest.mark.parametrize(("dtype", "least"), [(torch.float32, 2**-149), (torch.bfloat16, 2**-133)])
def test_denormals_are_counted(dtype: torch.dtype, least: float) -> None:
    tensor = torch.tensor([least, -least, 0.0, 2**-126, 1.0], dtype=torch.float64).to(dtype)
    assert measure(stored(tensor)).subnormal == 2


def test_a_tensor_without_finite_numbers_has_no_moments() -> None:
    for tensor in (torch.empty(0, 8), torch.full((2, 8), math.nan), torch.full((2, 8), math.inf)):
        found = measure(stored(tensor))
        assert math.isnan(found.std)
        assert math.isnan(found.minimum)
        assert np.isnan(found.quantiles(np.array([0.5]))).all()


def test_whole_numbers_and_truths_are_measured() -> None:
    for tensor in (
        torch.tensor([7]),
        torch.tensor([1, 2, 3], dtype=torch.int32),
        torch.tensor([True, False]),
    ):
        found, whole = measure(stored(tensor)), tensor.double()
        assert (found.minimum, found.maximum) == (whole.min(), whole.max())
        assert found.moments.mean == whole.mean()
    assert measure(stored(torch.tensor([-3, 5], dtype=torch.int8))).minimum == -3


def test_every_byte_but_0_is_a_truth() -> None:
    """As torch has it: a file's byte of 7 is true."""
    bytes_ = torch.tensor([0, 1, 7, 255], dtype=torch.uint8)
    found = measure(replace(stored(bytes_), dtype="bool"))
    assert found.counts.tolist() == [1, int(bytes_.view(torch.bool).sum())]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("row", [(16,), (27,), (3, 5, 5)], ids=str)
@pytest.mark.parametrize("step", [0, 100])
def test_rows_leave_squares_and_hashes(dtype: torch.dtype, row: tuple[int, ...], step: int) -> None:
    tensor = _drawn(40, *row).to(dtype)
    bits = tensor.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize])
    bits[7] = bits[31]
    rows = measure(stored(tensor, step=step)).units
    assert rows is not None
    wanted = tensor.double().flatten(1).square().mean(1).numpy()
    np.testing.assert_allclose(rows.squares, wanted, rtol=1e-5)
    assert rows.hashes[7] == rows.hashes[31]
    assert len(set(rows.hashes.tolist())) == 39


def test_a_hash_sees_where_a_number_stands() -> None:
    tensor = _drawn(1, 64).repeat(3, 1).bfloat16()
    tensor[1] = tensor[0].roll(4)  # whole words of 8 bytes
    rows = measure(stored(tensor)).units
    assert rows is not None
    assert rows.hashes[0] == rows.hashes[2] != rows.hashes[1]


@pytest.mark.parametrize("dtype", FLOATS[:4], ids=str)
@pytest.mark.parametrize("columns", [8, 13])
def test_hashes_of_ones_are_those_of_an_identity(dtype: torch.dtype, columns: int) -> None:
    rows = measure(stored(torch.eye(8, columns, dtype=dtype))).units
    assert rows is not None
    own = str(dtype).removeprefix("torch.")
    assert hashes_of_ones(np.arange(8), columns, own).tolist() == rows.hashes.tolist()


def test_digests_are_equal_where_all_bits_are() -> None:
    tensor = _drawn(50, 30).float()
    one, same = (measure(stored(tensor, step=step)).digest for step in (0, 77))
    other = tensor.clone()
    other[3, 4] = -other[3, 4]
    assert one == same != measure(stored(other)).digest
    vector = _drawn(PART + 5).float()
    assert measure(stored(vector)).digest == measure(stored(vector, step=999)).digest


def test_float32_that_was_half_precision_is_known() -> None:
    tensor = _drawn(30, 20)
    assert measure(stored(tensor.bfloat16().float())).origin == "bfloat16"
    assert measure(stored(tensor.half().float())).origin == "float16"
    assert measure(stored((tensor * 1e5).half().float().clamp(-1e5, 1e5))).origin == ""
    assert measure(stored(tensor.float())).origin == ""
    assert measure(stored(tensor.bfloat16().double())).origin == ""


@pytest.mark.parametrize("dtype", COUNTED)
def test_cells_rise_and_meet(dtype: str) -> None:
    cells = cells_of(dtype)
    with np.errstate(invalid="ignore"):  # the furthest cells of float64 touch infinity
        assert (np.diff(cells.values) >= 0).all()
    assert (cells.low <= cells.values).all()
    assert (cells.values <= cells.high).all()
    np.testing.assert_allclose(cells.high[:-1], cells.low[1:], rtol=2.0**-23, atol=1e-44)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_two_flipped_signs_make_another_tensor(dtype: torch.dtype) -> None:
    one = torch.randn(6, 64, generator=torch.Generator().manual_seed(3)).to(dtype)
    seen = {measure(stored(one)).digest}
    for first, second in [(0, 8), (3, 7), (1, 63), (62, 63)]:
        other = one.clone()
        other[2, [first, second]] *= -1
        seen.add(measure(stored(other)).digest)
    assert len(seen) == 5


@pytest.mark.parametrize("size", [1e200, 1e160, 1e-160, 1e-200, 5e-310])
def test_a_std_whose_square_leaves_float64_is_not_called_0(size: float) -> None:
    """Memory that was never written to has such numbers, as it is read as float64."""
    found = measure(stored(torch.tensor([[size, -size], [3 * size, size]], dtype=torch.float64)))
    assert (found.minimum, found.maximum) == (-size, 3 * size)
    assert math.isnan(found.std)


@pytest.mark.parametrize("size", [1e150, 1.0, 1e-150])
def test_a_std_whose_square_float64_holds_is_exact(size: float) -> None:
    """Of −1, 1, 1, 3 the mean is 1 and the variance 2."""
    found = measure(stored(torch.tensor([[size, -size], [3 * size, size]], dtype=torch.float64)))
    assert found.std == pytest.approx(math.sqrt(2) * size, rel=1e-12)


def test_equal_numbers_of_any_size_have_the_std_0() -> None:
    assert measure(stored(torch.full((3, 3), 1e200, dtype=torch.float64))).std == 0
