"""A tensor put together of what a file says of it, or named with the reason why it is not read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..checks import is_whole
from ..errors import CheckpointError, shown
from .files import File
from .sources import MOST_TURNED, Plain, Strided, Turned, collapsed, is_scattered
from .stored_tensor import Contents, Skipped, Source, Stored

#: torch's name of a dtype → bytes of a number
WIDTHS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("float64", "int64", "uint64"), 8),
        **dict.fromkeys(("float32", "int32", "uint32"), 4),
        **dict.fromkeys(("float16", "bfloat16", "int16", "uint16"), 2),
        **dict.fromkeys(("int8", "uint8", "bool"), 1),
        **dict.fromkeys(("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"), 1),
        "float8_e8m0fnu": 1,
    }
)
_MOST_AXES = 64


def checked_shape(file: File, entry: str, shape: object, width: int = 1) -> tuple[int, ...]:
    """Return a shape that a file gives.

    Raises:
        CheckpointError: if it is none, or such a tensor would have 2^63 bytes or more.
    """
    sizes = shape if isinstance(shape, list | tuple) and len(shape) <= _MOST_AXES else [-1]
    if not all(is_whole(size, 0, 2**63 - 1) for size in sizes) or math.prod(sizes) * width >= 2**63:
        raise CheckpointError("checkpoint.shape", file=file.called, entry=shown(entry), given=shown(shape))
    return tuple(map(int, sizes))


@dataclass(frozen=True)
class Layout:
    """Where a tensor's numbers lie: from which byte on, and how many numbers a step along each axis is."""

    offset: int
    shape: tuple[int, ...]
    strides: Sequence[int] | None = None
    swapped: bool = False


def placed(file: File, name: str, dtype: str, layout: Layout) -> Stored | Skipped:
    """Return a tensor whose numbers lie in a file as they are."""
    if dtype not in WIDTHS:
        return unread_dtype(file, name, dtype)
    width, count, offset = WIDTHS[dtype], math.prod(layout.shape), layout.offset
    strides = layout.strides if count else None
    pairs = [(count, 1)] if strides is None else collapsed(layout.shape, strides) or [(1, 1)]
    sizes, steps = (tuple(each) for each in zip(*pairs, strict=True))
    source: Source = Plain(file, offset, count, width, layout.swapped)
    if steps != (1,):
        if count > reach(sizes, steps) or is_scattered(sizes, steps):
            return skipped(file, name, scattered(file, name))
        source = Strided(file, offset, sizes, steps, width, layout.swapped)
    return Stored(name, file.name, dtype, layout.shape, source, _place(file, name, offset, width, pairs))


def scattered(file: File, name: str) -> CheckpointError:
    """Return the error that says that numbers cannot be read in order within bounds."""
    return CheckpointError("checkpoint.layout", file=file.called, entry=shown(name))


def reach(shape: Iterable[int], strides: Iterable[int]) -> int:
    """Return how many numbers there are from a tensor's first to its last in memory, both included."""
    return 1 + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))


def _place(
    file: File, name: str, offset: int, width: int, pairs: list[tuple[int, int]]
) -> tuple[object, ...]:
    """Return what two tensors have in common that are the same bytes, though one may be transposed."""
    if pairs == [(0, 1)]:  # no bytes are the same as none
        return file.state[:2], name
    ordered = sorted(pairs, key=lambda pair: -pair[1])
    return file.state[:2], offset, width, tuple(collapsed(*zip(*ordered, strict=True)))


def unread_dtype(file: File, name: str, dtype: str) -> Skipped:
    """Return the mention of a tensor whose dtype is none of ``WIDTHS``."""
    return skipped(
        file,
        name,
        CheckpointError(
            "checkpoint.dtype", file=file.called, entry=shown(name), dtype=dtype[:60], allowed=tuple(WIDTHS)
        ),
    )


def skipped(file: File, name: str, why: CheckpointError) -> Skipped:
    """Return the mention of what is not read, with an error for its reason."""
    return Skipped(name, file.name, why.code, why.facts)


def contents(kind: str, found: Iterable[Stored | Skipped]) -> Contents:
    """Return what a file holds, in its order."""
    every = list(found)
    return Contents(
        kind,
        tuple(each for each in every if isinstance(each, Stored)),
        tuple(each for each in every if isinstance(each, Skipped)),
    )


def turned(file: File, found: Stored, shape: Sequence[int], axes: Sequence[int]) -> Stored | Skipped:
    """Return a tensor whose source gives it in another shape, with its axes in this order."""
    if math.prod(shape) > MOST_TURNED:
        return skipped(file, found.name, scattered(file, found.name))
    source = Turned(found.source, tuple(shape), tuple(axes), WIDTHS[found.dtype])
    return replace(found, shape=tuple(shape[axis] for axis in axes), source=source)
