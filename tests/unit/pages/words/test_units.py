"""How many units a layer has: what torch's own layer puts out."""

import pytest
import torch
from torch import nn

from core import Layer
from pages.words.common import units


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Linear(5, 3), (5,)),
        (nn.Conv1d(4, 6, 3, groups=2), (4, 9)),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), (4, 9)),
        (nn.ConvTranspose2d(4, 1, 3), (4, 9, 9)),
        (nn.RNN(4, 6), (2, 4)),
        (nn.LSTM(4, 6), (2, 4)),
    ],
    ids=str,
)
def test_units_are_what_torch_puts_out(layer: nn.Module, inputs: tuple[int, ...]) -> None:
    out = layer(
        torch.zeros(1, *inputs) if isinstance(layer, nn.modules.conv._ConvNd) else torch.zeros(inputs)
    )
    out = out[0] if isinstance(out, tuple) else out
    channels = out.shape[1] if isinstance(layer, nn.modules.conv._ConvNd) else out.shape[-1]
    assert units(Layer.of(str(layer))) == channels
