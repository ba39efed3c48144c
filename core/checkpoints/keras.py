"""Keras: HDF5 files of weights, alone or in a .keras archive, by h5py; no layer is built or link followed."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import CheckpointError, shown
from .files import MOST_DEEP, Bytes, File, check_once, checked_name, too_many
from .stored_tensor import Bits, Contents, Skipped, Stored
from .tensor_entry import (
    WIDTHS,
    Layout,
    checked_shape,
    contents,
    placed,
    scattered,
    skipped,
    turned,
    unread_dtype,
)

MAGIC = b"\x89HDF\r\n\x1a\n"
#: Opening a dataset takes the time of many entries of other formats.
_MOST_DATASETS = 10_000
#: Bytes of the pieces that a reader of rows has at once.
_MOST_CHUNKS = 2**26
#: Filters that give what was written: gzip, shuffle, fletcher32, lzf.
_FILTERS = {1, 2, 3, 32000}
_MOST_RATIO = 1032


class _Window(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, reader: Bytes, begin: int, size: int) -> None:
        super().__init__()
        self._reader, self._begin, self._size, self._at = reader, begin, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, target: Any) -> int:
        size = max(0, min(len(target), self._size - self._at))
        if size:
            self._reader.into(self._begin + self._at, np.frombuffer(target, np.uint8)[:size])
        self._at += size
        return size


def read_keras(reader: Bytes, begin: int = 0, size: int | None = None) -> Contents:
    """Return the weights of an HDF5 file, which may be a part of another.

    Raises:
        CheckpointError: if h5py is not installed, or cannot read it.
    """
    file = reader.file
    size = file.size if size is None else size
    with _opened(reader, begin, size) as (root, h5py):
        found = list(_Datasets(file, h5py, begin, size).walk(root, ()))
    return contents("Keras", found)


@contextmanager
def _opened(reader: Bytes, begin: int, size: int) -> Iterator[tuple[Any, Any]]:
    file = reader.file
    try:
        h5py = import_module("h5py")
    except ImportError:
        raise CheckpointError("checkpoint.library", file=file.called, format="HDF5", library="h5py") from None
    try:
        with h5py.File(_Window(reader, begin, size), "r", rdcc_nbytes=_MOST_CHUNKS) as root:
            yield root, h5py
    except (CheckpointError, GeneratorExit):
        raise
    except Exception as error:  # noqa: BLE001 - whatever HDF5's library says of a file that is damaged
        said = " ".join(str(error).split())[:100]
        raise CheckpointError("checkpoint.hdf", file=file.called, said=said) from None


class _Datasets:
    def __init__(self, file: File, h5py: Any, begin: int, size: int) -> None:
        self.file, self.h5py, self.begin, self.size = file, h5py, begin, size
        self.names, self.groups, self.links = set[str](), set[int](), 0

    def walk(self, group: Any, way: tuple[str, ...]) -> Iterator[Stored | Skipped]:
        """Yield the datasets of a group and of those in it, each once."""
        address = self.h5py.h5o.get_info(group.id).addr
        if address in self.groups:
            return
        self.groups.add(address)
        self.links += len(group)
        if self.links > _MOST_DATASETS:
            raise too_many(self.file)
        if len(way) > MOST_DEEP:
            raise CheckpointError(
                "checkpoint.deep", file=self.file.called, entry=shown(".".join(way)), most=MOST_DEEP
            )
        for key in group:
            link = group.get(key, getlink=True)
            inner = (*way, key)
            name = checked_name(self.file, ".".join(inner).removesuffix(":0"))
            if not isinstance(link, self.h5py.HardLink):
                yield self._elsewhere(name)
                continue
            item = group.get(key)
            if isinstance(item, self.h5py.Group):
                yield from self.walk(item, inner)
            elif isinstance(item, self.h5py.Dataset):
                check_once(self.file, name, self.names)
                self.names.add(name)
                yield self._dataset(name, inner, item)

    def _elsewhere(self, name: str) -> Skipped:
        why = CheckpointError("checkpoint.elsewhere", file=self.file.called, entry=shown(name))
        return skipped(self.file, name, why)

    def _dataset(self, name: str, way: tuple[str, ...], item: Any) -> Stored | Skipped:
        """Return a dataset as a tensor whose numbers lie in the file, or are given by h5py."""
        kind, file = item.dtype, self.file
        dtype = str(kind.newbyteorder("=")) if kind.kind in "fiub" else str(kind)
        if dtype not in WIDTHS or item.id.get_type() != self.h5py.h5t.py_create(kind, logical=True):
            return unread_dtype(file, name, dtype)
        shape = checked_shape(file, name, item.shape, WIDTHS[dtype])
        plan, axes = item.id.get_create_plist(), _axes(way, len(shape))
        if plan.get_external_count() or item.is_virtual:
            return self._elsewhere(name)
        swapped = kind.byteorder not in "=|" and kind != kind.newbyteorder("=")
        where = item.id.get_offset() if plan.get_layout() == self.h5py.h5d.CONTIGUOUS else None
        if where is not None:
            return self._plain(name, dtype, Layout(where, shape, swapped=swapped), axes)
        if not self._can_give(item, plan, math.prod(shape) * WIDTHS[dtype]):
            return skipped(file, name, scattered(file, name))
        source = Dataset(file, self.begin, self.size, item.name, shape, WIDTHS[dtype])
        place = (file.state[:2], self.begin, self.h5py.h5o.get_info(item.id).addr)
        found = Stored(name, file.name, dtype, shape, source, place)
        return found if axes is None else turned(file, found, shape, axes)

    def _plain(self, name: str, dtype: str, layout: Layout, axes: Sequence[int] | None) -> Stored | Skipped:
        """Return a dataset whose numbers lie one after the other, with its axes in another order."""
        shape, end = layout.shape, layout.offset + math.prod(layout.shape) * WIDTHS[dtype]
        if end > self.size:
            raise CheckpointError(
                "checkpoint.short", file=self.file.called, entry=shown(name), size=self.size, end=end
            )
        layout = replace(layout, offset=self.begin + layout.offset)
        if axes is not None:
            steps = [math.prod(shape[axis + 1 :]) for axis in axes]
            layout = replace(layout, shape=tuple(shape[axis] for axis in axes), strides=steps)
        return placed(self.file, name, dtype, layout)

    def _can_give(self, item: Any, plan: Any, size: int) -> bool:
        """Tell whether rows of a dataset can be had in little memory, and it has not more than it can."""
        filters = {plan.get_filter(place)[0] for place in range(plan.get_nfilters())}
        row = size // item.shape[0] if item.shape and item.shape[0] else 0
        rows = item.chunks[0] if item.chunks else 1
        small = rows * row <= _MOST_CHUNKS and math.prod(item.chunks or ()) * 8 <= _MOST_CHUNKS
        stored = item.id.get_storage_size()
        return (
            filters <= _FILTERS
            and small
            and size <= stored * (_MOST_RATIO if filters else 1)
            and stored <= self.size
        )


#: What Keras 3 calls a layer's group, without its number, by where its weight's axes are.
_GROUP = re.compile(r"(.*?)(?:_\d+)?")
_CELLS = {"cell", "lstm_cell", "gru_cell", "simple_rnn_cell"}


def _axes(way: tuple[str, ...], rank: int) -> tuple[int, ...] | None:
    """Return the order of axes that makes a kernel of Keras, (…, in, out), one of torch's, (out, in, …)."""
    *_, group, kind, last = ("", "", *way) if len(way) < 3 else way
    found = _GROUP.fullmatch(group)
    layer = found[1] if found else ""
    if kind == "vars":
        linear = (layer == "dense" and last == "0") or (layer in _CELLS and last in {"0", "1"})
        convolved = re.fullmatch(r"conv\dd(_transpose)?", layer) is not None and last == "0"
    else:
        word = last.removesuffix(":0")
        linear = word in {"kernel", "recurrent_kernel"}
        convolved = word == "kernel" and "depthwise" not in kind and (rank > 3 or "conv" in kind)
    if rank == 2 and linear:
        return 1, 0
    if rank in {3, 4, 5} and convolved:
        return rank - 1, rank - 2, *range(rank - 2)
    return None


@dataclass(frozen=True)
class Dataset:
    """Numbers that h5py gives: of a dataset in pieces, compressed or not."""

    file: File
    begin: int
    size: int
    path: str
    shape: tuple[int, ...]
    width: int

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        if not math.prod(self.shape):
            return
        rows, row = (self.shape[0], math.prod(self.shape[1:])) if self.shape else (1, 1)
        step = max(1, most // row)
        with self.file.opened() as reader, _opened(reader, self.begin, self.size) as (root, _):
            item = root[self.path]
            if item.shape != self.shape or item.dtype.itemsize != self.width:
                raise CheckpointError("checkpoint.changed", file=self.file.called)
            for at in range(0, rows, step):
                part = np.asarray(item[at : at + step] if self.shape else item[()])
                bits = (
                    np.ascontiguousarray(part, part.dtype.newbyteorder("="))
                    .reshape(-1)
                    .view(f"u{self.width}")
                )
                for begin in range(0, len(bits), most):
                    yield bits[begin : begin + most]
