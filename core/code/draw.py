"""A draw as a PyTorch script that draws the same."""

from collections.abc import Sequence
from typing import Any

import torch

from core.checks import checked_dtype
from core.code.writing import arguments, filling, is_cast, named
from core.weights.draw import Draw, checked_seed
from core.weights.scheme import Call
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
    parsed = scheme_of(key).parsed(shape, params)
    return _script(parsed.call, parsed.shape, named(device), checked_seed(seed), checked_dtype(dtype))


def script(draw: Draw) -> str:
    """Return the script of ``pytorch_code`` for a draw that has been checked."""
    return _script(draw.call, draw.shape, str(draw.device), draw.seed, draw.dtype)


def _script(call: Call, shape: tuple[int, ...], device: str, seed: int, dtype: torch.dtype) -> str:
    words = arguments(call)
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
    cast = is_cast(call, dtype)
    if cast:  # drawn in float32
        where = where.replace(f", dtype={dtype}", "")
    lines += [
        f"weight = torch.empty({', '.join(map(str, shape))}{where})",
        f"nn.init.{call.function}({', '.join(['weight', *words])})",
        *([f"weight = weight.to({dtype})"] if cast else []),
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"


def call_code(key: str, shape: Sequence[int], **params: Any) -> str:
    """Return the one call of ``torch.nn.init`` that draws a scheme into a weight ``w`` of this shape."""
    call = scheme_of(key).call(shape, **params)
    return filling("w", call, cast=call.cast)
