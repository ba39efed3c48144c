"""Networks of linear layers as plain torch builds and runs them by hand."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tests.support.torch_calls import CALLS

#: of a linear layer; the first is what it has of itself
FILLS: dict[str, Callable[[Tensor], object]] = {"classic_uniform": lambda _: None, **CALLS}
#: an activation, and torch's module
MODULES: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": nn.Identity(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "hard_tanh": nn.Hardtanh(),
    "erf": torch.special.erf,
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "softplus": nn.Softplus(),
    "softsign": nn.Softsign(),
    "softmax": nn.Softmax(dim=-1),
}
#: units, scheme, bias, activation
Row = tuple[int, str, str, str]


def text_of(inputs: int, rows: Sequence[Row]) -> str:
    bias = {"default": "", "zeros": ".zeros_bias", "none": ".no_bias"}
    return f"{inputs}-" + "-".join(f"{n}.{scheme}{bias[b]}.{follows}" for n, scheme, b, follows in rows)


def plain(
    inputs: int,
    rows: Sequence[Row],
    *,
    seed: int,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> list[tuple[nn.Linear, Callable[[Tensor], Tensor]]]:
    """Build the layers as one would by hand after ``torch.manual_seed``."""
    layers = []
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        for units, scheme, bias, follows in rows:
            layer = nn.Linear(inputs, units, bias=bias != "none", device=device, dtype=dtype)
            FILLS[scheme](layer.weight)
            if bias == "zeros":
                nn.init.zeros_(layer.bias)
            layers.append((layer, MODULES[follows]))
            inputs = units
    return layers


def run(layers: Sequence[tuple[nn.Linear, Callable[[Tensor], Tensor]]], x: Tensor) -> Tensor:
    for layer, follows in layers:
        x = follows(layer(x))
    return x


#: of seven rows, each its class of three
LABELS = [0, 2, 1, 1, 0, 2, 2]
