"""What the layers of each framework start with is the law that its documentation gives."""

import math

import pytest
import torch
from torch import nn

from core import ShapeError
from core.code.rosetta import defaults
from core.code.rosetta_rows import NOTES
from tests.support.framework_calls import CUT, assert_law, said_cut, said_uniform


def test_defaults_are_those_of_the_layers() -> None:
    shape = (300, 200)
    rows = {row.framework: row for row in defaults(shape)}
    assert list(rows) == ["torch", "keras", "flax", "timm"]
    assert_law(rows["torch"].law, said_uniform(-1 / math.sqrt(200), 1 / math.sqrt(200)), shape)
    assert_law(rows["keras"].law, said_uniform(-math.sqrt(6 / 500), math.sqrt(6 / 500)), shape)
    parent = 1 / math.sqrt(200) / CUT
    assert_law(rows["flax"].law, said_cut(parent, -2 * parent, 2 * parent), shape)
    assert_law(rows["timm"].law, said_cut(0.02, -2, 2), shape)
    assert rows["timm"].notes == ("stray",)
    assert rows["timm"].call == "timm.layers.trunc_normal_(w, std=0.02)"
    assert all(
        row.source.url.startswith("https://") and set(row.notes) <= set(NOTES) for row in rows.values()
    )


@pytest.mark.parametrize("layer", [nn.Linear(40, 30), nn.Conv2d(8, 30, 3)], ids=str)
def test_torch_s_default_is_the_layer_s_own(layer: nn.Linear | nn.Conv2d) -> None:
    shape = tuple(layer.weight.shape)
    w = torch.empty(shape)
    torch_row, *_, timm_row = defaults(shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12)
        layer.reset_parameters()
        torch.manual_seed(12)
        eval(torch_row.call, {"torch": torch, "math": math, "w": w})  # noqa: S307 - the table's own code
    assert torch.equal(w, layer.weight)
    assert torch_row.law.support[1] == pytest.approx(1 / math.sqrt(w[0].numel()))
    # timm leaves its vision transformer's convolution as torch made it
    assert (timm_row.call == torch_row.call) == (len(shape) > 2)


def test_a_default_needs_fans() -> None:
    with pytest.raises(ShapeError):
        defaults((5,))
