"""A run tells its progress, can be stopped, and holds no more memory for more layers."""

import gc
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from core import Cancelled
from core.signals.trace import trace
from tests.support.plain_networks import traced


@pytest.mark.parametrize("backward", [True, False])
def test_progress_is_told_after_each_layer(*, backward: bool) -> None:
    told: list[tuple[int, int]] = []
    found = traced(
        "kaiming_normal",
        "relu",
        depth=3,
        width=4,
        seeds=2,
        backward=backward,
        progress=lambda done, total: told.append((done, total)),
    )
    total = 2 * 3 * (2 if backward else 1)
    assert told == [(done, total) for done in range(1, total + 1)]
    assert np.isfinite(found.activation_mean_square).all()


@pytest.mark.parametrize("at", [1, 4, 7])
def test_progress_can_stop_it_at_once(at: int) -> None:
    told: list[int] = []

    def progress(done: int, _: int) -> bool:
        told.append(done)
        return done < at

    with pytest.raises(Cancelled):
        traced("kaiming_normal", "relu", depth=3, width=4, seeds=2, progress=progress)
    assert told == list(range(1, at + 1))


def test_what_progress_raises_reaches_the_caller() -> None:
    def progress(*_: int) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        traced("kaiming_normal", "relu", depth=3, width=4, seeds=2, progress=progress)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts pages as Linux does")
def test_memory_on_the_way_there_does_not_grow_with_depth() -> None:
    """A signal is 4 MiB, of which 40 layers would make 160 or more if they stayed."""
    page, resident = 4096, []

    def progress(*_: int) -> None:
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * page)

    trace(
        "kaiming_normal",
        "tanh",
        depth=60,
        width=64,
        batch=16_384,
        seeds=1,
        backward=False,
        progress=progress,
    )
    assert len(resident) == 60
    # the first layers fill what the allocator keeps at hand
    assert max(resident[20:]) - max(resident[:20]) < 80 * 2**20


def test_no_tensor_of_a_layer_stays_on_the_way_there() -> None:
    """Not even a small one: between large ones it keeps the allocator from using their place again."""
    numbers: dict[int, int] = {}

    def progress(done: int, _: int) -> None:
        if done in {4, 20, 30}:
            numbers[done] = sum(issubclass(type(found), Tensor) for found in gc.get_objects())

    gc.collect()
    traced("kaiming_normal", "tanh", depth=15, width=4, batch=2, seeds=2, backward=False, progress=progress)
    assert numbers[4] == numbers[20] == numbers[30]
