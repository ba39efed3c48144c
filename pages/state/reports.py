"""Reports of weights that are kept for links: as files in one folder, which all processes of a server share.

A link names a report by the hash of its JSON, and carries none of it. Of too many the oldest go.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from threading import Lock

from core import CheckpointError, Report
from core.checkpoints.given_json import MOST_TEXT

#: Where they are kept: set by the server for all its processes, else a folder of this process's own.
FOLDER: Path | None = None
#: Reports, and bytes of all of them, that are kept.
MOST, MOST_BYTES = 200, 1 << 30
#: Tensors of those that a process has at hand, at most.
MOST_ROWS = 20_000
#: What a report is called: the first digits of its JSON's SHA-256.
KEY = re.compile(r"[0-9a-f]{16}")


def keep(report: Report) -> str:
    """Keep a report, and return its key.

    Raises:
        CheckpointError: if it is too large to be kept.
    """
    text = report.to_json()
    data = text.encode("utf-8", "backslashreplace")  # half a letter as JSON writes it, to be read as ?
    most = min(MOST_BYTES, MOST_TEXT)
    if len(data) > most:
        raise CheckpointError("checkpoint.report_long", size=len(data), most=most)
    key = sha256(data).hexdigest()[:16]
    folder = _folder()
    if not _touched(folder / key):
        _write(folder / key, data)
        _prune(folder)
    if data == text.encode("utf-8", "replace"):
        _read_already.put(folder / key, report)
    return key


def hold(key: str, report: Report) -> None:
    """Have a report at hand that another process of this server has kept."""
    _read_already.put(_folder() / key, report)


def kept(key: str) -> Report | None:
    """Return the report of a key; None if there is no such any more."""
    if not KEY.fullmatch(key) or not _touched(path := _folder() / key):
        return None
    if (report := _read_already.get(path)) is not None:
        return report
    try:
        report = Report.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # pruned meanwhile, or by another version of this program
        return None
    _read_already.put(path, report)
    return report


class _Recent:
    """The reports that were asked for last, of which reading a large one takes seconds."""

    def __init__(self) -> None:
        self._held: dict[Path, Report] = {}
        self._lock = Lock()

    def get(self, path: Path) -> Report | None:
        with self._lock:
            return self._held.get(path)

    def put(self, path: Path, report: Report) -> None:
        with self._lock:
            self._held.pop(path, None)
            self._held[path] = report
            while len(self._held) > 1 and sum(len(each.rows) for each in self._held.values()) > MOST_ROWS:
                del self._held[next(iter(self._held))]

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


_read_already = _Recent()


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
