"""docs/checkpoints.md says what is so: formats, findings, and files that do not lie here."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from core import CheckpointError, audit, scan
from core.checkpoints.file_formats import FORMATS
from core.checkpoints.plain_text import CHANGES
from tests.findings_table import DOCUMENT, table, written

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_table_of_findings_is_core_s() -> None:
    """``python -m tests.findings_table`` writes it anew."""
    assert written(TEXT) == table()


def test_the_formats_are_those_that_are_read() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| ((?:`\.\w+` ?)+) \|", TEXT, re.MULTILINE))
    assert {name: tuple(re.findall(r"`(\.\w+)`", files)) for name, files in rows.items()} == FORMATS


def test_what_a_comparison_shows_is_named() -> None:
    """Each column of numbers that ``--against`` writes, by its heading, in its order."""
    said = TEXT.partition("With `--against OTHER`")[2].partition("`--expect FILE.toml`")[0]
    named = re.findall(r"\*([a-z ]+)\*", said)
    assert named == ["std ratio", "mean shift", "norm ratio", "distance", "cosine"]
    assert [*CHANGES[2:]] == named


def test_only_a_claim_objects_to_a_layer_that_was_drawn_otherwise() -> None:
    layer = torch.nn.Linear(64, 64)
    with torch.no_grad():
        layer.weight.normal_(0, 1, generator=torch.Generator().manual_seed(1))
    assert audit(layer).problems == ()
    (finding,) = audit(layer, expect={"weight": "classic_uniform"}).problems
    assert (finding.kind, finding.tensors) == ("expected", ("weight",))
    norm = torch.nn.LayerNorm(64)
    with torch.no_grad():
        norm.weight.normal_(0, 0.02, generator=torch.Generator().manual_seed(1))
    assert [each.tensors for each in audit(norm).problems] == [("weight",)]


def test_a_file_elsewhere_is_copied_first(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/bucket/model.safetensors", save({"w": torch.ones(3)}))
    with pytest.raises(CheckpointError, match="no file"):
        scan("memory://bucket/model.safetensors")
    how = {"same_names": True, "cache_storage": str(tmp_path)}
    path = fsspec.open_local("simplecache::memory://bucket/model.safetensors", simplecache=how)
    assert scan(path).rows[0].file == "model.safetensors"


def test_workers_of_dask_give_the_same_report(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    (tmp_path / "a.safetensors").write_bytes(save({f"{i}.weight": torch.ones(3) * i for i in range(4)}))
    path = str(tmp_path / "a.safetensors")
    here = {"processes": False, "n_workers": 1, "dashboard_address": None}
    with distributed.Client(**here) as client:
        reports = [scan(path, executor=client.get_executor()), *client.gather(client.map(scan, [path]))]
    assert {report.to_json() for report in reports} == {scan(path).to_json()}
