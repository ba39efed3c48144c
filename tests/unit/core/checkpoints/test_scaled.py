"""Weights in 8 bits that a scale beside them makes numbers of say nothing of their start."""

import pytest
import torch

from core.checkpoints.scan import report_of
from tests.support.stored_tensors import contents

LARGEST = torch.finfo(torch.float8_e4m3fn).max


def _in_8_bits(weight: torch.Tensor, block: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a weight in square blocks, each as wide as the dtype reaches, and the scales of the blocks."""
    rows, columns = (side // block for side in weight.shape)
    blocks = weight.reshape(rows, block, columns, block)
    scale = blocks.abs().amax((1, 3), keepdim=True) / LARGEST
    return (blocks / scale).reshape(weight.shape).to(torch.float8_e4m3fn), scale.reshape(rows, columns)


@pytest.mark.parametrize(("scale", "block"), [("_scale", 128), ("_scale_inv", 32)])
def test_weights_of_one_law_stay_of_one_law_whatever_their_scales(scale: str, block: int) -> None:
    generator = torch.Generator().manual_seed(1)
    tensors = {"embed.weight": 0.02 * torch.randn(200, 128, generator=generator)}
    for layer in range(8):
        name = f"layers.{layer}.q_proj.weight"
        drawn = 0.02 * torch.randn(128, 128, generator=generator)
        tensors[name], tensors[name + scale] = _in_8_bits(drawn, block)
    report = report_of(contents(tensors))
    assert report.state == "initialised"
    assert report.problems == ()
    found = {row.name: (row.quantised, row.init) for row in report.rows}
    assert found["layers.3.q_proj.weight"] == ("float8_e4m3fn, scaled", None)
    alone = {name: each for name, each in tensors.items() if not name.endswith(scale)}
    assert not any(row.quantised for row in report_of(contents(alone)).rows)
