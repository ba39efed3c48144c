"""ONNX, held to messages written by hand from its definition and to those of its own library."""

import struct
from pathlib import Path

import numpy as np
import pytest

from core import CheckpointError
from core.checkpoints import onnx as onnx_reader
from core.checkpoints.file_formats import opened
from core.checkpoints.stored_tensor import PART
from tests.support.checkpoints import (
    assert_holds,
    field,
    onnx_bytes,
    onnx_tensor,
    refused,
    some_arrays,
    varint,
    written,
)


def test_initializers_given_as_bytes_are_read(tmp_path: Path) -> None:
    tensors = [onnx_tensor(name, array) for name, array in some_arrays().items()]
    for name in ("a.onnx", "weights.bin"):
        contents = opened(written(tmp_path, name, onnx_bytes(*tensors)))
        assert (contents.format, contents.skipped) == ("ONNX", ())
        assert_holds(contents, some_arrays())


def _typed(kind: int, number: int, data: bytes, size: int) -> bytes:
    return field(1, size) + field(2, kind) + field(8, b"w") + field(number, data)


@pytest.mark.parametrize(
    ("kind", "number", "data", "wanted"),
    [
        (1, 4, struct.pack("<3f", 1, -2, 0.5), np.array([1, -2, 0.5], "f4")),
        (11, 10, struct.pack("<2d", 1, -2), np.array([1, -2], "f8")),
        (6, 5, varint(-1) + varint(300) + varint(-(2**31)), np.array([-1, 300, -(2**31)], "i4")),
        (3, 5, varint(-128) + varint(127), np.array([-128, 127], "i1")),
        (4, 5, varint(65535) + varint(0), np.array([65535, 0], "u2")),
        (9, 5, b"\1\0\1", np.array([True, False, True])),
        (10, 5, varint(0x3C00) + varint(0xC000), np.array([1, -2], "f2")),
        (7, 7, varint(-(2**63)) + varint(2**63 - 1), np.array([-(2**63), 2**63 - 1])),
        (13, 11, varint(2**64 - 1) + varint(1), np.array([2**64 - 1, 1], "u8")),
        (12, 11, varint(2**32 - 1), np.array([2**32 - 1], "u4")),
    ],
)
def test_initializers_given_as_numbers_are_read(
    tmp_path: Path,
    kind: int,
    number: int,
    data: bytes,
    wanted: "np.ndarray[tuple[int], np.dtype[np.generic]]",
) -> None:
    text = onnx_bytes(_typed(kind, number, data, len(wanted)))
    assert_holds(opened(written(tmp_path, "a.onnx", text)), {"w": wanted})


def test_its_own_library_writes_what_is_read(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    arrays = {name: array.astype(array.dtype) for name, array in some_arrays().items()}
    arrays |= {"mask": np.array([True, False]), "scalar": np.array(2.5, "f4"), "none": np.zeros((0, 2), "f4")}
    initializers = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    for name, kind, values in (
        ("f", 1, [1.5, -2]),
        ("i", 7, [-1, 2**62]),
        ("h", 10, [1.0, -3]),
        ("s", 5, [-7]),
    ):
        initializers.append(onnx.helper.make_tensor(name, kind, [len(values)], values))
        arrays[name] = onnx.numpy_helper.to_array(initializers[-1])
    outside = onnx.helper.make_tensor("outside", 1, [1], [1.0])
    outside.ClearField("float_data")
    outside.data_location = onnx.TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    unread = [
        outside,
        onnx.helper.make_tensor("text", 8, [1], [b"x"]),
        onnx.helper.make_tensor("pair", 22, [2], [1, 2]),
    ]
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    ends = [onnx.helper.make_tensor_value_info(each, 1, [1]) for each in "xy"]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:], [*initializers, *unread])
    path = written(tmp_path, "a.onnx", onnx.helper.make_model(graph).SerializeToString())
    contents = opened(path)
    assert_holds(contents, arrays)
    codes = {"outside": "checkpoint.elsewhere", "text": "checkpoint.dtype", "pair": "checkpoint.dtype"}
    assert {each.name: each.code for each in contents.skipped} == codes


ONE = onnx_tensor("w", np.ones(3, "f4"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (onnx_bytes(ONE)[:-1], "value"),
        (onnx_bytes(ONE, ONE), "duplicate"),
        (onnx_bytes(), "none"),
        (onnx_bytes(ONE + field(1, 2)), "size"),
        (onnx_bytes(ONE + field(1, 2**62)), "shape"),
        (onnx_bytes(ONE + field(1, -1)), "shape"),
        (onnx_bytes(field(1, b"\1" * 1000) + ONE), "value"),
        (onnx_bytes(_typed(7, 7, b"\1\1", 3)), "size"),
        (onnx_bytes(_typed(7, 7, b"\1" * 31, 3)), "size"),
        (onnx_bytes(field(8, b"n" * 1001) + ONE), "name"),
        (onnx_bytes(ONE + b"\x0b"), "value"),
        (onnx_bytes(ONE + b"\xff" * 20), "value"),
        (onnx_bytes(ONE + varint(8 * 9 + 2) + varint(2**63)), "value"),
        (onnx_bytes(ONE + field(99, 0) * 1100), "entries"),
    ],
)
def test_a_message_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, code: str
) -> None:
    monkeypatch.setattr(onnx_reader, "_MOST_FIELDS", 1000)
    refused(written(tmp_path, "a.onnx", text), code)


@pytest.mark.parametrize("data", [b"\x80" * 4, b"\1\x80\x80\x80", b"\x81" * 11 + b"\1"])
def test_numbers_that_do_not_end_are_found_when_they_are_read(tmp_path: Path, data: bytes) -> None:
    (tensor,) = opened(written(tmp_path, "a.onnx", onnx_bytes(_typed(7, 7, data, 2)))).tensors
    with pytest.raises(CheckpointError, match=r"'w' in 'a\.onnx' is damaged"):
        list(tensor.source.parts(PART))
