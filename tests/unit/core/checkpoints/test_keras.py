"""Keras's files, held to what h5py writes in them; links and other files are left alone."""

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoints.file_formats import opened
from tests.support.checkpoints import assert_holds, refused, written, zip_bytes

HDF5 = b"\x89HDF\r\n\x1a\n"
KERNEL = np.random.default_rng(1).normal(size=(5, 7)).astype("f4")
FILTERS = np.random.default_rng(1).normal(size=(3, 3, 4, 6)).astype("f4")
TALL = np.random.default_rng(1).normal(size=(300, 40)).astype("f2")


def test_without_h5py_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    for path in (
        written(tmp_path, "a.h5", HDF5 + bytes(100)),
        written(tmp_path, "a.keras", zip_bytes({"model.weights.h5": HDF5 + bytes(100)})),
    ):
        assert "pip install h5py" in str(refused(path, "library"))


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    text = zip_bytes({"model.weights.h5": HDF5 + bytes(100)}, zipfile.ZIP_DEFLATED)
    refused(written(tmp_path, "a.keras", text), "deflated")


@pytest.fixture
def h5py() -> Any:
    return pytest.importorskip("h5py")


def _file(h5py: Any, path: Path, arrays: dict[str, Any], **how: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **how)
    return path


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"chunks": True},
        {"chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": True, "compression": "lzf"},
    ],
)
def test_datasets_are_read_however_they_are_kept(tmp_path: Path, h5py: Any, how: dict[str, Any]) -> None:
    arrays = {"a": KERNEL, "b": TALL, "c": KERNEL.astype(">f8"), "d": np.arange(9), "e": TALL > 0}
    path = _file(h5py, tmp_path / "a.h5", arrays, **how)
    with h5py.File(path, "a") as file:
        file["scalar"], file["none"] = np.float32(2.5), np.zeros((0, 3), "f4")
    contents = opened(path)
    assert (contents.format, contents.skipped) == ("Keras", ())
    assert_holds(contents, {**arrays, "scalar": np.array(2.5, "f4"), "none": np.zeros((0, 3), "f4")})


@pytest.mark.parametrize("how", [{}, {"chunks": (2, 3)}])
@pytest.mark.parametrize(
    "name",
    [
        "layers/dense/vars/0",
        "layers/dense_12/vars/0",
        "layers/lstm/cell/vars/1",
        "dense/dense/kernel:0",
        "g/gru_cell/recurrent_kernel:0",
    ],
)
def test_a_kernel_has_torch_s_order_of_axes(
    tmp_path: Path, h5py: Any, name: str, how: dict[str, Any]
) -> None:
    path = _file(h5py, tmp_path / "a.weights.h5", {name: KERNEL}, **how)
    assert_holds(opened(path), {name.removesuffix(":0").replace("/", "."): KERNEL.T})


@pytest.mark.parametrize(
    "name", ["layers/conv2d/vars/0", "layers/conv2d_transpose_3/vars/0", "first/first/kernel:0"]
)
def test_so_has_a_convolution(tmp_path: Path, h5py: Any, name: str) -> None:
    path = _file(h5py, tmp_path / "a.weights.h5", {name: FILTERS})
    wanted = FILTERS.transpose(3, 2, 0, 1)
    assert_holds(opened(path), {name.removesuffix(":0").replace("/", "."): wanted})


@pytest.mark.parametrize(
    "name", ["layers/embedding/vars/0", "layers/dense/vars/1", "dense/dense/bias:0", "kernel_0"]
)
def test_what_is_no_kernel_has_its_own(tmp_path: Path, h5py: Any, name: str) -> None:
    path = _file(h5py, tmp_path / "a.weights.h5", {name: KERNEL})
    assert_holds(opened(path), {name.removesuffix(":0").replace("/", "."): KERNEL})


def test_an_archive_of_keras_is_read_where_it_lies(tmp_path: Path, h5py: Any) -> None:
    inner = _file(h5py, tmp_path / "inner.h5", {"layers/dense/vars/0": KERNEL, "b": TALL}, chunks=None)
    with h5py.File(inner, "a") as file:
        file.create_dataset("packed", data=TALL, compression="gzip")
    text = zip_bytes({"config.json": b'{"class_name": "Lambda"}', "model.weights.h5": inner.read_bytes()})
    contents = opened(written(tmp_path, "a.keras", text))
    assert_holds(contents, {"layers.dense.vars.0": KERNEL.T, "b": TALL, "packed": TALL})


def test_no_other_file_is_opened_and_no_link_followed(tmp_path: Path, h5py: Any) -> None:
    secret = _file(h5py, tmp_path / "secret.h5", {"x": KERNEL})
    raw = written(tmp_path, "raw", bytes(100))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["w"] = KERNEL
        file["soft"] = h5py.SoftLink("/w")
        file["outside"] = h5py.ExternalLink(str(secret), "/x")
        file.create_dataset("elsewhere", shape=(10,), dtype="u1", external=[(str(raw), 0, 10)])
        layout = h5py.VirtualLayout(shape=KERNEL.shape, dtype="f4")
        layout[:] = h5py.VirtualSource(str(secret), "x", shape=KERNEL.shape)
        file.create_virtual_dataset("virtual", layout)
        file.create_group("z")["again"] = file["/"]  # in itself
        file["text"], file["pairs"] = "abc", np.zeros(2, [("a", "f4")])
        file.create_dataset("huge", shape=(10**9, 10**3), dtype="f4", chunks=(1000, 1000), compression="gzip")
    contents = opened(path)
    assert_holds(contents, {"w": KERNEL})
    elsewhere = dict.fromkeys(("soft", "outside", "elsewhere", "virtual"), "checkpoint.elsewhere")
    unread = dict.fromkeys(("text", "pairs"), "checkpoint.dtype") | {"huge": "checkpoint.layout"}
    assert {each.name: each.code for each in contents.skipped} == elsewhere | unread


def test_what_is_damaged_is_refused_in_a_sentence(tmp_path: Path, h5py: Any) -> None:
    text = _file(h5py, tmp_path / "a.h5", {"a": KERNEL, "b": TALL}).read_bytes()
    for changed in (text[:100], text[:-10_000], HDF5 + bytes(1000)):
        refused(written(tmp_path, "b.h5", changed), "hdf")


def test_too_many_datasets_are_refused(tmp_path: Path, h5py: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(h5py, tmp_path / "a.h5", {f"g/{i}": KERNEL for i in range(30)})
    monkeypatch.setattr("core.checkpoints.keras._MOST_DATASETS", 29)
    refused(path, "entries")
