"""A folder of shards: its files, those that an index names, and none that lies outside of it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import CheckpointError, shown
from .files import File, checked_name, looked_at
from .safetensors import parsed

#: Files of one checkpoint.
MOST_FILES = 1000
_INDEX = ".index.json"


def index_in(folder: str, name: str) -> str | None:
    """Return the path of a folder's index of shards, that of safetensors first, if there is one.

    Raises:
        CheckpointError: if the folder cannot be read, or has more than ``MOST_FILES`` files.
    """
    found = [each for each in _listed(folder, name) if each.endswith(_INDEX)]
    found.sort(key=lambda each: ("safetensors" not in each, each))
    return os.path.join(folder, found[0]) if found else None  # noqa: PTH118 - keeps links


def files_in(folder: str, name: str) -> Iterator[File]:
    """Yield the regular files of a folder, by name.

    Raises:
        CheckpointError: as of ``index_in``.
    """
    for each in _listed(folder, name):
        path = os.path.join(folder, each)  # noqa: PTH118
        if Path(path).is_file() and _is_within(folder, path):
            yield File.of(path, each)


def _listed(folder: str, name: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MOST_FILES + 1), strict=False)]
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise CheckpointError("checkpoint.unreadable", file=shown(name), said=said) from None
    if len(names) > MOST_FILES:
        raise too_many_files(name)
    return sorted(names)


def too_many_files(name: str) -> CheckpointError:
    """Return the error that says that there are more files than ``MOST_FILES``."""
    return CheckpointError("checkpoint.files", file=shown(name), most=MOST_FILES)


def shards(index: File) -> Mapping[str, tuple[File, list[str]]]:
    """Return the files that an index names, each with its tensors' names.

    Raises:
        CheckpointError: if it is no index, or names what is no file within its folder.
    """
    with index.opened() as reader:
        said = parsed(index, reader.take("index", 0, index.size))
    places = said.get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(each, str) for each in places.values()):
        raise CheckpointError("checkpoint.index", file=index.called)
    found: dict[str, tuple[File, list[str]]] = {}
    for tensor, shard in places.items():
        if shard not in found:
            if len(found) >= MOST_FILES:
                raise too_many_files(index.name)
            found[shard] = _shard(index, shard), []
        found[shard][1].append(checked_name(index, tensor))
    return found


def _shard(index: File, shard: str) -> File:
    folder = os.path.dirname(index.path)  # noqa: PTH120 - of the link, where the index is one
    path = os.path.join(folder, checked_name(index, shard))  # noqa: PTH118
    if not shard or "\0" in shard or not _is_within(folder, path):
        raise CheckpointError("checkpoint.shard", file=index.called, entry=shown(shard))
    looked_at(path, shard)
    return File.of(path, shard)


def _is_within(folder: str, path: str) -> bool:
    """Tell whether a path leads to a place in a folder, also by its links.

    Hugging Face's cache is folders of links, ``snapshots/<revision>/<name>``, to files in ``blobs`` beside.
    """
    root, real = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    blobs = root.parent.parent / "blobs"
    cached = root.parent.name == "snapshots" and real.parent == blobs
    return root in real.parents or cached
