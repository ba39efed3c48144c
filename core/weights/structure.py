"""What holds exactly in a weight whose entries depend on each other, and how often it fails."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .laws import Law
from .rounding import spacing, ways

#: Inner products of an orthogonal matrix's vectors may be this many machine epsilons off.
TOLERANCE = 64


#: Multiplications for which the inner products of a matrix's vectors are looked at: a second or two.
LOOK = 1 << 36


def missing(law: Law, weight: Tensor, drawn_in: torch.dtype | None) -> int | None:
    """Count what is wrong in a weight by its law's pattern; None if there is none, or it cannot be seen.

    It cannot be seen in a tensor of another shape, or a matrix that takes more than ``LOOK`` multiplications.
    The weight was drawn in ``drawn_in``; if that is None, it may show the rounding of any dtype that it may
    have been drawn in.
    """
    pattern, shape = law.pattern, tuple(weight.shape)
    if pattern is None:
        return None
    if pattern.function == "orthogonal_":
        shape = (shape[0], math.prod(shape[1:])) if len(shape) > 1 else ()
        if weight.numel() * min(pattern.shape) > LOOK:
            return None
    if shape != pattern.shape:
        return None
    wide = weight.float() if weight.dtype.itemsize == 1 and pattern.function != "orthogonal_" else weight
    passed = (drawn_in,) if drawn_in else ways(weight.dtype)
    return defects(pattern.function, wide, dict(pattern.arguments), passed)


def defects(
    function: str, weight: Tensor, arguments: Mapping[str, Any], passed: Sequence[torch.dtype] = ()
) -> int | None:
    """Count what is wrong in a weight that ``torch.nn.init``'s ``function`` has filled.

    ``passed`` are the dtypes that it has passed through, beside its own.

    Of ``orthogonal_``: the pairs of rows (or of columns, if these are fewer) whose inner product is
    not g² or 0. Of ``sparse_``: the columns with too few zeros. Of ``eye_`` and ``dirac_``: the weights
    that are not the 0 or 1 that they must be. None for a function that promises nothing exact.
    """
    if function == "orthogonal_":
        # without the gain, whose square may leave the dtype's range
        gain = arguments["gain"] or 1.0
        matrix = weight.reshape(weight.shape[0], -1)
        matrix = (matrix.float() if weight.dtype.itemsize < 4 else matrix) / gain
        vectors = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
        wanted = torch.eye(len(vectors), dtype=matrix.dtype, device=weight.device)
        off = vectors @ vectors.T - (wanted if arguments["gain"] else 0)
        within = off.abs() <= _room(
            {weight.dtype, *passed}, vectors.shape[1], abs(gain)
        )  # False for nan, too
        return int((~within).sum())
    if function == "sparse_":
        zeros = math.ceil(arguments["sparsity"] * weight.shape[0])
        return int(((weight == 0).sum(dim=0) < zeros).sum())
    if function in {"eye_", "dirac_"}:
        return int((weight != _ones(weight, arguments.get("groups", 1))).sum())
    return None


def worked_in(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which an orthogonal matrix was computed: torch has no QR in half precision."""
    return dtype if dtype.itemsize >= 4 else torch.float32


def _room(dtypes: Collection[torch.dtype], length: int, gain: float) -> float:
    """Return how far from 0 or 1 the inner product of two vectors of ``length`` entries may be.

    A cast moves a unit vector by at most δ: u, plus half of the smallest number for each entry. By the
    Cauchy–Schwarz inequality that moves an inner product by at most 2δ + δ².
    """
    room = TOLERANCE * max(torch.finfo(worked_in(dtype)).eps for dtype in dtypes)
    narrow = [dtype for dtype in dtypes if dtype.itemsize < 4]
    off = sum(
        spacing(1.0, dtype) / 2 + math.sqrt(length) * spacing(0.0, dtype) / 2 / gain for dtype in narrow
    )
    return room + 2 * off + off**2


def _ones(weight: Tensor, groups: int) -> Tensor:
    """Return the pattern: unit i of each group reads input i, at the middle of the kernel."""
    pattern = torch.zeros_like(weight)
    units = weight.shape[0] // groups
    middle = pattern
    for size in weight.shape[2:]:
        middle = middle.select(2, size // 2)
    i = torch.arange(min(units, weight.shape[1]), device=weight.device)
    for group in range(groups):
        middle[group * units + i, i] = 1
    return pattern
