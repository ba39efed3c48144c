"""The rows of a weight, each the numbers that feed one output unit: their size, and which are equal."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ..weights.laws import Array
from .bit_cells import cells_of, counted_as
from .stored_tensor import PART, Bits

#: A row of fewer numbers than these may be another's by chance, or be 0.
ROW = 8
#: Numbers that are hashed together where there are no rows.
BLOCK = 1 << 13
#: Numbers of a row this small have been decayed or pruned away: no product of float32 sees them.
NOTHING = 1e-16
#: In no more blocks than these is a weight sharded.
MOST_BLOCKS = 64


def row_length(dtype: str, shape: tuple[int, ...]) -> int:
    """Return how many numbers a row has; 0 where rows are not looked at."""
    if len(shape) < 2 or not counted_as(dtype).is_floating_point or "int" in dtype:
        return 0
    length = math.prod(shape[1:])
    return length if ROW <= length <= PART and shape[0] else 0


class Units(NamedTuple):
    """One number for each row of a weight, the first dimension's."""

    #: mean of the row's squares
    squares: Array
    #: two rows of one hash have the same bits, but for a chance of one in 2³²
    hashes: npt.NDArray[np.uint64]
    #: in how many blocks of columns every row falls that are the same to the bit; 1: in none
    blocks: int = 1

    @property
    def dead(self) -> npt.NDArray[np.bool_]:
        """Which rows are 0, or as good as 0."""
        return np.asarray(self.squares <= NOTHING**2)


class UnitTally:
    """Takes the squares and hashes of whole rows as they come."""

    def __init__(self, dtype: str, row: int, columns: int = 1) -> None:
        self.row = row
        #: in how many blocks of columns all rows so far fall that are the same: of most weights none soon
        self.blocks = [k for k in range(2, MOST_BLOCKS + 1) if columns % k == 0 and columns // k >= ROW]
        self.widened = _widened(dtype)
        self.squares: list[Array] = []
        self.hashes: list[npt.NDArray[np.uint64]] = []

    def add(self, part: Bits) -> npt.NDArray[np.uint64]:
        """Take some whole rows, and return their hashes."""
        rows = part.reshape(-1, self.row)
        wide = self.widened(rows)
        self.squares.append(np.einsum("ij,ij->i", wide, wide) / self.row)
        self.hashes.append(_hashes(rows))
        self.blocks = [k for k in self.blocks if _repeats(rows[:1], k) and _repeats(rows, k)]
        return self.hashes[-1]

    def totals(self) -> Units:
        squares, hashes = np.concatenate(self.squares), np.concatenate(self.hashes)
        return Units(squares.astype(np.float64), hashes, max(self.blocks, default=1))


def _repeats(rows: npt.NDArray[Any], blocks: int) -> bool:
    width = rows.shape[1] // blocks
    return bool(np.array_equal(rows[:, width:], rows[:, :-width]))


def _widened(dtype: str) -> Callable[[Bits], npt.NDArray[Any]]:
    """Return what turns rows of bits into numbers that can be squared."""
    if dtype in {"float32", "float64"}:
        return lambda rows: rows.view(dtype)
    if dtype == "float16":
        return _sizes_of_float16
    if dtype == "bfloat16":
        return lambda rows: (rows.astype(np.uint32) << np.uint32(16)).view(np.float32)
    cells = cells_of(dtype)
    values = np.full(cells.count, np.nan, np.float32)
    values[cells.codes] = cells.values
    return lambda rows: values[rows]


def _sizes_of_float16(rows: Bits) -> npt.NDArray[np.float32]:
    """Return |w| of float16s: with float32's wider exponent their bits mean 2⁻¹¹² of it; numpy is slower."""
    bits = rows & np.uint16(0x7FFF)
    sizes = (bits.astype(np.uint32) << np.uint32(13)).view(np.float32) * np.float32(2.0**112)
    if bits.max(initial=0) >= _NO_NUMBER:
        sizes[bits >= _NO_NUMBER] = np.inf
        sizes[bits > _NO_NUMBER] = np.nan
    return np.asarray(sizes)


#: The bits of a float16's infinity; all above are nan's.
_NO_NUMBER = 0x7C00


def hashes_of_blocks(part: Bits) -> npt.NDArray[np.uint64]:
    """Return a hash of each ``BLOCK`` of numbers, and of what is left."""
    cut = len(part) // BLOCK * BLOCK
    whole = _hashes(part[:cut].reshape(-1, BLOCK))
    return np.concatenate([whole, _hashes(part[cut:].reshape(1, -1))]) if cut < len(part) else whole


def _hashes(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return Σ word·coefficient modulo 2⁶⁴ of each row: multilinear hashing (Carter & Wegman 1979).

    Of an odd coefficient times a word's top bit nothing is left but that bit: two flipped signs would cancel.
    So a word's upper half is mixed into its lower one first.
    """
    rows = np.ascontiguousarray(rows)
    width = rows.shape[1] * rows.itemsize
    if width % 8:
        held = np.zeros((len(rows), width // 8 * 8 + 8), np.uint8)
        held[:, :width] = rows.view(np.uint8)
        rows = held
    words = rows.view(np.uint64)
    return np.asarray(np.einsum("ij,j->i", _mixed(words), _coefficients(words.shape[1])))


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return words ^ (words >> np.uint64(32))


@lru_cache(maxsize=64)
def _coefficients(words: int) -> npt.NDArray[np.uint64]:
    """Return odd numbers, always the same, also in a browser: hashes of two files can be compared.

    Those of SplitMix64 (Steele, Lea & Flood 2014, fig. 17), begun at 0.
    """
    mixed = np.arange(1, words + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) | np.uint64(1))


def hashes_of_ones(places: npt.NDArray[np.intp], row: int, dtype: str) -> npt.NDArray[np.uint64]:
    """Return the hashes of rows of so many numbers that are 0 but for a 1, each at its place."""
    size = counted_as(dtype).itemsize
    one = torch.ones((), dtype=counted_as(dtype), device="cpu").view(_SIGNED[size]).item()
    at = places.astype(np.uint64) * np.uint64(size)
    words = np.uint64(one) << (at % np.uint64(8) * np.uint64(8))
    return np.asarray(_mixed(words) * _coefficients(-(-row * size // 8))[at // np.uint64(8)])


_SIGNED = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
