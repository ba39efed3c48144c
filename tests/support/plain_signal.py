"""Networks written by hand in plain torch, to which the signal page's numbers are held."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.torch_calls import CALLS

TYPED = (
    "xavier_normal",
    "kaiming_normal",
    "normal",
    "normal(std=0.5)",
    "normal(std=0.0005)",
    "normal(std=0.3)",
    "constant(val=0.2)",
    "orthogonal",
    "zeros",
)
#: scheme → torch's own call
FILLS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "classic_uniform": lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)),
    **{name: CALLS[name] for name in TYPED},
}
LESSON = ("classic_uniform", "xavier_normal", "kaiming_normal")


class Plain(NamedTuple):
    """Networks written by hand, a seed each: (seeds, depth, samples, width), in float64."""

    h: torch.Tensor
    x: torch.Tensor
    slope: torch.Tensor
    #: of Σ g·h in the last layer, by autograd through the whole network
    gradient: torch.Tensor

    def rms(self, values: torch.Tensor) -> np.ndarray:
        """(seeds, depth)"""
        return values.square().mean((2, 3)).sqrt().numpy()


@cache
def plain_run(
    scheme: str,
    activation: str = "relu",
    *,
    depth: int = 30,
    width: int = 48,
    seeds: tuple[int, ...] = (40, 41, 42),
    samples: int = 4,
    scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Plain:
    found: list[list[torch.Tensor]] = [[], [], [], []]
    phi = {"relu": torch.relu, "tanh": torch.tanh, "linear": lambda z: z * 1, "sigmoid": torch.sigmoid}
    for seed in seeds:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            x = torch.empty(samples, width, dtype=dtype).normal_() * scale
            hs, xs = [], []
            for _ in range(depth):
                h = F.linear(x, FILLS[scheme](torch.empty(width, width, dtype=dtype)))
                h.requires_grad_() if not hs else h.retain_grad()
                x = phi[activation](h)
                hs.append(h)
                xs.append(x)
            back = torch.empty(samples, width, dtype=dtype).normal_()
        hs[-1].backward(back)
        slopes = []
        for h in hs:
            z = h.detach().requires_grad_()
            (slope,) = torch.autograd.grad(phi[activation](z).sum(), z)
            slopes.append(slope)
        for into, values in zip(found, (hs, xs, slopes, [h.grad for h in hs]), strict=True):
            into.append(torch.stack([value.detach().double() for value in values]))
    return Plain(*(torch.stack(values) for values in found))


NET = {"depth": "30", "width": "48", "seeds": "3", "samples": "4"}


def middle_of(rms: np.ndarray) -> np.ndarray:
    """Return the geometric mean over seeds, (depth,)."""
    return np.exp(np.log(rms).mean(0))


def first_place(where: np.ndarray) -> int:
    """Return the first place, counted from 1, where it is so."""
    assert where.any()
    return int(np.flatnonzero(where)[0]) + 1
