"""Draws and summaries against torch and numpy."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from core import (
    DTYPES,
    SCHEMES,
    Cancelled,
    DeviceError,
    DtypeError,
    ParameterError,
    SchemeError,
    ShapeError,
    SizeError,
    devices,
    draw,
    rounded,
    summarize,
)
from core.sampling import CHUNK
from tests.cases import CASES, SHAPES, Case, case_id

cases = pytest.mark.parametrize("case", CASES, ids=case_id)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.fixture(autouse=True)
def _global_generator_stays() -> Iterator[None]:
    """Nothing in this file may move torch's global generator."""
    torch.manual_seed(20)
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


@cases
@dtypes
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_draw_is_torch_s_bit_for_bit(case: Case, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    expected = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(7))
    drawn = draw(case.key, shape, seed=7, dtype=dtype, **case.params)
    assert drawn.dtype == dtype
    assert torch.equal(drawn, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_classic_uniform_is_what_layers_start_with(dtype: torch.dtype) -> None:
    state = torch.get_rng_state()
    for layer in (nn.Linear, lambda i, o, **k: nn.Conv2d(i, o, (3, 2), **k)):
        torch.manual_seed(11)
        weight = layer(6, 4, dtype=dtype).weight.detach()
        assert torch.equal(draw("classic_uniform", weight.shape, seed=11, dtype=dtype), weight)
    torch.set_rng_state(state)


@cases
@dtypes
def test_nothing_lies_outside_a_wall_rounded_to_the_dtype(case: Case, dtype: torch.dtype) -> None:
    summary = summarize(case.key, (300, 400), seed=3, dtype=dtype, **case.params)
    (band,) = SCHEMES[case.key].law((300, 400), **case.params).bands
    weights = draw(case.key, (300, 400), seed=3, dtype=dtype, **case.params).double()
    low, high = torch.tensor([band.low, band.high], dtype=torch.float64).to(dtype).tolist()
    if band.kind == "support":
        assert summary.outside == (0,)
        assert low <= weights.min() <= weights.max() <= high
        assert (rounded(band, dtype).low, rounded(band, dtype).high) == (low, high)
    else:
        beyond = int(((weights < band.low) | (weights > band.high)).sum())
        assert summary.outside == (beyond,)
        assert rounded(band, dtype) == band


def test_a_bf16_draw_does_land_outside_the_unrounded_wall() -> None:
    """The reason for rounding the wall: √(6/512) rounds up in bfloat16, and torch reaches it."""
    weights = draw("kaiming_uniform", (256, 512), seed=40, dtype=torch.bfloat16).double()
    assert weights.abs().max() > math.sqrt(6 / 512)


@cases
def test_the_share_beyond_three_sigma_is_the_law_s(case: Case) -> None:
    if case.family != "normal":
        return
    n, p = 400 * 500, math.erfc(3 / math.sqrt(2))
    (outside,) = summarize(case.key, (400, 500), seed=5, **case.params).outside
    assert outside == pytest.approx(n * p, abs=5 * math.sqrt(n * p * (1 - p)))


@cases
@dtypes
def test_a_summary_is_that_of_the_whole_tensor(case: Case, dtype: torch.dtype) -> None:
    shape = (101, 1000)  # several chunks, the last one ragged
    assert shape[0] * shape[1] > 2 * CHUNK
    assert shape[0] * shape[1] % CHUNK
    summary = summarize(case.key, shape, seed=9, dtype=dtype, bins=60, **case.params)
    x = draw(case.key, shape, seed=9, dtype=dtype, **case.params).double().numpy().ravel()
    assert summary.n == x.size == summary.counts.sum()
    assert (summary.minimum, summary.maximum) == (x.min(), x.max())
    assert summary.mean == pytest.approx(x.mean(), abs=1e-12 * max(1, abs(x.mean())))
    assert summary.std == pytest.approx(x.std(), rel=1e-9)
    if x.std() > 0:
        kurtosis = ((x - x.mean()) ** 4).mean() / x.var() ** 2 - 3
        assert summary.excess_kurtosis == pytest.approx(kurtosis, abs=1e-8)
    else:
        assert math.isnan(summary.excess_kurtosis)
    edges = summary.edges
    assert np.array_equal(edges, SCHEMES[case.key].law(shape, **case.params).edges(60))
    inner = np.searchsorted(edges, x.clip(edges[0], edges[-1]), side="right") - 1
    assert np.array_equal(summary.counts, np.bincount(inner.clip(0, 59), minlength=60))


def test_a_seed_reproduces_and_another_does_not() -> None:
    one, two, other = (draw("normal", (20, 30), seed=s) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_progress_counts_up_and_can_cancel() -> None:
    seen: list[tuple[int, int]] = []
    summarize("zeros", (100, 800), seed=0, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [CHUNK, 2 * CHUNK, 80_000]
    assert {total for _, total in seen} == {80_000}
    with pytest.raises(Cancelled):
        summarize("zeros", (1000, 600), seed=0, progress=lambda *_: False)


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        (SchemeError, {"key": "he"}),
        (ParameterError, {"key": "normal", "seed": 1.5}),
        (ParameterError, {"key": "normal", "seed": 2**64}),
        (DtypeError, {"key": "normal", "dtype": torch.int32}),
        (DtypeError, {"key": "constant", "val": 1e5, "dtype": torch.float16}),  # largest 65504
        (DtypeError, {"key": "normal", "std": 1e-30, "dtype": torch.float16}),
        (DtypeError, {"key": "normal", "mean": 1e9, "std": 1.0}),  # float32 steps by 64 there
        (DtypeError, {"key": "uniform", "a": 1.0, "b": 1 + 1e-12}),
        (DeviceError, {"key": "normal", "device": "abacus"}),
        (DeviceError, {"key": "normal", "device": "meta"}),
        (DeviceError, {"key": "normal", "device": None}),
        (ShapeError, {"key": "normal", "shape": 5}),
        (SizeError, {"key": "normal", "shape": (10**7, 10**7)}),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_met_is_refused(error: type[Exception], request_: dict[str, object]) -> None:
    arguments = {"shape": (3, 5), "seed": 0, **request_}
    with pytest.raises(error):
        draw(**arguments)  # type: ignore[arg-type]
    with pytest.raises(error):
        summarize(**arguments)  # type: ignore[arg-type]


def test_numbers_of_numpy_are_numbers() -> None:
    shape, a = (np.int64(3), np.int32(5)), np.float32(0.25)
    drawn = draw("kaiming_normal", shape, seed=np.int64(1), a=a)
    assert torch.equal(drawn, draw("kaiming_normal", (3, 5), seed=1, a=0.25))
    assert len(summarize("normal", shape, seed=1, bins=np.int64(7)).counts) == 7


def test_mps_has_no_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(DtypeError, match="no float64"):
        draw("normal", (3, 5), seed=0, device="mps", dtype=torch.float64)


def test_a_missing_device_is_named_and_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no cuda; it has cpu") as caught:
        draw("normal", (3, 5), seed=0, device="cuda")
    assert caught.value.code == "device.missing"


def test_available_devices_follow_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.available() == ("cpu", "cuda")
    assert devices.resolve("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(DeviceError, match="no cuda:2"):
        devices.resolve("cuda:2")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
@cases
def test_on_a_gpu_a_draw_is_torch_s_there(case: Case) -> None:
    shape = (256, 512)
    generator = torch.Generator(device="cuda").manual_seed(7)
    expected = case.draw(torch.empty(shape, device="cuda"), generator)
    drawn = draw(case.key, shape, seed=7, device="cuda", **case.params)
    assert torch.equal(drawn, expected)
    assert summarize(case.key, shape, seed=7, device="cuda", **case.params).n == 256 * 512
