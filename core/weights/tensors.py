"""Tensors and arrays that are there already: which can be looked at, part by part, and their moments."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..checks import checked_kind, is_lazy, unfit
from ..errors import DeviceError, ShapeError
from .rounding import checked_held

#: Weights of a tensor that is there already, looked at at a time.
PART = 1 << 21


def parts(flat: Tensor) -> Sequence[Tensor]:
    """Cut a flat tensor into parts, so that copies of them take little memory."""
    return torch.split(flat, PART)


def moments_of(flat: Tensor) -> tuple[float, tuple[float, float, float]]:
    """Return the mean of all that is finite, and the sums of powers of the deviations from it.

    They are about the sample's own mean, for it may lie far from the law's bins.
    """

    def finite() -> Iterator[Tensor]:
        for part in parts(flat):
            wide = part.double()
            yield wide[wide.isfinite()]

    one = tuple(finite()) if len(flat) <= PART else None  # which may well be held while it is looked at twice
    sums, sizes = zip(*((float(part.sum()), len(part)) for part in one or finite()), strict=True)
    mean = math.fsum(sums) / sum(sizes)
    powers = [[float(((part - mean) ** k).sum()) for k in (2, 3, 4)] for part in one or finite()]
    second, third, fourth = (math.fsum(column) for column in zip(*powers, strict=True))
    return mean, (second, third, fourth)


def checked_weights(weights: Any) -> Tensor:
    """Return the weights as a tensor of a dtype that can be summarised.

    Raises:
        InitLabError: if there are none, or they are no dense tensor of real numbers.
    """
    if isinstance(weights, np.ndarray | np.generic) and not isinstance(weights, np.ma.MaskedArray):
        weights = _from_numpy(weights)
    tensor: Tensor = checked_kind("weights", weights, Tensor, "a torch tensor or a numpy array")
    if is_lazy(tensor):
        raise ShapeError("shape.lazy")
    checked_held(tensor.dtype)
    if tensor.is_nested or tensor.layout != torch.strided:
        raise unfit("weights", weights, "one dense tensor")
    if "meta" in {tensor.device.type, tensor.untyped_storage().device.type}:  # the latter of a FakeTensor
        raise DeviceError("device.meta", value="meta")
    if not tensor.numel():
        raise ShapeError("shape.empty")
    return tensor.detach().resolve_neg().cpu()


def _from_numpy(array: np.ndarray | np.generic) -> Tensor:
    """Return a tensor of the array's own numbers, in the machine's byte order."""
    try:
        return torch.from_numpy(np.array(array, array.dtype.newbyteorder("="), order="C"))
    except TypeError:  # objects, text, dates, long doubles
        checked_held(array.dtype)
        raise
