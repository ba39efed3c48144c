"""Fans against numbers counted by hand and against torch's own rule."""

import pytest
import torch
from torch import nn

from core import Fans, ShapeError

# shape (out, in, *kernel) → fan_in, fan_out, counted by hand
BY_HAND = {
    (256, 512): (512, 256),
    (3, 5): (5, 3),
    (1, 7): (7, 1),
    (7, 1): (1, 7),
    (16, 8, 5): (40, 80),
    (64, 32, 3, 3): (288, 576),
    (4, 6, 3, 2, 5): (180, 120),
}


@pytest.mark.parametrize(("shape", "fans"), BY_HAND.items(), ids=str)
def test_fans_are_those_counted_by_hand_and_torch_s(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert Fans.of(shape) == Fans(*fans)
    assert nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)) == fans


@pytest.mark.parametrize("shape", [(), (5,), (0, 5), (5, -1), (5, 2.0), (True, 3)], ids=str)
def test_a_shape_without_fans_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        Fans.of(shape)
