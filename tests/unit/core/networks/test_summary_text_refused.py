"""What cannot be summed up is refused by name, and nothing is left behind."""

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import Net, Network, NetworkError, parameter_count, summary_text
from tests.support.marks import generator_stays
from tests.support.summed_up import refused, seeded, stack

pytestmark = generator_stays


class Fails(nn.Module):
    """Draws a number, and fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.inner, self.error = nn.Linear(3, 2), error

    def forward(self, x: Tensor) -> Tensor:
        torch.rand(3)
        self.inner(x)
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("no"),
        ValueError("no"),
        TypeError("no"),
        IndexError("no"),
        NotImplementedError("no"),
        AssertionError("no"),
        AttributeError("no"),
        KeyError("no"),
    ],
    ids=repr,
)
def test_a_module_that_fails_leaves_nothing_behind(error: Exception) -> None:
    module = seeded(lambda: stack(nn.Linear(3, 3), Fails(error)))
    assert refused(module, (3,)).code == "network.summary"


@pytest.mark.parametrize("size", [(4,), (2, 2), (), (0,), (-3,)], ids=str)
def test_an_input_of_another_shape_is_refused(size: tuple[int, ...]) -> None:
    net = Net(Network.of("3-4.relu-2.softmax"), seed=1)
    error = refused(net, size)
    assert error.code == "network.summary"
    assert error.facts["shape"] == size


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (lambda: stack(nn.Conv2d(3, 4, 5)), (3, 4, 4)),
        (lambda: stack(nn.Bilinear(3, 3, 2)), (3,)),
        (lambda: stack(nn.TransformerEncoderLayer(4, 2)), (5, 3)),
        (stack, (3,)),
    ],
    ids=[
        "small image",
        "two inputs",
        "features",
        "no parts",
    ],
)
def test_what_torchsummary_cannot_sum_up_is_refused(
    build: Callable[[], nn.Module], size: tuple[int, ...]
) -> None:
    """Too small an image, too few inputs, a module without parts: it fails on each in its way."""
    assert refused(seeded(build), size).code == "network.summary"


HUGE = 10**5000


@pytest.mark.parametrize(
    ("size", "batch", "code"),
    [
        *[((3,), batch, "network.batch") for batch in (0, -2, True, "5", None, 2.0, HUGE, -HUGE, math.nan)],
        *[
            (size, 5, "network.summary")
            for size in (None, 3, "3", b"3", {3}, (True,), (3.0,), (math.nan,), [[3, "a"]], ((3,), 4))
        ],
        *[(size, 5, "network.summary") for size in ((HUGE,), (0, HUGE), (2**13, 2**14), ((3,), (-1,)))],
    ],
    ids=lambda value: type(value).__name__,
)
def test_invalid_sizes_are_refused_before_anything_runs(size: Any, batch: Any, code: str) -> None:
    with pytest.raises(NetworkError) as e:
        summary_text(seeded(lambda: stack(nn.Linear(3, 2))), size, batch)
    assert e.value.code == code
    assert len(str(e.value)) < 300


@pytest.mark.parametrize("module", [None, 3, "x", nn.Linear, torch.relu])
def test_what_is_not_a_module_is_refused(module: Any) -> None:
    for call in (lambda: summary_text(module, (3,), 5), lambda: parameter_count(module)):
        with pytest.raises(NetworkError) as e:
            call()
        assert e.value.code == "network.module"


def test_a_module_that_cannot_be_copied_is_refused() -> None:
    module = seeded(lambda: stack(nn.Linear(3, 2)))
    module.lock = threading.Lock()  # type: ignore[assignment]
    assert refused(module, (3,)).code == "network.summary"
