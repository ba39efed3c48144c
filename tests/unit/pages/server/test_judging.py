"""Files are judged in a process of their own: with the same outcome, in its turn, and again should it end."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from pages.server import judging
from pages.server.judging import Counted, Judge, Stored, judged
from pages.state import reports
from pages.text import Text
from tests.support.counted import told_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")
MB = 1 << 20


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "FOLDER", tmp_path / "reports")
    monkeypatch.setattr(judging, "SAY", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = torch.Generator().manual_seed(1)
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        save({f"{i}.weight": 0.02 * torch.randn(40, 30, generator=rng) for i in range(50)}),
    )
    return path


class _Beside:
    """A judge's process."""

    def __init__(self, judge: Judge) -> None:
        self.channel, theirs = socket.socketpair()
        self.process = multiprocessing.get_context("fork").Process(
            target=self._work, args=(judge, self.channel, theirs), daemon=True
        )
        self.process.start()
        theirs.close()

    @staticmethod
    def _work(judge: Judge, ours: socket.socket, theirs: socket.socket) -> None:
        ours.close()
        judge.serve(theirs)

    def ended(self) -> int | None:
        """End it as the one that listens does by ending, and return its status."""
        self.channel.close()
        self.process.join(10)
        return self.process.exitcode


@pytest.fixture
def idle() -> Iterator[Judge]:
    """A judge whose process has not begun."""
    with closing(Judge()) as made:
        yield made


@pytest.fixture
def judge(idle: Judge) -> Iterator[Judge]:
    beside = _Beside(idle)
    yield idle
    assert beside.ended() == 0


def _go(_done: int, _total: int) -> bool:
    return True


def _works(file: Path, opened: Any) -> list[judging.Work]:
    return [Counted(told_of(file), MB), Stored(opened.fileno(), "model.safetensors")]


@pytest.mark.parametrize("at", [0, 1], ids=["counted", "stored"])
def test_the_outcome_is_that_of_work_done_here(at: int, judge: Judge, file: Path) -> None:
    with file.open("rb") as opened:
        work = _works(file, opened)[at]
        here, far = judged(work, "en", _go), list[tuple[int, int]]()
        reports._read_already.clear()
        there = judge.ask(work, "en", lambda done, total: not far.append((done, total)))
    assert there.line == here.line
    assert there.report is not None
    assert here.report is not None
    assert there.report.to_json() == here.report.to_json()
    assert reports.kept(here.line["key"]) is there.report  # at hand, and not read anew
    assert far
    assert all(0 < done <= total for done, total in far)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_refused_is_so_in_the_visitor_s_language(language: str, judge: Judge) -> None:
    work = Counted(b"no counts", MB)
    assert judge.ask(work, language, _go) == judged(work, language, _go)
    assert judge.ask(work, "en", _go).line != judge.ask(work, "zh", _go).line


def test_who_leaves_ends_it(judge: Judge, file: Path) -> None:
    asked = judge.ask(Counted(told_of(file), MB), "en", lambda _done, _total: False)
    assert asked.line == {"refused": Text("en")("drop.cut")}
    assert judge.ask(Counted(told_of(file), MB), "en", _go).report is not None


def test_it_comes_after_those_that_draw_pages_and_ends_with_who_listens(idle: Judge) -> None:
    beside = _Beside(idle)
    assert "key" not in idle.ask(Counted(b"", MB), "en", _go).line  # it has begun
    assert os.sched_getscheduler(beside.process.pid or 0) == os.SCHED_IDLE
    assert beside.ended() == 0


def test_one_that_ends_is_noticed_and_what_is_asked_then_waits_for_the_next(idle: Judge, file: Path) -> None:
    first, work = _Beside(idle), Counted(told_of(file), MB)

    def kill(_done: int, _total: int) -> bool:
        os.kill(first.process.pid or 0, signal.SIGKILL)
        first.process.join()
        return True

    with pytest.raises(EOFError):
        idle.ask(work, "en", kill)
    assert first.ended() == -signal.SIGKILL
    found: list[judging.Judged] = []
    asks = threading.Thread(target=lambda: found.append(idle.ask(work, "en", _go)), daemon=True)
    asks.start()
    second = _Beside(idle)
    asks.join(10)
    assert [each.report is not None for each in found] == [True]
    assert second.ended() == 0
