"""safetensors, held to what its own library writes; and headers that lie."""

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from core import CheckpointError
from core.checkpoints.file_formats import opened
from tests.support.checkpoints import assert_holds, refused, safetensors_of, some_tensors, written

#: Every dtype of torch's that the library writes; the others are set by hand below.
DTYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8),
    *(torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool),
    *(torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz),
)


def one(shape: object = (2, 3), begin: int = 0, end: int = 24, **more: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end], **more}


def test_it_holds_what_the_library_wrote_in_every_dtype(tmp_path: Path) -> None:
    numbers = torch.arange(1, 36, dtype=torch.float32).reshape(5, 7)
    tensors = {str(dtype): numbers.to(dtype) for dtype in DTYPES} | some_tensors()
    contents = opened(written(tmp_path, "a.safetensors", save(tensors, {"format": "pt"})))
    assert (contents.format, contents.skipped) == ("safetensors", ())
    assert_holds(contents, tensors)
    assert {each.file for each in contents.tensors} == {"a.safetensors"}
    assert len({each.place for each in contents.tensors}) == len(tensors)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    assert_holds(opened(written(tmp_path, "weights.bin", save(some_tensors()))), some_tensors())


@pytest.mark.parametrize(
    ("dtype", "size"), [("F4", 3), ("F6_E2M3", 6), ("F6_E3M2", 6), ("C64", 64), ("F2_NEW", 5)]
)
def test_what_has_no_dtype_of_bytes_is_named_beside_what_has(tmp_path: Path, dtype: str, size: int) -> None:
    shape = [8] if dtype != "F4" else [6]
    header = {"a": one(), "b": {"dtype": dtype, "shape": shape, "data_offsets": [24, 24 + size]}}
    path = written(tmp_path, "a.safetensors", safetensors_of(json.dumps(header).encode(), bytes(24 + size)))
    contents = opened(path)
    assert [each.name for each in contents.tensors] == ["a"]
    (left,) = contents.skipped
    assert (left.name, left.file, left.code) == ("b", "a.safetensors", "checkpoint.dtype")
    assert dtype in str(left.facts["dtype"])


def test_the_scale_of_eight_bits_is_torch_s_e8m0(tmp_path: Path) -> None:
    header = {"s": {"dtype": "F8_E8M0", "shape": [4], "data_offsets": [0, 4]}}
    path = written(tmp_path, "a.safetensors", safetensors_of(json.dumps(header).encode(), b"\1\2\3\4"))
    wanted = torch.tensor([1, 2, 3, 4], dtype=torch.uint8).view(torch.float8_e8m0fnu)
    assert_holds(opened(path), {"s": wanted})


WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "an overlap": ({"a": one(), "b": one(begin=20, end=44)}, 44),
    "a gap": ({"a": one(), "b": one(begin=28, end=52)}, 52),
    "a gap at the start": ({"a": one(begin=4, end=28)}, 28),
    "bytes that nothing explains": ({"a": one()}, 25),
}


@pytest.mark.parametrize("name", WRONG)
def test_tensors_lie_one_behind_the_other(tmp_path: Path, name: str) -> None:
    header, size = WRONG[name]
    path = written(tmp_path, "a.safetensors", safetensors_of(json.dumps(header).encode(), bytes(size)))
    refused(path, "apart")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (one((2, 4)), "size"),
        (one((2**40, 2**40)), "shape"),
        (one((2**61 + 1, 8), 0, 32), "shape"),
        (one((2, -3)), "shape"),
        (one((2, 3.0)), "shape"),
        (one((2, True)), "shape"),
        (one("6"), "shape"),
        (one([1] * 65), "shape"),
        (one(begin=24, end=0), "outside"),
        (one(begin=-24, end=0), "outside"),
        (one(end=2**63), "outside"),
        (one(begin=0.0), "entry"),
        (one(more=1), "entry"),
        ({"dtype": "F32", "shape": [2, 3]}, "entry"),
        (one() | {"dtype": 3}, "entry"),
        (one() | {"data_offsets": [0, 12, 24]}, "entry"),
        ([], "entry"),
        (one((2, 300), 0, 2400), "short"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(tmp_path: Path, entry: object, code: str) -> None:
    text = safetensors_of(json.dumps({"layer": entry}).encode(), bytes(24))
    assert "'layer'" in str(refused(written(tmp_path, "a.safetensors", text), code))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b'{"a":1', "json"),
        (b'{"a":{}} x', "json"),
        (b"{\xff}", "json"),
        (b'{"a":NaN}', "entry"),
        (b'{"a":' + b"9" * 5000 + b"}", "json"),
        (b'{"a":' * 50_000, "json"),
        (b'{"a":' + b"[" * 1_000_000, "json"),
        (b'{"a":' + b"[" * 16_000_000, "entries"),
        (b'{"a":' + b"[]," * 5_000_000, "entries"),
        (b'{"a":1,"a":2}', "duplicate"),
        (b'{"a":{"dtype":"F32","dtype":"F16"}}', "duplicate"),
        (b'{"__metadata__":{"a":1}}', "entry"),
        (b'{"\\ud800":{}}', "name"),
        (b'{"' + b"n" * 1001 + b'":{}}', "name"),
        (b"{}", "none"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path: Path, header: bytes, code: str) -> None:
    tracemalloc.start()
    try:
        refused(written(tmp_path, "a.safetensors", safetensors_of(header)), code)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(header) + 5_000_000
    finally:
        tracemalloc.stop()


def test_a_million_entries_are_refused_before_they_are_made(tmp_path: Path) -> None:
    entries = ",".join(f'"{i}":{{}}' for i in range(1_000_000)).encode()
    refused(written(tmp_path, "a.safetensors", safetensors_of(b"{" + entries + b"}")), "entries")


@pytest.mark.parametrize("size", [2**24, 2**40 - 1, 2**63, 2**64 - 1])
def test_a_header_too_large_is_refused_unread(tmp_path: Path, size: int) -> None:
    error = refused(written(tmp_path, "a.safetensors", struct.pack("<Q", size) + b"{}"), "header")
    assert (error.facts["given"], error.facts["most"]) == (size, 2**24 - 1)


def test_a_file_that_was_cut_short_says_where_it_ends(tmp_path: Path) -> None:
    text = save(some_tensors())
    for size in (9, 100, len(text) - 1):
        error = refused(written(tmp_path, "a.safetensors", text[:size]), "short")
        assert error.facts["size"] == size


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a.safetensors", save({"w": torch.ones(1000)}))
    (tensor,) = opened(path).tensors
    parts = tensor.source.parts(100)
    next(parts)
    with path.open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(CheckpointError, match="changed while it was read"):
        list(parts)
    with pytest.raises(CheckpointError, match="changed while it was read"):
        next(tensor.source.parts(100))
    path.unlink()
    with pytest.raises(CheckpointError, match="no file or folder"):
        next(tensor.source.parts(100))
