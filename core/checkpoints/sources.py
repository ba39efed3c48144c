"""Where numbers lie in a file, and how they come out of it part by part, in row-major order."""

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError, shown
from .files import Bytes, File
from .stored_tensor import PART, Bits, Source

#: Numbers held at once where they lie in another order than they are given in.
HELD = 2**21
#: Numbers of a tensor that is turned in memory.
MOST_TURNED = 2**23
#: Reads of one tensor that are short: more would take longer than whoever waits.
_MOST_READS = 2**16
#: Bytes taken from a compressed member at a time, and given by it.
_CHUNK = 2**18


@dataclass(frozen=True)
class Plain:
    """Numbers one after the other; ``swapped``: their bytes are in the order that is not this machine's."""

    file: File
    offset: int
    count: int
    width: int
    swapped: bool = False

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        with self.file.opened() as reader:
            yield from _in_turn(self, most, lambda at, part: reader.into(self.offset + at * self.width, part))


@dataclass(frozen=True)
class Strided:
    """Numbers that lie in another order: a step along axis i is ``strides[i]`` numbers on."""

    file: File
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    width: int
    swapped: bool = False

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time; up to ``2 * HELD`` are held."""
        with self.file.opened() as reader:
            for first, shape in _boxes(self.shape):
                start = sum(at * step for at, step in zip(first, self.strides, strict=True))
                numbers = self._box(reader, start, shape).reshape(-1)
                for at in range(0, len(numbers), most):
                    yield numbers[at : at + most]

    def _box(self, reader: Bytes, start: int, shape: Sequence[int]) -> Bits:
        """Return a box of numbers, of which those that lie close together are read together."""
        dense, span = _dense(shape, self.strides)
        found, run = np.empty(shape, f"u{self.width}"), np.empty(span, f"u{self.width}")
        near = [size if axis in dense else 1 for axis, size in enumerate(shape)]
        inner = np.lib.stride_tricks.as_strided(
            run, near, [self.width * each for each in self.strides], writeable=False
        )
        far = [range(1 if axis in dense else size) for axis, size in enumerate(shape)]
        for place in product(*far):
            at = start + sum(i * step for i, step in zip(place, self.strides, strict=True))
            reader.into(self.offset + at * self.width, run)
            found[tuple(slice(None) if a in dense else slice(i, i + 1) for a, i in enumerate(place))] = inner
        return found.byteswap(inplace=True) if self.swapped else found


def _boxes(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield first place and shape of boxes of up to ``HELD`` numbers, in row-major order."""
    axis = next(axis for axis in range(len(shape) + 1) if math.prod(shape[axis + 1 :]) <= HELD)
    if axis >= len(shape):
        yield (0,) * len(shape), shape
        return
    rest = shape[axis + 1 :]
    rows = max(1, HELD // math.prod(rest))
    for place in product(*map(range, shape[:axis])):
        for row in range(0, shape[axis], rows):
            yield (
                (*place, row, *(0,) * len(rest)),
                (*(1,) * axis, min(rows, shape[axis] - row), *rest),
            )


def _dense(shape: Sequence[int], strides: Sequence[int]) -> tuple[set[int], int]:
    """Return the axes along which a box's numbers lie so close that half of what is read is used."""
    dense, span = set(), 1
    for axis in sorted(range(len(shape)), key=lambda axis: strides[axis]):
        if strides[axis] > 2 * span and shape[axis] > 1:
            break
        dense.add(axis)
        span += (shape[axis] - 1) * strides[axis]
    return dense, span


def is_scattered(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Tell whether numbers lie so far apart that they would be read almost one by one."""
    _, box = next(_boxes(shape))
    dense, _ = _dense(box, strides)
    near = math.prod(size for axis, size in enumerate(box) if axis in dense)
    return math.prod(shape) // near > max(_MOST_READS, math.prod(shape) // 64)


def collapsed(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Return sizes and strides with those axes joined that lie in each other as row-major ones do."""
    pairs: list[tuple[int, int]] = []
    for size, step in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if pairs and pairs[-1][1] == size * step:
            pairs[-1] = (pairs[-1][0] * size, step)
        else:
            pairs.append((size, step))
    return pairs


@dataclass(frozen=True)
class Deflated:
    """Numbers in a compressed member of a ZIP archive, behind ``skip`` bytes of a header."""

    file: File
    entry: str
    offset: int
    size: int
    crc: int
    skip: int
    count: int
    width: int
    swapped: bool = False

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        with self.file.opened() as reader:
            stream = Inflating(reader, self.entry, self.offset, self.size)
            stream.fill(np.empty(self.skip, np.uint8))
            yield from _in_turn(self, most, lambda _, part: stream.fill(part))
            stream.end(self.crc)


def _in_turn(numbers: Plain | Deflated, most: int, fill: Callable[[int, Bits], None]) -> Iterator[Bits]:
    """Yield numbers by one buffer, which ``fill`` fills from the number on that it is told."""
    buffer = np.empty(min(most, numbers.count), f"u{numbers.width}")
    for at in range(0, numbers.count, most):
        part = buffer[: min(most, numbers.count - at)]
        fill(at, part)
        yield part.byteswap(inplace=True) if numbers.swapped else part


@dataclass(frozen=True)
class Turned:
    """Numbers of another source, of a shape there, with its axes in another order; all are held at once."""

    source: Source
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    width: int

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        found, at = np.empty(math.prod(self.shape), f"u{self.width}"), 0
        for part in self.source.parts(PART):
            found[at : at + len(part)] = part
            at += len(part)
        found = found.reshape(self.shape).transpose(self.axes).reshape(-1)
        for at in range(0, len(found), most):
            yield found[at : at + most]


class Inflating:
    """A compressed member, decompressed as far as it is asked for."""

    def __init__(self, reader: Bytes, entry: str, offset: int, size: int) -> None:
        self._reader, self._entry, self._at, self._end = reader, entry, offset, offset + size
        self._zlib, self._ready, self._crc = zlib.decompressobj(-15), b"", 0

    def fill(self, target: NDArray[Any]) -> None:
        """Fill an array with the bytes that come next.

        Raises:
            CheckpointError: if they are no compressed bytes, or end before it is full.
        """
        rest = target.view(np.uint8).data
        while rest:
            got = self._more(len(rest))
            if not got:
                raise self._damaged()
            rest[: len(got)] = got
            rest = rest[len(got) :]

    def end(self, crc: int) -> None:
        """Check that nothing follows, and that all is as it was when it was compressed.

        Raises:
            CheckpointError: otherwise.
        """
        if self._more(1) or self._crc != crc:
            raise self._damaged()

    def _more(self, most: int) -> bytes:
        while not self._ready:
            if self._zlib.eof or (self._at >= self._end and not self._zlib.unconsumed_tail):
                return b""
            self._ready = self._inflated()
        got, self._ready = self._ready[:most], self._ready[most:]
        return got

    def _inflated(self) -> bytes:
        source = self._zlib.unconsumed_tail
        if not source:
            source = self._reader.take(self._entry, self._at, min(_CHUNK, self._end - self._at))
            self._at += len(source)
        try:
            got = self._zlib.decompress(source, _CHUNK)
        except zlib.error:
            raise self._damaged() from None
        self._crc = zlib.crc32(got, self._crc)
        return got

    def _damaged(self) -> CheckpointError:
        return CheckpointError("checkpoint.damaged", file=self._reader.file.called, entry=shown(self._entry))
