"""Fans against numbers counted by hand and against torch's own rule."""

import numpy as np
import pytest
import torch
from torch import nn

from core import Fans, ShapeError
from tests.cases import FANS


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
