"""Fans against numbers counted by hand and against torch's own rule."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import nn

from core import Fans, ParameterError, ShapeError
from core.signals import meanfield
from core.signals import trace as signal
from tests.support.shapes import FANS


@pytest.mark.parametrize(("shape", "fans"), FANS.items(), ids=str)
def test_fans_are_those_counted_by_hand_and_torch_s(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert Fans.of(shape) == Fans(*fans)
    assert nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)) == fans


def test_a_shape_may_be_written_with_numpy_s_numbers() -> None:
    assert Fans.of(np.array([3, 5, 2])) == Fans(fan_in=10, fan_out=6)


@pytest.mark.parametrize(
    "shape", [(), (5,), (0, 5), (5, -1), (5, 2.0), (True, 3), "35", (3, None), 7, None], ids=str
)
def test_a_shape_without_fans_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        Fans.of(shape)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_sequence_may_have_as_many_members_as_is_said_and_no_more(
    kind: Callable[[list[int]], Sequence[int]],
) -> None:
    """64 dimensions are what torch can count; the other two limits are those of the refusals."""
    assert Fans.of(kind([3, 5, *[1] * 62])) == Fans(fan_in=5, fan_out=3)
    with pytest.raises(ShapeError, match="64 dimensions"):
        Fans.of(kind([3, 5, *[1] * 63]))
    assert signal.checked_seeds(kind([*range(1000)])) == tuple(range(1000))
    with pytest.raises(ParameterError, match="from 1 to 1000 seeds"):
        signal.checked_seeds(kind([*range(1001)]))
    assert meanfield.plane("linear", kind([1] * 1024), kind([0])).q.shape == (1, 1024)
    with pytest.raises(ParameterError, match="1024 numbers at most"):
        meanfield.plane("linear", kind([1] * 1025), kind([0]))
