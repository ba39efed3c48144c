"""What all scripts write alike: a device's name, and a call of torch.nn.init."""

import inspect

import torch
from torch import nn

from .. import devices
from ..weights.scheme import Call

#: Products of matrices are added up in an order that goes by the threads, and the server has one.
ONE_THREAD = "torch.set_num_threads(1)  # as Init Lab runs: with more, sums are added up in another order"


def named(device: object) -> str:
    """Return a device's name as code writes it."""
    return str(devices.named(device))  # type: ignore[arg-type]


def is_cast(call: Call, dtype: torch.dtype) -> bool:
    """Tell whether a call draws in float32 for a tensor of ``dtype``, which is cast to it."""
    return call.cast and torch.promote_types(dtype, torch.float32) != dtype


def filling(weight: str, call: Call, *words: str, cast: bool = False) -> str:
    """Return the line that fills ``weight`` by a call, or copies into it what was drawn in float32."""
    drawn = f"{weight}.data.float()" if cast else weight
    filled = f"nn.init.{call.function}({', '.join([drawn, *arguments(call), *words])})"
    return f"{weight}.data.copy_({filled})" if cast else filled


def arguments(call: Call) -> list[str]:
    """Return a call's arguments as code, without those that equal torch's own defaults."""
    defaults = inspect.signature(getattr(nn.init, call.function)).parameters
    return [f"{name}={value!r}" for name, value in call.arguments.items() if defaults[name].default != value]
