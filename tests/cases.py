"""Schemes and shapes that many tests run over, with what their sources say of them.

Everything expected here is written out by hand from the paper or from torch's documentation; nothing
is taken from core.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

SHAPES = ((256, 512), (512, 256), (3, 5), (33, 64, 5), (64, 32, 3, 3), (6, 4, 3, 2, 5))
#: (fan_in, fan_out) of the shapes above, counted by hand
FANS = {
    (256, 512): (512, 256),
    (512, 256): (256, 512),
    (3, 5): (5, 3),
    (33, 64, 5): (320, 165),
    (64, 32, 3, 3): (288, 576),
    (6, 4, 3, 2, 5): (120, 180),
}

Draw = Callable[[Tensor, torch.Generator], Tensor]


class Case(NamedTuple):
    """One scheme with parameters: torch's call, and the family, centre and std its source claims."""

    key: str
    params: dict[str, float | str]
    draw: Draw
    family: str
    mean: float
    #: fans → std
    std: Callable[[int, int], float]


def _case(
    key: str, family: str, draw: Draw, std: object, mean: float = 0.0, /, **params: float | str
) -> Case:
    scale = std if callable(std) else lambda *_: std
    return Case(key, params, draw, family, mean, scale)


init = nn.init
CASES = (
    _case("uniform", "uniform", lambda w, g: init.uniform_(w, generator=g), 1 / math.sqrt(12), 0.5),
    _case(
        "uniform",
        "uniform",
        lambda w, g: init.uniform_(w, -0.25, 2, generator=g),
        2.25 / math.sqrt(12),
        0.875,
        a=-0.25,
        b=2,
    ),
    _case("normal", "normal", lambda w, g: init.normal_(w, generator=g), 1.0),
    _case("normal", "normal", lambda w, g: init.normal_(w, 3, 0.5, generator=g), 0.5, 3.0, mean=3.0, std=0.5),
    _case("zeros", "point", lambda w, _: init.zeros_(w), 0.0),
    _case("ones", "point", lambda w, _: init.ones_(w), 0.0, 1.0),
    _case("constant", "point", lambda w, _: init.constant_(w, 5), 0.0, 5.0),
    _case("constant", "point", lambda w, _: init.constant_(w, -0.25), 0.0, -0.25, val=-0.25),
    _case(  # torch's default: leaky_relu with slope 0, gain √2
        "kaiming_normal",
        "normal",
        lambda w, g: init.kaiming_normal_(w, generator=g),
        lambda fan_in, _: math.sqrt(2 / fan_in),
    ),
    _case(
        "kaiming_normal",
        "normal",
        lambda w, g: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu", generator=g),
        lambda _, fan_out: math.sqrt(2 / fan_out),
        mode="fan_out",
        nonlinearity="relu",
    ),
    _case(  # He et al. 2015, eq. 15: std² = 2/((1 + a²)·fan)
        "kaiming_uniform",
        "uniform",
        lambda w, g: init.kaiming_uniform_(w, a=0.25, generator=g),
        lambda fan_in, _: math.sqrt(2 / ((1 + 0.25**2) * fan_in)),
        a=0.25,
    ),
    _case(  # a acts only with leaky_relu
        "kaiming_uniform",
        "uniform",
        lambda w, g: init.kaiming_uniform_(w, a=0.25, nonlinearity="relu", generator=g),
        lambda fan_in, _: math.sqrt(2 / fan_in),
        a=0.25,
        nonlinearity="relu",
    ),
    _case(  # gain 5/3
        "kaiming_normal",
        "normal",
        lambda w, g: init.kaiming_normal_(w, nonlinearity="tanh", generator=g),
        lambda fan_in, _: 5 / 3 / math.sqrt(fan_in),
        nonlinearity="tanh",
    ),
    _case(  # gain 3/4
        "kaiming_uniform",
        "uniform",
        lambda w, g: init.kaiming_uniform_(w, nonlinearity="selu", generator=g),
        lambda fan_in, _: 3 / 4 / math.sqrt(fan_in),
        nonlinearity="selu",
    ),
    _case(  # gain 1
        "kaiming_normal",
        "normal",
        lambda w, g: init.kaiming_normal_(w, nonlinearity="linear", generator=g),
        lambda fan_in, _: 1 / math.sqrt(fan_in),
        nonlinearity="linear",
    ),
    _case(  # Glorot & Bengio 2010, eq. 12
        "xavier_normal",
        "normal",
        lambda w, g: init.xavier_normal_(w, generator=g),
        lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    ),
    _case(  # Glorot & Bengio 2010, eq. 16: ±√6/√(fan_in + fan_out)
        "xavier_uniform",
        "uniform",
        lambda w, g: init.xavier_uniform_(w, gain=2.5, generator=g),
        lambda fan_in, fan_out: 2.5 * math.sqrt(6 / (fan_in + fan_out)) / math.sqrt(3),
        gain=2.5,
    ),
    _case(  # the default of nn.Linear and nn.ConvNd
        "classic_uniform",
        "uniform",
        lambda w, g: init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
        lambda fan_in, _: 1 / math.sqrt(3 * fan_in),
    ),
)


def case_id(case: Case) -> str:
    """Return a test id such as kaiming_normal-mode=fan_out."""
    return "-".join([case.key, *(f"{k}={v}" for k, v in case.params.items())])
