"""Reports that are kept for links: found again by any process, bounded, and by no other name."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

from core import CheckpointError, Report, audit
from pages.state import reports
from tests.support.stream import ROOT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(reports, "FOLDER", tmp_path / "kept")
    reports._read_already.clear()
    yield tmp_path / "kept"
    reports._read_already.clear()


def _report(width: int) -> Report:
    return audit(nn.Linear(3, width))


def test_what_is_kept_is_found_by_the_hash_of_its_json(folder: Path) -> None:
    report = _report(4)
    key = reports.keep(report)
    assert key == hashlib.sha256(report.to_json().encode()).hexdigest()[:16]
    found = reports.kept(key)
    assert found is not None
    assert found.to_json() == report.to_json()
    assert [path.name for path in folder.iterdir()] == [key]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / key).stat().st_mode & 0o077 == 0


def test_another_process_s_report_is_found_and_one_that_is_gone_is_not(folder: Path) -> None:
    key = reports.keep(_report(4))
    reports._read_already.clear()  # as in a process that has not kept it
    assert reports.kept(key) is not None
    (folder / key).unlink()
    assert reports.kept(key) is None


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 16, "0" * 15, "0" * 17, "0" * 16 + "\n"])
def test_no_other_name_is_looked_for(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_touched", lambda path: pytest.fail(f"looked for {path}"))
    assert reports.kept(key) is None


def test_of_too_many_the_oldest_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST", 2)
    keys = []
    for at, width in enumerate((4, 5, 6)):
        keys.append(reports.keep(_report(width)))
        os.utime(folder / keys[-1], (at, at))
    fresh = reports.keep(_report(7))
    assert {path.name for path in folder.iterdir()} == {keys[2], fresh}


def test_what_is_asked_for_is_no_longer_the_oldest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST", 2)
    first, second = (reports.keep(_report(width)) for width in (4, 5))
    for at, key in enumerate((first, second), start=1):
        os.utime(folder / key, (at, at))
    reports.kept(first)
    third = reports.keep(_report(6))
    assert {path.name for path in folder.iterdir()} == {first, third}
    assert second not in {first, third}


def test_bytes_are_bounded_and_one_that_is_too_large_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(_report(4).to_json())
    monkeypatch.setattr(reports, "MOST_BYTES", size + size // 2)
    old = reports.keep(_report(4))
    os.utime(folder / old, (1, 1))
    new = reports.keep(_report(5))
    assert [path.name for path in folder.iterdir()] == [new]
    monkeypatch.setattr(reports, "MOST_BYTES", size // 2)
    with pytest.raises(CheckpointError, match="at most"):
        reports.keep(_report(6))


def test_so_many_are_kept_as_the_runbook_says() -> None:
    runbook = re.sub(r"\s+", " ", (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8"))
    assert f"without weights, up to {reports.MOST} of them and {reports.MOST_BYTES >> 30} GB" in runbook


def test_a_damaged_file_is_none(folder: Path) -> None:
    key = reports.keep(_report(4))
    reports._read_already.clear()
    (folder / key).write_text('{"format": 1}')
    assert reports.kept(key) is None


def test_names_that_are_no_text_are_kept() -> None:
    """As the path of a file may be on Linux: it is read back with a question mark."""
    report = _report(4)
    odd = Report("a\udc80", report.rows, report.coverage)
    key = reports.keep(odd)
    reports._read_already.clear()
    found = reports.kept(key)
    assert found is not None
    assert found.format == "a?"
