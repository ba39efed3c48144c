"""A draw tells its progress, can be cancelled, and lets another thread's large draw wait."""

import math
import threading
from collections.abc import Callable

import pytest
import torch

from core import Cancelled, devices, draw, summarize
from core.signals import trace as signal
from core.weights import sampling
from core.weights.sampling import PART
from tests.support.cases import Case
from tests.support.marks import cases, generator_stays
from tests.support.shapes import Shape

pytestmark = generator_stays


@cases
def test_what_is_drawn_part_by_part_has_no_limit_but_time(case: Case) -> None:
    """Uniform, normal and constant weights follow one after the other; all others need the whole tensor."""
    shape = case.shape_of(1200)
    one_by_one = case.truth(shape).family in {"uniform", "normal", "point"} and case.key != "sparse"
    assert sampling.streams(case.key, shape, **case.params) == one_by_one
    assert not sampling.streams(case.key, shape, "cuda", **case.params)


def _progress_of(key: str, shape: Shape, **params: float) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    summarize(key, shape, seed=0, progress=lambda done, total: seen.append((done, total)), **params)
    return seen


def test_progress_of_a_stream_counts_its_parts() -> None:
    n = 2 * PART + 1000
    assert _progress_of("zeros", (n // 8, 8)) == [(PART, n), (2 * PART, n), (n, n)]


@pytest.mark.parametrize(
    ("key", "shape", "params"),
    [
        ("trunc_normal", (1500, 1000), {"a": -0.5, "b": 0.7}),
        ("trunc_normal", (300, 500), {"a": 0.5, "b": 1.0}),
        ("sparse", (300, 50), {}),
        ("orthogonal", (300, 500), {}),
        ("dirac", (30, 50, 3), {}),
        ("normal", (1, 1), {}),
        ("kaiming_uniform", (1500, 1000), {}),
    ],
)
def test_progress_never_falls_and_ends_with_all(key: str, shape: Shape, params: dict[str, float]) -> None:
    seen, n = _progress_of(key, shape, **params), math.prod(shape)
    done = [count for count, _ in seen]
    assert done == sorted(done)
    assert all(0 <= count <= n for count in done)
    assert seen[-1] == (n, n)
    assert {total for _, total in seen} == {n}
    if key in {"sparse", "trunc_normal"}:  # one report a column; one a round of redrawing
        assert len(seen) >= (50 if key == "sparse" else 3)


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("normal", (2000, 1100)),
        ("zeros", (2000, 1100)),
        ("trunc_normal", (2000, 600)),
        ("sparse", (50, 60)),
        ("orthogonal", (50, 60)),
    ],
)
def test_a_caller_can_cancel(key: str, shape: Shape, calls: int) -> None:
    heard = 0

    def progress(_done: int, _total: int) -> bool:
        nonlocal heard
        heard += 1
        return heard < calls

    with pytest.raises(Cancelled):
        summarize(key, shape, seed=0, progress=progress)
    assert heard == calls


#: A tensor that is drawn alone: while it is, no other of this size is.
LARGE = ("orthogonal", (2200, 2100))


def _within(progress: Callable[[int, int], None], work: str) -> None:
    if work == "summarize":
        summarize(*LARGE, seed=1, progress=progress)
    else:
        signal.trace("xavier_normal", "relu", depth=1, width=4096, seeds=1, progress=progress)


@pytest.mark.parametrize("work", ["summarize", "trace"])
def test_what_reports_progress_may_draw_something_large_itself(work: str) -> None:
    """It waited for the very work that it reports on."""
    drawn: list[torch.Size] = []

    def progress(_: int, __: int) -> None:
        if not drawn:
            drawn.append(draw(*LARGE, seed=2).shape)

    thread = threading.Thread(target=_within, args=(progress, work), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert drawn == [torch.Size((2200, 2100))]


def test_another_thread_waits_for_what_is_drawn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "LARGE", 1)
    order: list[str] = []

    def second() -> None:
        with devices.alone(2):
            order.append("second")

    with devices.alone(2):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.05)
        order.append("first")
    other.join(5)
    assert order == ["first", "second"]
