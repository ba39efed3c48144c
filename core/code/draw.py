"""A draw as a PyTorch script that draws the same."""

from collections.abc import Sequence
from typing import Any

import torch

from ..weights.draw import Draw
from ..weights.schemes import scheme_of
from .writing import ONE_THREAD, arguments, filling, is_cast


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
        InitLabError: see ``draw``; but the device may be another machine's, and so the size.
    """
    return script(Draw(key, shape, seed=seed, device=device, dtype=dtype, here=False, **params))


def script(draw: Draw) -> str:
    """Return the script of ``pytorch_code`` for a draw that has been checked."""
    call, device, dtype = draw.call, str(draw.device), draw.dtype
    words = arguments(call)
    where = "" if dtype == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    lines = ["import torch", "from torch import nn", ""]
    if call.function == "orthogonal_":  # LAPACK's, and so made of products
        lines.append(ONE_THREAD)
    if call.takes_global:
        lines.append(
            f"torch.manual_seed({draw.seed})  # {call.function} takes its zeros from the global generator"
        )
    elif call.random:
        on = "" if device == "cpu" else f'device="{device}"'
        lines.append(f"generator = torch.Generator({on}).manual_seed({draw.seed})")
        words.append("generator=generator")
    cast = is_cast(call, dtype)
    if cast:  # drawn in float32
        where = where.replace(f", dtype={dtype}", "")
    lines += [
        f"weight = torch.empty({', '.join(map(str, draw.shape))}{where})",
        f"nn.init.{call.function}({', '.join(['weight', *words])})",
        *([f"weight = weight.to({dtype})"] if cast else []),
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"


def call_code(key: str, shape: Sequence[int], **params: Any) -> str:
    """Return the one call of ``torch.nn.init`` that draws a scheme into a weight ``w`` of this shape."""
    call = scheme_of(key).call(shape, **params)
    return filling("w", call, cast=call.cast)
