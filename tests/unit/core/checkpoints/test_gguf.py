"""GGUF, held to files written by hand from its specification and to those of its own library."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import gguf as reader
from core.checkpoints.file_formats import opened
from tests.support.checkpoints import (
    assert_holds,
    gguf_bytes,
    gguf_text,
    numbers,
    refused,
    some_arrays,
    written,
)

KEY = gguf_text("k")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_plain_numbers_are_read_in_both_orders(tmp_path: Path, order: str, version: int) -> None:
    strings = KEY + struct.pack(f"{order}IIQ", 9, 8, 2) + gguf_text("one", order) + gguf_text("", order)
    strings = gguf_text("k", order) + strings[len(KEY) :]
    nested = gguf_text("n", order) + struct.pack(f"{order}IIQIQI", 9, 9, 1, 4, 1, 7)
    text = gguf_bytes(some_arrays(), keys=strings + nested, count=2, order=order, version=version)
    contents = opened(written(tmp_path, "a.gguf", text))
    assert (contents.format, contents.skipped) == ("GGUF", ())
    assert_holds(contents, some_arrays())


@pytest.mark.parametrize(
    ("keys", "count", "code"),
    [
        (KEY + struct.pack("<I", 13), 1, "value"),
        (KEY + struct.pack("<IIQ", 9, 0, 2**63), 1, "short"),
        (KEY + struct.pack("<IIQ", 9, 8, 2**40), 1, "entries"),
        (KEY + struct.pack("<IIQ", 9, 9, 2**40), 1, "entries"),
        (KEY + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 1000, 1, "deep"),
        (KEY + struct.pack("<IQ", 8, 2**63), 1, "short"),
        (struct.pack("<Q", 2**63), 1, "value"),
        (gguf_text("n" * 1001), 1, "name"),
        ((KEY + struct.pack("<IB", 0, 1)) * 2, 2, "duplicate"),
        (gguf_text("general.alignment") + struct.pack("<II", 4, 0), 1, "value"),
        (gguf_text("general.alignment") + struct.pack("<II", 4, 48), 1, "value"),
        (b"", 10**6, "entries"),
        (b"", 2**63, "entries"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path: Path, keys: bytes, count: int, code: str) -> None:
    refused(written(tmp_path, "a.gguf", gguf_bytes(some_arrays(), keys=keys, count=count)), code)


def _info(axes: int = 1, size: int = 8, kind: int = 0, offset: int = 0, tensors: int = 1) -> bytes:
    info = (
        gguf_text("w")
        + struct.pack("<I", axes)
        + struct.pack("<Q", size) * axes
        + struct.pack("<IQ", kind, offset)
    )
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, 0) + info * tensors + bytes(64)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_info(), None),
        (_info(axes=9), "value"),
        (_info(axes=8, size=2**20), "shape"),
        (_info(size=2**63), "shape"),
        (_info(size=2**40), "short"),
        (_info(offset=2**62), "short"),
        (_info(offset=2**63), "value"),
        (_info(offset=8), "value"),
        (_info(tensors=2), "duplicate"),
        (_info(tensors=10**6)[:500], "entries"),
    ],
)
def test_a_tensor_that_cannot_be_is_refused(tmp_path: Path, text: bytes, code: str | None) -> None:
    path = written(tmp_path, "a.gguf", text)
    if code is None:
        assert_holds(opened(path), {"w": np.zeros(8, "f4")})
    else:
        refused(path, code)


def test_tensors_must_not_overlap(tmp_path: Path) -> None:
    text = gguf_bytes({"one": np.ones(16, "f4"), "two": np.ones(16, "f4")})
    at = text.index(gguf_text("two")) + 11 + 4 + 8 + 4
    refused(written(tmp_path, "a.gguf", text[:at] + struct.pack("<Q", 32) + text[at + 8 :]), "overlap")


@pytest.mark.parametrize("version", [0, 1, 4, 2**31])
def test_other_versions_are_named(tmp_path: Path, version: int) -> None:
    refused(written(tmp_path, "a.gguf", gguf_bytes(some_arrays(), version=version)), "version")


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    text = gguf_bytes(some_arrays())
    for size in (4, 20, 100, len(text) - 40):
        refused(written(tmp_path, "a.gguf", text[:size]), "short")


def test_blocks_without_their_library_are_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    (left,) = opened(written(tmp_path, "a.gguf", _info(size=32, kind=2))).skipped
    assert (left.name, left.code, left.facts["library"]) == ("w", "checkpoint.blocks", "gguf")


def test_every_kind_of_block_gives_what_the_library_gives(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    chance, wanted = np.random.default_rng(1), {}
    path = tmp_path / "a.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_array("tokens", ["a", "bb"] * 100)
    kinds = [kind for kind in gguf.quants._type_traits if kind.name != "BF16"]
    for kind in kinds:
        block, width = gguf.GGML_QUANT_SIZES[kind]
        blocks = chance.integers(0, 256, (6, 512 // block * width), dtype=np.uint8)
        writer.add_tensor(kind.name, blocks, raw_dtype=kind)
        with np.errstate(all="ignore"):
            wanted[kind.name] = gguf.quants.dequantize(blocks, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    contents = opened(path)
    assert len(kinds) > 20
    assert {each.name: each.quantised for each in contents.tensors} == {
        kind.name: kind.name for kind in kinds
    }
    for each in contents.tensors:
        assert (each.dtype, each.shape) == ("float32", (6, 512))
        for most in (2**18, 700, 13):
            np.testing.assert_array_equal(numbers(each, most), wanted[each.name].reshape(-1).view("u4"))


def test_a_row_is_whole_blocks(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    refused(written(tmp_path, "a.gguf", _info(size=33, kind=2)), "shape")
    refused(written(tmp_path, "a.gguf", _info(axes=0, kind=2)), "shape")
    refused(written(tmp_path, "a.gguf", _info(size=2**30, kind=2)), "short")


def test_a_kind_that_the_library_cannot_read_is_named(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    for kind, name in ((15, "Q8_K"), (99, "99")):
        (left,) = opened(written(tmp_path, "a.gguf", _info(size=256, kind=kind))).skipped
        assert (left.code, left.facts["dtype"]) == ("checkpoint.dtype", name)


def test_the_numbers_of_a_vocabulary_are_many_and_quickly_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = KEY + struct.pack("<IIQ", 9, 8, 20_000) + gguf_text("token") * 20_000
    path = written(tmp_path, "a.gguf", gguf_bytes(some_arrays(), keys=words, count=1))
    assert_holds(opened(path), some_arrays())
    monkeypatch.setattr(reader, "_MOST_STRINGS", 19_999)
    refused(path, "entries")
