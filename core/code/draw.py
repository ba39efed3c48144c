"""A draw as a PyTorch script that draws the same."""

from collections.abc import Sequence
from typing import Any

import torch

from core.checks import checked_dtype
from core.code.writing import arguments, filling, is_cast, named
from core.weights.fans import checked_shape
from core.weights.sampling import checked_seed
from core.weights.schemes import scheme_of


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

    That holds where both run on one machine: see ``draw``. An orthogonal weight is LAPACK's, and the same
    but for rounding. Arguments that equal torch's own defaults are left out.

    Raises:
        InitLabError: see ``draw``; the device may be another machine's.
    """
    call = scheme_of(key).call(shape, **params)
    words = arguments(call)
    sizes = ", ".join(map(str, checked_shape(shape)))
    device, seed = named(device), checked_seed(seed)
    where = "" if checked_dtype(dtype) == torch.float32 else f", dtype={dtype}"
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
    cast = is_cast(call, dtype)
    if cast:  # drawn in float32
        where = where.replace(f", dtype={dtype}", "")
    lines += [
        f"weight = torch.empty({sizes}{where})",
        f"nn.init.{call.function}({', '.join(['weight', *words])})",
        *([f"weight = weight.to({dtype})"] if cast else []),
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"


def call_code(key: str, shape: Sequence[int], **params: Any) -> str:
    """Return the one call of ``torch.nn.init`` that draws a scheme into a weight ``w`` of this shape."""
    call = scheme_of(key).call(shape, **params)
    return filling("w", call, cast=call.cast)
