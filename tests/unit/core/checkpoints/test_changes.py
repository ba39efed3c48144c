"""What has become of a tensor in another file: exact numbers, while both files are there."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from core import Report, scan
from core.checkpoints.changes import Change
from core.checkpoints.plain_text import changes_text
from core.checkpoints.scan import report_of
from core.checkpoints.stored_tensor import Bits, Stored
from tests.support.stored_tensors import contents

NUMBERS = ("std_ratio", "mean_shift", "norm_ratio", "distance", "cosine")


def _saved(path: Path, **tensors: Tensor) -> Path:
    save_file(tensors, path)
    return path


def _change(path: Path, before: Tensor, after: Tensor) -> Change:
    one, other = (_saved(path / f"{i}.safetensors", w=w) for i, w in enumerate((before, after)))
    (found,) = scan(one).compare(scan(other))
    return found


def _drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_distance_and_cosine_are_those_of_the_numbers(dtype: torch.dtype, tmp_path: Path) -> None:
    """Of 300 000 numbers, more than are read at a time."""
    before, step = _drawn(600, 500), _drawn(600, 500, seed=2)
    a, b = (before.to(dtype), (before + 0.3 * step).to(dtype))
    found = _change(tmp_path, a, b)
    x, y = a.double().flatten(), b.double().flatten()
    assert found.status == "changed"
    assert math.isclose(found.distance, (y - x).norm() / x.norm(), rel_tol=1e-12)
    assert math.isclose(found.cosine, x @ y / x.norm() / y.norm(), rel_tol=1e-12)
    assert math.isclose(found.norm_ratio, y.norm() / x.norm(), rel_tol=1e-9)


def test_by_hand(tmp_path: Path) -> None:
    """(3, 4) and (4, 3): norm 5, apart √2, cosine 24/25; (2, 0) turned round: apart 4/2, cosine −1."""
    found = _change(tmp_path, torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0]))
    assert found.norm_ratio == pytest.approx(1)
    assert found.distance == pytest.approx(math.sqrt(2) / 5)
    assert found.cosine == pytest.approx(24 / 25)
    turned = _change(tmp_path, torch.tensor([2.0, 0.0]), torch.tensor([-2.0, 0.0]))
    assert (turned.distance, turned.cosine) == (2, -1)


def test_of_equal_bits_nothing_moved_and_of_nothing_there_is_no_angle(tmp_path: Path) -> None:
    same = _change(tmp_path, _drawn(4, 5), _drawn(4, 5))
    assert (same.status, same.norm_ratio, same.distance, same.cosine) == ("equal", 1, 0, 1)
    gone = _change(tmp_path, _drawn(4, 5), torch.zeros(4, 5))
    assert (gone.norm_ratio, gone.distance) == (0, 1)
    assert math.isnan(gone.cosine)
    for before in (torch.zeros(4, 5), torch.full((4, 5), math.nan), torch.tensor([math.inf, 1.0])):
        found = _change(tmp_path, before, torch.ones_like(before))
        assert math.isnan(found.distance)
        assert math.isnan(found.cosine)
    assert math.isnan(_change(tmp_path, torch.ones(3), torch.tensor([1, math.nan, 1])).distance)


def test_files_of_two_formats_and_dtypes_are_compared(tmp_path: Path) -> None:
    weight = _drawn(70, 30)
    np.save(tmp_path / "w.npy", weight.numpy())
    torch.save({"w": weight.half().T.contiguous().T}, tmp_path / "w.pt")
    (found,) = scan(tmp_path / "w.npy").compare(scan(tmp_path / "w.pt"))
    error = (weight.half().double() - weight.double()).norm() / weight.double().norm()
    assert found.status == "changed"
    assert math.isclose(found.distance, error, rel_tol=1e-9)


def test_a_law_that_fits_no_more_is_said(tmp_path: Path) -> None:
    fresh = 0.02 * _drawn(80, 60)
    trained = fresh + 0.02 * _drawn(80, 1, seed=3) @ _drawn(1, 60, seed=4)
    assert _change(tmp_path, fresh, trained).left_law
    assert not _change(tmp_path, trained, fresh).left_law
    assert not _change(tmp_path, fresh, 2 * fresh).left_law


def test_without_the_files_as_they_were_there_is_what_the_reports_have(tmp_path: Path) -> None:
    one = _saved(tmp_path / "1.safetensors", w=_drawn(4, 5))
    two = _saved(tmp_path / "2.safetensors", w=2 * _drawn(4, 5))
    before, after = scan(one), scan(two)
    (read,) = Report.from_json(before.to_json()).compare(after)
    _saved(two, w=_drawn(4, 5, seed=9))
    (changed,) = before.compare(after)
    two.unlink()
    (gone,) = before.compare(after)
    for found in (read, changed, gone):
        assert (found.std_ratio, found.norm_ratio) == pytest.approx((2, 2))
        assert math.isnan(found.distance)
        assert math.isnan(found.cosine)


def test_what_is_in_one_alone_has_no_numbers(tmp_path: Path) -> None:
    one = _saved(tmp_path / "1.safetensors", a=torch.ones(3), b=torch.ones(2, 2))
    two = _saved(tmp_path / "2.safetensors", b=torch.ones(4), c=torch.ones(3))
    found = {each.name: each for each in scan(one).compare(scan(two))}
    assert {name: each.status for name, each in found.items()} == {
        "a": "removed",
        "b": "reshaped",
        "c": "added",
    }
    assert all(math.isnan(getattr(each, name)) for each in found.values() for name in NUMBERS)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_numbers_whose_squares_leave_float64_have_no_distance(size: float, tmp_path: Path) -> None:
    before, after = (size * _drawn(40, 50, seed=seed).double() for seed in (1, 2))
    found = _change(tmp_path, before, after)
    assert found.status == "changed"
    assert math.isnan(found.distance)
    assert math.isnan(found.cosine)


def test_of_parts_of_any_size_each_number_meets_its_own() -> None:
    """One buffer is filled anew for each part, as files are read."""
    before, after = (_drawn(700, 900, seed=seed).double() for seed in (1, 2))
    one, other = (
        replace(report_of(contents({"w": w})), stored=(_parted(w, step),))
        for w, step in ((before, 1000), (after, 300_001))
    )
    (found,) = one.compare(other)
    assert math.isclose(found.distance, (after - before).norm() / before.norm(), rel_tol=1e-12)


def test_words_begin_under_their_heading_and_numbers_end_under_it() -> None:
    """As columns of text are read: a number's places stand above each other's."""
    told = [
        Change("layer.weight", "equal", 1.0, 0.0, 1.0, 0.0, 1.0),
        Change("b", "changed", 3, -1, 10, 2, 0.5),
    ]
    _, _, *lines = changes_text([*told, Change("c", "added")], "other")
    assert lines == [
        "tensor        change   std ratio  mean shift  norm ratio  distance  cosine",
        "layer.weight  equal            1           0           1         0       1",
        "b             changed          3          -1          10         2     0.5",
        "c             added",
    ]


class _Refilled:
    """Gives numbers in parts that lie in one buffer."""

    def __init__(self, numbers: Tensor, step: int) -> None:
        self._bits, self._step = numbers.flatten().view(torch.uint64).numpy(), step

    def parts(self, most: int) -> Iterator[Bits]:
        buffer = np.empty(min(most, self._step), np.uint64)
        for start in range(0, len(self._bits), len(buffer)):
            part = self._bits[start : start + len(buffer)]
            buffer[: len(part)] = part
            yield buffer[: len(part)]


def _parted(numbers: Tensor, step: int) -> Stored:
    return Stored("w", "model", "float64", tuple(numbers.shape), _Refilled(numbers, step), "w")
