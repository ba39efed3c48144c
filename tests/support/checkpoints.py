"""Files of weights as their formats' own libraries write them, or by hand as specifications have them."""

import io
import pickle
import struct
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from core import CheckpointError
from core.checkpoints.file_formats import opened
from core.checkpoints.stored_tensor import PART, Contents, Stored

Arrays = Mapping[str, np.ndarray[Any, Any]]


def numbers(stored: Stored, most: int = PART) -> np.ndarray[Any, Any]:
    """Return the bits of a tensor, whose source has gone to another process and back."""
    source = pickle.loads(pickle.dumps(stored.source))  # noqa: S301 - of its own making
    parts = [part.copy() for part in source.parts(most)]
    assert all(0 < len(part) <= most for part in parts)
    return np.concatenate(parts) if parts else np.empty(0, "u1")


def bits(values: Tensor | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the bits of numbers in row-major order, as torch or NumPy have them."""
    if isinstance(values, Tensor):
        flat = values.contiguous().reshape(-1).view(torch.uint8) if values.numel() else torch.empty(0)
        return flat.numpy().view(f"u{values.element_size()}") if values.numel() else np.empty(0, "u1")
    values = values.astype(values.dtype.newbyteorder("="))
    return np.ascontiguousarray(values).reshape(-1).view(f"u{values.itemsize}")


def assert_holds(contents: Contents, wanted: Mapping[str, Tensor | np.ndarray[Any, Any]]) -> None:
    """Assert that a file's tensors are these, in name, shape, dtype and every bit."""
    found = {each.name: each for each in contents.tensors}
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name].shape == tuple(values.shape), name
        assert found[name].dtype == str(
            values.dtype.newbyteorder("=") if isinstance(values, np.ndarray) else values.dtype
        ).removeprefix("torch."), name
        for most in (PART, 13):
            np.testing.assert_array_equal(numbers(found[name], most), bits(values), err_msg=name)


def refused(path: Path | str, code: str) -> CheckpointError:
    """Assert that a file is refused by a code, in a sentence that names it, within a second's work."""
    start = time.process_time()
    with pytest.raises(CheckpointError) as caught:
        opened(path)
    assert time.process_time() - start < 1
    assert caught.value.code == f"checkpoint.{code}", caught.value
    assert Path(path).name[:20] in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


def some_tensors() -> dict[str, Tensor]:
    """Return tensors of different shapes and dtypes."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(3, 5, generator=generator)
    return {
        "layer.weight": weight,
        "layer.bias": weight[:, 0].clone(),
        "half": weight.half(),
        "coarse": weight.bfloat16(),
        "count": torch.tensor(7),
        "mask": weight > 0,
        "none": torch.empty(0, 4),
    }


def torch_bytes(thing: object, **how: Any) -> bytes:
    """Return what torch.save writes."""
    target = io.BytesIO()
    torch.save(thing, target, **how)
    return target.getvalue()


def npz_bytes(arrays: Arrays, *, compressed: bool = False) -> bytes:
    """Return what NumPy writes of several arrays."""
    target = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(target, **dict(arrays))
    return target.getvalue()


def npy_bytes(array: np.ndarray[Any, Any]) -> bytes:
    """Return what NumPy writes of one array."""
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def zip_bytes(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target.getvalue()


def safetensors_of(header: bytes, data: bytes = b"") -> bytes:
    """Return a file of a header and numbers, whatever they are."""
    return struct.pack("<Q", len(header)) + header + data


_GGUF_TYPES = {
    "uint8": 2,
    "float32": 0,
    "float16": 1,
    "int8": 24,
    "int16": 25,
    "int32": 26,
    "int64": 27,
    "float64": 28,
}


def gguf_bytes(
    arrays: Arrays, *, keys: bytes = b"", count: int = 0, order: str = "<", version: int = 3
) -> bytes:
    """Return a file of version 2 or 3 as the specification has it; ``keys`` are ``count`` written ones.

    Bytes are blocks of Q4_0, 18 for 32 numbers.
    """
    infos, data = b"", b""
    for name, array in arrays.items():
        infos += gguf_text(name, order) + struct.pack(f"{order}I", array.ndim)
        sizes = (*array.shape[:-1], array.shape[-1] // 18 * 32) if array.dtype == np.uint8 else array.shape
        infos += struct.pack(f"{order}{array.ndim}Q", *sizes[::-1])
        infos += struct.pack(f"{order}IQ", _GGUF_TYPES[str(array.dtype)], len(data))
        data += array.astype(array.dtype.newbyteorder(order)).tobytes()
        data += bytes(-len(data) % 32)
    head = b"GGUF" + struct.pack(f"{order}IQQ", version, len(arrays), count) + keys + infos
    return head + bytes(-len(head) % 32) + data


def gguf_text(text: str, order: str = "<") -> bytes:
    """Return a string of GGUF."""
    return struct.pack(f"{order}Q", len(text.encode())) + text.encode()


def varint(value: int) -> bytes:
    """Return a number as protobuf has it."""
    value &= 2**64 - 1
    text = b""
    while value > 127:
        text, value = text + bytes([value & 127 | 128]), value >> 7
    return text + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    """Return a field of protobuf, a number or bytes."""
    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    return varint(number * 8 + 2) + varint(len(value)) + value


_ONNX_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
}


def onnx_tensor(name: str, array: np.ndarray[Any, Any]) -> bytes:
    """Return a TensorProto with its numbers as bytes."""
    dims = b"".join(field(1, size) for size in array.shape)
    return (
        dims + field(2, _ONNX_TYPES[str(array.dtype)]) + field(8, name.encode()) + field(9, array.tobytes())
    )


def onnx_bytes(*tensors: bytes) -> bytes:
    """Return a ModelProto with these initializers."""
    return field(1, 8) + field(2, b"tests") + field(7, b"".join(field(5, each) for each in tensors))


def keras_bytes(arrays: Arrays) -> bytes:
    """Return an HDF5 file, of datasets that lie as they are and one that is compressed."""
    import h5py  # noqa: PLC0415 - where it is installed

    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name.replace(".", "/"), data=array)
        file.create_dataset("packed", data=np.ones((40, 30), "f4"), chunks=(8, 30), compression="gzip")
    return target.getvalue()


def some_arrays() -> dict[str, np.ndarray[Any, Any]]:
    """Return arrays of different shapes and dtypes."""
    weight = np.random.default_rng(1).normal(size=(3, 5))
    return {
        "a.weight": weight.astype("f4"),
        "a.bias": weight[:, 0].copy(),
        "half": weight.astype("f2"),
        "count": np.arange(6),
        "small": weight.astype("i1"),
    }


#: name of a file → its bytes, made where it is asked for; those that need other libraries come last
FILES: Mapping[str, Callable[[], bytes]] = {
    "a.safetensors": lambda: safetensors_bytes(some_tensors(), {"format": "pt"}),
    "a.pt": lambda: torch_bytes({"model": some_tensors(), "views": torch.randn(4, 6).t(), "step": 3}),
    "old.pt": lambda: torch_bytes({"model": some_tensors()}, _use_new_zipfile_serialization=False),
    "a.npy": lambda: npy_bytes(np.asfortranarray(some_arrays()["a.weight"])),
    "a.npz": lambda: npz_bytes(some_arrays()),
    "packed.npz": lambda: npz_bytes({**some_arrays(), "zeros": np.zeros(70000, "f4")}, compressed=True),
    "a.gguf": lambda: gguf_bytes(
        {**some_arrays(), "blocks": np.arange(72, dtype="u1").reshape(2, 36)},
        keys=gguf_text("k") + struct.pack("<IIQ", 9, 8, 2) + gguf_text("x") * 2,
        count=1,
    ),
    "a.onnx": lambda: onnx_bytes(*(onnx_tensor(name, array) for name, array in some_arrays().items())),
}


def _many_members() -> bytes:
    """Return an archive with a directory of a hundred thousand members, of which none is there."""
    entry = b"PK\1\2" + bytes(24) + struct.pack("<H", 9) + bytes(16)
    text = b"".join(entry + b"%05d.npy" % i for i in range(10**5))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, len(text), 30, 0)
    return b"PK\3\4" + bytes(26) + text + end


#: Files that ask for as much as a header can, and what refuses them.
BOMBS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a million entries.safetensors": (
        lambda: safetensors_of(b"{" + b",".join(b'"%d":{}' % i for i in range(10**6)) + b"}"),
        "entries",
    ),
    "lists.safetensors": (lambda: safetensors_of(b'{"a":[' + b"[]," * 5_000_000 + b"[]]}"), "entries"),
    "nested.safetensors": (lambda: safetensors_of(b'{"a":' + b"[" * 1_000_000), "json"),
    "one text.safetensors": (lambda: safetensors_of(b'{"a":"' + b"x" * 16_000_000 + b'"}'), "entry"),
    "marks.pt": (lambda: zip_bytes({"a/data.pkl": b"\x80\2" + b"(" * 16_000_000}), "steps"),
    "lists.pt": (lambda: zip_bytes({"a/data.pkl": b"\x80\2" + b"]" * 16_000_000}), "steps"),
    "tuples.pt": (lambda: zip_bytes({"a/data.pkl": b"\x80\2)" + b"\x85" * 16_000_000}), "steps"),
    "texts.pt": (lambda: zip_bytes({"a/data.pkl": b"\x80\2" + b"U\1a" * 5_000_000}), "steps"),
    "members.npz": (_many_members, "npy"),
    "strings.gguf": (
        lambda: gguf_bytes(
            {}, keys=gguf_text("k") + struct.pack("<IIQ", 9, 8, 1_500_000) + bytes(12_000_000), count=1
        ),
        "none",
    ),
    "fields.onnx": (lambda: onnx_bytes(field(99, 0) * 1_000_000), "entries"),
    "dims.onnx": (lambda: onnx_bytes(field(1, bytes(10_000_000))), "value"),
}
KERAS: Mapping[str, Callable[[], bytes]] = {
    "a.h5": lambda: keras_bytes(some_arrays()),
    "a.keras": lambda: zip_bytes({"config.json": b"{}", "model.weights.h5": keras_bytes(some_arrays())}),
}


#: Of archives, the members that all depends on.
INNER: Mapping[str, str] = {"a.pt": "archive/data.pkl", "a.keras": "model.weights.h5"}


def with_inner(text: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with a member changed, and the directory in order."""
    with zipfile.ZipFile(io.BytesIO(text)) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    return zip_bytes({**members, name: change(members[name])})


def written(folder: Path, name: str, text: bytes) -> Path:
    """Write a file, and return its path."""
    path = folder / name
    path.write_bytes(text)
    return path
