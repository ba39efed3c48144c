"""Draws against torch's own, and what is refused before anything is drawn."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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
    check,
    devices,
    draw,
    rounded,
    summarize,
)
from core.signals import trace as signal
from core.weights import referee, sampling
from core.weights.draw import HELD_LIMIT
from core.weights.sampling import PART
from tests.support.cases import CASES, Case, Shape, case_id
from tests.support.dtypes import HALVES
from tests.support.marks import cases, dtypes, generator_stays
from tests.support.products import assert_drawn_alike

pytestmark = generator_stays


def _drawable(case: Case, dtype: torch.dtype) -> bool:
    return case.half or dtype not in HALVES


@cases
@dtypes
def test_a_draw_is_torch_s_bit_for_bit(case: Case, dtype: torch.dtype) -> None:
    for shape in case.shapes:
        if not _drawable(case, dtype):
            with pytest.raises(DtypeError):
                draw(case.key, shape, seed=7, dtype=dtype, **case.params)
            continue
        expected = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(7))
        drawn = draw(case.key, shape, seed=7, dtype=dtype, **case.params)
        assert_drawn_alike(drawn, expected, case.key)


@cases
def test_every_seed_that_torch_takes_gives_torch_s_draw(case: Case) -> None:
    shape = case.shape_of(200)
    for seed in (-(2**63), -1, 0, 2**63, 2**64 - 1):
        expected = case.draw(torch.empty(shape), torch.Generator().manual_seed(seed))
        assert_drawn_alike(draw(case.key, shape, seed=seed, **case.params), expected, case.key)


@pytest.mark.parametrize("size", [1, 7, 15, 16, 17, 31, 33])
@pytest.mark.parametrize("key", ["normal", "uniform", "trunc_normal", "constant", "gpt2_residual"])
def test_a_vector_can_be_drawn_where_no_fans_are_needed(key: str, size: int) -> None:
    scheme = SCHEMES[key]
    expected = scheme.fill_(torch.empty(size, 1), generator=torch.Generator().manual_seed(5))
    assert torch.equal(draw(key, (size,), seed=5), expected.flatten())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_classic_uniform_is_what_layers_start_with(dtype: torch.dtype) -> None:
    state = torch.get_rng_state()
    for layer in (nn.Linear, lambda i, o, **k: nn.Conv2d(i, o, (3, 2), **k)):
        torch.manual_seed(11)
        weight = layer(6, 4, dtype=dtype).weight.detach()
        assert torch.equal(draw("classic_uniform", weight.shape, seed=11, dtype=dtype), weight)
    torch.set_rng_state(state)


def test_sparse_weights_drawn_by_several_threads_are_those_drawn_alone() -> None:
    """torch takes their zeros from its one global generator; neither they nor it may mix."""
    seeds = range(24)
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda seed: draw("sparse", (30, 40), seed=seed, sparsity=0.4), seeds))
        counted = list(threads.map(lambda seed: summarize("sparse", (30, 40), seed=seed).mean, seeds))
    for seed in seeds:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            alone = nn.init.sparse_(torch.empty(30, 40), 0.4)
            torch.manual_seed(seed)
            mean = nn.init.sparse_(torch.empty(30, 40), 0.1).double().mean()
        assert torch.equal(together[seed], alone)
        assert counted[seed] == pytest.approx(float(mean), rel=1e-9)


def test_a_generator_that_has_drawn_before_goes_on_where_it_stands() -> None:
    """Two sparse weights of one generator are those of one stretch of torch's global generator."""
    generator = torch.Generator().manual_seed(3)
    one, two = (SCHEMES["sparse"].fill_(torch.empty(9, 11), generator=generator) for _ in range(2))
    with torch.random.fork_rng([]):
        torch.manual_seed(3)
        assert torch.equal(one, nn.init.sparse_(torch.empty(9, 11), 0.1))
        assert torch.equal(two, nn.init.sparse_(torch.empty(9, 11), 0.1))


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (case, dtype)
        for case in CASES
        for dtype in DTYPES
        if _drawable(case, dtype) and case.truth(case.shape_of(20_000)).bands
    ],
    ids=lambda value: case_id(value) if isinstance(value, Case) else str(value),
)
def test_nothing_lies_outside_a_wall_rounded_to_the_dtype(case: Case, dtype: torch.dtype) -> None:
    shape = case.shape_of(20_000)
    summary = summarize(case.key, shape, seed=3, dtype=dtype, **case.params)
    weights = draw(case.key, shape, seed=3, dtype=dtype, **case.params).double()
    for i, band in enumerate(SCHEMES[case.key].law(shape, **case.params).bands):
        if band.kind == "support":
            low, high = torch.tensor([band.low, band.high], dtype=torch.float64).to(dtype).tolist()
            assert summary.outside[i] == 0
            assert low <= weights.min() <= weights.max() <= high
            assert (rounded(band, dtype).low, rounded(band, dtype).high) == (low, high)
        else:
            assert rounded(band, dtype) == band
            assert summary.outside[i] == int(((weights < band.low) | (weights > band.high)).sum())


def test_a_bf16_draw_does_land_outside_the_unrounded_wall() -> None:
    """The reason for rounding the wall: √(6/512) rounds up in bfloat16, and torch reaches it."""
    weights = draw("kaiming_uniform", (256, 512), seed=40, dtype=torch.bfloat16).double()
    assert weights.abs().max() > math.sqrt(6 / 512)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.truth((400, 500, 3)[: 2 + (c.key == "dirac")]).std > 0], ids=case_id
)
def test_the_share_within_a_yardstick_is_the_law_s(case: Case) -> None:
    """Five standard errors; an orthogonal matrix's entries depend on each other only weakly."""
    shape = case.shape_of(100_000)
    n = math.prod(shape)
    outside = summarize(case.key, shape, seed=5, **case.params).outside
    for count, (_, _, _, within) in zip(outside, case.truth(shape).bands, strict=True):
        assert count == pytest.approx(n * (1 - within), abs=5 * math.sqrt(n * within * (1 - within)))


@pytest.mark.parametrize("case", [c for c in CASES if c.key == "sparse"], ids=case_id)
@pytest.mark.parametrize("shape", [(3, 5), (256, 128), (100, 7)], ids=case_id)
def test_each_column_of_a_sparse_weight_has_the_zeros_that_are_its_due(case: Case, shape: Shape) -> None:
    atoms = case.truth(shape).atoms
    share = atoms[0][1] if atoms else 0.0
    columns = (draw("sparse", shape, seed=2, **case.params) == 0).sum(dim=0)
    assert (columns == round(share * shape[0])).all()


def test_a_seed_reproduces_and_another_does_not() -> None:
    one, two, other = (draw("normal", (20, 30), seed=s) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@cases
def test_what_is_drawn_part_by_part_has_no_limit_but_time(case: Case) -> None:
    """Uniform, normal and constant weights follow one after the other; all others need the whole tensor."""
    shape = case.shape_of(1200)
    one_by_one = case.truth(shape).family in {"uniform", "normal", "point"} and case.key != "sparse"
    assert sampling.streams(case.key, shape, **case.params) == one_by_one
    assert not sampling.streams(case.key, shape, "cuda", **case.params)


def _progress_of(key: str, shape: Shape, **params: float) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    summarize(key, shape, seed=0, progress=lambda done, total: seen.append((done, total)), **params)
    return seen


def test_progress_of_a_stream_counts_its_parts() -> None:
    n = 2 * PART + 1000
    assert _progress_of("zeros", (n // 8, 8)) == [(PART, n), (2 * PART, n), (n, n)]


@pytest.mark.parametrize(
    ("key", "shape", "params"),
    [
        ("trunc_normal", (1500, 1000), {"a": -0.5, "b": 0.7}),
        ("trunc_normal", (300, 500), {"a": 0.5, "b": 1.0}),
        ("sparse", (300, 50), {}),
        ("orthogonal", (300, 500), {}),
        ("dirac", (30, 50, 3), {}),
        ("normal", (1, 1), {}),
        ("kaiming_uniform", (1500, 1000), {}),
    ],
)
def test_progress_never_falls_and_ends_with_all(key: str, shape: Shape, params: dict[str, float]) -> None:
    seen, n = _progress_of(key, shape, **params), math.prod(shape)
    done = [count for count, _ in seen]
    assert done == sorted(done)
    assert all(0 <= count <= n for count in done)
    assert seen[-1] == (n, n)
    assert {total for _, total in seen} == {n}
    if key in {"sparse", "trunc_normal"}:  # one report a column; one a round of redrawing
        assert len(seen) >= (50 if key == "sparse" else 3)


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("normal", (2000, 1100)),
        ("zeros", (2000, 1100)),
        ("trunc_normal", (2000, 600)),
        ("sparse", (50, 60)),
        ("orthogonal", (50, 60)),
    ],
)
def test_a_caller_can_cancel(key: str, shape: Shape, calls: int) -> None:
    heard = 0

    def progress(_done: int, _total: int) -> bool:
        nonlocal heard
        heard += 1
        return heard < calls

    with pytest.raises(Cancelled):
        summarize(key, shape, seed=0, progress=progress)
    assert heard == calls


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        (SchemeError, {"key": "he"}),
        (ParameterError, {"key": "normal", "seed": 1.5}),
        (ParameterError, {"key": "normal", "seed": 2**64}),
        (ParameterError, {"key": "normal", "seed": -(2**63) - 1}),
        (ParameterError, {"key": "trunc_normal", "mean": 50.0}),
        (DtypeError, {"key": "normal", "dtype": torch.int32}),
        (DtypeError, {"key": "constant", "val": 1e5, "dtype": torch.float16}),  # largest 65504
        # each end fits, and the span is past the largest: torch's uniform_ takes it no more than we do
        (DtypeError, {"key": "uniform", "a": -6e4, "b": 6e4, "dtype": torch.float16}),
        (DtypeError, {"key": "normal", "std": 1e-30, "dtype": torch.float16}),
        (DtypeError, {"key": "normal", "mean": 1e9, "std": 1.0}),  # float32 steps by 64 there
        (DtypeError, {"key": "uniform", "a": 1.0, "b": 1 + 1e-12}),
        (DtypeError, {"key": "orthogonal", "dtype": torch.float16}),
        (DtypeError, {"key": "trunc_normal", "a": 0.5, "b": 1.0, "dtype": torch.bfloat16}),
        (DeviceError, {"key": "normal", "device": "abacus"}),
        (DeviceError, {"key": "normal", "device": "meta"}),
        (DeviceError, {"key": "normal", "device": None}),
        (ShapeError, {"key": "normal", "shape": 5}),
        (ShapeError, {"key": "dirac"}),
        (ShapeError, {"key": "sparse", "shape": (3, 5, 7)}),
        (SizeError, {"key": "normal", "shape": (10**7, 10**7)}),
        (SizeError, {"key": "orthogonal", "shape": (10**5, 10**5)}),
    ],
    ids=str,
)
def test_a_request_that_cannot_be_met_is_refused(error: type[Exception], request_: dict[str, object]) -> None:
    arguments = {"shape": (3, 5), "seed": 0, **request_}
    for ask in (check, draw, summarize):
        with pytest.raises(error):
            ask(**arguments)  # type: ignore[arg-type]


def _refuse_to_allocate(*_: object, **__: object) -> None:
    raise AssertionError("something was allocated")


# 6501³ < 2³⁸ < 6502³, 5000²·10995 < 2³⁸ < 5000²·10996; of proposals in [1, 10⁶], one in 660 000 is kept
@pytest.mark.parametrize(
    ("key", "shapes", "params", "code"),
    [
        ("trunc_normal", ((1 << 13, 1 << 13), ((1 << 26) + 1, 1)), {}, "size.held"),
        ("sparse", ((1 << 13, 1 << 13), ((1 << 13) + 1, 1 << 13)), {}, "size.held"),
        ("eye", ((1 << 13, 1 << 13), ((1 << 13) + 1, 1 << 13)), {}, "size.held"),
        ("orthogonal", ((16, 1 << 22), (16, (1 << 22) + 1)), {}, "size.held"),
        ("orthogonal", ((6501, 6501), (6502, 6502)), {}, "size.work"),
        ("orthogonal", ((5000, 10_995), (10_996, 5000)), {}, "size.work"),
        ("trunc_normal", ((10, 10), (1000, 1000)), {"a": 1.0, "b": 1e6}, "size.work"),
    ],
)
def test_a_held_tensor_has_its_limits(
    key: str,
    shapes: tuple[Shape, Shape],
    params: dict[str, float],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits, too_large = shapes
    assert HELD_LIMIT == 1 << 26
    monkeypatch.setattr(devices, "free_bytes", lambda _: 1 << 40)
    monkeypatch.setattr(torch, "empty", _refuse_to_allocate)
    assert check(key, fits, seed=0, **params)[0].key == key
    for ask in (check, draw, summarize):
        with pytest.raises(SizeError) as caught:
            ask(key, too_large, seed=0, **params)
        assert caught.value.code == code


@dtypes
def test_a_tensor_has_to_fit_into_the_memory(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    size = {torch.float64: 8, torch.float32: 4}.get(dtype, 2)
    monkeypatch.setattr(devices, "free_bytes", lambda _: 21 * size)
    assert draw("normal", (3, 7), seed=0, dtype=dtype).numel() == 21
    monkeypatch.setattr(torch, "empty", _refuse_to_allocate)
    for ask in (check, draw):
        with pytest.raises(SizeError) as caught:
            ask("normal", (2, 11), seed=0, dtype=dtype)
        assert caught.value.code == "size.memory"


def test_a_cut_far_off_the_mean_is_drawn_as_torch_draws_it_with_its_warning() -> None:
    """torch warns where the mean is more than 2 std from the cuts; the draw follows the law all the same."""
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        drawn = draw("trunc_normal", (60, 80), seed=1, a=3.0, b=8.0)
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        expected = nn.init.trunc_normal_(
            torch.empty(60, 80), a=3.0, b=8.0, generator=torch.Generator().manual_seed(1)
        )
    assert torch.equal(drawn, expected)
    # E[Z | Z > 3] = φ(3)/(1 − Φ(3)); the cut at 8 takes away 1e-12
    mean = math.exp(-4.5) / math.sqrt(2 * math.pi) / (math.erfc(3 / math.sqrt(2)) / 2)
    std = math.sqrt(1 + 3 * mean - mean**2)
    assert float(drawn.double().mean()) == pytest.approx(mean, abs=5 * std / math.sqrt(4800))


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


def _on_gpu(case: Case, draw_: Callable[[torch.Tensor, torch.Generator], torch.Tensor]) -> torch.Tensor:
    weight = torch.empty(case.shape_of(120_000), device="cuda")
    return draw_(weight, torch.Generator(device="cuda").manual_seed(7))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
@cases
def test_on_a_gpu_a_draw_is_torch_s_there(case: Case) -> None:
    state = torch.cuda.get_rng_state()
    drawn = draw(case.key, case.shape_of(120_000), seed=7, device="cuda", **case.params)
    summary = summarize(case.key, case.shape_of(120_000), seed=7, device="cuda", **case.params)
    assert torch.equal(torch.cuda.get_rng_state(), state)
    if case.key == "sparse":  # it draws from both global generators
        expected = torch.empty_like(drawn)
        with torch.random.fork_rng([0], device_type="cuda"):
            torch.manual_seed(7)
            nn.init.sparse_(expected, **{"sparsity": 0.1, **case.params})
    else:
        expected = _on_gpu(case, case.draw)
    assert torch.equal(drawn, expected)
    assert summary.n == expected.numel()
    assert summary.mean == pytest.approx(float(expected.double().mean()), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("key", "params", "steps"),
    [
        ("normal", {"std": 100.0}, 1000),
        ("normal", {"std": 1.0}, 10),
        ("uniform", {"a": -5.0, "b": 5.0}, 10),
        ("constant", {"val": 1.0}, 0),
        ("constant", {"val": 0.6}, 0),
    ],
)
def test_subnormal_weights_are_drawn_as_torch_draws_them(
    key: str, params: dict[str, float], steps: int
) -> None:
    """Parameters in units of float16's least number, 2⁻²⁴: the law reaches over so many of its steps.

    The other dtypes have numbers below 1e-30, where parameters end.
    """
    dtype, least = torch.float16, 2.0**-24
    given = {name: value * least for name, value in params.items()}
    drawn = draw(key, (30, 50), seed=2, dtype=dtype, **given)
    fill = {"normal": "normal_", "uniform": "uniform_", "constant": "constant_"}[key]
    rng = {} if key == "constant" else {"generator": torch.Generator().manual_seed(2)}
    assert torch.equal(drawn, getattr(torch.nn.init, fill)(torch.empty(30, 50, dtype=dtype), **given, **rng))
    assert drawn.count_nonzero() > 0
    assert drawn.unique().numel() >= min(steps, 8) or not steps
    if key == "normal":
        bad = [
            seed
            for seed in range(200)
            if not referee.judge(
                summarize(key, (48, 64), seed=seed, dtype=dtype, **given), SCHEMES[key].law((48, 64), **given)
            ).consistent
        ]
        # each is called inconsistent with probability ALPHA at most: 4 of 200 have a chance of 5e-5
        assert len(bad) < 4


@pytest.mark.parametrize(
    ("dtype", "params", "step"),
    [
        (torch.float16, {"std": 1e-8}, 2.0**-24),
        (torch.float16, {"mean": 1.5, "std": 1e-4}, 2.0**-10),
        (torch.bfloat16, {"mean": -3.0, "std": 1e-3}, 2.0**-6),
        (torch.float32, {"mean": 1e9}, 64.0),
    ],
    ids=str,
)
def test_a_refusal_names_the_steps_of_the_dtype(
    dtype: torch.dtype, params: dict[str, float], step: float
) -> None:
    with pytest.raises(DtypeError) as refused:
        draw("normal", (3, 5), seed=0, dtype=dtype, **params)
    assert refused.value.code == "dtype.range"
    assert refused.value.facts["step"] == step
    assert f"{step:g}" in str(refused.value)


#: A tensor that is drawn alone: while it is, no other of this size is.
LARGE = ("orthogonal", (2200, 2100))


def _within(progress: Callable[[int, int], None], work: str) -> None:
    if work == "summarize":
        summarize(*LARGE, seed=1, progress=progress)
    else:
        signal.trace("xavier_normal", "relu", depth=1, width=4096, seeds=1, progress=progress)


@pytest.mark.parametrize("work", ["summarize", "trace"])
def test_what_reports_progress_may_draw_something_large_itself(work: str) -> None:
    """It waited for the very work that it reports on."""
    drawn: list[torch.Size] = []

    def progress(_: int, __: int) -> None:
        if not drawn:
            drawn.append(draw(*LARGE, seed=2).shape)

    thread = threading.Thread(target=_within, args=(progress, work), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert drawn == [torch.Size((2200, 2100))]


def test_another_thread_waits_for_what_is_drawn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "LARGE", 1)
    order: list[str] = []

    def second() -> None:
        with devices.alone(2):
            order.append("second")

    with devices.alone(2):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.05)
        order.append("first")
    other.join(5)
    assert order == ["first", "second"]


@pytest.mark.parametrize("seed", [0, 40])
def test_the_cpu_s_generator_reads_32_bits_of_a_seed(seed: int) -> None:
    weight = draw("normal", (3, 5), seed=seed)
    assert torch.equal(draw("normal", (3, 5), seed=seed + 2**32), weight)
    assert not torch.equal(draw("normal", (3, 5), seed=seed + 1), weight)
