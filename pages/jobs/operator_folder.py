"""The files of weights in the folder that the operator allows: listed, and opened by no link."""

import os
from collections.abc import Iterator
from pathlib import Path

from core.checkpoints.file_formats import FORMATS
from pages.state.operator_limits import checkpoints

#: Files that are listed, and folders in each other.
MOST, DEEP = 500, 4
_SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


def listed() -> list[str]:
    """Return the names of the files, each with its way from the folder; none where no folder is allowed."""
    folder = checkpoints()
    found: list[str] = []
    for name in _under(folder) if folder else ():
        found.append(name)
        if len(found) == MOST:
            break
    return sorted(found)


def _under(folder: Path, before: str = "", deep: int = 0) -> Iterator[str]:
    """Yield the files of weights in a folder and in those within it; what is a link is passed by."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.name.isprintable():
            continue
        if entry.is_file(follow_symlinks=False) and entry.name.endswith(_SUFFIXES):
            yield before + entry.name
        elif deep < DEEP and entry.is_dir(follow_symlinks=False):
            yield from _under(Path(entry.path), f"{before}{entry.name}/", deep + 1)


def opened(name: str) -> int:
    """Return a descriptor of a file that is listed.

    Raises:
        OSError: if there is no such, or a link leads to it.
    """
    folder = checkpoints()
    if folder is None or name not in listed():
        raise FileNotFoundError(name)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for part in name.split("/"):
        try:
            there = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
        finally:
            os.close(here)
        here = there
    return here
