"""A draw that cannot be met is refused by name before anything is allocated or drawn."""

import pytest
import torch

from core import (
    DeviceError,
    DtypeError,
    ParameterError,
    SchemeError,
    ShapeError,
    SizeError,
    check,
    devices,
    draw,
    summarize,
)
from core.weights.draw import HELD_LIMIT
from tests.support.marks import dtypes, generator_stays
from tests.support.shapes import Shape

pytestmark = generator_stays


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
    assert refused.value.code == "dtype.steps"
    assert refused.value.facts["step"] == step
    assert f"{step:g}" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "params", "words"),
    [
        ("constant", {"val": 70_000.0}, "spans 70000 to 70000, and torch.float16 has no number past 65504."),
        ("normal", {"std": 2e4}, "spans -100000 to 100000 (mean ± 5 std), and torch.float16 has no number"),
        ("uniform", {"a": -5e4, "b": 5e4}, "must be no further apart than 65504."),
    ],
)
def test_a_law_that_leaves_a_dtype_is_told_how(key: str, params: dict[str, float], words: str) -> None:
    assert torch.tensor(65_519.0).half() == 65_504
    assert torch.tensor(70_000.0).half().isinf()
    with pytest.raises(DtypeError) as refused:
        draw(key, (3, 5), seed=0, dtype=torch.float16, **params)
    assert words in str(refused.value)


def test_torch_bounds_the_width_of_a_uniform_law_alone() -> None:
    with pytest.raises(RuntimeError, match="to-from"):
        torch.empty(2, dtype=torch.float16).uniform_(-5e4, 5e4)
    assert draw("normal", (64, 64), seed=0, dtype=torch.float16, std=1.2e4).isfinite().all()
