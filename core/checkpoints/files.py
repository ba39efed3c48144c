"""A file as it was when it was first looked at: read at any place, refused once it has changed."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError, shown

#: Entries of one file, and characters of a name: more than any model has, few enough for a second.
MOST_ENTRIES, MOST_CHARS = 100_000, 1000
#: Bytes of a header, or of another part that is read whole.
MOST_HEADER = 2**24 - 1
#: Bytes that a message shows of what begins with none that are known.
SHOWN = 16
#: How deep things may lie in each other.
MOST_DEEP = 32

_FLAGS = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"):  # a pipe would wait for who writes to it
    _FLAGS |= getattr(os, _flag, 0)


@dataclass(frozen=True)
class File:
    """A regular file: where it is, what it is called in words, its size, and what tells that it changed."""

    path: str
    name: str
    size: int
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: str, name: str) -> "File":
        """Look at a file.

        Raises:
            CheckpointError: if there is none, or it is a device, a pipe or a socket.
        """
        found = looked_at(path, name)
        if not stat.S_ISREG(found.st_mode):
            raise CheckpointError("checkpoint.special", file=shown(name))
        return cls(os.path.abspath(path), name, found.st_size, _state(found))  # noqa: PTH100 - keeps its links

    @property
    def called(self) -> str:
        """Its name for a message."""
        return shown(self.name)

    @contextmanager
    def opened(self) -> "Iterator[Bytes]":
        """Open the file, and see to it that it is the same before and after.

        Raises:
            CheckpointError: if it has changed, is gone or cannot be read.
        """
        File.of(self.path, self.name)  # to open a device may do something by itself
        try:
            with FileIO(os.open(self.path, _FLAGS)) as raw:
                self._hold(raw)
                yield Bytes(self, raw)
                self._hold(raw)
        except OSError as error:
            raise _unreadable(self.name, error) from None

    def _hold(self, raw: FileIO) -> None:
        found = os.fstat(raw.fileno())
        if (found.st_size, _state(found)) != (self.size, self.state):
            raise CheckpointError("checkpoint.changed", file=self.called)

    def check(self, entry: str, end: int) -> None:
        """Check that the file reaches to a byte.

        Raises:
            CheckpointError: if it ends before, as one that was cut short does.
        """
        if end > self.size:
            raise CheckpointError(
                "checkpoint.short", file=self.called, entry=shown(entry), size=self.size, end=end
            )


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_mtime_ns


def looked_at(path: str, name: str) -> os.stat_result:
    """Return what the system says of a path, without opening it.

    Raises:
        CheckpointError: if there is nothing, or it may not be looked at.
    """
    try:
        return os.stat(path)  # noqa: PTH116 - a path with a NUL in it is a ValueError here
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise CheckpointError("checkpoint.missing", file=shown(name)) from None
    except OSError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: OSError) -> CheckpointError:
    said = error.strerror or type(error).__name__
    return CheckpointError("checkpoint.unreadable", file=shown(name), said=said)


class Bytes:
    """What reads an open file, at any place of it."""

    def __init__(self, file: File, raw: FileIO) -> None:
        self.file, self._raw = file, raw

    def into(self, offset: int, target: NDArray[Any]) -> None:
        """Fill an array with the bytes from a place on.

        Raises:
            CheckpointError: if the file ends before the array is full.
        """
        rest = target.reshape(-1).view(np.uint8).data
        self._raw.seek(offset)
        while rest:
            got = self._raw.readinto(rest)
            if not got:
                raise CheckpointError("checkpoint.changed", file=self.file.called)
            rest = rest[got:]

    def take(self, entry: str, offset: int, size: int) -> bytes:
        """Return bytes of a part that is read whole, called ``entry`` if it cannot be.

        Raises:
            CheckpointError: if the file ends before, or it is longer than ``MOST_HEADER``.
        """
        if size > MOST_HEADER:
            raise CheckpointError(
                "checkpoint.header", file=self.file.called, entry=shown(entry), given=size, most=MOST_HEADER
            )
        self.file.check(entry, offset + size)
        target = np.empty(size, np.uint8)
        if size:
            self.into(offset, target)
        return target.tobytes()


def beginning(given: bytes) -> str:
    """Write how something begins, for a message: as text where it is ASCII that prints, else in hex."""
    text = given[:SHOWN].decode("latin-1")
    return repr(text) if text.isascii() and text.isprintable() else given[:SHOWN].hex(" ").upper()


def checked_name(file: File, name: object) -> str:
    """Return what something in a file is called.

    Raises:
        CheckpointError: if it is no text that can be written, or longer than ``MOST_CHARS``.
    """
    if isinstance(name, bytes):
        name = name.decode("utf-8", "surrogateescape")
    if isinstance(name, str) and len(name) <= MOST_CHARS:
        try:
            name.encode()
        except UnicodeEncodeError:  # half of a pair of UTF-16's
            pass
        else:
            return name
    raise CheckpointError("checkpoint.name", file=file.called, entry=shown(name), most=MOST_CHARS)


def check_once(file: File, name: str, names: "set[str] | dict[str, Any]") -> None:
    """Check that nothing else in a file has a name, and that there are not too many.

    Raises:
        CheckpointError: otherwise.
    """
    if name in names:
        raise CheckpointError("checkpoint.duplicate", file=file.called, entry=shown(name))
    if len(names) >= MOST_ENTRIES:
        raise too_many(file)


def too_many(file: File) -> CheckpointError:
    """Return the error that says that a file has too many entries."""
    return CheckpointError("checkpoint.entries", file=file.called, most=MOST_ENTRIES)
