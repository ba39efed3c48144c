"""What a browser tells of a file: the numbers that core's own readers and counters find, laid out by hand."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoints.counted_elsewhere import Again
from core.checkpoints.file_formats import opened
from core.checkpoints.measure import Measured, measure
from core.checkpoints.output_rows import hashes_of_blocks
from core.checkpoints.stored_tensor import Stored
from tests.support.checkpoints import numbers

#: The dtypes of which there are sums beside the counts.
WIDE = {"float64", "float32", "int64", "int32", "uint64", "uint32"}


def told_of(path: Path, asked: Sequence[Again] = (), **changed: Any) -> bytes:
    """Return what is told of a file, with these fields of the header changed."""
    contents = opened(path)
    tensors = list(contents.tensors)
    parts = [_rows(tensors[each.tensor], each.rows) for each in asked]
    found = [measure(each) for each in tensors] + [measure(each) for each in parts]
    arrays = [np.concatenate(each) for each in zip(*map(_arrays, [*tensors, *parts], found), strict=True)]
    cells = [np.count_nonzero(each.counts) for each in found]
    header = {
        "format": contents.format,
        "file": path.name,
        "tensors": [
            {
                "name": each.name,
                "dtype": each.dtype,
                "shape": each.shape,
                "place": str(each.place),
                "cells": int(count),
            }
            for each, count in zip(tensors, cells, strict=False)
        ],
        "skipped": [
            {"name": each.name, "file": each.file, "code": each.code, "facts": each.facts}
            for each in contents.skipped
        ],
        "again": [
            {"tensor": each.tensor, "rows": each.rows, "cells": int(count)}
            for each, count in zip(asked, cells[len(tensors) :], strict=True)
        ],
        "arrays": [len(each) for each in arrays],
    }
    return laid_out({**header, **changed}, arrays)


def laid_out(header: Mapping[str, Any], arrays: Sequence[np.ndarray[Any, Any]]) -> bytes:
    """Return a header and arrays as they travel."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(each.tobytes() for each in arrays)


def _rows(stored: Stored, rows: Sequence[int]) -> Stored:
    """Return some rows of a tensor as one of their own."""
    kept = numbers(stored).reshape(stored.shape)[list(rows)]
    return replace(stored, shape=kept.shape, source=_Kept(kept.reshape(-1)))


@dataclass
class _Kept:
    kept: np.ndarray[Any, Any]

    def parts(self, most: int) -> Iterator[Any]:
        for start in range(0, len(self.kept), most):
            yield self.kept[start : start + most]


def _arrays(stored: Stored, found: Measured) -> list[np.ndarray[Any, Any]]:
    moments, wide = found.moments, stored.dtype in WIDE
    low = 0
    if stored.dtype == "float32" and found.n:
        low = int(np.bitwise_or.reduce(numbers(stored))) & 0xFFFF
    sums = [moments.mean, *moments.sums, found.minimum, found.maximum]
    sums += [found.zeros, found.nan, found.inf, low]
    codes = np.flatnonzero(found.counts)
    units = found.units
    return [
        np.array(sums if wide else [], "<f8"),
        np.zeros(0) if units is None else units.squares,
        found.singular_values,
        hashes_of_blocks(numbers(stored)) if units is None else units.hashes,
        found.counts[codes].astype("<u4"),
        codes.astype("<u2"),
    ]
