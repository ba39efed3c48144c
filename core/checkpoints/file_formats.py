"""A file, several, or a folder of them, opened by what they hold and not by what they are called."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import CheckpointError, shown
from .files import Bytes, File, looked_at
from .folders import MOST_FILES, files_in, index_in, shards, too_many_files
from .gguf import MAGIC as GGUF
from .gguf import read_gguf
from .keras import MAGIC as HDF5
from .keras import read_keras
from .npz import MAGIC as NPY
from .npz import read_npy, read_npz
from .onnx import is_onnx, read_onnx
from .pytorch import LEGACY, read_archive, read_legacy
from .safetensors import read_safetensors
from .stored_tensor import Contents, Skipped
from .tensor_entry import skipped
from .unread_formats import HEAD, refusal, refused_archive
from .zips import Member, directory, stored_begin

Path = str | os.PathLike[str]
#: The formats that are read, a folder's in this order, and how their files are called.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "safetensors": (".safetensors",),
    "PyTorch": (".pt", ".pth", ".bin", ".ckpt"),
    "GGUF": (".gguf",),
    "Keras": (".keras", ".h5"),
    "ONNX": (".onnx",),
    "NumPy": (".npz", ".npy"),
}
_SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def opened(path: Path | Sequence[Path], called: str = "") -> Contents:
    """Return what a file of weights holds, or several, an index of shards, or a folder; no number is read.

    A file is called by its own name, or by its way from the folder that was given; one alone is called as is
    said. Nothing in a file is run.

    Raises:
        CheckpointError: if there is none, it is of another format, or not as its format has it.
    """
    paths = _paths(path)
    if len(paths) > 1:
        return _joined([_read(File.of(path, name)) for path, name in _named(paths)], "…")
    name = called or os.path.basename(os.path.abspath(paths[0])) or paths[0]  # noqa: PTH100, PTH119 - keeps links
    if stat.S_ISDIR(looked_at(paths[0], name).st_mode):
        return _folder(paths[0], name)
    file = File.of(paths[0], name)
    return _together(_indexed(file) if name.endswith(".json") else [_read(file)], name)


def _paths(given: object) -> list[str]:
    """Return the paths that were given, one or several."""
    several: Sequence[Any] = [given]
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        several = given
    if len(several) > MOST_FILES:
        raise too_many_files("…")
    try:
        paths = [os.fspath(each) for each in several]
    except Exception:  # noqa: BLE001 - an object's own __fspath__ may raise anything
        paths = []
    if not paths or not all(isinstance(each, str) for each in paths):
        raise CheckpointError("checkpoint.path", given=shown(given))
    return [*dict.fromkeys(paths)]


def _named(paths: list[str]) -> Iterable[tuple[str, str]]:
    """Pair paths with names: their last parts, where these differ."""
    names = [os.path.basename(path) for path in paths]  # noqa: PTH119
    return zip(paths, names if len(set(names)) == len(names) else paths, strict=True)


def _together(parts: Iterable[Contents], name: str) -> Contents:
    """Return what the files of one model hold; each tensor's name must stand once."""
    found, where = _joined(parts, name), dict[str, str]()
    for each in found.tensors:
        if (other := where.setdefault(each.name, each.file)) != each.file:
            raise CheckpointError(
                "checkpoint.twice", file=shown(each.file), entry=shown(each.name), other=shown(other)
            )
    return found


def _joined(parts: Iterable[Contents], name: str) -> Contents:
    """Return what several files hold; there must be something."""
    every = list(parts)
    tensors = tuple(each for part in every for each in part.tensors)
    left = tuple(each for part in every for each in part.skipped)
    if not tensors and not left:
        raise CheckpointError("checkpoint.none", file=shown(name))
    return Contents(", ".join(dict.fromkeys(part.format for part in every)), tensors, left)


def _indexed(index: File) -> list[Contents]:
    """Return what the shards of an index hold, each of which must have what the index says."""
    found = []
    for file, names in shards(index).values():
        found.append(_read(file))
        has = {each.name for each in found[-1].tensors} | {each.name for each in found[-1].skipped}
        for name in names:
            if name not in has:
                raise CheckpointError("checkpoint.lacks", file=file.called, entry=shown(name))
    return found


def _folder(path: str, name: str) -> Contents:
    """Return what a folder's index names, or else its files of one format; others are mentioned."""
    if (index := index_in(path, name)) is not None:
        return _together(_indexed(File.of(index, os.path.basename(index))), name)  # noqa: PTH119
    kinds: dict[str, list[File]] = {}
    for file in files_in(path, name):
        try:
            with file.opened() as reader:
                kinds.setdefault(_recognised(reader)[0], []).append(file)
        except CheckpointError:
            if file.name.endswith(_SUFFIXES):
                raise
    if not kinds:
        raise CheckpointError("checkpoint.folder", file=shown(name), formats=_SUFFIXES)
    first = next(kind for kind in FORMATS if kind in kinds)
    left = [_beside(file, first) for kind, files in kinds.items() if kind != first for file in files]
    return _together([*map(_read, kinds[first]), Contents(first, (), tuple(left))], name)


def _beside(file: File, kind: str) -> Skipped:
    why = CheckpointError("checkpoint.beside", file=file.called, format=kind)
    return skipped(file, file.name, why)


def _read(file: File) -> Contents:
    with file.opened() as reader:
        return _recognised(reader)[1]()


def _recognised(reader: Bytes) -> tuple[str, Callable[[], Contents]]:
    """Return the format of a file, by its first bytes, and what reads it.

    Raises:
        CheckpointError: if no reader takes it; it says what the file is.
    """
    file = reader.file
    if file.size == 0:
        raise CheckpointError("checkpoint.empty", file=file.called)
    head = reader.take("header", 0, min(file.size, HEAD))
    for begin, kind, read in _BEGINS:
        if head.startswith(begin):
            return kind, partial(read, reader)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _archive(reader)
    if head[8:9] == b"{" and (head[5:8] == b"\0\0\0" or file.name.endswith(".safetensors")):
        return "safetensors", partial(read_safetensors, reader)
    error = refusal(file, head, _SUFFIXES)
    if error.code == "checkpoint.unknown" and (file.name.endswith(".onnx") or is_onnx(reader)):
        return "ONNX", partial(read_onnx, reader)
    raise error


_BEGINS: tuple[tuple[bytes, str, Callable[[Bytes], Contents]], ...] = (
    (GGUF, "GGUF", read_gguf),
    (NPY, "NumPy", read_npy),
    (HDF5, "Keras", read_keras),
    (LEGACY, "PyTorch", read_legacy),
)


def _archive(reader: Bytes) -> tuple[str, Callable[[], Contents]]:
    """Return the same of a ZIP archive, by its members."""
    members = directory(reader)
    roots = [name.removesuffix("data.pkl") for name in members if re.fullmatch(r"([^/]+/)?data\.pkl", name)]
    if len(roots) == 1 and f"{roots[0]}constants.pkl" not in members:
        return "PyTorch", partial(read_archive, reader, members, roots[0])
    if "model.weights.h5" in members:
        return "Keras", partial(_keras, reader, members["model.weights.h5"])
    if all(name.endswith(".npy") for name in members):
        return "NumPy", partial(read_npz, reader, members)
    raise refused_archive(reader.file, set(members))


def _keras(reader: Bytes, member: Member) -> Contents:
    return read_keras(reader, stored_begin(reader, member), member.size)
