"""ONNX: the initializers of a model's graph, found by a walk through protobuf; nothing else is looked at."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ..errors import CheckpointError, shown
from .cursor import Cursor
from .files import MOST_ENTRIES, MOST_HEADER, Bytes, File, check_once, checked_name, too_many
from .stored_tensor import Bits, Contents, Skipped, Stored
from .tensor_entry import WIDTHS, Layout, checked_shape, contents, placed, scattered, skipped, unread_dtype

#: Fields of all messages: a second's.
_MOST_FIELDS = 250_000
_VERSION, _GRAPH, _INITIALIZER, _SPARSE = 1, 7, 5, 15
#: TensorProto's fields.
_DIMS, _TYPE, _NAME, _RAW, _EXTERNAL, _LOCATION = 1, 2, 8, 9, 13, 14
_FLOATS, _INTS, _LONGS, _DOUBLES, _ULONGS = 4, 5, 7, 10, 11
_TYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "float32",
        2: "uint8",
        3: "int8",
        4: "uint16",
        5: "int16",
        6: "int32",
        7: "int64",
        9: "bool",
        10: "float16",
        11: "float64",
        12: "uint32",
        13: "uint64",
        16: "bfloat16",
        17: "float8_e4m3fn",
        18: "float8_e4m3fnuz",
        19: "float8_e5m2",
        20: "float8_e5m2fnuz",
        24: "float8_e8m0fnu",
    }
)
#: Which field has the numbers of a dtype that are not given as bytes.
_TYPED: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(WIDTHS, _INTS)
    | {"float32": _FLOATS, "float64": _DOUBLES, "int64": _LONGS, "uint64": _ULONGS, "uint32": _ULONGS}
)

#: A field: its number, and its value or from where to where it lies.
_Field = tuple[int, int | tuple[int, int]]


class _Walk(Cursor):
    """Goes through messages, and counts their fields."""

    fields = 0

    def message(self, end: int) -> Iterator[_Field]:
        """Yield the fields up to a place; one that holds others can be gone through before the next."""
        while self.at < end:
            self.fields += 1
            if self.fields > _MOST_FIELDS:
                raise too_many(self.file)
            begin = self.at
            number, wire = divmod(self.varint(), 8)
            if wire == 0:
                yield number, self.varint()
                continue
            size = {1: 8, 5: 4}.get(wire, 0) or (self.varint() if wire == 2 else -1)
            last = self.at + size
            if size < 0 or last > end:
                raise self.wrong(begin, wire)
            yield number, (self.at, last)
            self.at = last

    def wrong(self, begin: int, given: object) -> CheckpointError:
        """Return the error that says where no field is."""
        return CheckpointError(
            "checkpoint.value", file=self.file.called, offset=begin, given=shown(given), wanted="protobuf"
        )

    def text(self, value: object) -> bytes:
        """Return the bytes of a field, a name."""
        begin, end = value if isinstance(value, tuple) else (self.at, self.at + MOST_ENTRIES)
        if end - begin >= MOST_ENTRIES:
            raise self.wrong(begin, end - begin)
        return self.take(end - begin)

    def numbers(self, value: int | tuple[int, int]) -> list[int]:
        """Return the numbers of a field, one or several."""
        if isinstance(value, int):
            return [value]
        found = list[int]()
        while self.at < value[1] and len(found) <= 64:
            found.append(self.varint())
        return found


def is_onnx(reader: Bytes) -> bool:
    """Tell whether a file is messages from its first byte on, of which one could be a graph."""
    walk = _Walk(reader, reader.file.size)
    try:
        fields = list(walk.message(walk.end))
    except CheckpointError:
        return False
    return fields[0][0] == _VERSION and any(
        number == _GRAPH and isinstance(value, tuple) for number, value in fields
    )


def read_onnx(reader: Bytes) -> Contents:
    """Return the initializers of a model.

    Raises:
        CheckpointError: if it is not whole, or not as the format has it.
    """
    return contents("ONNX", _initializers(_Walk(reader, reader.file.size)))


def _initializers(walk: _Walk) -> Iterator[Stored | Skipped]:
    names = set[str]()
    for number, graph in walk.message(walk.end):
        if number != _GRAPH or isinstance(graph, int):
            continue
        for kind, value in walk.message(graph[1]):
            if kind not in {_INITIALIZER, _SPARSE} or isinstance(value, int):
                continue
            tensor = _read(walk, value[1]) if kind == _INITIALIZER else _Tensor(f"sparse.{len(names)}")
            check_once(walk.file, tensor.name, names)
            names.add(tensor.name)
            yield (
                unread_dtype(walk.file, tensor.name, "sparse")
                if kind == _SPARSE
                else _placed(walk.file, tensor)
            )


@dataclass
class _Tensor:
    """What a TensorProto says."""

    name: str = ""
    kind: int = 0
    dims: list[int] = field(default_factory=list)
    spans: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    elsewhere: bool = False


def _read(walk: _Walk, end: int) -> _Tensor:
    tensor = _Tensor()
    for number, value in walk.message(end):
        if number == _NAME:
            tensor.name = checked_name(walk.file, walk.text(value))
        elif number == _TYPE and isinstance(value, int):
            tensor.kind = value
        elif number == _DIMS:
            tensor.dims += walk.numbers(value)
        elif number == _EXTERNAL or (number == _LOCATION and value == 1):
            tensor.elsewhere = True
        elif isinstance(value, tuple):
            tensor.spans.setdefault(number, []).append(value)
        if len(tensor.dims) > 64:
            raise walk.wrong(walk.at, len(tensor.dims))
    return tensor


def _placed(file: File, tensor: _Tensor) -> Stored | Skipped:
    name, dtype = tensor.name, _TYPES.get(tensor.kind, f"{tensor.kind}")
    if tensor.elsewhere:
        return skipped(
            file, name, CheckpointError("checkpoint.elsewhere", file=file.called, entry=shown(name))
        )
    if dtype not in WIDTHS:
        return unread_dtype(file, name, dtype)
    shape = checked_shape(file, name, tensor.dims, WIDTHS[dtype])
    typed = _TYPED[dtype]
    spans = tensor.spans.get(_RAW) or tensor.spans.get(typed) or []
    (begin, end), count = spans[0] if spans else (0, 0), math.prod(shape)
    plain = _RAW in tensor.spans or typed in {_FLOATS, _DOUBLES}
    wanted = count * WIDTHS[dtype]
    if plain and len(spans) < 2 and end - begin == wanted:
        return placed(file, name, dtype, Layout(begin, shape, swapped=not np.little_endian))
    if plain or not count <= end - begin <= 10 * count:
        raise CheckpointError(
            "checkpoint.size",
            file=file.called,
            entry=shown(name),
            given=sum(last - first for first, last in spans),
            dtype=dtype,
            shape=shown(shape),
            wanted=wanted,
        )
    if len(spans) > 1 or end - begin > MOST_HEADER:
        return skipped(file, name, scattered(file, name))
    source = Varints(file, name, begin, end - begin, count, WIDTHS[dtype])
    return Stored(name, file.name, dtype, shape, source, (file.state[:2], begin, name if count == 0 else ""))


@dataclass(frozen=True)
class Varints:
    """Numbers of seven bits a byte, as ONNX has those that are not given as bytes; held at once."""

    file: File
    entry: str
    offset: int
    size: int
    count: int
    width: int

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        with self.file.opened() as reader:
            text = np.frombuffer(reader.take(self.entry, self.offset, self.size), np.uint8)
        ends = np.flatnonzero(text < 128)
        starts = np.concatenate([[0], ends[:-1] + 1])
        lengths = ends - starts + 1
        if len(ends) != self.count or (self.count and (ends[-1] != self.size - 1 or lengths.max() > 10)):
            raise CheckpointError("checkpoint.damaged", file=self.file.called, entry=shown(self.entry))
        found = np.zeros(self.count, np.uint64)
        for place in range(int(lengths.max(initial=0))):
            longer = lengths > place
            sevens = (text[starts[longer] + place] & 127).astype(np.uint64)
            found[longer] |= sevens << np.uint64(7 * place)
        for at in range(0, self.count, most):
            yield found[at : at + most].astype(f"u{self.width}")
