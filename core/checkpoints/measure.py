"""What is kept of a stored tensor once its numbers are gone, in one pass and constant memory.

Its numbers are counted by their first 16 bits, see ``cells``; where a number has no more, all moments follow
from the counts. Each row of a weight, the numbers that feed one output unit, leaves its sum of squares and a
hash, by which rows and tensors are found that are the same to the bit.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..weights.laws import Array
from ..weights.moments import Moments, merged
from .bit_cells import CELLS, Cells, cells_of, counted_as, numbers_of
from .output_rows import BLOCK, Units, UnitTally, hashes_of_blocks, hashes_of_ones, row_length
from .spectrum import NONE, side_of, singular_values
from .stored_tensor import PART, Bits, Stored

Counts = npt.NDArray[np.int64]

#: The smallest mean square that float64 holds to all its digits.
_LEAST_SQUARE = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class Measured:
    """A tensor's counts, moments and rows; ``counts`` has one number for each cell of ``cells``."""

    dtype: str
    shape: tuple[int, ...]
    counts: Counts
    moments: Moments
    minimum: float
    maximum: float
    #: how many are exactly 0, not a number, infinite, or below the dtype's smallest normal number but not 0
    zeros: int
    nan: int
    inf: int
    subnormal: int
    #: None for what has no rows: less than two dimensions, very short or very long rows, whole numbers
    units: Units | None
    #: of all bits in their order
    digest: bytes
    #: of a small weight, largest first; see ``spectrum``
    singular_values: Array
    #: the dtype of fewest bits that holds all numbers of a float32: they were cast upwards from there
    origin: str = ""

    @property
    def n(self) -> int:
        """How many numbers there are, finite or not."""
        return math.prod(self.shape)

    @property
    def std(self) -> float:
        """Population standard deviation (ddof 0) of the finite numbers; nan without any.

        It is nan too where these differ and their squares leave float64: beyond some 1e154, or below 1e-154.
        """
        n, square = self.moments.n, self.moments.sums[0] / max(self.moments.n, 1)
        if not n or (self.minimum < self.maximum and not _LEAST_SQUARE <= square < math.inf):
            return math.nan
        return math.sqrt(square)

    @property
    def excess_kurtosis(self) -> float:
        """Population excess kurtosis; nan where nothing is spread, or a fourth power leaves float64."""
        second, _, fourth = self.moments.sums
        spread = second > 0 and 0 < fourth < math.inf
        return self.moments.n * (fourth / second / second) - 3 if spread else math.nan

    @property
    def cells(self) -> Cells:
        """What the counts are of: bfloat16's cells if the numbers came from there, else the dtype's own."""
        return cells_of("bfloat16" if self.origin == "bfloat16" else self.dtype)

    @cached_property
    def held(self) -> tuple[npt.NDArray[np.intp], Counts]:
        """Where finite numbers lie among the rising ``cells``, and how many."""
        return self.cells.held(self.counts)

    @property
    def pattern(self) -> str | None:
        """Name "eye" or "dirac" where the rows are just these, to the bit."""
        units, shape = self.units, self.shape
        ones, kernel = min(shape[:2], default=0), shape[2:]
        if units is None or self.minimum or self.maximum != 1 or self.n - self.zeros != ones:
            return None
        middle = int(np.ravel_multi_index([size // 2 for size in kernel], kernel)) if kernel else 0
        wanted = np.zeros(shape[0], np.uint64)
        places = np.arange(ones) * math.prod(kernel) + middle
        wanted[:ones] = hashes_of_ones(places, math.prod(shape[1:]), self.dtype)
        return ("dirac" if kernel else "eye") if np.array_equal(wanted, units.hashes) else None

    def quantiles(self, shares: Array) -> Array:
        """Return the numbers below which these shares of all finite ones lie, exact to a cell's width."""
        at, counts = self.held
        if not len(at):
            return np.full(len(shares), math.nan)
        below = np.cumsum(counts)
        wanted = at[np.searchsorted(below, np.ceil(shares * below[-1]).clip(1))]
        return np.asarray(self.cells.values[wanted].clip(self.minimum, self.maximum))


def measure(stored: Stored) -> Measured:
    """Read a tensor once and return what is kept of it.

    Its dtype is one of ``COUNTED``. Memory does not grow with the tensor but for two numbers a row.

    Raises:
        CheckpointError: the file has changed, or ends too early.
    """
    row = row_length(stored.dtype, stored.shape)
    tally = _tally_of(stored.dtype)
    columns = stored.shape[1] if len(stored.shape) == 2 else 1  # of kernels' inputs some repeat rightly
    units = UnitTally(stored.dtype, row, columns) if row else None
    sequence = hashlib.blake2b(digest_size=16)
    whole: list[Bits] | None = [] if side_of(stored.dtype, stored.shape) else None
    with np.errstate(all="ignore"):
        for part in _whole_rows(stored, row or BLOCK):
            tally.add(part)
            sequence.update((hashes_of_blocks(part) if units is None else units.add(part)).data)
            if whole is not None:
                whole.append(part.copy())
        singular = singular_values(np.concatenate(whole), stored.dtype, stored.shape[0]) if whole else NONE
        found = tally.totals()
    return Measured(
        dtype=stored.dtype,
        shape=stored.shape,
        units=None if units is None else units.totals(),
        digest=sequence.digest(),
        singular_values=singular,
        **found,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tallied:
    """What was counted elsewhere of a tensor's numbers, and is not known to be true.

    ``counts`` has a number for each cell; ``hashes`` are of its rows, or of its blocks where it has none, and
    ``squares`` of its rows. Of numbers of four and eight bytes ``sums`` are what their cells do not tell:
    mean, Σ(w − mean)^k for k = 2, 3, 4, smallest, largest, how many are 0, not a number, infinite, and the
    lowest 16 bits that any of them has set.
    """

    counts: Counts
    hashes: npt.NDArray[np.uint64]
    squares: Array
    sums: Array
    singular_values: Array

    def measured(self, dtype: str, shape: tuple[int, ...]) -> Measured:
        """Return the same as ``measure`` of the numbers themselves."""
        tally = _tally_of(dtype)
        tally.counter.counts = self.counts
        if isinstance(tally, _Wide):
            tally.take(self.sums)
        digest = hashlib.blake2b(self.hashes.data, digest_size=16).digest()
        units = Units(self.squares, self.hashes) if row_length(dtype, shape) else None
        return Measured(
            dtype=dtype,
            shape=shape,
            units=units,
            digest=digest,
            singular_values=self.singular_values,
            **tally.totals(),
        )


def _whole_rows(stored: Stored, row: int) -> Iterator[Bits]:
    """Yield a tensor's parts, each of whole rows; what is left comes last."""
    left: Bits | None = None
    for part in stored.source.parts(PART // row * row):
        whole = part if left is None else np.concatenate([left, part])
        cut = len(whole) // row * row
        left = whole[cut:].copy() if cut < len(whole) else None
        if cut:
            yield whole[:cut]
    if left is not None:
        yield left


class _Counter:
    """Counts small whole numbers. What is copied and counted stays in a core's own cache."""

    def __init__(self, cells: int) -> None:
        self.counts = np.zeros(cells, np.int64)
        self._held = np.empty(PART, np.int32)

    def add(self, part: Bits) -> None:
        for start in range(0, len(part), PART):
            piece = part[start : start + PART]
            held = self._held[: len(piece)]
            np.copyto(held, piece)  # of 32 bits torch counts twice as fast as numpy of 64
            self.counts += torch.bincount(torch.from_numpy(held), minlength=len(self.counts)).numpy()


class _Narrow:
    """Counts numbers of one or two bytes, from which all else follows."""

    def __init__(self, dtype: str) -> None:
        self.cells = cells_of(dtype)
        self.counter = _Counter(self.cells.count)
        self._is_truth = dtype == "bool"

    def add(self, part: Bits) -> None:
        self.counter.add(np.minimum(part, 1) if self._is_truth else part)  # any byte but 0 is true

    def totals(self) -> dict[str, Any]:
        cells = self.cells
        at, counts = cells.held(self.counter.counts)
        values = cells.values[at]
        zeros = int(counts[values == 0].sum())
        return {
            "counts": self.counter.counts,
            "moments": moments_of(values, counts),
            "minimum": float(values[0]) if len(values) else math.nan,
            "maximum": float(values[-1]) if len(values) else math.nan,
            "zeros": zeros,
            "nan": int(self.counter.counts[cells.nan].sum()),
            "inf": int(self.counter.counts[cells.infinite].sum()),
            "subnormal": int(self.counter.counts[cells.subnormal].sum()) - zeros
            if len(cells.subnormal)
            else 0,
        }


_LARGEST_FLOAT16 = 65504


class _Wide:
    """Counts numbers of four or eight bytes, and adds up their powers in float64."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.numbers = numbers_of(dtype)
        self.cells = cells_of(dtype)
        self.counter = _Counter(CELLS)
        self.moments, self.powers = Moments(0, math.nan, (0.0, 0.0, 0.0)), _Powers()
        self.minimum, self.maximum = math.inf, -math.inf
        self.zeros = self.nan = self.inf = 0
        #: all bits below the first 16 that any number has set
        self.low = np.uint64(0)

    def add(self, part: Bits) -> None:
        numbers = self.numbers(part)
        steps = numbers.itemsize // 2
        self.counter.add(numbers.view(np.uint16)[steps - 1 :: steps])
        self.low |= np.uint64(np.bitwise_or.reduce(part))
        self.zeros += int(np.count_nonzero(numbers == 0))
        if not (np.isfinite(numbers.min()) and np.isfinite(numbers.max())):
            numbers = self._finite(numbers)
        if len(numbers):
            self.minimum = min(self.minimum, float(numbers.min()))
            self.maximum = max(self.maximum, float(numbers.max()))
            self.moments = merged(self.moments, self.powers.moments(numbers))

    def _finite(self, numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        nan, finite = np.isnan(numbers), np.isfinite(numbers)
        self.nan += int(nan.sum())
        self.inf += len(numbers) - int(nan.sum()) - int(finite.sum())
        return np.asarray(numbers[finite])

    def take(self, sums: Array) -> None:
        """Take what was summed up elsewhere; see ``Tallied``."""
        mean, *powers, self.minimum, self.maximum = sums[:6].tolist()
        self.zeros, self.nan, self.inf, low = map(int, sums[6:].tolist())
        n = int(self.counter.counts.sum()) - self.nan - self.inf
        self.moments, self.low = Moments(n, mean, tuple(powers)), np.uint64(low)

    def totals(self) -> dict[str, Any]:
        n = self.moments.n
        tiny = int(self.counter.counts[self.cells.subnormal].sum())
        return {
            "counts": self.counter.counts,
            "moments": self.moments,
            "minimum": self.minimum if n else math.nan,
            "maximum": self.maximum if n else math.nan,
            "zeros": self.zeros,
            "nan": self.nan,
            "inf": self.inf,
            "subnormal": tiny - self.zeros if len(self.cells.subnormal) else 0,
            "origin": self._origin(),
        }

    def _origin(self) -> str:
        if self.dtype != "float32":
            return ""
        if not self.low & np.uint64(0xFFFF):
            return "bfloat16"
        fits = not self.low & np.uint64(0x1FFF) and max(-self.minimum, self.maximum) <= _LARGEST_FLOAT16
        return "float16" if fits else ""


def _tally_of(dtype: str) -> _Narrow | _Wide:
    return _Narrow(dtype) if counted_as(dtype).itemsize <= 2 else _Wide(dtype)


#: Numbers whose powers are added up at a time: BLAS spreads longer products over threads, which then fight.
_BLOCK = 1 << 13


class _Powers:
    """Adds up the powers of a part's numbers in float64."""

    def __init__(self) -> None:
        self._held = np.empty((2, _BLOCK))

    def moments(self, numbers: npt.NDArray[Any]) -> Moments:
        """Return the moments of numbers, by their powers about the mean of the first of them."""
        shift = float(numbers[:_BLOCK].mean(dtype=np.float64))
        sums = np.zeros(4)
        for start in range(0, len(numbers), _BLOCK):
            block = numbers[start : start + _BLOCK]
            off, squares = self._held[:, : len(block)]
            np.copyto(off, block)
            np.subtract(off, shift, out=off)
            np.multiply(off, off, out=squares)
            sums += off.sum(), off.dot(off), squares.dot(off), squares.dot(squares)
        return _about_mean(len(numbers), shift, sums)


def _about_mean(n: int, shift: float, sums: Array) -> Moments:
    """Return the moments, from Σ(w − shift)^k for k = 1 to 4."""
    s1, s2, s3, s4 = sums
    m = s1 / n
    second = max(0.0, s2 - s1 * m)
    third = s3 - 3 * m * s2 + 2 * s1 * m**2
    fourth = s4 - 4 * m * s3 + 6 * m**2 * s2 - 3 * s1 * m**3
    return Moments(n, float(shift + m), (float(second), float(third), float(fourth)))


def moments_of(values: Array, counts: Counts | Array) -> Moments:
    """Return the moments of numbers that occur so many times each."""
    n = int(counts.sum())
    if not n:
        return Moments(0, math.nan, (0.0, 0.0, 0.0))
    mean = float(np.dot(values, counts) / n)
    if len(values) == 1:  # equal numbers: exactly no spread, whatever was rounded
        return Moments(n, float(values[0]), (0.0, 0.0, 0.0))
    off = values - mean
    squares = off * off
    weighted = squares * counts
    return Moments(n, mean, (float(weighted.sum()), float(weighted @ off), float(weighted @ squares)))
