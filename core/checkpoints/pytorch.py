"""What torch.save writes: a ZIP archive, or before torch 1.6 one pickle after another. No pickle is run."""

import math
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any

from ..errors import CheckpointError, shown
from .files import (
    MOST_CHARS,
    MOST_DEEP,
    MOST_ENTRIES,
    MOST_HEADER,
    Bytes,
    File,
    check_once,
    checked_name,
    too_many,
)
from .pickles import MOST_STEPS, Meaning, Named, Opaque, dict_of, read_pickle
from .stored_tensor import Contents, Skipped, Stored
from .tensor_entry import WIDTHS, Layout, checked_shape, contents, placed, reach, skipped, unread_dtype
from .zips import Member, stored_begin, whole

#: How a file of the older kind begins: a pickle of the number 0x1950a86a20f9469cfc6c.
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
#: Views of the same numbers may take more bytes than the file has; many views of all of it take for ever.
_MOST_TIMES = 8

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "DoubleStorage": "float64",
        "FloatStorage": "float32",
        "HalfStorage": "float16",
        "BFloat16Storage": "bfloat16",
        "LongStorage": "int64",
        "IntStorage": "int32",
        "ShortStorage": "int16",
        "CharStorage": "int8",
        "ByteStorage": "uint8",
        "BoolStorage": "bool",
        "ComplexFloatStorage": "complex64",
        "ComplexDoubleStorage": "complex128",
    }
)
#: Bytes of a number of those dtypes too that are not read, as far as torch.save writes them in storages.
_BYTES: Mapping[str, int] = MappingProxyType({**WIDTHS, "complex64": 8, "complex128": 16, "uint8": 1})


@dataclass(frozen=True, eq=False)
class _Storage:
    """Where a storage's bytes are found; its dtype is "" where each tensor says its own."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, eq=False)
class _View:
    """A tensor as the pickle describes it; nothing of it is checked yet."""

    storage: _Storage
    dtype: str
    start: Any
    shape: Any
    strides: Any


def _view(storage: Any, start: Any, shape: Any, strides: Any, *_: Any) -> Any:
    if not isinstance(storage, _Storage) or not storage.dtype:
        raise TypeError
    return _View(storage, storage.dtype, start, shape, strides)


def _typed_view(
    storage: Any, start: Any, shape: Any, strides: Any, _: Any, __: Any, dtype: Any, *___: Any
) -> Any:
    if not isinstance(storage, _Storage) or not isinstance(dtype, Named):
        raise TypeError
    return _View(storage, dtype.removeprefix("torch."), start, shape, strides)


def _subclass(make: Any, kind: Any, arguments: Any, *_: Any) -> Any:
    """Return a tensor with attributes; one of a class that is not torch's may mean other numbers."""
    if not isinstance(make, Named) or not isinstance(kind, Named):
        raise TypeError
    if kind not in {"torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"}:
        return Opaque(kind)
    return _TENSORS[make](*arguments) if make in _TENSORS else Opaque(make)


def _same(value: Any, *_: Any) -> Any:
    return value


_TENSORS: Mapping[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_tensor_v3": _typed_view,
}
#: What a global makes of its arguments.
_MADE: Mapping[str, Callable[..., Any]] = {
    **_TENSORS,
    "torch._utils._rebuild_parameter": _same,
    "torch._utils._rebuild_parameter_with_state": _same,
    "torch._tensor._rebuild_from_type_v2": _subclass,
    "collections.OrderedDict": dict_of,
    "collections.defaultdict": lambda _=None, pairs=(): dict_of(pairs),
    "builtins.set": lambda values=(): values,
    "__builtin__.set": lambda values=(): values,
    "torch.Size": _same,
    "torch.device": lambda *_: None,
    "_codecs.encode": lambda *_: None,  # how older protocols write bytes
}


def _storage(told: Any) -> _Storage:
    """Return what a persistent id stands for: ("storage", kind, key, device, count)."""
    word, kind, key, _, count, *_ = told
    name = kind.rpartition(".")[2] if isinstance(kind, Named) and kind.startswith("torch.") else ""
    if word != "storage" or not isinstance(key, str) or len(key) > MOST_CHARS or type(count) is not int:
        raise ValueError
    if name not in _KINDS and name != "UntypedStorage":
        raise ValueError
    return _Storage(key, _KINDS.get(name, ""), count)


def read_archive(reader: Bytes, members: Mapping[str, Member], root: str) -> Contents:
    """Return what an archive of torch.save holds; ``root`` is what its members' names begin with.

    Raises:
        CheckpointError: if it is not whole, or not as torch writes it.
    """
    file = reader.file
    order = members.get(f"{root}byteorder")
    swapped = order is not None and whole(reader, order)[0] != sys.byteorder.encode()
    if order is None and sys.byteorder == "big":  # from before there was such a member
        swapped = True
    text, begin = whole(reader, members[f"{root}data.pkl"])
    tree = read_pickle(file, f"{root}data.pkl", BytesIO(text), begin, Meaning(_MADE, _storage))
    found: dict[str, tuple[int, int]] = {}

    def where(storage: _Storage) -> tuple[int, int]:
        if storage.key not in found:
            member = members.get(f"{root}data/{storage.key}")
            if member is None:
                raise CheckpointError(
                    "checkpoint.lacks", file=file.called, entry=shown(f"{root}data/{storage.key}")
                )
            found[storage.key] = stored_begin(reader, member), member.size
        return found[storage.key]

    return contents("PyTorch", _tensors(file, tree, where, swapped=swapped))


def read_legacy(reader: Bytes) -> Contents:
    """Return what a file from before torch 1.6 holds: five pickles, then each storage behind its length.

    Raises:
        CheckpointError: if it is not whole, or not as torch wrote it.
    """
    file, storages = reader.file, dict[str, _Storage]()

    def stored(told: Any) -> _Storage:
        storage = _storage(told[:5])
        if told[5:] != () and told[5:] != (None,):  # a storage that was part of another
            raise ValueError
        storages[storage.key] = storage
        return storage

    text = BytesIO(reader.take("pickle", 0, min(file.size, MOST_HEADER)))
    *_, tree, keys = (read_pickle(file, "pickle", text, 0, Meaning(_MADE, stored)) for _ in range(5))
    found, at = dict[str, tuple[int, int]](), text.tell()
    for key in keys if isinstance(keys, list) and set(map(type, keys)) <= {str} else []:
        (count,) = struct.unpack("<q", reader.take(key, at, 8))
        if key not in storages or count != storages[key].count or key in found:
            raise _outside(file, key, at, at + 8)
        size = count * _BYTES[storages[key].dtype or "uint8"]
        file.check(key, at + 8 + size)
        found[key] = at + 8, size
        at += 8 + size

    def where(storage: _Storage) -> tuple[int, int]:
        if storage.key not in found:
            raise CheckpointError("checkpoint.lacks", file=file.called, entry=shown(storage.key))
        return found[storage.key]

    return contents("PyTorch", _tensors(file, tree, where, swapped=sys.byteorder == "big"))


def _tensors(
    file: File, tree: Any, where: Callable[[_Storage], tuple[int, int]], *, swapped: bool
) -> Iterator[Stored | Skipped]:
    names, places, left = set[str](), set[object](), _MOST_TIMES * file.size
    for name, leaf in _Leaves(file, tree).found:
        check_once(file, checked_name(file, name), names)
        names.add(name)
        if isinstance(leaf, Opaque):
            yield skipped(
                file,
                name,
                CheckpointError(
                    "checkpoint.object", file=file.called, entry=shown(name), given=shown(str(leaf.name))
                ),
            )
            continue
        found = _placed(file, name, leaf, where(leaf.storage), swapped=swapped)
        if isinstance(found, Stored) and found.place not in places:
            places.add(found.place)
            left -= math.prod(found.shape) * WIDTHS[found.dtype]
        if left < 0:
            raise CheckpointError("checkpoint.views", file=file.called, entry=shown(name), most=_MOST_TIMES)
        yield found


def _placed(file: File, name: str, view: _View, where: tuple[int, int], *, swapped: bool) -> Stored | Skipped:
    """Return a view of a storage, whose bytes begin at a place and are so many."""
    begin, size = where
    dtype = view.dtype
    if (width := _BYTES.get(dtype)) is None:
        return unread_dtype(file, name, dtype)
    shape = checked_shape(file, name, view.shape, width)
    strides = checked_shape(file, name, view.strides)
    start = checked_shape(file, name, (view.start,))[0]
    if len(strides) != len(shape):
        raise CheckpointError(
            "checkpoint.shape", file=file.called, entry=shown(name), given=shown((shape, strides))
        )
    own = _BYTES[view.storage.dtype or "uint8"]
    end = (start + reach(shape, strides)) * width if math.prod(shape) else 0
    if view.storage.count * own != size or end > size:
        raise _outside(file, name, begin + start * width, begin + end, begin + size)
    return placed(file, name, dtype, Layout(begin + start * width, shape, strides, swapped))


def _outside(file: File, name: str, begin: int, end: int, size: int | None = None) -> CheckpointError:
    return CheckpointError(
        "checkpoint.outside",
        file=file.called,
        entry=shown(name),
        begin=begin,
        end=end,
        size=file.size if size is None else size,
    )


class _Leaves:
    """Tensors, and what is opaque, with the keys on the way to them joined by points."""

    def __init__(self, file: File, tree: Any) -> None:
        self.found: list[tuple[str, _View | Opaque]] = []
        self._file, self._barren, self._work = file, set[int](), 0
        self._walk(tree, "")

    def _walk(self, value: Any, name: str, deep: int = 0) -> None:
        """Add what a value holds; what is met again, and held nothing, is passed by."""
        if isinstance(value, _View | Opaque):
            if len(self.found) >= MOST_ENTRIES:
                raise too_many(self._file)
            self.found.append((name or self._file.name.rpartition("/")[2].partition(".")[0], value))
            return
        if not isinstance(value, dict | list | tuple) or id(value) in self._barren:
            return
        self._work += 1 + len(value)
        if self._work > MOST_STEPS or len(name) > MOST_CHARS:
            raise too_many(self._file)
        if deep > MOST_DEEP:
            raise CheckpointError(
                "checkpoint.deep", file=self._file.called, entry=shown(name), most=MOST_DEEP
            )
        start, before = len(self.found), f"{name}." if name else ""
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, _View | Opaque | dict | list | tuple):
                self._walk(each, f"{before}{key}", deep + 1)
        if len(self.found) == start:
            self._barren.add(id(value))
