"""safetensors: eight bytes of length, a header of JSON, then the numbers, without gaps."""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..errors import CheckpointError, shown
from .files import MOST_ENTRIES, Bytes, File, checked_name, too_many
from .stored_tensor import Contents, Skipped, Stored
from .tensor_entry import WIDTHS, Layout, checked_shape, contents, placed, unread_dtype

#: The format's names of dtypes → torch's; of those that are here by size alone, bits of a number.
_DTYPES: Mapping[str, str] = MappingProxyType(
    {
        **{f"F{bits}": f"float{bits}" for bits in (64, 32, 16)},
        **{f"I{bits}": f"int{bits}" for bits in (64, 32, 16, 8)},
        **{f"U{bits}": f"uint{bits}" for bits in (64, 32, 16, 8)},
        "BF16": "bfloat16",
        "BOOL": "bool",
        "F8_E4M3": "float8_e4m3fn",
        "F8_E4M3FNUZ": "float8_e4m3fnuz",
        "F8_E5M2": "float8_e5m2",
        "F8_E5M2FNUZ": "float8_e5m2fnuz",
        "F8_E8M0": "float8_e8m0fnu",
    }
)
_BITS: Mapping[str, int] = MappingProxyType({"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64})
_FIELDS = ("dtype", "shape", "data_offsets")


def read_safetensors(reader: Bytes) -> Contents:
    """Return what a file holds.

    Raises:
        CheckpointError: if it is not whole, or not as the format has it.
    """
    file, (header, begin) = reader.file, _header(reader)
    entries = parsed(file, header, 8)
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in metadata.values()):
        raise _entry(file, "__metadata__", metadata)
    return contents("safetensors", _tensors(file, entries, begin))


def _header(reader: Bytes) -> tuple[bytes, int]:
    """Return the header, and where the numbers begin."""
    size = int.from_bytes(reader.take("header", 0, 8), "little")
    return reader.take("header", 8, size), 8 + size


def parsed(file: File, text: bytes, offset: int = 0) -> dict[str, Any]:
    """Return an object of JSON, in which no name occurs twice, that stands in a file at a byte.

    Raises:
        CheckpointError: if it is none, or has more entries than ``MOST_ENTRIES``.
    """
    # Counted before they are made: millions of empty lists would fill the memory.
    if text.count(b"{") > MOST_ENTRIES + 2 or text.count(b"[") + text.count(b",") > 12 * MOST_ENTRIES:
        raise too_many(file)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
            raise CheckpointError("checkpoint.duplicate", file=file.called, entry=shown(twice))
        return found

    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except CheckpointError:
        raise
    except (ValueError, RecursionError) as error:  # also of a number of more digits than Python reads
        at = offset + getattr(error, "pos", getattr(error, "start", 0))
        raise CheckpointError("checkpoint.json", file=file.called, offset=at) from None
    if not isinstance(found, dict):
        raise CheckpointError("checkpoint.json", file=file.called, offset=offset)
    return found


def _tensors(file: File, entries: dict[str, Any], begin: int) -> Iterator[Stored | Skipped]:
    spans = []
    for name, entry in entries.items():
        shape, start, end = _checked(file, checked_name(file, name), entry, begin)
        spans.append((start, end, name))
        yield (
            placed(
                file,
                name,
                _DTYPES[entry["dtype"]],
                Layout(begin + start, shape, swapped=sys.byteorder == "big"),
            )
            if entry["dtype"] in _DTYPES
            else unread_dtype(file, name, shown(entry["dtype"]))
        )
    at, last = 0, "header"
    for start, end, name in sorted(spans):
        _hold_to(file, name, begin + start, begin + at)
        at, last = end, name
    file.check(last, begin + at)
    _hold_to(file, "end of the file", file.size, begin + at)


def _hold_to(file: File, name: str, begin: int, wanted: int) -> None:
    """Refuse what lies over something else, and what leaves bytes that nothing explains."""
    if begin != wanted:
        raise CheckpointError(
            "checkpoint.apart", file=file.called, entry=shown(name), begin=begin, wanted=wanted
        )


def _checked(file: File, name: str, entry: object, begin: int) -> tuple[tuple[int, ...], int, int]:
    """Return a tensor's shape, and where its bytes begin and end behind the header, up to ``begin``."""
    if not isinstance(entry, dict) or sorted(entry) != sorted(_FIELDS):
        raise _entry(file, name, entry)
    dtype, span = entry["dtype"], entry["data_offsets"]
    if not isinstance(dtype, str) or not isinstance(span, list) or [*map(type, span)] != [int, int]:
        raise _entry(file, name, entry)
    shape, (start, end) = checked_shape(file, name, entry["shape"], 8), span
    if not 0 <= start <= end < 2**63:
        raise CheckpointError(
            "checkpoint.outside",
            file=file.called,
            entry=shown(name),
            begin=begin + start,
            end=begin + end,
            size=file.size,
        )
    bits = 8 * WIDTHS[_DTYPES[dtype]] if dtype in _DTYPES else _BITS.get(dtype)
    if bits is not None and (end - start) * 8 != (wanted := math.prod(shape) * bits):
        raise CheckpointError(
            "checkpoint.size",
            file=file.called,
            entry=shown(name),
            given=end - start,
            dtype=dtype,
            shape=shown(shape),
            wanted=-(-wanted // 8),
        )
    return shape, start, end


def _entry(file: File, name: str, entry: object) -> CheckpointError:
    return CheckpointError(
        "checkpoint.entry", file=file.called, entry=shown(name), given=shown(entry), fields=_FIELDS
    )
