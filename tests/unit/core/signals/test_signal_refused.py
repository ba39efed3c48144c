"""A run too large or of bad arguments is refused before anything is computed."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

from core import InitLabError, ParameterError, SizeError, devices
from core.signals import trace_run
from core.signals.trace import trace
from tests.support.plain_networks import traced
from tests.support.products import assert_like


def stop(*_: object) -> None:
    raise AssertionError("it began to compute")


def test_a_run_too_large_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held are width² weights a layer, batch·width slopes a layer, and a handful of signals."""
    monkeypatch.setattr(trace_run.Run, "over", stop)
    monkeypatch.setattr(devices, "free_bytes", lambda _: 10**7)
    given = {"width": 100, "seeds": 1, "batch": 1000}
    with pytest.raises(SizeError, match=r"would hold 0\.04\d\d GB, and 0\.01 GB are free\.") as e:
        traced("kaiming_normal", "relu", depth=100, **given)
    assert e.value.code == "size.signal"
    assert e.value.facts["memory"] == 10**7
    assert 100 * (100**2 + 1000 * 100) * 4 <= e.value.facts["needed"] <= 1.1 * 100 * (100**2 + 1000 * 100) * 4
    with pytest.raises(AssertionError, match="began"):
        traced("kaiming_normal", "relu", depth=100, backward=False, **given)
    monkeypatch.setattr(trace_run, "HELD", 0)
    with pytest.raises(SizeError) as e:
        traced("kaiming_normal", "relu", depth=100, **given)
    assert e.value.facts["needed"] < 100 * 1000 * 100 * 4 * 1.1


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_numpy_s_whole_numbers_do_not_overflow(kind: type) -> None:
    one, other = (
        traced("kaiming_normal", "relu", depth=of(3), width=of(100), batch=of(100), seeds=of(2))
        for of in (kind, int)
    )
    assert_like(one.gradient_mean_square, other.gradient_mean_square, torch.float32, depth=6, width=100)
    assert type(one.seeds[0]) is int
    assert trace("eye", "tanh", depth=1, width=2, seeds=kind(3) * np.ones(2, kind)).seeds == (3, 3)


WHOLE = [0, -1, 1.5, 2.0, True, "3", None, math.nan, 10**9, [2], np.float64(2)]
BAD = [
    *(("depth", value) for value in WHOLE),
    *(("width", value) for value in WHOLE if value != [2]),
    *(("batch", value) for value in WHOLE),
    *(("seeds", value) for value in WHOLE if value not in ([2], "3")),
    *(("seeds", value) for value in ([], [1.5], [True], "3", [2**64], [-(2**63) - 1], range(1001), [None])),
    *(("bias", value) for value in ("x", -1, math.nan, math.inf, None, True, [1.0], np.ones(2), "1", 1e31)),
    *(("input", value) for value in ("x", None, 3, ["normal"], np.ones(2))),
    *(("input_scale", value) for value in (0, -1, math.nan, math.inf, "1", None, True, [1.0])),
    *(("dtype", value) for value in (torch.int32, "float32", None)),
    *(("device", value) for value in ("gpu", "meta", None)),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda value: re.sub(r"\s+", " ", repr(value)))
def test_a_bad_argument_is_refused_before_anything_is_computed(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_run.Run, "over", stop)
    given: dict[str, Any] = {"depth": 2, "width": 4, "seeds": 1, name: value}
    with pytest.raises(InitLabError) as e:
        trace("kaiming_normal", "relu", **given)
    assert str(e.value).endswith(".")
    assert e.value.code
    if name not in {"dtype", "device", "seeds"}:
        assert isinstance(e.value, ParameterError)
        assert str(e.value).startswith(f"{name} must be ")
        assert e.value.facts["name"] == name


@pytest.mark.parametrize(
    ("scheme", "activation", "params", "code"),
    [
        ("he", "relu", {}, "scheme.unknown"),
        ("dirac", "relu", {}, "shape."),
        ("normal", "relu", {"gain": 1}, "parameter.unknown"),
        ("normal", "relu", {"std": -1}, "parameter.number"),
        ("normal", "ReLU7", {}, "formula."),
        ("normal", "", {}, "formula."),
        ("normal", None, {}, "formula.type"),
        ("normal", "1/z", {}, "formula.division"),
        ("orthogonal", "relu", {"dtype": torch.float16}, "dtype.orthogonal"),
        ("normal", "relu", {"dtype": torch.float16, "std": 1e9}, "dtype.range"),
    ],
)
def test_an_unknown_scheme_activation_or_parameter_is_refused(
    scheme: str, activation: Any, params: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_run.Run, "over", stop)
    with pytest.raises(InitLabError) as e:
        trace(scheme, activation, depth=2, width=4, seeds=1, **params)
    assert e.value.code.startswith(code)
