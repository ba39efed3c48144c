"""What is counted of a network's gradients, beside torch's autograd over the layers one by one."""

import pytest
import torch
from torch.nn import functional

from pages.jobs import model

LABELS = (1, 0, 1, 1, 0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("data", ["", "0,1,2\n0,-1,1\n0,2,-1\n0,1,1\n0,-2,1"])
def test_units_that_stand_still_are_those_whose_whole_gradient_is_0(seed: int, data: str) -> None:
    """Of relu some units are dead, and give the weights of those after them an input of 0."""
    run = model.NetworkRun("3-4.relu-4.relu-2.softmax", seed, "cpu", "float64", 5, 7, data)
    net, x = model.built(run)
    layers = [getattr(net, name) for name in net.network.names]
    *hidden, last = layers
    for linear in hidden:
        x = functional.relu(functional.linear(x, linear.weight, linear.bias))
    logits = functional.linear(x, last.weight, last.bias)
    functional.cross_entropy(logits, torch.tensor(LABELS)).backward()
    still = [
        int((torch.cat([each.weight.grad, each.bias.grad[:, None]], 1).norm(dim=1) == 0).sum())
        for each in layers
    ]
    assert [row.still for row in model.gradients(run, LABELS)[1]] == still
