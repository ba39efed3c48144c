"""A file whose tensors were counted elsewhere, as in a browser, which keeps the numbers to itself.

What arrives is eight bytes of length, a header of JSON, then six arrays of all its tensors in turn: sums,
mean squares of rows and singular values in float64, hashes in uint64, counts in uint32 and the cells they are
of in uint16. None of it is known to be true: it is held to the shapes and to itself.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..checks import checked_progress
from ..errors import Cancelled, CheckpointError, shown
from .bit_cells import COUNTED, Cells, cells_of, counted_as
from .files import MOST_CHARS, MOST_ENTRIES
from .given_json import Given, given
from .measure import Measured, Tallied, moments_of
from .output_rows import BLOCK, row_length
from .report import Report, made
from .report_json import skipped_of
from .report_row import row_of_measured
from .scan import besides
from .spectrum import side_of
from .stored_tensor import Bits, Skipped, Stored, with_scales

Progress = Callable[[int, int], bool | None]
#: Numbers of a tensor that are counted elsewhere.
MOST_NUMBERS = 2**32 - 1
#: Sums of a tensor of numbers of four or eight bytes; see ``Tallied``.
SUMS = 10
_FORMATS = ("safetensors", "PyTorch", "NumPy")
#: Numbers below this, and above its inverse, have fourth powers within float64, so that sums of them tell.
_TAME = 1e70


class Again(NamedTuple):
    """Some rows of a tensor, by its place, that are to be counted by themselves as well."""

    tensor: int
    rows: tuple[int, ...]


def report_of_counts(
    told: bytes, *, most: int = 1 << 26, progress: Progress | None = None
) -> Report | tuple[Again, ...]:
    """Return the report of a file by what was counted of it, or which rows are needed by themselves.

    Where rows are named they are to be counted, as tensors of their own, and told beside all that was told
    before. ``progress`` is told how many tensors have been judged, and of how many; it ends the work by
    returning False.

    Raises:
        CheckpointError: if this has more than ``most`` bytes, is not laid out so, or does not add up.
        Cancelled: if ``progress`` returned False.
    """
    checked_progress(progress)
    header, arrays = _opened(told, most)
    file = header.at("file").text()
    try:
        named = [_named(each, file) for each in header.at("tensors").each(MOST_ENTRIES)]
        tensors = list(
            zip(with_scales(each for each, _ in named), (cells for _, cells in named), strict=True)
        )
        skipped = [skipped_of(each) for each in header.at("skipped").each(MOST_ENTRIES)]
        kind = header.at("format").text()
        again = [_again(each, tensors) for each in header.at("again").each(MOST_ENTRIES)]
    except CheckpointError as error:
        raise _odd(file, str(error.facts.get("place", ""))) from None
    if kind not in _FORMATS or len({each.name for each, _ in tensors}) < len(tensors):
        raise _odd(file, "format")
    if not tensors and not skipped:
        raise CheckpointError("checkpoint.none", file=shown(file))
    try:
        found = _judged(_Counted(file, kind, tensors, skipped, again), arrays, progress)
        if isinstance(found, Report):
            found.problems  # noqa: B018 - what no file can be, as a spread of nothing, is found here at last
    except (CheckpointError, Cancelled):
        raise
    except (ArithmeticError, ValueError):
        raise _odd(file, "arrays") from None
    return found


class _Counted(NamedTuple):
    """What a header says: tensors, each with how many cells it has, and rows that were counted again."""

    file: str
    format: str
    tensors: list[tuple[Stored, int]]
    skipped: list[Skipped]
    again: list[tuple[Again, Stored, int]]


@dataclass
class _Arrays:
    """The arrays behind a header, of which each tensor takes its part in turn."""

    data: bytes
    begins: list[int]
    ends: list[int]

    def take(self, array: int, number: int) -> npt.NDArray[Any]:
        """Return the next numbers of an array.

        Raises:
            ValueError: if it has no more so many.
        """
        kind, begin = _ARRAYS[array], self.begins[array]
        end = begin + number * kind.itemsize
        if end > self.ends[array]:
            raise ValueError
        self.begins[array] = end
        return np.frombuffer(self.data, kind, number, begin)

    @property
    def is_empty(self) -> bool:
        """Whether all has been taken."""
        return self.begins == self.ends


_ARRAYS = tuple(np.dtype(kind) for kind in ("<f8", "<f8", "<f8", "<u8", "<u4", "<u2"))


def _opened(told: bytes, most: int) -> tuple[Given, _Arrays]:
    """Return the header, and the arrays behind it."""
    data = bytes(told) if isinstance(told, bytes | bytearray) and len(told) <= most else b""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise _odd("…", "header")
    try:
        header = given(data[8 : 8 + size].decode())
        sizes = header.at("arrays").wholes(len(_ARRAYS))
        header.at("file").text()
    except (CheckpointError, UnicodeDecodeError):
        raise _odd("…", "header") from None
    ends = np.cumsum(
        [8 + size, *(n * kind.itemsize for n, kind in zip(sizes, _ARRAYS, strict=False))], dtype=object
    )
    if len(sizes) != len(_ARRAYS) or ends[-1] != len(data):
        raise _odd("…", "arrays")
    begins: list[int] = [*map(int, ends)]
    return header, _Arrays(data, begins[:-1], begins[1:])


def _odd(file: str, entry: str) -> CheckpointError:
    return CheckpointError("checkpoint.counted", file=shown(file), entry=shown(entry))


def _named(entry: Given, file: str) -> tuple[Stored, int]:
    """Return a tensor of the header, and how many cells are told of it."""
    name, place = entry.at("name").text(), entry.at("place").text()
    stored = _stored(name, file, entry.at("dtype").text(), entry.at("shape").wholes(64), place)
    if stored is None or len(name) > MOST_CHARS:
        raise entry.refused()
    return stored, entry.at("cells").whole(cells_of(stored.dtype).count)


def _stored(name: str, file: str, dtype: str, shape: tuple[int, ...], place: str) -> Stored | None:
    if dtype not in COUNTED or math.prod(shape) > MOST_NUMBERS:
        return None
    return Stored(name, file, dtype, shape, _Elsewhere(file), place)


def _again(entry: Given, tensors: list[tuple[Stored, int]]) -> tuple[Again, Stored, int]:
    """Return which rows were counted by themselves, as a tensor of their own, and how many cells it has."""
    at, rows = entry.at("tensor").whole(len(tensors) - 1), entry.at("rows").wholes(MOST_NUMBERS)
    whole, _ = tensors[at]
    rising = all(one < other for one, other in pairwise(rows))
    if not rows or not rising or len(whole.shape) != 2 or rows[-1] >= whole.shape[0]:
        raise entry.refused()
    part = _stored(whole.name, whole.file, whole.dtype, (len(rows), whole.shape[1]), "")
    assert part is not None  # noqa: S101 - fewer rows of one that is
    return Again(at, rows), part, entry.at("cells").whole(cells_of(whole.dtype).count)


@dataclass(frozen=True)
class _Elsewhere:
    """Numbers that are not here."""

    file: str

    def parts(self, most: int) -> Iterator[Bits]:  # noqa: ARG002 - as all sources are asked
        """Refuse to give them."""
        raise CheckpointError("checkpoint.changed", file=shown(self.file))


def _judged(counted: _Counted, arrays: _Arrays, progress: Progress | None) -> Report | tuple[Again, ...]:
    """Judge each tensor as ``scan`` does; name the rows that would have to be looked at again."""
    stored = [each for each, _ in counted.tensors]
    first = [_Cells.of(arrays, each, cells) for each, cells in counted.tensors]
    seen = {asked: _Cells.of(arrays, part, cells) for asked, part, cells in counted.again}
    if not arrays.is_empty:
        raise _odd(counted.file, "arrays")
    among = max(1, sum("float" in each.dtype for each in stored))
    rows, wanted = [], list[Again]()
    for at, (each, beside) in enumerate(zip(stored, besides(stored), strict=True)):

        def look(chosen: npt.NDArray[np.bool_], at: int = at) -> Measured | None:
            asked = Again(at, tuple(np.flatnonzero(chosen).tolist()))
            if asked in seen:
                return seen[asked].measured()
            wanted.append(asked)
            return None

        rows.append(row_of_measured(each, first[at].measured(), look, beside=beside, among=among))
        if progress is not None and progress(at + 1, len(stored)) is False:
            raise Cancelled
    if wanted and not counted.again:
        return tuple(wanted)
    return made(counted.format, rows, counted.skipped)


class _Cells(NamedTuple):
    """What is told of a tensor, as it was told; dense counts would fill the memory."""

    stored: Stored
    sums: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]
    singular_values: npt.NDArray[np.float64]
    hashes: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, arrays: _Arrays, stored: Stored, cells: int) -> "_Cells":
        """Take a tensor's part of the arrays.

        Raises:
            CheckpointError: if there is not so much.
        """
        rows = stored.shape[0] if row_length(stored.dtype, stored.shape) else 0
        n = math.prod(stored.shape)
        side = side_of(stored.dtype, stored.shape)
        sizes = (SUMS if _is_wide(stored) else 0, rows, side, rows or -(-n // BLOCK), cells, cells)
        try:
            return cls(stored, *(arrays.take(array, size) for array, size in enumerate(sizes)))
        except ValueError:
            raise _odd(stored.file, stored.name) from None

    def measured(self) -> Measured:
        """Return the same as ``measure`` of the numbers themselves.

        Raises:
            CheckpointError: if it does not add up.
        """
        stored, cells = self.stored, cells_of(self.stored.dtype)
        counts = np.zeros(cells.count, np.int64)
        with np.errstate(all="ignore"):
            if not self._adds_up(cells):
                raise _odd(stored.file, stored.name)
            counts[self.codes] = self.counts
            tallied = Tallied(counts, self.hashes, self.squares, self.sums, self.singular_values)
            if _is_wide(stored) and not _is_likely(tallied, cells):
                raise _odd(stored.file, stored.name)
            return tallied.measured(stored.dtype, stored.shape)

    def _adds_up(self, cells: Cells) -> bool:
        """Tell whether these are counts of so many numbers, and squares are squares."""
        codes, counts = self.codes.astype(np.int64), self.counts.astype(np.int64)
        return (
            bool((counts > 0).all() and (np.diff(codes) > 0).all() and (codes < cells.count).all())
            and int(counts.sum()) == math.prod(self.stored.shape)
            and not (self.squares < 0).any()
            and self._has_this_norm()
        )

    def _has_this_norm(self) -> bool:
        """Tell whether singular values fall, and have as many squares as the rows."""
        values, columns = self.singular_values, math.prod(self.stored.shape[1:])
        if np.isnan(values).all():
            return True
        ours, theirs = float(values @ values), float(self.squares.sum() * columns)
        falls = bool((np.diff(values) <= 0).all()) and values[-1] >= 0
        return falls and (math.isclose(ours, theirs, rel_tol=1e-3) or theirs < 1e-30 or not ours < _TAME)


def _is_wide(stored: Stored) -> bool:
    return counted_as(stored.dtype).itemsize > 2


def _is_likely(tallied: Tallied, cells: Cells) -> bool:
    """Tell whether sums are such as numbers in these cells have."""
    mean, second, _, fourth, least, most, zeros, nan, inf, low = tallied.sums.tolist()
    counts = tallied.counts
    odd = int(counts[cells.nan].sum() + counts[cells.infinite].sum())
    none = int(counts[cells.codes[cells.around_0]].sum())
    whole = all(each >= 0 and each.is_integer() for each in (zeros, nan, inf, low))
    if not whole or nan + inf != odd or nan < counts[cells.nan].sum() or zeros > none or low >= 1 << 16:
        return False
    at, held = cells.held(counts)
    if not len(at):
        return math.isnan(mean)
    first, last = at[0], at[-1]
    walls = cells.low[first] <= least <= cells.high[first] and cells.low[last] <= most <= cells.high[last]
    size = max(-least, most, least, -most)
    if not walls or least > most or second < 0 or fourth < 0:
        return False
    if not 1 / _TAME < size < _TAME:
        return size > 0 or (mean, second) == (0, 0)
    about = moments_of(cells.values[at], held)
    stds = math.sqrt(second / about.n) if second >= 0 else math.nan, math.sqrt(about.sums[0] / about.n)
    room = float((cells.high[at] - cells.low[at]).max()) + 1e-9 * size  # no number is further from its cell's
    near = abs(mean - about.mean) <= room and abs(stds[0] - stds[1]) <= room
    return near and (second > 0) == (least < most) and math.isfinite(fourth)
