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
    function, arguments = scheme_of(key).call(**params)
    defaults = inspect.signature(getattr(nn.init, function)).parameters
    words = [f"{name}={value!r}" for name, value in arguments.items() if defaults[name].default != value]
    random = "generator" in defaults
    sizes = ", ".join(map(str, checked_shape(shape)))
    where = "" if dtype == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    lines = ["import torch", "from torch import nn", ""]
    if random:
        on = "" if device == "cpu" else f'device="{device}"'
        lines.append(f"generator = torch.Generator({on}).manual_seed({seed})")
        words.append("generator=generator")
    lines += [
        f"weight = torch.empty({sizes}{where})",
        f"nn.init.{function}({', '.join(['weight', *words])})",
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"
