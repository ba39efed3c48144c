"""A run through a network as one would write it in plain torch."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.signals.trace import trace
from core.signals.trace_run import SignalTrace

Array = np.ndarray

#: scheme, parameters → the call of torch.nn.init that its documentation names
FILLS: Mapping[str, tuple[dict[str, Any], Callable[[Tensor], Tensor]]] = {
    "kaiming_normal": ({"nonlinearity": "relu"}, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
    "kaiming_uniform": ({"mode": "fan_out"}, lambda w: nn.init.kaiming_uniform_(w, mode="fan_out")),
    "xavier_uniform": ({"gain": 1.5}, lambda w: nn.init.xavier_uniform_(w, gain=1.5)),
    "normal": ({"std": 0.2, "mean": 0.01}, lambda w: nn.init.normal_(w, 0.01, 0.2)),
    "trunc_normal": (
        {"std": 0.2, "a": -0.3, "b": 0.5},
        lambda w: nn.init.trunc_normal_(w, 0, 0.2, -0.3, 0.5),
    ),
    "orthogonal": ({"gain": 1.2}, lambda w: nn.init.orthogonal_(w, gain=1.2)),
    "sparse": ({"sparsity": 0.4, "std": 0.3}, lambda w: nn.init.sparse_(w, sparsity=0.4, std=0.3)),
    "eye": ({}, nn.init.eye_),
    "constant": ({"val": 0.03}, lambda w: nn.init.constant_(w, 0.03)),
}
PHI: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z * 1,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_tanh": F.hardtanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "z*tanh(z) - 1": lambda z: z * torch.tanh(z) - 1,
    "-tanh(3*z)": lambda z: -torch.tanh(3 * z),
}


class Plain(NamedTuple):
    """One network as one would write it by hand: (depth, batch, width) each, as float64."""

    h: Tensor
    x: Tensor
    #: of Σ g·h in the last layer, by autograd through the whole network
    gradient: Tensor
    #: of each weight, (depth, width, width)
    weight_gradient: Tensor


def plain(
    scheme: str,
    phi: str,
    *,
    depth: int,
    width: int,
    seed: int,
    batch: int = 1,
    bias: str | float = "none",
    input: str = "normal",
    input_scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Plain:
    """Draw on the global generator, as a script does: input, weights and biases, what comes back."""
    weights, hs, xs = [], [], []
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        x = torch.empty(batch, width, dtype=dtype)
        fill = {
            "normal": x.normal_,
            "uniform": lambda: x.uniform_(-math.sqrt(3), math.sqrt(3)),
            "pixels": lambda: x.uniform_(0, 1),
            "ones": lambda: x.fill_(1),
        }[input]
        x = fill() * input_scale
        for _ in range(depth):
            weight = FILLS[scheme][1](torch.empty(width, width, dtype=dtype)).requires_grad_()
            b = None
            if bias == "torch":
                b = torch.empty(width, dtype=dtype).uniform_(-1 / math.sqrt(width), 1 / math.sqrt(width))
            elif bias != "none":
                b = torch.empty(width, dtype=dtype).normal_(0, bias)
            h = F.linear(x, weight, b)
            h.retain_grad()
            x = PHI[phi](h)
            weights.append(weight)
            hs.append(h)
            xs.append(x)
        back = torch.empty(batch, width, dtype=dtype).normal_()
    hs[-1].backward(back)

    def stacked(tensors: list[Any]) -> Tensor:
        return torch.stack([t.detach().double() for t in tensors])

    return Plain(
        stacked(hs), stacked(xs), stacked([h.grad for h in hs]), stacked([weight.grad for weight in weights])
    )


def traced(scheme: str, phi: str, **given: Any) -> SignalTrace:
    return trace(scheme, phi, **given, **FILLS[scheme][0])


def mean_square(values: Tensor) -> Array:
    """Over units, then over samples."""
    return values.square().mean(2).mean(1).numpy()


SIZE = {"depth": 6, "width": 33}
