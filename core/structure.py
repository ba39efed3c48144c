"""What holds exactly in a weight whose entries hang together, and how often it fails."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

#: Inner products of an orthogonal matrix's vectors may be this many machine epsilons off.
TOLERANCE = 64
#: With entries rounded to eps/2 of themselves, an inner product of unit vectors is off by eps at most, by
#: Cauchy and Schwarz; twice that leaves room for subnormals.
CAST = 2


def slack(dtype: torch.dtype) -> float:
    """Return how far an orthogonal matrix's inner products may be off in ``dtype``.

    Half precision is drawn in float32 and cast.
    """
    eps = torch.finfo(dtype).eps
    return TOLERANCE * eps if dtype.itemsize >= 4 else TOLERANCE * torch.finfo(torch.float32).eps + CAST * eps


def defects(function: str, weight: Tensor, arguments: Mapping[str, Any]) -> int | None:
    """Count what is wrong in a weight that ``torch.nn.init``'s ``function`` has filled.

    Of ``orthogonal_``: the pairs of rows (or of columns, if these are fewer) whose inner product is
    not g² or 0. Of ``sparse_``: the columns with too few zeros. Of ``eye_`` and ``dirac_``: the weights
    that are not the 0 or 1 that they must be. None for a function that promises nothing exact.
    """
    if function == "orthogonal_":
        drawn = weight.float() if weight.dtype.itemsize < 4 else weight
        # without the gain, whose square may leave the dtype's range
        matrix = drawn.reshape(weight.shape[0], -1) / (arguments["gain"] or 1.0)
        vectors = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
        wanted = torch.eye(len(vectors), dtype=drawn.dtype, device=weight.device)
        off = vectors @ vectors.T - (wanted if arguments["gain"] else 0)
        within = off.abs() <= slack(weight.dtype)  # False for nan, too
        return int((~within).sum())
    if function == "sparse_":
        zeros = math.ceil(arguments["sparsity"] * weight.shape[0])
        return int(((weight == 0).sum(dim=0) < zeros).sum())
    if function in {"eye_", "dirac_"}:
        return int((weight != _ones(weight, arguments.get("groups", 1))).sum())
    return None


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
