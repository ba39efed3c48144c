"""Any draw as PyTorch code that reproduces it exactly."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from core.fans import checked_shape
from core.schemes import scheme_of


def pytorch_code(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    **params: Any,
) -> str:
    """Return a script that draws, bit for bit, what ``draw`` with the same arguments does.

    Arguments that equal torch's own defaults are left out.
    """
    call = scheme_of(key).call(shape, **params)
    defaults = inspect.signature(getattr(nn.init, call.function)).parameters
    words = [f"{name}={value!r}" for name, value in call.arguments.items() if defaults[name].default != value]
    sizes = ", ".join(map(str, checked_shape(shape)))
    where = "" if dtype == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    lines = ["import torch", "from torch import nn", ""]
    if call.takes_global:
        lines.append(
            f"torch.manual_seed({seed})  # {call.function} takes its zeros from the global generator"
        )
    elif call.random:
        on = "" if device == "cpu" else f'device="{device}"'
        lines.append(f"generator = torch.Generator({on}).manual_seed({seed})")
        words.append("generator=generator")
    lines += [
        f"weight = torch.empty({sizes}{where})",
        f"nn.init.{call.function}({', '.join(['weight', *words])})",
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"
