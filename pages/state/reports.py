"""Reports of weights that are kept for links: as files in one folder, which all processes of a server share.

A link names a report by the hash of its JSON, and carries none of it. Of too many the oldest go.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from core import CheckpointError, Report
from core.checkpoints.given import MOST_TEXT

#: Where they are kept: set by the server for all its processes, else a folder of this process's own.
FOLDER: Path | None = None
#: Reports, and bytes of all of them, that are kept.
MOST, MOST_BYTES = 200, 1 << 29
#: What a report is called: the first digits of its JSON's SHA-256.
KEY = re.compile(r"[0-9a-f]{16}")


def keep(report: Report) -> str:
    """Keep a report, and return its key.

    Raises:
        CheckpointError: if it is too large to be kept.
    """
    data = report.to_json().encode("utf-8", "backslashreplace")  # half a letter as JSON writes it
    if len(data) > min(MOST_BYTES, MOST_TEXT):
        most = min(MOST_BYTES, MOST_TEXT)
        raise CheckpointError("checkpoint.report_long", size=len(data), most=most)
    key = sha256(data).hexdigest()[:16]
    folder = _folder()
    if not _touched(folder / key):
        _write(folder / key, data)
        _prune(folder)
    return key


def kept(key: str) -> Report | None:
    """Return the report of a key; None if there is no such any more."""
    if not KEY.fullmatch(key) or not _touched(_folder() / key):
        return None
    try:
        return _read(_folder() / key)
    except (OSError, ValueError):  # pruned meanwhile, or by another version of this program
        return None


def _folder() -> Path:
    """Return where reports are kept, which nobody else may look into."""
    global FOLDER  # noqa: PLW0603 - one for the process, made when it is first needed
    if FOLDER is None:
        FOLDER = Path(tempfile.mkdtemp(prefix="init-lab-reports-"))
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FOLDER


def _touched(path: Path) -> bool:
    """Tell whether there is such a file, and note that it was asked for."""
    try:
        os.utime(path, follow_symlinks=False)
    except OSError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    """Write a file that appears whole, or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


@lru_cache(maxsize=4)
def _read(path: Path) -> Report:
    return Report.from_json(path.read_text(encoding="utf-8"))


def _prune(folder: Path) -> None:
    """Let the oldest go until there are few enough."""
    number = total = 0
    for path, size in _newest_first(folder):
        number, total = number + 1, total + size
        if number > MOST or total > MOST_BYTES:
            with suppress(OSError):
                path.unlink()


def _newest_first(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield what is kept with its bytes; what another process takes away meanwhile is passed by."""
    found = []
    for path in folder.iterdir():
        with suppress(OSError):
            state = path.lstat()
            if KEY.fullmatch(path.name) and S_ISREG(state.st_mode):
                found.append((state.st_mtime_ns, path, state.st_size))
    yield from ((path, size) for _, path, size in sorted(found, reverse=True))
