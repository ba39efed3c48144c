"""A file is read, judged and reported: in threads or processes, whole or stopped."""

import json
import math
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core import InitLabError, Report, scan
from core.checkpoints.scan import report_of
from core.errors import Cancelled
from tests.support.stored_tensors import contents


def _saved(folder: Path, module: nn.Module, name: str = "model.pt") -> Path:
    torch.save(module.state_dict(), folder / name)
    return folder / name


def _net(seed: int = 1) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))


def _taught(net: nn.Sequential, steps: int) -> nn.Sequential:
    """Train with Adam on the classes that a linear teacher gives to random inputs."""
    rng = torch.Generator().manual_seed(4)
    x = torch.randn(600, 64, generator=rng)
    y = (x @ torch.randn(64, 10, generator=rng)).argmax(1)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    return net


def test_a_net_before_and_after_its_training(tmp_path: Path) -> None:
    before, after = scan(_saved(tmp_path, _net())), scan(_saved(tmp_path, _taught(_net(), 200)))
    assert (before.state, after.state) == ("initialised", "trained")
    assert before.problems == after.problems == ()
    assert before.rows[0].init is not None
    assert before.rows[0].init.schemes[0].key == "classic_uniform"
    assert {change.status for change in before.compare(after)} == {"changed"}
    assert {change.status for change in before.compare(before)} == {"equal"}


def test_rows_are_in_the_file_s_order_whoever_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a new process starts by running the main module, which tests of pages leave to be a page
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    path = _saved(tmp_path, _net())
    meant = {"*.weight": "kaiming_normal"}
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1, get_context("spawn")) as processes:
        reports = [scan(path, expect=meant, executor=each) for each in (None, threads, processes)]
        reports.append(processes.submit(scan, path, expect=meant).result())  # a worker a file
    assert [row.name for row in reports[0].rows] == [*_net().state_dict()]
    assert reports[0].problems
    assert len({report.to_json() for report in reports}) == 1
    assert len({tuple(row.digest for row in report.rows) for report in reports}) == 1


def test_progress_counts_numbers_and_can_end_it(tmp_path: Path) -> None:
    path, seen = _saved(tmp_path, _net()), []
    scan(path, progress=lambda done, total: seen.append((done, total)))
    numbers = sum(p.numel() for p in _net().parameters())
    assert seen[-1] == (numbers, numbers)
    assert len(seen) == 6
    with pytest.raises(Cancelled):
        scan(path, progress=lambda *_: False)


def test_an_executor_that_takes_no_work_is_refused(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(InitLabError, match="executor"):
        scan(_saved(tmp_path, _net()), executor=executor)


def test_what_changes_while_it_is_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    path = _saved(tmp_path, _net())
    from core.checkpoints.file_formats import opened  # noqa: PLC0415

    found = opened(path)
    path.write_bytes(path.read_bytes()[:-3000])
    report = report_of(found)
    assert report.coverage.skipped
    assert {each.code.partition(".")[0] for each in report.coverage.skipped} == {"checkpoint"}
    assert len(report.rows) + len(report.coverage.skipped) == 6


def test_complex_numbers_are_skipped_with_a_reason() -> None:
    report = report_of(contents({"a": torch.ones(2, dtype=torch.complex64), "b": torch.ones(2)}))
    (skipped,) = report.coverage.skipped
    assert (skipped.name, skipped.code) == ("a", "checkpoint.dtype")
    assert report.coverage.tensors == 1


def _odd() -> dict[str, Tensor]:
    return {
        "nan|name": torch.tensor([math.nan, 1.0]),
        "none": torch.empty(0, 3),
        "huge": torch.tensor([1e300]).double(),
    }


@pytest.mark.parametrize("tensors", [_net().state_dict(), _odd()], ids=["net", "odd"])
def test_the_report_is_json_and_a_table(tensors: dict[str, Tensor]) -> None:
    report = report_of(contents(tensors))
    read = json.loads(report.to_json())
    assert [each["name"] for each in read["tensors"]] == [*tensors]
    assert read["state"] == report.state
    lines = [line for line in report.to_markdown().splitlines() if line.startswith("|")]
    assert len(lines) == len(tensors) + 2
    assert {line.count("|") for line in lines} == {9}


def test_bins_hold_every_number_once() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int64):
        tensor = (torch.randn(5000, generator=torch.Generator().manual_seed(1)) * 3).to(dtype)
        (row,) = report_of(contents({"weight": tensor})).rows
        assert row.counts.sum() == 5000
        assert (np.diff(row.edges) > 0).all()
        whole = tensor.double().numpy()
        if dtype.is_floating_point:
            wanted, _ = np.histogram(whole.clip(row.edges[0], np.nextafter(row.edges[-1], 0)), row.edges)
            assert (
                np.abs(wanted - row.counts).max() <= 1
            )  # a number on an edge, as bins of two bytes have none


def test_a_report_is_compared_with_a_report() -> None:
    one = report_of(contents({"a": torch.ones(3, 4), "b": torch.randn(9), "gone": torch.ones(1)}))
    two = report_of(contents({"a": torch.ones(4, 3), "b": torch.full((9,), 2.0), "new": torch.ones(1)}))
    assert [(each.name, each.status) for each in one.compare(two)] == [
        ("a", "reshaped"),
        ("b", "changed"),
        ("gone", "removed"),
        ("new", "added"),
    ]
    with pytest.raises(InitLabError):
        one.compare("two")  # type: ignore[arg-type]
    assert isinstance(one, Report)
