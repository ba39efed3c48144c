"""How far two runs through the same products of matrices may lie apart.

A library adds a product's terms in the order that its kernel likes, which goes by the processor, the shape,
the address and the threads. Draws and what is added and multiplied entry by entry know no order: there
tests ask for the same bits.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor


def rounding(dtype: torch.dtype, *, depth: int, width: int) -> float:
    """Return how far apart, relative to its RMS, two ways may leave a signal after ``depth`` products.

    In any order a sum of n products lies within n·u·Σ|wᵢxᵢ| of the exact one, u = eps/2 (Higham 2002, section
    3.1), and as errors have both signs, about √n·u·Σ|wᵢxᵢ| (Higham & Mary 2019). Σ|wᵢxᵢ| ≤ |w||x|, which for
    random weights is √n times the RMS of w·x: n·u a product. Products add theirs up, and two ways may err to
    opposite sides: depth·n·eps. Half precision is added in float32 and rounded at the end: eps a product.
    """
    fine = torch.finfo(dtype).eps if dtype.itemsize > 2 else torch.finfo(torch.float32).eps
    return depth * max(torch.finfo(dtype).eps, width * fine)


def assert_like(
    found: npt.ArrayLike, expected: npt.ArrayLike, dtype: torch.dtype, *, depth: int, width: int
) -> None:
    """Assert that mean squares, which double a relative error, are the same but for rounding."""
    rtol = 2 * rounding(dtype, depth=depth, width=width)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def assert_close(found: Tensor, expected: Tensor, *, depth: int, width: int) -> None:
    """Assert that tensors are the same but for rounding, each entry beside the largest."""
    largest = float(expected.detach().abs().max())
    near: dict[str, Any] = {"rtol": 0, "atol": largest * rounding(expected.dtype, depth=depth, width=width)}
    torch.testing.assert_close(found, expected, **near)


def assert_drawn_alike(found: Tensor, expected: Tensor, scheme: str) -> None:
    """Assert that two draws are the same bits; an orthogonal one is LAPACK's, a product a column."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if "orthogonal" in scheme and expected.dim() > 1:
        rows, columns = expected.flatten(1).shape
        assert_close(found, expected, depth=min(rows, columns), width=max(rows, columns))
    else:
        assert torch.equal(found, expected), scheme


#: a number as torch prints it
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]\d+)?")


def assert_prints_like(found: str, expected: str) -> None:
    """Assert that tensors print alike but for one in the last of torch's four digits."""
    one, two = (" ".join(NUMBER.sub("#", text).split()) for text in (found, expected))
    assert one == two
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in (found, expected)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1.01e-4, abs=1.01e-4)
