"""How many processes a machine carries, how they take turns, and what they count together."""

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pages.server.machine_resources import SharedLock, processes
from pages.server.process_group import added_up
from pages.server.seats import Seats

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")

GB = 1 << 30


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GB // 4096}
    monkeypatch.setattr(os, "sysconf", lambda name: sizes[name])


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("files", "allowed", "right"),
    [
        ({}, 0, 8),
        ({"cpu.max": "max 100000\n"}, 0, 8),
        ({"cpu.max": "200000 100000\n"}, 0, 2),
        ({"cpu.max": "350000 100000\n"}, 0, 3),
        ({"cpu.max": "50000 100000\n"}, 0, 1),
        ({"cpu.max": "1600000 100000\n"}, 0, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0, 8),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0, 4),
        ({"memory.max": "max\n"}, 0, 8),
        ({"memory.max": f"{GB}\n"}, 0, 3),  # 400 MB, and twice 300
        ({"memory.max": f"{GB // 2}\n"}, 0, 1),
        ({"memory.max": f"{GB // 4}\n"}, 0, 1),
        ({"memory/memory.limit_in_bytes": f"{2 * GB}\n"}, 0, 6),
        ({}, 1024, 3),
        ({"memory.max": f"{2 * GB}\n", "cpu.max": "200000 100000\n"}, 0, 2),
    ],
)
def test_one_process_a_core_as_container_and_memory_allow(
    files: dict[str, str], allowed: int, right: int, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert processes(0, allowed, tmp_path) == right
    assert processes(5, allowed, tmp_path) == 5  # who says so has them


@pytest.mark.usefixtures("eight_cores")
def test_elsewhere_than_on_linux_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [processes(wanted, 0, tmp_path) for wanted in (0, 1, 4)] == [1, 1, 1]


def _forked(what: Any) -> Any:
    process = multiprocessing.get_context("fork").Process(target=what, daemon=True)
    process.start()
    return process


def test_processes_take_turns_and_one_that_dies_has_left() -> None:
    turn, (hears, says) = SharedLock(), multiprocessing.Pipe(duplex=False)

    def stays() -> None:
        with turn:
            says.send("in")
            multiprocessing.Event().wait()

    def comes() -> None:
        with turn:
            says.send("next")

    first = _forked(stays)
    assert hears.recv() == "in"
    second = _forked(comes)
    assert not hears.poll(0.3)
    first.kill()
    assert hears.poll(10)
    assert hears.recv() == "next"
    second.join(10)
    with turn:  # and it is free
        pass


def test_seats_are_counted_by_all_processes_and_those_of_one_can_be_forgotten() -> None:
    seats = Seats(3, 2, processes=2)

    def other() -> None:
        seats.process = 1
        with seats.seat("a"), seats.seat("b"):
            os._exit(0)

    assert not seats.is_full("a")
    with seats.seat("a"):
        _forked(other).join(10)
        assert (seats.taken(0), seats.taken(1)) == (1, 2)
        assert seats.is_full("c")  # three in all
        seats.clear(1)
        assert (seats.taken(0), seats.taken(1)) == (1, 0)
        assert not seats.is_full("a")
        with seats.seat("a"):
            assert seats.is_full("a")  # two of one address
            assert not seats.is_full("c")
    assert seats.taken(0) == 0


def test_metrics_of_several_processes_are_added_up() -> None:
    """Each family stands together, as OpenMetrics wants it, whichever process has lines of it."""
    one = '# TYPE a counter\n# HELP a What.\na_total{type="x y"} 2\n# TYPE s gauge\ns 0.25\n# EOF\n'
    other = (
        '# TYPE a counter\n# HELP a What.\na_total{type="x y"} 1e3\na_total{type="z"} 7\n'
        "# TYPE s gauge\ns 0.5\n# TYPE b gauge\nb 3\n# EOF\n"
    )
    assert added_up([one, other]).splitlines() == [
        "# TYPE a counter",
        "# HELP a What.",
        'a_total{type="x y"} 1002',
        'a_total{type="z"} 7',
        "# TYPE s gauge",
        "s 0.75",
        "# TYPE b gauge",
        "b 3",
        "# EOF",
    ]
