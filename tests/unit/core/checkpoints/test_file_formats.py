"""Files, folders and indexes are opened by what they hold; all else is named in a sentence."""

import json
import os
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from core import CheckpointError
from core.checkpoints import folders
from core.checkpoints.file_formats import FORMATS, opened
from tests.support.checkpoints import (
    FILES,
    assert_holds,
    npz_bytes,
    refused,
    some_arrays,
    torch_bytes,
    written,
    zip_bytes,
)

ONE, TWO = {"one": torch.ones(2, 3)}, {"two": torch.zeros(4)}
MAP = {"one": "a-1.safetensors", "two": "a-2.safetensors"}


def sharded(folder: Path, places: object) -> Path:
    written(folder, "a-1.safetensors", save(ONE))
    written(folder, "a-2.safetensors", save(TWO))
    return written(folder, "a.safetensors.index.json", json.dumps({"weight_map": places}).encode())


def test_shards_are_read_by_index_by_folder_and_by_name(tmp_path: Path) -> None:
    index = sharded(tmp_path, MAP)
    written(tmp_path, "README.md", b"# A model")
    written(tmp_path, "config.json", b"{}")
    paths = [tmp_path / name for name in ("a-1.safetensors", "a-2.safetensors")]
    for given in (index, str(index), tmp_path, paths, tuple(map(str, paths))):
        contents = opened(given)
        assert contents.format == "safetensors"
        assert_holds(contents, ONE | TWO)
        assert {each.name: each.file for each in contents.tensors} == MAP
    index.unlink()
    assert_holds(opened(tmp_path), ONE | TWO)


def test_an_index_may_name_a_folder_within_its_own(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    written(tmp_path / "part", "b.pt", torch_bytes(TWO))
    contents = opened(sharded(tmp_path, {"one": "a-1.safetensors", "two": "part/b.pt"}))
    assert {each.name: each.file for each in contents.tensors} == {
        "one": "a-1.safetensors",
        "two": "part/b.pt",
    }


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ({"one": "../a-1.safetensors"}, "shard"),
        ({"one": "/etc/passwd"}, "shard"),
        ({"one": ""}, "shard"),
        ({"one": "a\0b"}, "shard"),
        ({"one": "."}, "shard"),
        ({"one": "link.safetensors"}, "shard"),
        ({"one": 3}, "index"),
        ([], "index"),
        (None, "index"),
    ],
)
def test_an_index_reaches_nothing_outside_of_its_folder(tmp_path: Path, places: object, code: str) -> None:
    inner = tmp_path / "model"
    inner.mkdir()
    written(tmp_path, "a-1.safetensors", save(ONE))
    (inner / "link.safetensors").symlink_to(tmp_path / "a-1.safetensors")
    refused(sharded(inner, places), code)


def test_an_index_is_held_to_its_shards(tmp_path: Path) -> None:
    for places, code, named in (
        (MAP | {"three": "a-2.safetensors"}, "lacks", "a-2.safetensors"),
        (MAP | {"three": "a-3.safetensors"}, "missing", "a-3.safetensors"),
    ):
        sharded(tmp_path, places)
        with pytest.raises(CheckpointError, match=named) as caught:
            opened(tmp_path)
        assert caught.value.code == f"checkpoint.{code}"


def test_an_index_that_is_no_index_is_refused(tmp_path: Path) -> None:
    for text, code in (
        (b"{", "json"),
        (b"[]", "json"),
        (b"{}", "index"),
        (b'{"a":' * 10_000, "json"),
        (b"", "json"),
    ):
        refused(written(tmp_path, "a.json", text), code)


def test_the_cache_of_hugging_face_is_folders_of_links(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "0123"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    sharded(blobs, MAP)
    for path in [*blobs.iterdir()]:
        (snapshot / path.name).symlink_to(Path("..") / ".." / "blobs" / path.name)
    for given in (snapshot, snapshot / "a.safetensors.index.json", snapshot / "a-1.safetensors"):
        assert {each.name for each in opened(given).tensors} >= {"one"}
    outside = tmp_path / "outside"
    blobs.rename(outside)
    blobs.symlink_to(outside)
    with pytest.raises(CheckpointError, match="only files within its folder"):
        opened(snapshot)


def test_a_path_that_was_given_may_be_a_link(tmp_path: Path) -> None:
    written(tmp_path, "real.pt", torch_bytes(ONE))
    (tmp_path / "link").symlink_to("real.pt")
    (tensor,) = opened(tmp_path / "link").tensors
    assert tensor.file == "link"


def test_of_a_folder_one_format_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    written(tmp_path, "a.safetensors", save(ONE))
    written(tmp_path, "a.bin", torch_bytes(ONE))
    written(tmp_path, "z.npz", npz_bytes(some_arrays()))
    contents = opened(tmp_path)
    assert_holds(contents, ONE)
    left = [(each.name, each.file, each.code) for each in contents.skipped]
    assert left == [(name, name, "checkpoint.beside") for name in ("a.bin", "z.npz")]


def test_a_file_without_tensors_is_passed_by_among_others(tmp_path: Path) -> None:
    written(tmp_path, "model.bin", torch_bytes(ONE))
    refused(written(tmp_path, "scheduler.pt", torch_bytes({"last_epoch": 3})), "none")
    assert_holds(opened(tmp_path), ONE)


@pytest.mark.parametrize("name", FILES)
def test_the_format_is_told_by_what_the_file_begins_with(tmp_path: Path, name: str) -> None:
    kind = opened(written(tmp_path, name, FILES[name]())).format
    assert name.rpartition(".")[2] in {suffix[1:] for suffix in FORMATS[kind]}
    contents = opened(written(tmp_path, "something", FILES[name]()))
    assert contents.format == kind
    assert contents.tensors


def test_a_name_in_two_shards_is_refused_and_in_two_files_that_are_given_is_not(tmp_path: Path) -> None:
    paths = [written(tmp_path, name, save(ONE)) for name in ("a.safetensors", "b.safetensors")]
    with pytest.raises(CheckpointError, match=r"'one' is both in 'b\.safetensors' and in 'a\.safetensors'"):
        opened(tmp_path)
    assert [each.file for each in opened([*paths, paths[0]]).tensors] == ["a.safetensors", "b.safetensors"]
    (tmp_path / "c").mkdir()
    written(tmp_path / "c", "a.safetensors", save(TWO))
    both = [paths[0], tmp_path / "c" / "a.safetensors"]  # told apart by their ways
    assert [each.file for each in opened(both).tensors] == [*map(str, both)]


FOREIGN = {
    "a.pb": (b"\x08\x01\x12\x04abcd", "TensorFlow"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(20), "TensorFlow Lite"),
    "a.mlmodel": (b"\x08\x04\x12\x00", "Core ML"),
    "variables.index": (bytes(48) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb", "TensorFlow"),
    "variables.data-00000-of-00001": (bytes(400), "TensorFlow"),
    "flax_model.msgpack": (b"\x81\xa6params\x80", "Flax"),
    "a.pdparams": (b"garbage", "PaddlePaddle"),
    "a.pkl": (b"(lp0\n.", "Python pickle"),
    "a.tar.gz": (b"\x1f\x8b" + bytes(20), "gzip"),
    "a.tar": (bytes(257) + b"ustar\0" + bytes(249), "tar"),
    "a.zip": (zip_bytes({"a.txt": b"text"}), "ZIP"),
    "a.pt2": (zip_bytes({"a/archive_format": b"pt2"}), "torch.export"),
    "ggml.bin": (b"lmgg" + bytes(20), "GGML"),
    "a.mat": (b"MATLAB 5.0 MAT-file" + bytes(120), "MATLAB"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_named_with_what_converts_them(tmp_path: Path, name: str) -> None:
    text, kind = FOREIGN[name]
    error = refused(written(tmp_path, name, text), "foreign")
    assert str(error.facts["kind"]).startswith(kind)
    assert len(str(error.facts["how"])) > 4


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "page"),
        (b"<html>", "page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "pointer"),
        (b"some words", "unknown"),
        (b"\0", "unknown"),
        (b"\xff" * 600, "unknown"),
    ],
)
def test_what_is_no_weights_is_told(tmp_path: Path, text: bytes, code: str) -> None:
    refused(written(tmp_path, "model.bin", text), code)
    with pytest.raises(CheckpointError, match=r"model\.bin"):  # in a folder too
        opened(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"some words that go on", "begins with 'some words that ';"),
        (b"\x00\xffGIF", "begins with 00 FF 47 49 46;"),
        ("é".encode(), "begins with C3 A9;"),
    ],
)
def test_how_an_unknown_file_begins_is_shown_to_who_knows_no_python(
    tmp_path: Path, text: bytes, words: str
) -> None:
    with pytest.raises(CheckpointError) as refusal:
        opened(written(tmp_path, "model.bin", text))
    assert words in str(refusal.value)


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    written(tmp_path, "README.md", b"# Nothing")
    refused(tmp_path, "folder")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    index = sharded(tmp_path, MAP | {"three": "a-3.safetensors"})
    refused(tmp_path, "files")
    written(tmp_path, "a-3.safetensors", save({"three": torch.ones(1)}))
    refused(index, "files")


@pytest.mark.parametrize("given", [None, 3, b"a.pt", [], [3], [None, "a.pt"], {"a.pt"}, object(), [["a.pt"]]])
def test_what_is_no_path_is_refused(given: object) -> None:
    with pytest.raises(CheckpointError, match="given as a path") as caught:
        opened(given)  # type: ignore[arg-type]
    assert caught.value.code == "checkpoint.path"


@pytest.mark.parametrize("name", ["nothing.pt", "no/thing.pt", "a\0b", "n" * 300, ""])
def test_what_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        opened(f"{tmp_path}/{name}" if name else "")
    assert caught.value.code in {"checkpoint.missing", "checkpoint.unreadable"}


def test_devices_pipes_and_sockets_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.pt"))
        for path in (tmp_path / "pipe.pt", tmp_path / "socket.pt", Path("/dev/zero"), Path("/dev/null")):
            refused(path, "special")
        written(tmp_path, "a.safetensors", save(ONE))
        assert_holds(opened(tmp_path), ONE)  # a folder's are passed by


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.pt", torch_bytes(ONE))

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    refused(path, "unreadable")


def test_a_file_in_whose_place_another_was_put_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a.safetensors", save(ONE))
    (tensor,) = opened(path).tensors
    other = written(tmp_path, "other", path.read_bytes())
    other.rename(path)
    with pytest.raises(CheckpointError, match="changed"):
        list(tensor.source.parts(10))
