"""What is counted elsewhere is judged as the file itself, and what does not add up is refused."""

import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core import Cancelled, CheckpointError, Report, scan
from core.checkpoints.counted_elsewhere import report_of_counts
from tests.support.counted import told_of


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = torch.Generator().manual_seed(3)
    embedding = torch.randn(600, 64, generator=rng).cumsum(0) * 0.02
    embedding[0] += 1
    embedding[40:90] = 0.02 * torch.randn(50, 64, generator=rng)
    tensors = {
        "embed.weight": embedding,
        "fc.weight": 0.02 * torch.randn(300, 200, generator=rng),
        "half": torch.randn(40, 30, generator=rng).bfloat16(),
        "steps": torch.tensor([7, -3]),
        "bad": torch.tensor([[1.0, torch.nan], [torch.inf, 0.0]]),
        "none": torch.empty(0),
    }
    path = tmp_path_factory.mktemp("counted") / "model.safetensors"
    save_file(tensors, path)
    return path


def test_rows_are_asked_for_once_more_and_then_all_is_as_the_file(file: Path) -> None:
    asked, wanted = report_of_counts(told_of(file)), scan(file)
    assert isinstance(asked, tuple)
    assert {wanted.rows[each.tensor].name for each in asked} == {"embed.weight"}
    report = report_of_counts(told_of(file, asked))
    assert isinstance(report, Report)
    spare = next(row.spare for row in report.rows if row.name == "embed.weight")
    assert spare is not None
    assert spare.number == 50
    for row, own in zip(report.rows, wanted.rows, strict=True):
        told = (row.name, row.flags, row.n, row.digest, row.std, row.quantiles, row.spare)
        assert str(told) == str((own.name, own.flags, own.n, own.digest, own.std, own.quantiles, own.spare))
    assert [str(each) for each in report.problems] == [str(each) for each in wanted.problems]


def test_it_ends_when_it_is_told_to(file: Path) -> None:
    with pytest.raises(Cancelled):
        report_of_counts(told_of(file), progress=lambda done, _: done < 2)


HEADERS: dict[str, dict[str, Any]] = {
    "no format": {"format": 3},
    "another format": {"format": "GGUF"},
    "no tensors": {"tensors": [], "skipped": []},
    "not a list": {"tensors": {}},
    "no tensor": {"tensors": [1]},
    "many": {"tensors": [{}] * 100_001},
    "arrays": {"arrays": [1, 2]},
    "other arrays": {"arrays": [0, 0, 0, 0, 0]},
    "large arrays": {"arrays": [2**62] * 5},
    "a code of nobody's": {"skipped": [{"name": "a", "file": "b", "code": "network.lazy", "facts": {}}]},
    "rows of no tensor": {"again": [{"tensor": 9, "rows": [1], "cells": 0}]},
    "rows of none": {"again": [{"tensor": 0, "rows": [], "cells": 0}]},
    "rows twice": {"again": [{"tensor": 0, "rows": [1, 1], "cells": 0}]},
    "rows beyond": {"again": [{"tensor": 0, "rows": [600], "cells": 0}]},
    "rows untold": {"again": [{"tensor": 0, "rows": [1], "cells": 0}]},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_cannot_be_is_refused(file: Path, name: str) -> None:
    with pytest.raises(CheckpointError):
        report_of_counts(told_of(file, **HEADERS[name]))


def _tensor(file: Path, **changed: Any) -> bytes:
    told = told_of(file)
    size = int.from_bytes(told[:8], "little")
    tensors = json.loads(told[8 : 8 + size])["tensors"]
    next(each for each in tensors if each["name"] == "fc.weight").update(changed)
    return told_of(file, tensors=tensors)


ODD: dict[str, Callable[[Path], bytes]] = {
    "another dtype": lambda file: _tensor(file, dtype="float64"),
    "an integer": lambda file: _tensor(file, dtype="int32"),
    "no dtype": lambda file: _tensor(file, dtype="complex64"),
    "a larger shape": lambda file: _tensor(file, shape=[300, 201]),
    "a huge shape": lambda file: _tensor(file, shape=[2**40, 2**40]),
    "a longer row": lambda file: _tensor(file, shape=[200, 300]),
    "fewer cells": lambda file: _tensor(file, cells=1),
    "more cells": lambda file: _tensor(file, cells=2**16),
    "a name twice": lambda file: _tensor(file, name="embed.weight"),
    "a long name": lambda file: _tensor(file, name="n" * 2000),
    "half of it": lambda file: told_of(file)[:5000],
    "nothing": lambda _: b"",
    "no bytes": lambda _: "text",  # type: ignore[return-value,dict-item]
    "text": lambda _: b"\x05\0\0\0\0\0\0\0{}{}{",
}


@pytest.mark.parametrize("name", ODD)
def test_what_does_not_add_up_is_refused(file: Path, name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        report_of_counts(ODD[name](file))
    assert caught.value.code == "checkpoint.counted"


@pytest.mark.parametrize("change", [(2.0, 0), (1.0, 1), (-1.0, 0), (math.nan, 1)], ids=str)
def test_singular_values_that_are_not_these_rows_are_refused(
    tmp_path: Path, change: tuple[float, int]
) -> None:
    """Their squares add up to the rows'; they fall, to 0 at least."""
    file = tmp_path / "small.safetensors"
    save_file({"weight": torch.randn(20, 30, generator=torch.Generator().manual_seed(1))}, file)
    told, (factor, turned) = told_of(file), change
    size = int.from_bytes(told[:8], "little")
    begin = 8 + size + 8 * (10 + 20)  # behind sums and mean squares of rows
    values = np.frombuffer(told, "<f8", 20, begin)
    np.testing.assert_allclose(values, torch.linalg.svdvals(load_file(file)["weight"].double()), rtol=1e-9)
    others = np.roll(values * [factor, *[1.0] * 19], turned).astype("<f8")
    with pytest.raises(CheckpointError) as caught:
        report_of_counts(told[:begin] + others.tobytes() + told[begin + 160 :])
    assert caught.value.code == "checkpoint.counted"


def test_too_much_is_refused(file: Path) -> None:
    with pytest.raises(CheckpointError):
        report_of_counts(told_of(file), most=1000)


def test_whatever_is_told_nothing_but_a_refusal_comes_of_it(file: Path) -> None:
    told, rng = told_of(file), random.Random(5)  # noqa: S311 - cases, and no secrets
    refused = 0
    for _ in range(60):
        data = bytearray(told)
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            found = report_of_counts(bytes(data))
        except CheckpointError:
            refused += 1
        else:
            assert not isinstance(found, Report) or found.to_json()
    assert refused > 20
