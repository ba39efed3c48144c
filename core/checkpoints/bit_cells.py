"""The 65 536 cells that numbers are counted in: a cell holds all that begin with the same 16 bits.

A number of one or two bytes has a cell of its own, so that its counts say all there is to say of a tensor but
the order of its numbers. A float32 shares one with those that differ from its 7th binary digit on, a float64
from its 4th.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..weights.laws import Array
from .stored_tensor import Bits

#: torch's dtypes whose numbers can be counted, by name.
COUNTED = (
    *("float64", "float32", "bfloat16", "float16"),
    *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"),
)
CELLS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of a dtype that hold finite numbers, rising; see ``of``."""

    #: where each stands among all 65 536
    codes: npt.NDArray[np.intp]
    #: what stands for the numbers in each: the number itself, or the middle of the cell
    values: Array
    #: the first real number that belongs to the cell, and the first that belongs to the next: where a real
    #: number is rounded to a dtype of two bytes, that is half-way between two of its numbers
    low: Array
    high: Array
    nan: npt.NDArray[np.intp]
    infinite: npt.NDArray[np.intp]
    #: those of numbers too small for the dtype's full precision; 0 is among them
    subnormal: npt.NDArray[np.intp]
    #: where each of all 65 536 stands among the rising ones; −1 where it holds no finite number
    places: npt.NDArray[np.intp]
    #: where those that hold 0 stand there
    around_0: npt.NDArray[np.intp]
    #: True if each cell holds one number
    exact: bool

    @property
    def count(self) -> int:
        """How many cells there are, finite or not."""
        return len(self.codes) + len(self.nan) + len(self.infinite)

    def held(self, counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
        """Return where finite numbers lie among the rising cells, and how many: of few numbers, in few."""
        places = self.places[np.flatnonzero(counts != 0)]
        at = np.sort(places[places >= 0])
        return at, counts[self.codes[at]]


@lru_cache(maxsize=len(COUNTED))
def cells_of(dtype: str) -> Cells:
    """Return the cells of one of ``COUNTED``; whole numbers of four bytes and more are counted as float64."""
    kind = counted_as(dtype)
    first, last = _ends(kind)
    nan, infinite = (np.flatnonzero(found) for found in (np.isnan(first), np.isinf(first)))
    subnormal = _subnormal(kind, first)
    codes = np.flatnonzero(np.isfinite(first))
    # of numbers of one sign, −0 comes before 0
    codes = codes[np.lexsort((~np.signbit(first[codes]), first[codes] / 2 + last[codes] / 2))]
    near, far = first[codes], last[codes]
    exact = kind.itemsize <= 2
    values = near if exact else near / 2 + far / 2
    low, high = _between(near) if exact else (np.minimum(near, far), np.maximum(near, far))
    places = np.full(len(first), -1)
    places[codes] = np.arange(len(codes))
    around_0 = np.flatnonzero((low <= 0) & (high >= 0))
    return Cells(codes, values + 0.0, low, high, nan, infinite, subnormal, places, around_0, exact)


def counted_as(dtype: str) -> torch.dtype:
    """Return what a dtype's numbers are turned into before they are counted."""
    kind: torch.dtype = getattr(torch, dtype)
    wide = not kind.is_floating_point and kind.itemsize >= 4
    return torch.float64 if wide else kind


def numbers_of(dtype: str) -> Callable[[Bits], npt.NDArray[Any]]:
    """Return what turns the bits of a dtype of four or eight bytes into numbers, whole ones into float64."""
    kind: torch.dtype = getattr(torch, dtype)
    seen_as = np.dtype(dtype)
    if kind.is_floating_point:
        return lambda bits: bits.view(seen_as)
    return lambda bits: bits.view(seen_as).astype(np.float64)


def _ends(kind: torch.dtype) -> tuple[Array, Array]:
    """Return the numbers of each cell nearest to and furthest from 0, by the cell's bits."""
    if kind.itemsize <= 2:
        unsigned = torch.uint8 if kind.itemsize == 1 else torch.int16
        every = torch.arange(2 if kind == torch.bool else 1 << 8 * kind.itemsize, device="cpu")
        values = every.to(unsigned).view(kind).double().numpy()
        return values, values
    bits = np.arange(CELLS, dtype=np.uint64) << np.uint64(8 * kind.itemsize - 16)
    rest = np.uint64((1 << (8 * kind.itemsize - 16)) - 1)
    whole, held = (np.uint32, np.float32) if kind.itemsize == 4 else (np.uint64, np.float64)
    with np.errstate(invalid="ignore"):
        near, far = (
            (bits | extra).astype(whole).view(held).astype(np.float64) for extra in (np.uint64(0), rest)
        )
    return near, far


def _between(values: Array) -> tuple[Array, Array]:
    """Return the points half-way to the number before and to the next one."""
    middles = values[1:] / 2 + values[:-1] / 2
    return np.concatenate([[-np.inf], middles]), np.concatenate([middles, [np.inf]])


def _subnormal(kind: torch.dtype, first: Array) -> npt.NDArray[np.intp]:
    """Return the cells of numbers below the smallest normal one; none of whole numbers, none of 8 bits."""
    if not kind.is_floating_point or kind.itemsize == 1:
        return np.empty(0, np.intp)
    return np.flatnonzero(np.abs(first) < torch.finfo(kind).smallest_normal)
