"""GGUF: a header of keys and tensors, walked within limits, then numbers, in blocks as ``gguf`` has them."""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import CheckpointError, shown
from .cursor import Cursor
from .files import MOST_DEEP, MOST_ENTRIES, Bytes, File, check_once, checked_name, too_many
from .stored_tensor import Bits, Contents, Skipped, Stored
from .tensor_entry import WIDTHS, Layout, checked_shape, contents, placed, skipped, unread_dtype

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
#: Strings of a header, a second's; vocabularies have some hundred thousand, and their merges as many.
_MOST_STRINGS = 1_500_000
#: Bytes of a header.
_MOST_BYTES = 2**28

#: A value's type → its bytes; 8 is a string, 9 an array.
_SIZES: Mapping[int, int] = MappingProxyType(
    {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
)
_STRING, _ARRAY, _UINT32 = 8, 9, 4
_PLAIN: Mapping[int, str] = MappingProxyType(
    {
        0: "float32",
        1: "float16",
        24: "int8",
        25: "int16",
        26: "int32",
        27: "int64",
        28: "float64",
        30: "bfloat16",
    }
)


class _Walk(Cursor):
    """Goes through a header, and counts its strings."""

    order, strings = "<", 0

    def number(self, form: str) -> int:
        """Return the next number, of one of struct's letters."""
        return int(struct.unpack(self.order + form, self.take(struct.calcsize(form)))[0])

    def text(self) -> str:
        """Return the next string, a name."""
        size = self.number("Q")
        if size > MOST_ENTRIES:
            raise self.wrong(size, f"0–{MOST_ENTRIES}")
        return checked_name(self.file, self.take(size))

    def skip_strings(self, count: int) -> None:
        """Leave out strings, each behind its length."""
        self.strings += count
        if self.strings > _MOST_STRINGS:
            raise too_many(self.file)
        for _ in range(count):
            self.skip(self.number("Q"))

    def wrong(self, given: object, wanted: str) -> CheckpointError:
        """Return the error that says what stands before this place, and what would be right."""
        return CheckpointError(
            "checkpoint.value", file=self.file.called, offset=self.at, given=shown(given), wanted=wanted
        )


@dataclass(frozen=True)
class _Info:
    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


def read_gguf(reader: Bytes) -> Contents:
    """Return what a file holds.

    Raises:
        CheckpointError: if it is not whole, or not as the format has it.
    """
    walk = _Walk(reader, min(reader.file.size, _MOST_BYTES))
    walk.skip(len(MAGIC))
    tensors, keys = _counts(walk)
    alignment = _alignment(walk, keys)
    infos, names = [], set[str]()
    for _ in range(tensors):
        infos.append(_info(walk, alignment))
        check_once(walk.file, infos[-1].name, names)
        names.add(infos[-1].name)
    begin = -(-walk.at // alignment) * alignment
    return contents("GGUF", _tensors(walk, infos, begin))


def _counts(walk: _Walk) -> tuple[int, int]:
    """Return how many tensors and keys there are; the version tells the order of bytes."""
    start = walk.take(4)
    walk.order = next((order for order in "<>" if struct.unpack(f"{order}I", start)[0] < 2**16), "<")
    (version,) = struct.unpack(f"{walk.order}I", start)
    if version not in _VERSIONS:
        raise CheckpointError(
            "checkpoint.version", file=walk.file.called, format="GGUF", given=version, allowed=_VERSIONS
        )
    tensors, keys = walk.number("Q"), walk.number("Q")
    if max(tensors, keys) > MOST_ENTRIES:
        raise too_many(walk.file)
    return tensors, keys


def _alignment(walk: _Walk, keys: int) -> int:
    """Go through the keys, and return the one that says at what bytes tensors begin."""
    names, found = set[str](), 32
    for _ in range(keys):
        name = walk.text()
        check_once(walk.file, name, names)
        names.add(name)
        kind = walk.number("I")
        if name == "general.alignment" and kind == _UINT32:
            found = walk.number("I")
            if not 0 < found <= 2**20 or found & (found - 1):
                raise walk.wrong(found, "2, 4, 8 … 2^20")
        else:
            _skip(walk, kind)
    return found


def _skip(walk: _Walk, kind: int, deep: int = 0) -> None:
    """Leave out a value."""
    if kind in _SIZES:
        walk.skip(_SIZES[kind])
    elif kind == _STRING:
        walk.skip_strings(1)
    elif kind == _ARRAY:
        inner, count = walk.number("I"), walk.number("Q")
        if inner in _SIZES:
            walk.skip(_SIZES[inner] * count)
        elif inner == _STRING:
            walk.skip_strings(count)
        elif deep >= MOST_DEEP:
            raise CheckpointError("checkpoint.deep", file=walk.file.called, entry="'header'", most=MOST_DEEP)
        else:
            walk.strings += count
            for _ in range(count if walk.strings <= _MOST_STRINGS else 0):
                _skip(walk, inner, deep + 1)
            walk.skip_strings(0)
    else:
        raise walk.wrong(kind, f"0–{max(_SIZES)}")


def _info(walk: _Walk, alignment: int) -> _Info:
    name = walk.text()
    axes = walk.number("I")
    if axes > 8:
        raise walk.wrong(axes, "0–8")
    sizes = [walk.number("Q") for _ in range(axes)]
    shape = checked_shape(walk.file, name, sizes[::-1], 8)
    kind, offset = walk.number("I"), walk.number("Q")
    if offset % alignment or offset >= 2**63:
        raise walk.wrong(offset, f"0, {alignment}, {2 * alignment} …")
    return _Info(name, shape, kind, offset)


def _tensors(walk: _Walk, infos: list[_Info], begin: int) -> Iterator[Stored | Skipped]:
    kinds, spans = _Kinds.here(), []
    for info in infos:
        found, size = _tensor(walk, info, begin, kinds)
        walk.file.check(info.name, begin + info.offset + size)
        spans.append((begin + info.offset, size, info.name))
        yield found
    last, before = 0, ""
    for start, size, name in sorted(each for each in spans if each[1]):
        if start < last:
            raise CheckpointError(
                "checkpoint.overlap",
                file=walk.file.called,
                entry=shown(name),
                begin=start,
                other=shown(before),
                end=last,
            )
        last, before = start + size, name


def _tensor(walk: _Walk, info: _Info, begin: int, kinds: "_Kinds | None") -> tuple[Stored | Skipped, int]:
    """Return a tensor, and how many bytes it takes; 0 where that is not known."""
    file, name, at = walk.file, info.name, begin + info.offset
    if info.kind in _PLAIN:
        dtype = _PLAIN[info.kind]
        swapped = walk.order != ("<" if np.little_endian else ">")
        return placed(file, name, dtype, Layout(at, info.shape, swapped=swapped)), WIDTHS[dtype] * math.prod(
            info.shape
        )
    if kinds is None:
        why = CheckpointError("checkpoint.blocks", file=file.called, entry=shown(name), library="gguf")
        return skipped(file, name, why), 0
    if not kinds.has(info.kind) or walk.order == ">":
        return unread_dtype(file, name, kinds.name(info.kind)), 0
    block, width = kinds.sizes(info.kind)
    if not info.shape or info.shape[-1] % block:
        raise CheckpointError(
            "checkpoint.shape", file=file.called, entry=shown(name), given=f"{info.shape} / {block}"
        )
    count = math.prod(info.shape) // block
    source = Blocks(file, at, count, block, width, info.kind)
    place = (file.state[:2], at, name if count == 0 else "")
    return Stored(name, file.name, "float32", info.shape, source, place, kinds.name(info.kind)), count * width


class _Kinds:
    """What the ``gguf`` package knows of blocks."""

    def __init__(self, package: Any, quants: Any) -> None:
        self._kind, self._sizes = package.GGMLQuantizationType, package.GGML_QUANT_SIZES
        self._known, self.dequantize = quants._type_traits, quants.dequantize

    @classmethod
    def here(cls) -> "_Kinds | None":
        """Return it if the package is installed."""
        try:
            return cls(import_module("gguf"), import_module("gguf.quants"))
        except ImportError:
            return None

    def name(self, kind: int) -> str:
        """Return what a type of tensor is called."""
        return str(self._kind(kind).name) if kind in iter(self._kind) else str(kind)

    def has(self, kind: int) -> bool:
        """Tell whether its blocks can be made numbers."""
        return kind in iter(self._kind) and self._kind(kind) in self._known and kind not in _PLAIN

    def sizes(self, kind: int) -> tuple[int, int]:
        """Return a block's numbers and bytes."""
        block, width = self._sizes[self._kind(kind)]
        return int(block), int(width)

    def numbers(self, blocks: Any, kind: int) -> Any:
        """Return a row of blocks as float32."""
        with np.errstate(all="ignore"):  # whatever stands in a file
            return self.dequantize(blocks, self._kind(kind))


@dataclass(frozen=True)
class Blocks:
    """Numbers that were rounded in blocks; the package gives them back as float32."""

    file: File
    offset: int
    count: int
    block: int
    width: int
    kind: int

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        kinds = _Kinds.here()
        if kinds is None:
            raise CheckpointError("checkpoint.blocks", file=self.file.called, entry="…", library="gguf")
        held = max(1, most // self.block)
        buffer = np.empty(min(held, self.count) * self.width, np.uint8)
        with self.file.opened() as reader:
            for at in range(0, self.count, held):
                part = buffer[: min(held, self.count - at) * self.width]
                reader.into(self.offset + at * self.width, part)
                bits = np.ascontiguousarray(kinds.numbers(part, self.kind), np.float32).view(np.uint32)
                for begin in range(0, len(bits), most):
                    yield bits[begin : begin + most]
