"""Files that have the same names are each a model by itself; shards, which share none, are one."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from core import InitLabError, scan


def _drawn(count: int, std: float, seed: int) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {f"layers.{i}.weight": torch.randn(64, 50, generator=rng) * std for i in range(count)}


def _trained(weight: Tensor) -> Tensor:
    """Add a matrix of rank 1, as steps on few samples do: no known law has one."""
    return weight + 0.1 * torch.outer(torch.arange(64.0) / 64, torch.arange(50.0) / 50)


def _saved(folder: Path, **files: dict[str, Tensor]) -> list[Path]:
    for name, tensors in files.items():
        save_file(tensors, folder / f"{name}.safetensors")
    return [folder / f"{name}.safetensors" for name in files]


def test_checkpoints_of_a_run_are_judged_each_by_itself(tmp_path: Path) -> None:
    """A layer that did not move is not drawn from one seed, nor fresh among others' trained ones."""
    start = _drawn(3, 0.02, seed=1)
    later = {name: _trained(weight) for name, weight in start.items()}
    later["layers.0.weight"] = start["layers.0.weight"]
    report = scan(_saved(tmp_path, start=start, later=later))
    assert [row.file for row in report.rows] == ["start.safetensors"] * 3 + ["later.safetensors"] * 3
    (finding,) = report.problems
    assert (finding.kind, finding.file) == ("fresh_among_trained", "later.safetensors")
    assert finding.evidence["of"] == 3
    assert report.state == "mixed"
    assert not any(row.equal_to for row in report.rows)
    assert report.ties == ()


def test_a_file_under_two_names_has_no_ties_between_them(tmp_path: Path) -> None:
    (path,) = _saved(tmp_path, step_9=_drawn(1, 0.02, seed=1))
    (tmp_path / "latest.safetensors").symlink_to(path)
    report = scan([path, tmp_path / "latest.safetensors"])
    assert (report.coverage.tensors, report.ties) == (2, ())
    assert report.problems == ()


def test_shards_that_are_given_are_one_model(tmp_path: Path) -> None:
    tensors = _drawn(4, 0.02, seed=1)
    tensors["layers.3.weight"] = tensors["layers.0.weight"].clone()
    names = [*tensors]
    first, second = ({name: tensors[name] for name in some} for some in (names[:2], names[2:]))
    (finding,) = scan(_saved(tmp_path, first=first, second=second)).problems
    assert (finding.kind, finding.file) == ("same_seed", "")
    assert finding.tensors == ("layers.0.weight", "layers.3.weight")


def test_a_bias_belongs_to_the_weight_in_its_own_file(tmp_path: Path) -> None:
    """±1/√fan_in is what torch draws it from: the second file's other width must not be taken for it."""
    rng = torch.Generator().manual_seed(2)
    files = {}
    for name, fan_in in (("wide", 400), ("narrow", 25)):
        bias = torch.empty(300).uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=rng)
        files[name] = {"fc.weight": torch.randn(300, fan_in, generator=rng), "fc.bias": bias}
    rows = scan(_saved(tmp_path, **files)).rows
    found = {row.file: row.init.schemes[0].params["b"] for row in rows if row.init and row.name == "fc.bias"}
    assert found == {"wide.safetensors": 1 / 20, "narrow.safetensors": 1 / 5}


def test_expectations_are_judged_in_each_file(tmp_path: Path) -> None:
    files = _saved(tmp_path, right=_drawn(2, 0.02, seed=1), wrong=_drawn(2, 0.04, seed=2))
    report = scan(files, expect={"*.weight": ("normal", {"std": 0.02})})
    (finding,) = (each for each in report.problems if each.kind == "expected")
    assert finding.file == "wrong.safetensors"
    assert (finding.evidence["count"], finding.evidence["of"]) == (2, 2)


def test_a_report_of_several_models_is_compared_with_none(tmp_path: Path) -> None:
    files = _saved(tmp_path, a=_drawn(1, 0.02, seed=1), b=_drawn(1, 0.02, seed=2))
    one, both = scan(files[0]), scan(files)
    for ours, theirs in ((one, both), (both, one)):
        with pytest.raises(InitLabError, match="in one file"):
            ours.compare(theirs)
