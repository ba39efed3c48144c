"""What a formula may call: each function as torch computes it, and where it bends or jumps."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .activations import ACTIVATIONS


@dataclass(frozen=True, slots=True)
class _Function:
    """One of torch's functions: of u, and of parameters that are numbers."""

    #: how a PyTorch file calls it; '' for z itself
    code: str
    function: Callable[..., Tensor]
    #: where it bends or jumps in u: places, or what its parameters make of them
    breaks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    #: its parameters by torch's names, with torch's defaults; None where there is none
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    #: whether torch has it with these parameters
    has: Callable[..., bool] = lambda *_: True
    #: whether it jumps with these parameters
    jumps: Callable[..., bool] = lambda *_: False

    def filled(self, given: list[float]) -> list[float]:
        """Return the values of all parameters, of which these are given."""
        return [*given, *list(self.parameters.values())[len(given) :]]  # type: ignore[list-item]

    def places(self, given: list[float]) -> tuple[float, ...]:
        """Return where it bends or jumps with the parameters given."""
        return self.breaks if isinstance(self.breaks, tuple) else self.breaks(*self.filled(given))


#: Name → function; what an activation is called alone is its row.
FUNCTIONS: Mapping[str, _Function] = (
    {
        name: _Function(f"torch.{name}", getattr(torch, name))
        for name in ("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "sin", "cos", "sinc")
    }
    | {name: _Function(f"torch.{name}", getattr(torch, name)) for name in ("sinh", "cosh", "asinh", "atan")}
    | {key: _Function(row.code, row.function, row.breaks) for key, row in ACTIVATIONS.items()}
    | {
        "abs": _Function("torch.abs", torch.abs, (0.0,)),
        "sign": _Function("torch.sign", torch.sign, (0.0,), jumps=lambda: True),
        "gelu_tanh": _Function("F.gelu", partial(F.gelu, approximate="tanh")),
        "relu6": _Function("F.relu6", F.relu6, (0.0, 6.0)),
        "hardsigmoid": _Function("F.hardsigmoid", F.hardsigmoid, (-3.0, 3.0)),
        "hardswish": _Function("F.hardswish", F.hardswish, (-3.0, 3.0)),
        "logsigmoid": _Function("F.logsigmoid", F.logsigmoid),
        "tanhshrink": _Function("F.tanhshrink", F.tanhshrink),
        "leaky_relu": _Function("F.leaky_relu", F.leaky_relu, (0.0,), {"negative_slope": 0.01}),
        "elu": _Function("F.elu", F.elu, (0.0,), {"alpha": 1}),
        "celu": _Function("F.celu", F.celu, (0.0,), {"alpha": 1}, has=lambda alpha: alpha != 0),
        "hard_tanh": _Function(
            "F.hardtanh",
            F.hardtanh,
            lambda low, high: (low, high),
            {"min_val": -1, "max_val": 1},
            has=lambda low, high: low <= high,
        ),
        # above its threshold it is u itself, off by e^−threshold; torch's own error, 2e-9, is tolerated
        "softplus": _Function(
            "F.softplus",
            F.softplus,
            lambda beta, threshold: (threshold / beta,),
            {"beta": 1, "threshold": 20},
            has=lambda beta, threshold: beta != 0,  # noqa: ARG005
            jumps=lambda beta, threshold: threshold < 20,  # noqa: ARG005
        ),
        "softshrink": _Function(
            "F.softshrink", F.softshrink, lambda b: (-b, b), {"lambd": 0.5}, has=lambda b: b >= 0
        ),
        "hardshrink": _Function(
            "F.hardshrink", F.hardshrink, lambda b: (-b, b), {"lambd": 0.5}, jumps=lambda b: b > 0
        ),
        "threshold": _Function(
            "F.threshold",
            F.threshold,
            lambda at, value: (at,),  # noqa: ARG005
            {"threshold": None, "value": None},
            jumps=lambda at, value: at != value,
        ),
    }
)


#: Name → its arguments by torch's names, and how many of them a formula must give.
SIGNATURES: Mapping[str, tuple[tuple[str, ...], int]] = {
    name: (("input", *f.parameters), 1 + list(f.parameters.values()).count(None))
    for name, f in FUNCTIONS.items()
} | {"min": (("input", "other"), 2), "max": (("input", "other"), 2), "clip": (("input", "min", "max"), 2)}


#: Other names that torch, or its users, have for them.
ALIASES = {
    "swish": "silu",
    "hardtanh": "hard_tanh",
    "clamp": "clip",
    "minimum": "min",
    "maximum": "max",
    "arctan": "atan",
    "arcsinh": "asinh",
    "sgn": "sign",
}


CALLED = (*SIGNATURES, *ALIASES)
CONSTANTS = {"pi": math.pi, "e": math.e}
VARIABLES = ("z", "x")
#: Every name that a formula may hold; before a function's may stand ``F.``, ``torch.`` and their like.
NAMES = ("z", *CONSTANTS, *CALLED)
#: What computes each call of the tree that ``_Translation`` makes.
TORCH: dict[str, Callable[..., Tensor]] = {f.code: f.function for f in FUNCTIONS.values()}


TORCH |= {"torch.clamp": torch.clamp, "torch.maximum": torch.maximum, "torch.minimum": torch.minimum}


TORCH |= {"F.gelu": F.gelu}


OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
