"""Draw a tensor, or the summary of one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from core import devices
from core.errors import Cancelled, DtypeError, ParameterError, SizeError
from core.fans import checked_shape, is_whole
from core.laws import EDGE_SIGMAS, Band, Law
from core.schemes import Scheme, scheme_of
from core.summary import Summary

#: The dtypes that torch.nn.init draws, on every device but one: mps has no float64.
DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)

#: Weights counted at a time: 256 kB of float64, which stay in a core's cache.
CHUNK = 1 << 15

Progress = Callable[[int, int], bool | None]


def draw(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    **params: Any,
) -> Tensor:
    """Draw a weight tensor of ``shape``, ``(out, in, *kernel)``, with the scheme called ``key``.

    The numbers are those of ``torch.nn.init`` with a fresh generator of this ``seed`` on ``device``;
    torch's global generator does not move.

    Raises:
        InitLabError: one of the types in ``core.errors``, before anything is allocated.
    """
    scheme, _, target = check(key, shape, seed=seed, device=device, dtype=dtype, **params)
    return _fill(scheme, torch.empty(checked_shape(shape), dtype=dtype, device=target), seed, params)


def summarize(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    bins: int = 200,
    progress: Progress | None = None,
    **params: Any,
) -> Summary:
    """Draw as ``draw`` does and keep only the summary, over ``bins`` bins set by the law.

    ``progress(done, total)`` is called between chunks, in weights.

    Raises:
        InitLabError: see ``draw``.
        Cancelled: if ``progress`` returned False.
    """
    scheme, law, target = check(key, shape, seed=seed, device=device, dtype=dtype, **params)
    edges, bands = law.edges(bins), [rounded(band, dtype) for band in law.bands]
    tensor = _fill(scheme, torch.empty(checked_shape(shape), dtype=dtype, device=target), seed, params)
    summary, done = None, 0
    for chunk in torch.split(tensor.flatten(), CHUNK):
        part = Summary.of(_as_numpy(chunk), edges=edges, bands=bands, eps=torch.finfo(dtype).eps)
        summary = part if summary is None else summary.merge(part)
        done += chunk.numel()
        if progress is not None and progress(done, tensor.numel()) is False:
            raise Cancelled
    assert summary is not None  # noqa: S101 - a checked shape has at least one weight
    return summary


def _fill(scheme: Scheme, tensor: Tensor, seed: int, params: dict[str, Any]) -> Tensor:
    generator = Generator(device=tensor.device).manual_seed(int(seed))
    return scheme.fill_(tensor, generator=generator, **params)


def rounded(band: Band, dtype: torch.dtype) -> Band:
    """Return ``band`` as weights of ``dtype`` can keep to it.

    A wall is rounded to ``dtype``, as the weights themselves are; a yardstick stays where it is.
    """
    if band.kind == "coverage":
        return band
    low, high = torch.tensor([band.low, band.high], dtype=torch.float64).to(dtype).tolist()
    return replace(band, low=low, high=high)


def check(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    **params: Any,
) -> tuple[Scheme, Law, torch.device]:
    """Check a whole request, as ``draw`` takes it, without drawing; return what it resolves to.

    Raises:
        InitLabError: see ``draw``.
    """
    scheme = scheme_of(key)
    law = scheme.law(shape, **params)
    if dtype not in DTYPES:
        allowed = ", ".join(str(d) for d in DTYPES)
        raise DtypeError(
            f"The dtype must be one of {allowed}; it was {dtype}.", code="dtype.unknown", value=str(dtype)
        )
    # torch takes seeds of 64 bits, signed or not
    if not is_whole(seed, -(2**63), 2**64 - 1):
        raise ParameterError(
            f"The seed must be a whole number from -2^63 to 2^64 - 1; it was {seed!r}.",
            code="parameter.seed",
            value=seed,
        )
    target = devices.resolve(device)
    if target.type == "mps" and dtype == torch.float64:
        raise DtypeError(
            "An mps device has no float64; choose float32, bfloat16 or float16.",
            code="dtype.device",
            dtype="float64",
            device="mps",
        )
    _check_fits_dtype(law, dtype)
    needed = math.prod(checked_shape(shape)) * dtype.itemsize
    memory = devices.memory_bytes(target)
    if needed > memory:
        raise SizeError(
            f"{needed / 1e9:.1f} GB of weights do not fit into this machine's {memory / 1e9:.1f} GB.",
            code="size.memory",
            needed=needed,
            memory=memory,
        )
    return scheme, law, target


def _check_fits_dtype(law: Law, dtype: torch.dtype) -> None:
    """Refuse a law whose weights ``dtype`` would turn into inf, 0 or one single value."""
    limits = torch.finfo(dtype)
    low, high = law.support
    if not math.isfinite(high - low):
        low, high = law.mean - EDGE_SIGMAS * law.std, law.mean + EDGE_SIGMAS * law.std
    largest = max(abs(low), abs(high))
    too_large = largest > limits.max or high - low > limits.max
    too_small = 0 < largest < limits.tiny or 0 < law.std < 4 * limits.eps * largest / EDGE_SIGMAS
    if too_large or too_small:
        raise DtypeError(
            f"{dtype} cannot hold weights of this law: it spans {low:g} to {high:g}, and {dtype} "
            f"reaches {limits.max:g} with steps of {limits.eps * largest:g} there.",
            code="dtype.range",
            dtype=str(dtype).removeprefix("torch."),
            low=low,
            high=high,
            largest=limits.max,
            step=limits.eps * largest,
        )


def _as_numpy(chunk: Tensor) -> np.ndarray[Any, np.dtype[np.floating[Any]]]:
    """Bring a flat chunk to the CPU; numpy has no bfloat16, and float32 holds it exactly."""
    if chunk.dtype == torch.bfloat16:
        chunk = chunk.float()
    return chunk.cpu().numpy()
