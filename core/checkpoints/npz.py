"""NumPy's files: one array (.npy), or several in a ZIP archive (.npz), compressed or not."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ..errors import CheckpointError, shown
from .files import Bytes, File, beginning, check_once
from .sources import Deflated, Inflating
from .stored_tensor import Contents, Skipped, Stored
from .tensor_entry import WIDTHS, Layout, checked_shape, contents, placed, turned, unread_dtype
from .zips import DEFLATED, Member, begin_of, stored_begin

MAGIC = b"\x93NUMPY"
_MOST_HEADER = 2**16
_KINDS: Mapping[str, str] = MappingProxyType({"f": "float", "i": "int", "u": "uint"})
#: As every version of NumPy writes it: a dict's repr, its keys in this order.
_HEADER = re.compile(
    rb"\{\s*'descr'\s*:(.*),\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([\dL,\s]*)\)\s*,?\s*\}\s*"
)
_DESCR = re.compile(rb"\s*'([<>|=])([a-zA-Z])(\d*)'\s*")


@dataclass(frozen=True)
class _Header:
    dtype: str
    swapped: bool
    fortran: bool
    shape: tuple[int, ...]
    size: int

    def layout(self, begin: int) -> Layout:
        """Return where the numbers lie, if this header begins at a byte."""
        axes = range(len(self.shape))
        strides = [math.prod(self.shape[:axis]) for axis in axes] if self.fortran else None
        return Layout(begin + self.size, self.shape, strides, self.swapped)

    @property
    def end(self) -> int:
        """Where the numbers end, from the header's first byte."""
        return self.size + math.prod(self.shape) * WIDTHS.get(self.dtype, 1)


def read_npy(reader: Bytes) -> Contents:
    """Return the array of a file, called as the file is.

    Raises:
        CheckpointError: if it is not whole, or not one of numbers.
    """
    file, at = reader.file, 0
    name = file.name.rpartition("/")[2].removesuffix(".npy")

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return reader.take(name, at - size, size)

    header = _header(file, name, take)
    found = placed(file, name, header.dtype, header.layout(0))
    if isinstance(found, Stored):
        file.check(name, header.end)
        _hold_to(file, name, header, file.size)
    return contents("NumPy", [found])


def read_npz(reader: Bytes, members: Mapping[str, Member]) -> Contents:
    """Return the arrays of an archive.

    Raises:
        CheckpointError: if it is not whole, or not as NumPy writes it.
    """
    return contents("NumPy", _arrays(reader, members))


def _arrays(reader: Bytes, members: Mapping[str, Member]) -> Iterator[Stored | Skipped]:
    names = set[str]()
    for member in members.values():
        name = member.name.removesuffix(".npy")
        check_once(reader.file, name, names)
        names.add(name)
        yield _deflated(reader, name, member) if member.method == DEFLATED else _stored(reader, name, member)


def _stored(reader: Bytes, name: str, member: Member) -> Stored | Skipped:
    file, begin = reader.file, stored_begin(reader, member)
    at = begin

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return reader.take(name, at - size, size)

    header = _header(file, name, take)
    found = placed(file, name, header.dtype, header.layout(begin))
    if isinstance(found, Stored):
        _hold_to(file, name, header, member.size)
    return found


def _deflated(reader: Bytes, name: str, member: Member) -> Stored | Skipped:
    file, begin = reader.file, begin_of(reader, member)
    stream = Inflating(reader, name, begin, member.compressed)

    def take(size: int) -> bytes:
        target = np.empty(size, np.uint8)
        stream.fill(target)
        return target.tobytes()

    header = _header(file, name, take)
    if header.dtype not in WIDTHS:
        return unread_dtype(file, name, header.dtype)
    _hold_to(file, name, header, member.size)
    width, count = WIDTHS[header.dtype], math.prod(header.shape)
    source = Deflated(
        file, name, begin, member.compressed, member.crc, header.size, count, width, header.swapped
    )
    found = Stored(name, file.name, header.dtype, header.shape, source, (file.state[:2], begin))
    return (
        turned(file, found, header.shape[::-1], range(len(header.shape))[::-1]) if header.fortran else found
    )


def _hold_to(file: File, name: str, header: _Header, size: int) -> None:
    """Refuse an array that has fewer bytes than its shape takes, or more."""
    if size != header.end:
        raise CheckpointError(
            "checkpoint.size",
            file=file.called,
            entry=shown(name),
            given=size - header.size,
            dtype=header.dtype,
            shape=shown(header.shape),
            wanted=header.end - header.size,
        )


def _header(file: File, name: str, take: Callable[[int], bytes]) -> _Header:
    """Return what an array's header says; ``take`` gives the bytes that come next."""
    start = take(8)
    width = {1: 2, 2: 4, 3: 4}.get(start[6])
    if start[:6] != MAGIC or width is None:
        raise _wrong(file, name, start)
    size = int.from_bytes(take(width), "little")
    if size > _MOST_HEADER:
        raise CheckpointError(
            "checkpoint.header", file=file.called, entry=shown(name), given=size, most=_MOST_HEADER
        )
    text = take(size)
    if (found := _HEADER.fullmatch(text)) is None:
        raise _wrong(file, name, text)
    try:
        sizes = [int(each.strip(b" L")) for each in found[3].split(b",") if each.strip()]
    except ValueError:  # digits apart, or more of them than Python reads
        raise _wrong(file, name, text) from None
    dtype, swapped = _dtype(found[1])
    shape = checked_shape(file, name, sizes, 16)
    return _Header(dtype, swapped, found[2] == b"True", shape, 8 + width + size)


def _dtype(descr: bytes) -> tuple[str, bool]:
    """Return torch's name of a dtype, or NumPy's where torch has none, and whether its bytes are reversed."""
    found = _DESCR.fullmatch(descr)
    if found is None:
        return descr.strip().decode("latin-1"), False
    order, kind, size = (each.decode() for each in found.groups())
    if kind == "b":
        return "bool", False
    dtype = f"{_KINDS.get(kind, kind)}{8 * int(size) if kind in _KINDS and size and len(size) < 3 else size}"
    native = "<" if np.little_endian else ">"
    return dtype, order in "<>" and order != native


def _wrong(file: File, name: str, given: bytes) -> CheckpointError:
    return CheckpointError("checkpoint.npy", file=file.called, entry=shown(name), given=beginning(given))
